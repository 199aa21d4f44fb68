# SPDX-License-Identifier: Apache-2.0
"""The last step: the package is opened as its hosts will open it."""

from __future__ import annotations

import re
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from xml.etree import ElementTree

from .console import say
from .errors import CheckFailed
from .pipeline import walk
from .signing import public_key_of
from .tool import Tool, run_program

if TYPE_CHECKING:
    from .aliases import FilePath, Json
    from .libraries import Library


class Finding(NamedTuple):
    """One line of the tool's report."""

    name: str
    kind: str  # "ok", "failure", "error", "skipped"
    message: str
    type: str  # of an error: its code and its reason, "resource_exhausted.out_of_memory"


class Opening:
    """The package in `directory` as the C++ side opens it: `gantry check` verifies it, loads each engine and runs the
    golden cases. Without a tool that can, nothing but the Python side has spoken: engines were run by a process that
    imported torch alone (Children)."""

    SECONDS = 3600  # a tool that hangs must not hang us

    def __init__(self, directory: FilePath, manifest: Json, libraries: Sequence[Library], sign_key: FilePath | None,
                 own_ops: set[str], plugins: Sequence[FilePath]) -> None:
        self.directory, self.manifest, self.libraries = Path(directory), manifest, libraries
        self.sign_key, self.own_ops, self.plugins = sign_key, own_ops, plugins

    def find(self, tool: FilePath | Literal[False] | None) -> Tool | str | None:
        """A tool that knows the package's engines and ops, or why there is none; None if none is wanted."""
        if tool is False:
            return None
        used = {op["op"] for _, op in walk(self.manifest["pipeline"])} & self.own_ops
        kinds = [engine["kind"] for model in self.manifest["models"].values() for engine in model["engines"]]
        return Tool.find(tool, kinds) if self.plugins or not used else \
            f"it does not know {', '.join(sorted(used))}; open it with your host, or pass plugins="

    def run(self, tool: Tool, command: str, *options: Any) -> tuple[int, str]:
        """`gantry COMMAND PACKAGE OPTIONS`: (exit code, what it printed)."""
        with tempfile.TemporaryDirectory(prefix="gantry-pack-") as name:
            return run_program([tool.path, command, self.directory, *options, *self._options(Path(name))],
                               tool.environment, self.SECONDS)

    def open(self, found: Tool | str | None) -> None:
        """CheckFailed with the words of the tool, as find() gives it, if it refuses the package; says so if it could not
        open it."""
        if found is None:
            return
        if isinstance(found, str):
            say(f"not opened by the gantry tool: {found}")
            return
        say(f"opening the package ({found})")
        with tempfile.TemporaryDirectory(prefix="gantry-pack-") as name:
            work = Path(name)
            report = work / "report.xml"
            code, output = run_program([found.path, "check", self.directory, "--junit", report, *self._options(work)],
                                       found.environment, self.SECONDS)
            findings = self._read(report)
        problem = self._problem(code, output, findings)
        if problem:
            raise CheckFailed(f"the package is refused when it is opened ({found}): "
                              + problem.replace(f"package '{self.directory}' > ", ""))
        skipped = [f"{one.name}: {one.message}" for one in findings
                   if one.kind in ("skipped", "error") and one.name.startswith("golden")]
        if skipped and self.manifest["golden"]:
            say(f"not opened by the gantry tool: {'; '.join(skipped)}".replace(f"package '{self.directory}' > ", ""))

    def _options(self, work: Path) -> list[Any]:
        options: list[Any] = [word for plugin in self.plugins for word in ("--plugin", Path(plugin).resolve())]
        for library in self.libraries:
            if library.path is None and library.loaded_from():
                options += ["--library", library.loaded_from()]
        if self.sign_key is not None:
            key = work / "key.pub.pem"
            key.write_bytes(public_key_of(self.sign_key))
            options += ["--trusted-key", key]
        return options

    @staticmethod
    def _read(report: Path) -> list[Finding]:
        if not report.is_file():
            return []
        found = []
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            one = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
            name = case.get("name", "")
            found.append(Finding(name, "ok", "", "") if one is None else
                         Finding(name, one.tag, one.get("message", ""), one.get("type", "")))
        return found

    def _problem(self, code: int, output: Any, findings: list[Finding]) -> str | None:
        """Why the package is refused; None if it is not, or only for what this machine lacks."""
        if code not in (0, 1, 2) or not findings:
            last = output.strip().splitlines()[-1] if output.strip() else "it says nothing"
            how = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
            return f"the tool ends with {how}: {last}"
        failed = [one.message for one in findings if one.kind == "failure"]
        failed += [one.message for one in findings if one.kind == "error" and not self._is_lack(one)]
        return failed[0] if failed else None

    def _is_lack(self, error: Finding) -> bool:
        """Whether a check could not run for lack of an engine, a device, memory, a disk or a library that the host gives. A
        bound that every machine has, such as the most pixels of an image, is the package's fault."""
        if error.type.startswith("resource_exhausted"):
            return error.type != "resource_exhausted.input_too_large"
        given_by_host = any(library.path is None for library in self.libraries)
        return error.type.startswith("unavailable") or error.message.startswith("none of the package's engines") or \
            given_by_host and re.search("librar|operator", error.message) is not None
