# SPDX-License-Identifier: Apache-2.0
"""verify: a package is what its manifest says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .directory import check_path, sha256_of
from .errors import CheckFailed, PackError
from .signing import check_signature
from .tree import Tree, read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from .aliases import FilePath, Json


def verify(directory: FilePath, public_key: FilePath | None = None) -> Json:
    """Integrity, in Python: the manifest's form, every file's size and SHA-256, nothing unlisted, no link that leads out
    of the directory, and with `public_key` (PEM) the signature. Returns the manifest; raises CheckFailed, or PackError
    where something is not there or cannot be read."""
    try:
        return _verified(directory, public_key)
    except OSError as error:  # a directory that may not be searched, say
        raise PackError(f"{error.filename or directory} cannot be read: {error.strerror or error}") from error


def _verified(directory: FilePath, public_key: FilePath | None) -> Json:
    manifest = read_manifest(directory)
    tree = Tree(directory)
    for key in ("name", "version", "pipeline", "golden", "files"):
        if key not in manifest:
            raise CheckFailed(f"gantry.json: '{key}' is missing")
    if not isinstance(manifest["files"], list):
        raise CheckFailed("gantry.json: 'files' is not a list")
    if public_key is not None:
        check_signature(directory, public_key)
    listed = {}
    for i, entry in enumerate(manifest["files"]):
        if not isinstance(entry, dict) or set(entry) != {"path", "bytes", "sha256"}:
            raise CheckFailed(f"files[{i}]: expected path, bytes and sha256")
        try:
            check_path(entry["path"])
        except PackError as error:
            raise CheckFailed(f"files[{i}]: {error}") from error
        if entry["path"] in listed:
            raise CheckFailed(f"files[{i}]: {entry['path']} is listed twice")
        listed[entry["path"]] = entry
    for name, path in _check_tree(tree, listed).items():
        entry = listed[name]
        try:
            size, digest = path.stat().st_size, None
            digest = sha256_of(path) if size == entry["bytes"] else None
        except OSError as error:
            raise tree.unreadable(path, error) from error
        if size != entry["bytes"]:
            raise CheckFailed(f"{name} has {size} bytes, the manifest says {entry['bytes']}")
        if digest != entry["sha256"]:
            raise CheckFailed(f"{name}: its SHA-256 is not the manifest's; the file was changed or damaged")
    return manifest


def _check_tree(tree: Tree, listed: dict[str, Json]) -> dict[str, Path]:
    """{listed name: real path}. Every file within must be what a listed name leads to."""
    resolved = {name: tree.resolve(name) for name in listed}
    expected = {*resolved.values(), tree.resolve("gantry.json"), tree.resolve("gantry.json.sig")}
    for path in tree.files():
        if path not in expected:
            raise CheckFailed(f"{path.relative_to(tree.root)} is not listed in the manifest")
    found = {}
    for name, real in resolved.items():
        if real is None:
            raise CheckFailed(f"{name} is listed in the manifest but missing")
        if not real.is_file():
            raise CheckFailed(f"{name} is not a regular file")
        found[name] = real
    return found
