# SPDX-License-Identifier: Apache-2.0
"""The gantry tool: finding and running it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PackError
from .version import VERSION

if TYPE_CHECKING:
    from .aliases import FilePath


class Tool:
    """The gantry tool: {path, version of gantry, version of LibTorch}, and the environment that it starts in."""

    def __init__(self, path: Path, environment: dict[str, str], gantry: str, torch: Any) -> None:
        self.path, self.environment, self.gantry, self.torch = path, environment, gantry, torch

    def __str__(self) -> str:
        return f"{self.path}, gantry {self.gantry} with LibTorch {self.torch}"

    @classmethod
    def find(cls, given: FilePath | None = None) -> Tool | str:
        """The tool, or, as a string, why there is none. `given`: a path."""
        if given is None:
            given = os.environ.get("GANTRY_TOOL")
        if given == "":
            return "GANTRY_TOOL is empty"
        place = Path(__file__).resolve().parents[1]  # bin/gantry-pack or share/gantry/pack as installed, or lib/pack
        beside = [place.parent / "gantry", place.parents[1] / "build" / "bin" / "gantry"]
        if place.match("share/gantry/pack"):
            beside.append(place.parents[2] / "bin" / "gantry")
        beside += _tool_of_prefix()
        on_path = shutil.which("gantry")
        places = [Path(given)] if given is not None else beside + ([Path(on_path)] if on_path else [])
        found = [place for place in places if place.is_file() and os.access(place, os.X_OK)]
        if not found:
            if given is not None:
                raise PackError(f"tool: {given} is no program")
            prefix = "".join(f", at {path}" for path in _tool_of_prefix())
            return f"there is none beside gantry-pack{prefix}, or on PATH"
        return cls.started(found[0])

    @classmethod
    def started(cls, path: Path) -> Tool | str:
        """As find(): the tool at `path`, if it starts and is of this version."""
        torch = sys.modules.get("torch")
        libraries = str(Path(torch.__file__).parent / "lib") if torch is not None and torch.__file__ else ""
        own = dict(os.environ)
        with_torch = {**own, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (own.get("LD_LIBRARY_PATH"), libraries)))}
        for environment in (own, with_torch):  # a tool starts without LibTorch, too
            code, output = run_program([path, "--version"], environment, seconds=120)
            known = re.match(r"gantry (\S+) \((.*)\)", output) if code == 0 else None
            parts = [re.fullmatch(r"LibTorch (\d\S*)", part) for part in known.group(2).split("; ")] if known else []
            versions = [part.group(1) for part in parts if part]
            if versions:
                break
        if code != 0:
            return f"{path} does not start: {output.strip().splitlines()[-1] if output.strip() else f'exit code {code}'}"
        if not known:
            return f"{path} is another program"
        if known.group(1) != VERSION:
            return f"{path} is version {known.group(1)}, this is gantry-pack {VERSION}"
        if not versions:
            return f"{path} has no engine for it: {known.group(2)}"
        return cls(path, environment, known.group(1), versions[0])


def _tool_of_prefix() -> list[Path]:
    """The tool of the prefix that pip installed this from, which setup.py has written down."""
    try:
        return [Path((Path(__file__).parent / "tool_of_prefix").read_text(encoding="utf-8").strip())]
    except (OSError, ValueError):
        return []


def run_program(command: list[Any], environment: dict[str, str], seconds: float) -> tuple[int, str]:
    """(exit code, what it printed); 127 if it could not be started, 124 if it did not end within `seconds`."""
    try:
        done = subprocess.run([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    except OSError as error:
        return 127, f"{command[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return 124, f"it did not end within {seconds} seconds"
    return done.returncode, done.stdout.decode("utf-8", "replace")
