# SPDX-License-Identifier: Apache-2.0
"""Files that a user puts into a package, which names are left for them, and what ops read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .directory import read_given_file
from .errors import PackError
from .imports import need
from .labels import LABELS_FILE, read_labels
from .limits import SUFFIXES
from .ops.table import OPS
from .pipeline import walk

if TYPE_CHECKING:
    from pathlib import Path

    from .aliases import Steps
    from .directory import Directory

_OWN_FILES = ("gantry.json", "gantry.json.sig")
_OWN_DIRECTORIES = ("golden", "eval", "ops")


def store_files(directory: Directory, files: dict[str, Any] | None, labels: Any, steps: Steps,
                models: list[str]) -> dict[str, Any]:
    """Writes labels and extra files; returns {file: what it holds} for the ops that name one: label names, or a tensor."""
    files = dict(files or {})
    taken = {*_OWN_FILES, *(name + suffix for name in models for suffix in SUFFIXES.values())}
    for path in files:
        if str(path) in taken or str(path).split("/")[0] in _OWN_DIRECTORIES:
            raise PackError(f"files: {path!r} is a name of gantry-pack's own; choose another")
    if labels is not None:
        files.setdefault(LABELS_FILE, ("\n".join(labels) + "\n").encode())
    for path, content in files.items():
        directory.store_named(path, content if isinstance(content, bytes) else read_given_file(content, f"files['{path}']"))
    found: dict[str, Any] = {}
    for path, op in walk(steps):
        for key in OPS[op["op"]].files if op["op"] in OPS else ():
            name = op.get(key)
            if name is None:
                continue
            if name not in files:
                advice = "labels= or files=" if key == "labels" else "files="
                raise PackError(f"{path}.{key}: the package has no file '{name}'; pass {advice}")
            found[name] = read_labels(directory.root / name) if key == "labels" else _read_array(directory.root / name)
    return found


def _read_array(path: Path) -> Any:
    numpy, torch = need("numpy", "a .npy file"), need("torch", "a .npy file")
    try:
        return torch.from_numpy(numpy.load(path, allow_pickle=False))
    except (TypeError, ValueError) as error:
        raise PackError(f"{path.name}: no .npy file of numbers: {error}") from error
