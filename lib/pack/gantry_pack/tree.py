# SPDX-License-Identifier: Apache-2.0
"""Reading the directory of a package: links, files, the manifest's JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import CheckFailed, PackError
from .limits import FORMAT

if TYPE_CHECKING:
    from .aliases import FilePath, Json


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Json:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise CheckFailed(f"gantry.json: duplicate key '{next(key for key in keys if keys.count(key) > 1)}'")
    return dict(pairs)


class Tree:
    """The directory of a package and where the names in it lead. Links are followed as long as they stay within it."""

    def __init__(self, directory: FilePath) -> None:
        self.directory = Path(directory)
        if not self.directory.exists():
            raise PackError(f"there is no package directory {directory}")
        if not self.directory.is_dir():
            raise PackError(f"{directory} is a file; a package is the directory with gantry.json in it")
        self.root = Path(os.path.realpath(self.directory))

    def resolve(self, name: FilePath) -> Path | None:
        """The real path of a name, or None if nothing is there."""
        real = Path(os.path.realpath(self.root / name))
        if real != self.root and self.root not in real.parents or not real.exists():
            self._refuse_links_of(name)
            return None
        return real

    def _refuse_links_of(self, name: FilePath) -> None:
        """Says which part of `name` leads nowhere, or out of the directory."""
        at = self.root
        for part in Path(name).parts:
            at = at / part
            if not at.is_symlink():
                continue
            real, link = Path(os.path.realpath(at)), f"{at.relative_to(self.root)} is a symbolic link to '{os.readlink(at)}', "
            if real != self.root and self.root not in real.parents:
                raise CheckFailed(link + f"which leads out of the package's directory, to '{real}'; links may lead to what is "
                                  "within it, so use a copy of the package in which they are resolved (cp -rL)")
            if not real.exists():
                raise CheckFailed(link + ("which leads in a circle" if real.is_symlink() else "which is not there"))

    def read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self.unreadable(path, error) from error

    def unreadable(self, path: Path, error: OSError) -> PackError:
        return PackError(f"{path} cannot be read: {error.strerror or error}")

    def files(self) -> Iterator[Path]:
        """The regular files within, by their real paths. Links must lead to something within. Of a projected volume of
        Kubernetes only the state that is shown is looked at."""
        shown = os.path.realpath(self.root / "..data") if (self.root / "..data").is_symlink() else None

        def fail(error: OSError) -> NoReturn:
            raise self.unreadable(error.filename, error)
        for where, directories, names in os.walk(self.root, onerror=fail):
            parent = Path(where)
            if shown and parent == self.root:
                directories[:] = [name for name in directories if not name.startswith("..") or name == ".."
                                  or (parent / name).is_symlink() or str(parent / name) == shown]
            for name in sorted(directories + names):
                path = parent / name
                if path.is_symlink():
                    self.resolve(path.relative_to(self.root))
                elif path.is_file():
                    yield path
                elif not path.is_dir():
                    raise CheckFailed(f"{path.relative_to(self.root)} is not a regular file")


def read_manifest(directory: FilePath) -> Json:
    tree = Tree(directory)
    path = tree.resolve("gantry.json")
    if path is None:
        inner = sorted(found.parent.name for found in tree.root.glob("*/gantry.json"))
        raise PackError(f"{directory} is not a package: it has no gantry.json"
                        + (f"; there are packages in it: {', '.join(inner[:4])}" if inner else ""))
    if not path.is_file():
        raise CheckFailed("gantry.json is not a regular file")
    try:
        manifest = json.loads(tree.read(path).decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise CheckFailed(f"{path}: {error}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if type(found) is not int or found != FORMAT:
        raise CheckFailed(f"gantry.json has format {found!r:.80}, this version reads format {FORMAT}"
                          + ("; pack the model again" if type(found) is int and found < FORMAT else ""))
    return manifest
