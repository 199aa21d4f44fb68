# SPDX-License-Identifier: Apache-2.0
"""Exporting to TorchScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..console import quiet, say
from ..errors import PackError, exit_refused
from ..model.held import tensors_held
from ..model.model import check_matching
from ..version import OLDEST_TORCH
from .check import check_engine

if TYPE_CHECKING:
    from pathlib import Path

    from ..aliases import Json
    from ..model.model import TypedModel
    from .trials import Trials


def export_torchscript(model: TypedModel, path: Path, batches: Trials) -> Json:
    """Writes the model to `path` and returns its entry in engines[]."""
    torch = model.torch
    with quiet():
        script = model.module if model.is_script else _traced(model)
        torch.jit.save(script, str(path))
    check_engine("torchscript", {None: path}, model, batches)
    return {"kind": "torchscript", "file": path.name, "device": "any", "requires": {"torch": f">={OLDEST_TORCH}"}}


def _traced(model: TypedModel) -> Any:
    torch = model.torch
    say("tracing the model (TorchScript)")
    module, _ = model.exportable(has_own_names=True)
    try:
        with torch.no_grad(), exit_refused("the model"):
            script = torch.jit.trace(module, model.example_of(2), check_trace=False)
    except Exception as error:
        raise PackError(f"torch.jit.trace failed: {error}") from error
    if model.has_state:  # tracing has run the module, and what it holds is saved
        before = tensors_held(model.exportable(has_own_names=True)[0])
        with torch.no_grad():
            for held, tensor in tensors_held(module).items():
                if held in before and before[held].shape == tensor.shape:
                    tensor.copy_(before[held])
    names = [argument.name for argument in script.forward.schema.arguments[1:]]
    check_matching(model.input_names, names, "input_names", "the arguments of the traced forward()")
    return script
