# SPDX-License-Identifier: Apache-2.0
"""Engines run in a process of their own: a model may end the process, at a batch size that it was not made for. One
child imports torch, once, and forks for each run, so that a run costs no import."""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckFailed, PackError
from ..values import describe_value
from .trial import assemble

if TYPE_CHECKING:
    from ..aliases import Batch, Json
    from .trial import Runnable, Trial

# Where the package lies: a folder, or the file of a zipapp. The child takes it from there, whatever lies in its working
# directory.
PLACE = Path(__file__).resolve().parents[2]
SERVE = ("import sys; sys.path = [sys.argv[1], *filter(None, sys.path)]; "
         "from gantry_pack.running.serving import serve_engine_runs; sys.exit(serve_engine_runs())")


class Children:
    """The child that forks; started when it is first needed, and gone with this process."""

    process: subprocess.Popen[str] | None = None
    has_run = False  # whether `process` was given any work

    @classmethod
    def start(cls) -> subprocess.Popen[str]:
        if cls.process is not None and cls.process.poll() is None:
            return cls.process
        path = os.pathsep.join(entry for entry in sys.path if entry)
        # An interruption comes to it as well, which it ignores: while it starts, too, where Python would print where.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            cls.process = subprocess.Popen([sys.executable, "-c", SERVE, str(PLACE)],
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                           env={**os.environ, "PYTHONPATH": path})
            cls.has_run = False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        atexit.register(cls.stop, cls.process)
        return cls.process

    @classmethod
    def stop(cls, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        if process is cls.process and not cls.has_run:
            process.kill()  # it has nothing to end, and may import torch for seconds still
        process.stdin.close()
        process.wait()
        process.stdout.close()

    @classmethod
    def run(cls, directory: Path) -> int:
        """The exit code of the run that `directory` describes; negative: the signal that ended it."""
        process = cls.start()
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        cls.has_run = True
        try:
            process.stdin.write(f"{directory}\n")
            process.stdin.flush()
            reply = process.stdout.readline()
        except OSError:
            reply = ""
        if not reply:
            raise PackError("the process that runs engines ended; is there memory enough?")
        return int(reply)


def run_engine(kind: str, files: Mapping[int | None, Path], model: Runnable, pool: list[Batch],
               trials: Sequence[Trial], runs: list[str], is_fresh: bool) -> list[Any]:
    """[{run: outputs} or {"error": text} or, not needed, None] of each trial, from a process of its own; an error that
    ended the process has "ended", too. `is_fresh`: each is the model's first. CheckFailed if the model cannot be loaded,
    or ends the process on a trial that may not fail."""
    torch = model.torch
    job: Json = {"kind": kind, "files": {size: str(path.absolute()) for size, path in files.items()},  # it may run elsewhere
                 "libraries": [library.to_load for library in model.libraries],
                 "runs": runs, "parameters": model.parameters if model.is_script else [],
                 "arguments": model.arguments if model.is_script else {}, "is_fresh": is_fresh, "start": 0,
                 "pool": [[value.detach() for value in entry] for entry in pool],
                 "trials": [{"rows": trial.rows, "instead_of": trial.instead_of, "goes_on": trial.goes_on}
                            for trial in trials]}
    with tempfile.TemporaryDirectory(prefix="gantry-pack-") as name:
        work = Path(name)
        while job["start"] < len(trials):
            torch.save(job, work / "job.pt")
            code = Children.run(work)
            if code == 0:
                break
            job["start"] = _after_ending(kind, work, code, pool, trials) + 1
        paths = [work / f"{i}.pt" for i in range(len(trials))]
        return [torch.load(path, weights_only=True) if path.exists() else None for path in paths]


def _after_ending(kind: str, work: Path, code: int, pool: list[Batch], trials: Sequence[Trial]) -> int:
    """Which trial ended the process; its result says so. Raises where it may not."""
    torch = sys.modules["torch"]
    at = (work / "at").read_text() if (work / "at").exists() else "load"
    log = (work / "log").read_text(errors="replace").strip() if (work / "log").exists() else ""
    last = log.splitlines()[-1].strip() if log else "it says nothing"
    how = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
    missing = sorted(set(re.findall(r"Missing operator: \[\d+\] ([\w:.]+)", log)))
    if at == "load" and missing:
        raise CheckFailed(f"the {kind} model needs {', '.join(missing)}, which ExecuTorch has no kernel for; "
                          'engines=("torchscript",) or "aoti" does without')
    if at == "load" and code > 0:
        operator = re.search(r"(?:Unknown builtin op: |Could not find (?:schema|an implementation) for |operator )"
                             r"'?(\w+::\w+)", log)
        raise CheckFailed(f"the {kind} model cannot be loaded by itself: " + (
            f"it needs the operator {operator.group(1)}; say which library has it: libraries=[\"torchvision\"], or the "
            "path of a shared library" if operator else last))
    if at == "load":
        raise CheckFailed(f"the {kind} model ends the process as it is loaded ({how}): {last}")
    trial = trials[int(at)]
    size = len(trial.rows) if len(trial.rows) > 1 else trial.size
    inputs = ", ".join(describe_value(value) for value in assemble(torch, pool, trial.rows))
    where = f"at a batch of {size}" if size and size > 1 else f"on inputs {inputs}"
    what = f"the {kind} model ends the process {where} ({how})"
    if not trial.may_fail:
        raise CheckFailed(what + ": it was made for one batch size; trace it with a batch of 2 and take sizes from the "
                          "input, or pass batch=False, or max_batch=1" if size and size > 1 else f"{what}: {last}")
    torch.save({"error": what, "ended": True}, work / f"{at}.pt")
    return int(at)
