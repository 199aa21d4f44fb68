# SPDX-License-Identifier: Apache-2.0
"""Exporting with AOTInductor."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..console import quiet, say
from ..errors import PackError, exit_refused
from .bounds import bounds_of
from .check import check_engine
from .compiled_for import compiled_for
from .executorch import batch_sizes_of
from .fold_pads import fold_pads
from .guest_code import aoti_target, guest_code, guest_flags
from .program import functional_form, has_state, mutates_inputs, sizes_depend_on_values, strict_as_eager
from .trials import Trials

if TYPE_CHECKING:
    from pathlib import Path

    from ..aliases import FilePath, Json
    from ..model.model import TypedModel


CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d",
                "conv_transpose3d")


def export_aoti(model: TypedModel, path: Path, sample_inputs: list[Any]) -> Json:
    """Writes the model to `path`, or to a file beside it for each of several batch sizes, and returns its entry in
    engines[]."""
    torch = model.torch
    if model.is_script:
        raise PackError("AOTInductor compiles Python models and exported programs, not a ScriptModule; use "
                        'engines=("torchscript",)')
    programs = programs_of(model)
    trials = Trials(model, sample_inputs, fixed_sizes(programs), ranges=_ranges(model, programs))
    files: dict[int | None, Path] = {}
    for size, program in programs.items():
        file = path if len(programs) == 1 else path.with_name(f"{path.name.removesuffix(path.suffix)}-{size}{path.suffix}")
        if file.exists():
            raise PackError(f"two models make a file '{file.name}': call one of them otherwise")
        isa = compile_aoti(program, file, model.signature, takes_one=model.program is None)
        files[size] = file
    check_engine("aoti", files, model, trials)
    version = ".".join(torch.__version__.split(".")[:2])
    written: Json = {"file": path.name} if None in files else \
        {"files": [{"path": file.name, "batch": size} for size, file in files.items()]}
    return {"kind": "aoti", **written, "device": "cpu", "requires": {"torch": version, "isa": isa}}


def programs_of(model: TypedModel) -> dict[int | None, Any]:
    """{number of samples: program that computes exactly so many}, or {None: program for any number}. With a convolution
    sizes are fixed: its weights can only be packed at compile time where the code knows the shape of its input, and
    otherwise are packed anew in each call. Everything else is as fast with any number. A model that keeps state takes any,
    since each file would keep its own."""
    if model.program is not None and not model.has_batch_sizes:
        return {None: model.program}
    if model.has_state and model.has_batch_sizes:
        raise PackError("batch_sizes: the model keeps state between calls, which files for several sizes would keep apart; "
                        "leave them out")
    if model.has_state or not model.can_share_calls:
        return {None: exported(model)}
    sizes = batch_sizes_of(model)
    first = exported(model, sizes[0])
    if not model.has_batch_sizes and not _has_convolution(first):
        return {None: exported(model)}
    return {sizes[0]: first, **{size: exported(model, size) for size in sizes[1:]}}


def fixed_sizes(programs: dict[int | None, Any]) -> list[int] | None:
    return None if None in programs else [size for size in programs if size is not None]


def _has_convolution(program: Any) -> bool:
    graphs = (module.graph for module in program.graph_module.modules() if hasattr(module, "graph"))
    return any(node.op == "call_function" and str(node.target).removeprefix("aten.").split(".")[0] in CONVOLUTIONS
               for graph in graphs for node in graph.nodes)


def _ranges(model: TypedModel, programs: dict[int | None, Any]) -> dict[str, tuple[int, int | None]]:
    """The least and the largest size of each dimension that varies beside the number of samples, which all take."""
    ranges: dict[str, tuple[int, int | None]] = {}
    for program in programs.values():
        compiled = json.loads(compiled_for(program, model.signature, model.program is None)["gantry_inputs"])
        for dim in (dim for entry in compiled for dim in entry["dims"] if dim.get("symbol", "batch") != "batch"):
            least, most = ranges.get(dim["symbol"], (0, None))
            ranges[dim["symbol"]] = (max(least, dim["min"]), min((bound for bound in (most, dim["max"]) if bound is not None),
                                                                 default=None))
    return ranges


def compile_aoti(program: Any, path: FilePath, signature: Json | None = None, takes_one: bool = False) -> str:
    """Compiles an ExportedProgram for the CPU into the package `path`; returns the level of CPU that it needs.
    `signature`, as in a manifest, names tensors and sizes; without it they have the program's own names. `takes_one`:
    sizes were exported from 1 on, which some versions of torch record as from 2 on."""
    import torch
    from torch._inductor import config
    march, simd_bits, isa = aoti_target()
    functional = functional_form(program)
    keeps_state = has_state(functional)
    metadata = {"gantry_torch_version": ".".join(torch.__version__.split(".")[:2]), "gantry_march": march,
                "gantry_threads": "1", "gantry_has_state": "true" if keeps_state else "false",
                "gantry_mutates_inputs": "true" if mutates_inputs(functional) else "false",
                **compiled_for(program, signature, takes_one)}
    wanted = {"cpp.march": march, "cpp.simdlen": simd_bits, "cpp.threads": 1, "cpp.dynamic_threads": False,
              # Weights are constants, and packed for the kernels that read them. Torch cannot do it with such sizes.
              "freezing": not keeps_state and not sizes_depend_on_values(program),
              "aot_inductor.metadata": metadata}
    known = config.get_config_copy()
    say(f"compiling the model (AOTInductor, {isa}); this takes a minute or two")
    form = guest_form(program, functional)

    def compiled(**more: Any) -> None:
        with quiet(), guest_flags(march), guest_code(), one_thread(), torch.no_grad():
            torch._inductor.aoti_compile_and_package(
                form, package_path=str(path),
                inductor_configs={k: v for k, v in {**wanted, **more}.items() if k in known})
    try:
        # Weights outside of the library go when the model does; a library may stay mapped. Torch cannot load none.
        is_outside = bool(program.state_dict or program.constants)
        if is_outside:
            compiled(**{"aot_inductor.package_constants_on_disk_format": "binary_blob"})
        if not is_outside or _has_no_weights(path):
            compiled()
    except PackError:
        raise
    except Exception as error:
        raise PackError(f"AOTInductor failed (it needs a C++ compiler; engines=(\"torchscript\",) does without): "
                        f"{type(error).__name__}: {error}") from error
    return isa


@contextmanager
def one_thread() -> Iterator[None]:
    """oneDNN packs weights in blocks that suit the number of threads. In others than those of the call each call packs them
    anew, which takes longer than the convolution: 2 to 4 times as long in all was measured."""
    import torch
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _has_no_weights(path: FilePath) -> bool:
    """Whether a package has a file of weights beside its library, with nothing in it."""
    with zipfile.ZipFile(path) as package:
        return any(entry.filename.endswith(".blob") and entry.file_size == 0 for entry in package.infolist())


def guest_form(program: Any, functional: Any) -> Any:
    """What is compiled: `program`, or its functional form where that was made as strict as eager torch, or faster."""
    chosen = strict_as_eager(program, functional)
    return functional if functional is not None and fold_pads(functional) else chosen


def exported(model: TypedModel, size: int | None = None) -> Any:
    """An ExportedProgram for `size` samples, or for any number of them up to max_batch."""
    torch = model.torch
    module, as_one = (model.program.module(), False) if model.program is not None else model.exportable()
    symbols = {dim for spec in model.signature["inputs"] for dim in spec["shape"] if isinstance(dim, str)}
    if size is not None or not model.can_share_calls:
        symbols.discard("batch")  # each sample is a call of its own, and the engine takes one
    dims = {dim: torch.export.Dim(dim, min=1, max=max(2, model.max_batch)) if dim == "batch" else torch.export.Dim(dim)
            for dim in symbols}

    example = model.example_of(size or 2)

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
