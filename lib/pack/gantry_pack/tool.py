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
    from collections.abc import Collection

    from .aliases import FilePath


BUILT_ON = {"torchscript": "LibTorch", "aoti": "LibTorch", "executorch": "ExecuTorch"}  # as the tool says it


class Tool:
    """The gantry tool: {path, version of gantry, what its engines are built on}, and the environment that it starts in."""

    def __init__(self, path: Path, environment: dict[str, str], gantry: str, engines: list[str]) -> None:
        self.path, self.environment, self.gantry, self.engines = path, environment, gantry, engines

    def __str__(self) -> str:
        return f"{self.path}, gantry {self.gantry} with {' and '.join(self.engines)}"

    @classmethod
    def find(cls, given: FilePath | None = None, kinds: Collection[str] = ()) -> Tool | str:
        """The tool, or, as a string, why there is none. `given`: a path. `kinds`: of engines, one of which it has to have;
        none: any."""
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
        return cls.started(found[0], kinds)

    @classmethod
    def started(cls, path: Path, kinds: Collection[str] = ()) -> Tool | str:
        """As find(): the tool at `path`, if it starts and is of this version."""
        torch = sys.modules.get("torch")
        libraries = str(Path(torch.__file__).parent / "lib") if torch is not None and torch.__file__ else ""
        own = dict(os.environ)
        with_torch = {**own, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (own.get("LD_LIBRARY_PATH"), libraries)))}
        wanted = {BUILT_ON[kind] for kind in kinds if kind in BUILT_ON} or set(BUILT_ON.values())
        for environment in (own, with_torch):  # a tool starts without LibTorch, too
            code, output = run_program([path, "--version"], environment, seconds=120)
            known = re.match(r"gantry (\S+) \((.*)\)", output) if code == 0 else None
            parts = [re.fullmatch(r"(\w+) \d\S*", part) for part in known.group(2).split("; ")] if known else []
            engines = [part.group() for part in parts if part and part.group(1) in wanted]
            if engines and ("LibTorch" not in wanted or any(one.startswith("LibTorch ") for one in engines)):
                break
        if code != 0:
            return f"{path} does not start: {output.strip().splitlines()[-1] if output.strip() else f'exit code {code}'}"
        if not known:
            return f"{path} is another program"
        if known.group(1) != VERSION:
            return f"{path} is version {known.group(1)}, this is gantry-pack {VERSION}"
        if not engines:
            return f"{path} has no engine for it: {known.group(2)}"
        return cls(path, environment, known.group(1), engines)


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
