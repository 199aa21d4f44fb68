# SPDX-License-Identifier: Apache-2.0
"""Exporting with AOTInductor."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..console import quiet, say
from ..errors import PackError, exit_refused
from .bounds import bounds_of
from .check import check_engine
from .compiled_for import compiled_for
from .guest_code import aoti_target, guest_code, march_of_old_inductor
from .program import functional_form, has_state, mutates_inputs, strict_as_eager

if TYPE_CHECKING:
    from pathlib import Path

    from ..aliases import FilePath, Json
    from ..model.model import TypedModel
    from .trials import Trials


def export_aoti(model: TypedModel, path: Path, batches: Trials) -> Json:
    """Writes the model to `path` and returns its entry in engines[]."""
    torch = model.torch
    if model.is_script:
        raise PackError("AOTInductor compiles Python models and exported programs, not a ScriptModule; use "
                        'engines=("torchscript",)')
    isa = compile_aoti(model.program or exported(model), path, model.signature,
                       takes_one=model.program is None)
    check_engine("aoti", path, model, batches)
    version = ".".join(torch.__version__.split(".")[:2])
    return {"kind": "aoti", "file": path.name, "device": "cpu", "requires": {"torch": version, "isa": isa}}


def compile_aoti(program: Any, path: FilePath, signature: Json | None = None, takes_one: bool = False) -> str:
    """Compiles an ExportedProgram for the CPU into the package `path`; returns the level of CPU that it needs.
    `signature`, as in a manifest, names tensors and sizes; without it they have the program's own names. `takes_one`:
    sizes were exported from 1 on, which some versions of torch record as from 2 on."""
    import torch
    from torch._inductor import config
    march, simd_bits, isa = aoti_target()
    functional = functional_form(program)
    wanted = {"cpp.march": march, "cpp.simdlen": simd_bits, "cpp.threads": 1, "cpp.dynamic_threads": False,
              "aot_inductor.metadata": {"gantry_torch_version": ".".join(torch.__version__.split(".")[:2]),
                                        "gantry_march": march, "gantry_threads": "1",
                                        "gantry_has_state": "true" if has_state(functional) else "false",
                                        "gantry_mutates_inputs": "true" if mutates_inputs(functional) else "false",
                                        **compiled_for(program, signature, takes_one)}}
    known = config.get_config_copy()
    say(f"compiling the model (AOTInductor, {isa}); this takes a minute or two")
    try:
        with quiet(), march_of_old_inductor(march), guest_code(), torch.no_grad():
            torch._inductor.aoti_compile_and_package(
                strict_as_eager(program, functional), package_path=str(path),
                inductor_configs={k: v for k, v in wanted.items() if k in known})
    except PackError:
        raise
    except Exception as error:
        raise PackError(f"AOTInductor failed (it needs a C++ compiler; engines=(\"torchscript\",) does without): "
                        f"{type(error).__name__}: {error}") from error
    return isa


def exported(model: TypedModel) -> Any:
    torch = model.torch
    module, as_one = model.exportable()
    symbols = {dim for spec in model.signature["inputs"] for dim in spec["shape"] if isinstance(dim, str)}
    if not model.can_share_calls:
        symbols.discard("batch")  # each sample is a call of its own, and the engine takes one
    dims = {dim: torch.export.Dim(dim, min=1, max=max(2, model.max_batch)) if dim == "batch" else torch.export.Dim(dim)
            for dim in symbols}

    example = model.example_of(2)

    def export() -> Any:
        dynamic = tuple({i: dims[dim] for i, dim in enumerate(spec["shape"]) if dim in dims}
                        for spec in model.signature["inputs"])
        with quiet(), torch.no_grad(), exit_refused("the model"):
            warnings.filterwarnings("error", message=".*was assigned during export")  # state that would be lost
            return torch.export.export(module, example, dynamic_shapes=(dynamic,) if as_one else dynamic)
    say("exporting the model (torch.export)")
    try:
        try:
            return export()
        except torch._dynamo.exc.UserError as error:
            bounds = bounds_of(str(error), {dim: size for spec, tensor in zip(model.signature["inputs"], example)
                                            for dim, size in zip(spec["shape"], tensor.shape) if dim in dims})
            if not bounds or "batch" in bounds:
                raise
            for name, (least, most) in bounds.items():
                say(f"aoti: '{name}' must be {f'at least {least}' if most is None else f'{least} to {most}'}")
            dims.update({name: torch.export.Dim(name, min=least, max=most) for name, (least, most) in bounds.items()})
            try:
                return export()
            except torch._dynamo.exc.UserError:  # it cannot prove for all of them what holds for each
                dims.update({name: torch.export.Dim.DYNAMIC(min=least, max=most) for name, (least, most) in bounds.items()})
                return export()
    except Exception as error:
        raise PackError(f"torch.export failed (engines=(\"torchscript\",) does without): {error}") from error
