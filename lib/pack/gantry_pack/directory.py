# SPDX-License-Identifier: Apache-2.0
"""The directory of a package while it is being written, and files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PackError

if TYPE_CHECKING:
    from .aliases import FilePath, Steps


class Directory:
    """The package while it is being written. Equal content is stored once."""

    def __init__(self, root: FilePath) -> None:
        self.root = Path(root)
        self.by_digest: dict[bytes, str] = {}

    def store(self, path: str, data: bytes) -> str:
        """Stores bytes; returns the path under which this content lies."""
        digest = hashlib.sha256(data).digest()
        if digest not in self.by_digest:
            check_path(path)
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            self.by_digest[digest] = path
        return self.by_digest[digest]

    def store_named(self, path: str, data: bytes) -> None:
        """As store, but always under this name, for files that ops refer to."""
        check_path(path)
        target = self.root / path
        if target.exists() or any(parent.is_file() for parent in target.parents):
            raise PackError(f"two files of the package would be called {path}, or one a directory of the other")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def list_files(self) -> Steps:
        entries = []
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                entries.append({"path": path.relative_to(self.root).as_posix(), "bytes": path.stat().st_size,
                                "sha256": sha256_of(path)})
        return entries


def check_path(path: Any) -> None:
    """File names inside a package: relative, '/', nothing that could lead outside."""
    parts = path.split("/") if isinstance(path, str) else [""]
    if any(part in ("", ".", "..") for part in parts) or "\\" in path or any(ord(c) < 32 or ord(c) == 127 for c in path):
        raise PackError(f"{path!r} is not a file name that a package may hold")
    try:
        longest = max(len(part.encode("utf-8")) for part in parts)
    except UnicodeEncodeError as error:
        raise PackError(f"{path!r} is not a file name that a package may hold: it is no UTF-8") from error
    if longest > 255:
        raise PackError(f"{path!r:.80} is not a file name that a package may hold: {longest} bytes, at most 255")


def sha256_of(path: FilePath) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _take_place(work: Path, out: Path) -> None:
    """Renames `work` to `out`. What was there before comes back if that fails."""
    old = None
    try:
        if os.path.lexists(out):
            old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".old", dir=out.parent))
            os.rename(out, old / "package")
        os.rename(work, out)
    except OSError:
        if old is not None and os.path.lexists(old / "package") and not os.path.lexists(out):
            os.rename(old / "package", out)
        raise
    finally:
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)


def _why_kept(out: Path) -> str | None:
    """Why what lies at `out` may not be replaced; None: nothing does, an empty directory, or a package, which is made
    again from what made it."""
    if not os.path.lexists(out):
        return None
    if not out.is_dir():
        return "a link that leads nowhere" if not out.exists() else "a file"
    try:
        with os.scandir(out) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        return f"a directory that cannot be read ({error.strerror or error})"
    if not names:
        return None
    held = "a directory with " + ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if not (out / "gantry.json").is_file():
        return f"{held}, but no gantry.json"
    try:
        manifest = json.loads((out / "gantry.json").read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return f"{held}, of which gantry.json cannot be read ({error})"
    if not isinstance(manifest, dict) or not {"format", "name", "version", "files"} <= manifest.keys():
        return f"{held}, of which gantry.json is not that of a package: it has no format, name, version and files"
    return None


def _check_free(out: Path, overwrite: bool) -> None:
    """PackError where something lies at `out` that this may not replace."""
    if os.path.lexists(out) and not overwrite:
        raise PackError(f"{out} exists; packages are immutable: choose another version, or pass overwrite=True (--force)")
    kept = _why_kept(out)
    if kept:
        raise PackError(f"{out} is {kept}; overwrite=True (--force) replaces a package or an empty directory only: name "
                        "the directory of the package itself, usually NAME/VERSION, or move what is there")


@contextlib.contextmanager
def published(out: FilePath, overwrite: bool) -> Iterator[Path]:
    """A temporary directory beside `out` that takes its place only if all went well."""
    out = Path(out)
    _check_free(out, overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise PackError(f"cannot make {out}: {error.filename or out.parent}: {error.strerror or error}") from error
    try:
        work.chmod(0o755)
        yield work
        _check_free(out, overwrite)  # another process may have been faster
        try:
            _take_place(work, out)
        except OSError as error:
            raise PackError(f"{out} cannot be put in its place: {error.strerror or error}; is another process writing "
                            "there?") from error
    finally:
        if work.exists():
            shutil.rmtree(work)


def read_given_file(path: FilePath, what: str) -> bytes:
    """The bytes of a file that an argument names."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PackError(f"{what}: cannot read {path}: {error.strerror or error}") from error
