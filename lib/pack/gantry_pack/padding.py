# SPDX-License-Identifier: Apache-2.0
"""Sequences of different lengths that share a batch: padded as the C++ side pads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .differences import difference
from .errors import CheckFailed, PackError
from .ops.parameters import integer
from .values import is_number

if TYPE_CHECKING:
    import torch

    from .aliases import Batch, Json
    from .model.model import TypedModel

DEFAULT_LENGTHS = [1 << i for i in range(4, 17)]


def check_padding(padding: Json, model: TypedModel) -> Json:
    """`padding` is one of the model's signature; what the manifest takes."""
    def require(holds: Any, field: str, message: str) -> None:
        if not holds:
            raise PackError(f"padding{field}: {message}")
    require(isinstance(padding, dict) and "dim" in padding and not set(padding) - {"dim", "lengths", "values"}, "",
            f'expected {{"dim": symbol, "lengths": [...], "values": {{input: number}}}}, got {padding!r}')
    dim, lengths, values = padding["dim"], padding.get("lengths"), padding.get("values", {})
    specs = {spec["name"]: spec for spec in model.signature["inputs"]}
    padded = [name for name, spec in specs.items() if dim in spec["shape"]]
    require(model.can_share_calls, "", "the model has no batch axis" + (" in an output" if model.has_batch else "")
            + ", so nothing shares a batch")
    require(not model.output_symbols, "", f"{model.output_symbols} of the outputs are no sizes of an input, so nobody knows "
            "where an answer that was padded ends")
    require(isinstance(dim, str) and dim != "batch" and padded, "['dim']",
            f"no input has a dimension {dim!r} to pad; say so in shapes=, got {list(specs.values())}")
    if lengths is not None:
        require(isinstance(lengths, (list, tuple)) and 1 <= len(lengths) <= 1024
                and not any(map(integer(1, 1 << 24), lengths))
                and all(a < b for a, b in zip(lengths, lengths[1:])), "['lengths']",
                f"expected 1..1024 ascending integers from 1 to {1 << 24}, got {lengths!r}")
    require(isinstance(values, dict), "['values']", f"expected an object of numbers, got {values!r}")
    for name, value in values.items():
        require(name in padded, f"['values']['{name}']", f"no such input has '{dim}'; there are {padded}")
        require(is_number(value), f"['values']['{name}']", f"expected a finite number, got {value!r}")
        dtype = model.example[model.input_names.index(name)].dtype
        fits = value in (0, 1) if dtype is model.torch.bool else \
            model.torch.finfo(dtype).min <= value <= model.torch.finfo(dtype).max if dtype.is_floating_point else \
            value == int(value) and model.torch.iinfo(dtype).min <= value <= model.torch.iinfo(dtype).max
        if fits and dtype in (model.torch.float16, model.torch.bfloat16):
            fits = model.torch.tensor(value, dtype=dtype).item() == value
        require(fits, f"['values']['{name}']", f"{value!r} is not a value of {specs[name]['dtype']}")
    return padding


def axes_of(dim: str, spec: Json) -> list[int]:
    return [axis for axis, name in enumerate(spec["shape"]) if name == dim]


def padded_length(padding: Json, model: TypedModel, batch: Batch) -> tuple[int, int | None]:
    """(the length that a batch has, the length it is padded to, or None)."""
    lengths = padding.get("lengths", DEFAULT_LENGTHS)
    own = next(tensor.shape[axes_of(padding["dim"], spec)[0]]
               for spec, tensor in zip(model.signature["inputs"], batch) if axes_of(padding["dim"], spec))
    return own, next((length for length in lengths if length >= own), None)


def padded_to(length: int, padding: Json, model: TypedModel, batch: Batch) -> Batch:
    """The batch as the C++ side pads it."""
    def pad(spec: Json, tensor: torch.Tensor) -> torch.Tensor:
        amounts = [0] * (2 * tensor.dim())  # from the last axis on: before, behind
        for axis in axes_of(padding["dim"], spec):
            amounts[2 * (tensor.dim() - 1 - axis) + 1] = length - tensor.shape[axis]
        return model.torch.nn.functional.pad(tensor, amounts, value=padding.get("values", {}).get(spec["name"], 0))
    return tuple(pad(spec, tensor) for spec, tensor in zip(model.signature["inputs"], batch))


def check_padded(padding: Json, model: TypedModel, batches: list[Batch]) -> None:
    """Padded as the C++ side will pad it, each batch gives the answers it gives alone; and the model takes the longest
    of the lengths that were asked for."""
    dim, lengths = padding["dim"], padding.get("lengths", DEFAULT_LENGTHS)
    if model.is_random:
        return
    for number, batch in enumerate(batches):
        own, wanted = padded_length(padding, model, batch)
        asked_for = lengths[-1:] if number == 0 and "lengths" in padding else []
        for length in (wanted, *asked_for):
            if length is None or length <= own:  # as it is
                continue
            what = f"padding changes what the model gives: '{dim}' of {own} padded to {length}: "
            try:
                got = model.first(padded_to(length, padding, model, batch))
            except Exception as error:
                raise CheckFailed(f"{what}it fails: {error}") from error
            for spec, whole, expected in zip(model.signature["outputs"], got, model.first(batch)):
                for axis in axes_of(dim, spec):
                    whole = whole.narrow(axis, 0, min(own, whole.shape[axis]))
                problem = difference(whole, expected, model.tolerance, f"output '{spec['name']}'")
                if problem:
                    raise CheckFailed(f"{what}{problem}; it must mask what is padded")
