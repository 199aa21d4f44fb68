# SPDX-License-Identifier: Apache-2.0
"""Files that a user puts into a package, and which names are left for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .directory import read_given_file
from .errors import PackError
from .labels import LABELS_FILE, read_labels
from .limits import SUFFIXES
from .ops.table import LABELLED
from .pipeline import walk

if TYPE_CHECKING:
    from .aliases import Steps
    from .directory import Directory

_OWN_FILES = ("gantry.json", "gantry.json.sig")
_OWN_DIRECTORIES = ("golden", "eval", "ops")


def store_files(directory: Directory, files: dict[str, Any] | None, labels: Any, steps: Steps,
                models: list[str]) -> dict[str, list[str]]:
    """Writes labels and extra files; returns {file: label names} for the ops that name one."""
    files = dict(files or {})
    taken = {*_OWN_FILES, *(name + suffix for name in models for suffix in SUFFIXES.values())}
    for path in files:
        if str(path) in taken or str(path).split("/")[0] in _OWN_DIRECTORIES:
            raise PackError(f"files: {path!r} is a name of gantry-pack's own; choose another")
    if labels is not None:
        files.setdefault(LABELS_FILE, ("\n".join(labels) + "\n").encode())
    for path, content in files.items():
        directory.store_named(path, content if isinstance(content, bytes) else read_given_file(content, f"files['{path}']"))
    found = {}
    for path, op in walk(steps):
        name = op.get("labels") if op["op"] in LABELLED else None
        if name is not None:
            if name not in files:
                raise PackError(f"{path}.labels: the package has no file '{name}'; pass labels= or files=")
            found[name] = read_labels(directory.root / name)
    return found
