# SPDX-License-Identifier: Apache-2.0
"""The child that runs engines."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..calls import call_module, flattened
from ..console import quiet
from ..imports import need
from ..libraries import Library
from .trial import assemble

if TYPE_CHECKING:

    from ..aliases import Batch, Json


def serve_engine_runs() -> int:
    """The child: a line on stdin is the directory of a run, a line on stdout its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever gave us work gets it too, and closes stdin
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it was blocked while this process started
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    need("torch", "running engines")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code, work = 1, Path(line.strip())
            try:
                _prepare_run(work)
                _run_trials(work)
                code = 0
            except BaseException:
                if work.is_dir():  # else whoever gave us work was interrupted
                    traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        replies.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        replies.flush()
    return 0


def _prepare_run(work: Path) -> None:
    """What the model prints, and what a C library says before it aborts, goes to a file; no core is written."""
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    log = os.open(work / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


def _load_library(library: str) -> None:
    torch = sys.modules["torch"]
    if library.startswith("file:"):
        torch.ops.load_library(library.removeprefix("file:"))
        return
    name = library.removeprefix("name:")
    operators = Library(name).loaded_from()
    if operators is not None:
        try:
            torch.ops.load_library(operators)  # as the C++ side does; importing the package takes seconds, each time
            return
        except OSError:
            pass  # it may need what the package loads first
    try:
        __import__(name)
    except ImportError:
        torch.ops.load_library(name)  # where the dynamic linker looks


def _load_engine(job: Json) -> dict[str, Any]:
    """{name of a run: callable}: "engine", what the C++ engine runs, and "saved", the model as it was saved."""
    torch = sys.modules["torch"]
    if job["kind"] == "aoti":
        from torch._inductor import aoti_load_package
        loaded_files = {size: aoti_load_package(path) for size, path in job["files"].items()}
        if None in loaded_files:
            return {"engine": loaded_files[None]}
        return {"engine": lambda *inputs: loaded_files[inputs[0].shape[0]](*inputs)}

    path = job["files"][None]
    if job["kind"] == "executorch":
        from .executorch import ExecutorchEngine
        return {"engine": ExecutorchEngine(path)}

    def load() -> Any:
        return torch.jit.load(path, map_location="cpu").eval()
    loaded = {name: load() for name in job["runs"]}
    for name, module in loaded.items():
        # Freezing drops hooks of the module itself, so the engine does not freeze such a model.
        if name == "engine" and not module._c._get_forward_hooks() and not module._c._get_forward_pre_hooks():
            loaded[name] = torch.jit.freeze(module)
    return loaded


def _run_trials(work: Path) -> None:
    """TorchScript runs as in the C++ engine, without kernels made at run time: a LibTorch that was built with LLVM, such
    as Debian's, compiles them for minutes."""
    torch = sys.modules["torch"]
    job = torch.load(work / "job.pt", weights_only=True)

    def outputs_of(call: Any, inputs: Batch) -> list[Any]:
        copies = tuple(tensor.clone() for tensor in inputs)
        found = flattened(call_module(call, job["parameters"], copies, job["arguments"]))
        return [tensor.clone() for _, tensor in found]
    with quiet(), torch.no_grad():
        (work / "at").write_text("load")
        for library in job["libraries"]:
            _load_library(library)
        loaded = _load_engine(job)
        for i, trial in list(enumerate(job["trials"]))[job["start"]:]:
            replaced = trial["instead_of"]
            if replaced is not None and "error" not in torch.load(work / f"{replaced}.pt", weights_only=True):
                continue
            (work / "at").write_text(str(i))
            if job["is_fresh"] and i > job["start"] and not trial["goes_on"]:
                loaded = _load_engine(job)
            inputs = assemble(torch, job["pool"], trial["rows"])
            try:
                with torch.jit.optimized_execution(False):  # not while freezing, which then leaves calls of nothing
                    result: Json = {name: outputs_of(call, inputs) for name, call in loaded.items()}
            except Exception as error:
                result = {"error": str(error).strip() or type(error).__name__}
            torch.save(result, work / f"{i}.pt")
