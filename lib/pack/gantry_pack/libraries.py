# SPDX-License-Identifier: Apache-2.0
"""Shared libraries with operators."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from .directory import check_path
from .errors import PackError

if TYPE_CHECKING:
    from .aliases import FilePath
    from .directory import Directory


class Library:
    """A shared library with operators: a file, which goes into the package, or a bare name for the host to give."""

    def __init__(self, given: FilePath) -> None:
        text = os.fspath(given)
        self.path = Path(text).resolve() if Path(text).is_file() else None
        if not text or self.path is None and "/" in text:
            raise PackError(f"libraries: {text!r} is no file; a bare name, without '/', is one that the host gives")
        self.name = f"ops/{self.path.name}" if self.path else text
        self.to_load = f"file:{self.path}" if self.path else f"name:{text}"
        check_path(self.name)

    def store(self, directory: Directory) -> None:
        if self.path:
            directory.store_named(self.name, self.path.read_bytes())

    def loaded_from(self) -> Path | None:
        """Of a bare name, the file with its operators; None if it is not known."""
        found = importlib.util.find_spec(self.name) if self.name.isidentifier() else None
        for place in (found.submodule_search_locations or ()) if found else ():
            # An extension of a package (torchvision/_C.so), which PyTorch's own packages name so.
            for path in sorted(Path(place).glob("_C*.so")):
                return path
        return None
