# SPDX-License-Identifier: Apache-2.0
"""gantry.json: its fields that are not models or ops, and writing it."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PackError
from .imports import need
from .limits import MAX_MANIFEST_BYTES, NAME_PATTERN
from .signing import sign
from .values import is_number

if TYPE_CHECKING:
    from .aliases import FilePath, Json


def provenance_of(given: Json | None) -> Json:
    """Adds the versions of Python and torch; checks the keys."""
    torch = need("torch", "packing a model")
    found = {"python": platform.python_version(), "torch": torch.__version__, **(given or {})}
    unknown = set(found) - {"git", "data", "trainer", "python", "torch", "metrics"}
    if unknown:
        raise PackError(f"provenance: unknown keys {sorted(unknown)}; known are git, data, trainer, metrics")
    for key, value in found.items():
        if key == "metrics":
            if not isinstance(value, dict) or not all(is_number(number) for number in value.values()):
                raise PackError(f"provenance: metrics is an object of numbers, got {value!r}")
        elif not isinstance(value, str):
            raise PackError(f"provenance: {key} is a string, got {value!r}")
    return found


def check_latency(latency: Json) -> Json:
    if not isinstance(latency, dict) or set(latency) - {"p99_ms", "at"} or not is_number(latency.get("p99_ms")) \
            or latency["p99_ms"] < 0 or not isinstance(latency.get("at", ""), str):
        raise PackError(f'latency: expected {{"p99_ms": number, "at": what it was measured on}}, got {latency!r}')
    return latency


def now() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    time = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch \
        else datetime.datetime.now(datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_identity(name: Any, version: Any) -> None:
    for key, value in (("name", name), ("version", version)):
        if not isinstance(value, str) or not NAME_PATTERN.fullmatch(value):
            raise PackError(f"{key}: expected [a-z0-9][a-z0-9._-]*, at most 128 characters, got {value!r}")


def write_manifest(directory: FilePath, manifest: Json, sign_key: FilePath | None = None) -> None:
    try:
        text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise PackError(f"gantry.json can hold no NaN and no infinity, which a class's score, a parameter or a metric is: "
                        f"{error}") from error
    if len(text.encode("utf-8")) > MAX_MANIFEST_BYTES:
        raise PackError(f"gantry.json would have {len(text.encode('utf-8'))} bytes, the limit is {MAX_MANIFEST_BYTES}; pass "
                        "fewer samples, or a smaller k of top_k")
    (Path(directory) / "gantry.json").write_bytes(text.encode("utf-8"))
    if sign_key is not None:
        sign(directory, sign_key)
