# SPDX-License-Identifier: Apache-2.0
"""Exporting to ExecuTorch: one .pte file with a method for each number of samples, and each length of sequences."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

from ..console import quiet, say
from ..errors import PackError, exit_refused
from .check import check_engine
from .program import functional_form, has_state, mutates_inputs
from .trials import Trials

if TYPE_CHECKING:
    from pathlib import Path

    from ..aliases import Batch, Json
    from ..model.model import TypedModel

PINNED = "1.5.1"
_INSTALL = (f"pip install --no-deps executorch=={PINNED} torchao==0.18.0 flatbuffers pytorch-tokenizers ruamel.yaml "
            "sortedcontainers tabulate")
_ELSEWHERE = 'engines=("torchscript",) or "aoti" does without'
_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def export_executorch(model: TypedModel, path: Path, sample_inputs: list[Any]) -> Json:
    """Writes the model to `path` and returns its entry in engines[]."""
    _check_model(model)
    exir, partitioner, version = _exporter()
    programs = {method: _exported(model, example) for method, example in methods_of(model).items()}
    say(f"lowering the model (ExecuTorch {version}, XNNPACK; {', '.join(programs)}); this takes a while")
    try:
        with quiet(), model.torch.no_grad(), exit_refused("ExecuTorch"):
            lowered = exir.to_edge_transform_and_lower(
                programs, partitioner={method: [partitioner()] for method in programs}).to_executorch()
    except PackError:
        raise
    except Exception as error:
        raise PackError(f"ExecuTorch cannot lower the model ({_ELSEWHERE}): {type(error).__name__}: {error}") from error
    _say_what_is_not_delegated(lowered, list(programs))
    path.write_bytes(lowered.buffer)
    ranges = {dim: (1, model.max_sizes[dim]) for dim in _free(model)}
    check_engine("executorch", {None: path}, model,
                 Trials(model, sample_inputs, batch_sizes_of(model), only_padded=True, ranges=ranges))
    return {"kind": "executorch", "file": path.name, "device": "cpu",
            "requires": {"executorch": ".".join(version.split(".")[:2])}}


def methods_of(model: TypedModel) -> dict[str, Batch]:
    """{method: inputs of exactly the sizes that it computes}, one called "forward" where it is the only one."""
    sizes = batch_sizes_of(model)
    lengths = lengths_of(model)
    if len(sizes) * len(lengths) == 1:
        return {"forward": _example(model, sizes[0], lengths[0])}
    return {"_".join(["forward", str(size), *([str(length)] if length is not None else [])]):
            _example(model, size, length) for length in lengths for size in sizes}


def batch_sizes_of(model: TypedModel) -> list[int]:
    """The numbers of samples that are exported, ascending from 1."""
    return sorted({1, *model.batch_sizes}) if model.can_share_calls else [1]


def lengths_of(model: TypedModel) -> list[int | None]:
    """The lengths that sequences are padded to; [None] where there is no padding."""
    return list(model.padding["lengths"]) if model.padding is not None else [None]


def _check_model(model: TypedModel) -> None:
    if model.is_script:
        raise PackError('ExecuTorch takes Python models and exported programs, not a ScriptModule; use '
                        'engines=("torchscript",)')
    if model.has_state:
        raise PackError(f"the model keeps state between calls, which the ExecuTorch engine does not; {_ELSEWHERE}")
    free = _free(model)
    if model.padding is not None and not model.padding.get("lengths"):
        raise PackError('ExecuTorch computes the sizes that it was exported for: say which in padding={"lengths": [...]}')
    if len(free) > 1 or set(free) - set(model.max_sizes):
        raise PackError(f"ExecuTorch plans memory for the largest sizes, and {free} of the inputs vary; give the largest in "
                        'max_sizes={"T": 256}, of one of them, and fixed ones in shapes=, or, of sequences, '
                        f'padding={{"dim": ..., "lengths": [...]}}; {_ELSEWHERE}')
    if free and batch_sizes_of(model) != [1]:
        raise PackError(f"ExecuTorch lets one dimension vary, so with max_sizes= for '{free[0]}' it computes one sample a "
                        "call; leave batch_sizes out, or give fixed sizes")



def _free(model: TypedModel) -> list[str]:
    """The dimensions of the inputs that vary, beside the number of samples and lengths that are padded to a few."""
    padded = set() if model.padding is None else {model.padding["dim"]}
    symbols = {dim for spec in model.signature["inputs"] for dim in spec["shape"] if isinstance(dim, str)}
    return sorted(symbols - {"batch"} - padded)


def _exporter() -> tuple[Any, Any, str]:
    """(executorch.exir, XnnpackPartitioner, version)."""
    try:
        with quiet():
            import importlib.metadata

            from executorch import exir
            from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        return exir, XnnpackPartitioner, importlib.metadata.version("executorch")
    except ImportError as error:
        raise PackError(f'engines=("executorch",) needs the Python package executorch, which cannot be imported ({error}); '
                        f"{_INSTALL}") from error


def _example(model: TypedModel, size: int, length: int | None) -> Batch:
    """The example with `size` samples and, where sequences are padded, of `length`."""
    torch = model.torch
    example = model.example_of(size)
    if length is None or model.padding is None:
        return tuple(value.contiguous() for value in example)
    resized = []
    for spec, value in zip(model.signature["inputs"], example):
        for axis, dim in enumerate(spec["shape"]):
            if dim == model.padding["dim"]:
                value = torch.cat([value] * -(-length // value.shape[axis]), axis).narrow(axis, 0, length)
        resized.append(value.contiguous())
    return tuple(resized)


def _exported(model: TypedModel, example: Batch) -> Any:
    """An ExportedProgram for the sizes of `example`, with attention in a form that is delegated as a whole."""
    torch = model.torch
    module, as_one = (model.program.module(), False) if model.program is not None else model.exportable()
    try:
        with quiet(), torch.no_grad(), exit_refused("the model"):
            program = torch.export.export(module, example, dynamic_shapes=_dynamic_shapes(model, as_one))
    except PackError:
        raise
    except Exception as error:
        raise PackError(f"torch.export failed ({_ELSEWHERE}): {error}") from error
    functional = functional_form(program)
    if mutates_inputs(functional) or has_state(functional):
        raise PackError(f"the model writes to its inputs or keeps state, which the ExecuTorch engine does not; {_ELSEWHERE}")
    _refuse_unrolled(program)
    with quiet(), torch.no_grad():
        return program.run_decompositions({torch.ops.aten.scaled_dot_product_attention.default: _attention})


def _dynamic_shapes(model: TypedModel, as_one: bool) -> Any:
    """What varies, for torch.export; None if nothing does."""
    free = _free(model)
    if not free:
        return None
    dim = model.torch.export.Dim(free[0], min=1, max=model.max_sizes[free[0]])
    shapes = tuple({axis: dim for axis, name in enumerate(spec["shape"]) if name == free[0]}
                   for spec in model.signature["inputs"])
    return (shapes,) if as_one else shapes


def _refuse_unrolled(program: Any) -> None:
    for node in program.graph.nodes:
        name = str(node.target).removeprefix("aten.").split(".")[0]
        if node.op == "call_function" and name in _RECURRENT:
            raise PackError(f"its recurrent layer (aten::{name}) would be unrolled, a copy for each time step, which is slow "
                            f"and large in ExecuTorch; {_ELSEWHERE}")


def _attention(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
               scale: float | None = None, enable_gqa: bool = False) -> Any:
    """Attention of plain operators. The safe softmax that torch decomposes it to stays outside of the delegate; this one
    gives an average where a row is masked as a whole, and not zeros."""
    import torch
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(groups, -3), value.repeat_interleave(groups, -3)
    scores = (query * (query.shape[-1] ** -0.5 if scale is None else scale)) @ key.transpose(-2, -1)
    if is_causal:
        attn_mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        attn_mask = torch.where(attn_mask, 0.0, -1e9)
    if attn_mask is not None:
        scores = scores + attn_mask
    return torch.softmax(scores, -1) @ value


def _say_what_is_not_delegated(lowered: Any, methods: list[str]) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for node in lowered.exported_program(methods[0]).graph.nodes:
        name = str(node.target)
        if node.op == "call_function" and "delegate" not in name and "getitem" not in name and "alloc" not in name:
            counts[name.removesuffix(".out").removesuffix(".default")] += 1
    if counts:
        say("executorch: ExecuTorch's own kernels compute what XNNPACK does not: "
            + ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.most_common()))
