# SPDX-License-Identifier: Apache-2.0
"""What AOTInductor's code takes for granted about its tensors, which the C++ side compares with the signature."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..values import dtype_name

if TYPE_CHECKING:
    from ..aliases import Json


def compiled_for(program: Any, signature: Json | None = None, takes_one: bool = False) -> dict[str, str]:
    """The metadata gantry_inputs and gantry_outputs: what the code takes for granted about each tensor that it takes
    and gives, in its order. The engine compares that with the signature, since the code itself checks nothing."""
    nodes = {node.name: node for node in program.graph.nodes}

    def tensor_of(spec: Any, what: str) -> Any:
        kind = type(spec.arg).__name__
        if kind == "TensorArgument":
            return nodes[spec.arg.name].meta["val"]
        if kind == "ConstantArgument" and (what == "input" or spec.arg.value is None):
            return None
        raise PackError(f"an {what} of the exported program is {spec.arg}, not a tensor; engines=(\"torchscript\",) may "
                        "do without")
    inputs = [(spec.arg.name, tensor_of(spec, "input")) for spec in program.graph_signature.input_specs
              if spec.kind.name == "USER_INPUT"]
    inputs = [(name, value) for name, value in inputs if value is not None]
    outputs = [tensor_of(spec, "output") for spec in program.graph_signature.output_specs if spec.kind.name == "USER_OUTPUT"]
    result_names = _result_names(program.call_spec.out_spec)
    names = iter([spec["name"] for spec in signature["outputs"]] if signature else
                 [name for name, value in zip(result_names, outputs) if value is not None])
    given: list[Any] = [(next(names, None), value) if value is not None else None for value in outputs]
    if (signature and len(inputs) != len(signature["inputs"])) or next(names, None) is not None or \
            any(entry is not None and entry[0] is None for entry in given):
        raise PackError(f"the exported program takes {len(inputs)} tensors and gives "
                        f"{sum(value is not None for value in outputs)}; the signature differs: {signature}")
    symbols = _symbol_names([value for _, value in inputs], signature)
    describe = functools.partial(_describe_compiled, symbols=symbols, ranges=program.range_constraints,
                                 lowest=2 if takes_one else 0)
    if signature:
        inputs = [(spec["name"], value) for spec, (_, value) in zip(signature["inputs"], inputs)]
    taken = [describe(name, value) for name, value in inputs]
    for entry in taken:
        _check_compiled_input(entry)
    return {"gantry_inputs": json.dumps(taken),
            "gantry_outputs": json.dumps([entry and describe(*entry) for entry in given])}


def _result_names(out_spec: Any) -> list[str]:
    """The path of each leaf of a result; "" where it has no name: one tensor, or a flat tuple or list."""
    from torch.utils import _pytree
    leaves = list(range(out_spec.num_leaves))
    result = _pytree.tree_unflatten(leaves, out_spec)
    if not isinstance(result, dict) and not hasattr(result, "_fields") and \
            (isinstance(result, int) or all(isinstance(value, int) for value in result)):
        return [""] * len(leaves)

    def key(part: Any) -> Any:
        return next(getattr(part, name) for name in ("key", "idx", "name") if hasattr(part, name))
    return [".".join(str(key(part)) for part in path) for path, _ in _pytree.tree_flatten_with_path(result)[0]]


def _symbol_names(inputs: list[Any], signature: Json | None) -> dict[str, str]:
    """{symbol of the program: name in the signature}, where that tells the symbols apart."""
    names: dict[str, str] = {}
    for value, spec in zip(inputs, signature["inputs"] if signature else ()):
        for size, dim in zip(value.shape, spec["shape"]):
            if isinstance(dim, str) and not isinstance(size, int) and dim not in names.values():
                names.setdefault(str(size), dim)
    return names


def _describe_compiled(name: str, value: Any, symbols: dict[str, str], ranges: Any, lowest: int) -> Json:
    """`lowest`: a bound of so much from below is none."""
    by_text = {str(symbol): bounds for symbol, bounds in ranges.items()}

    def rename(size: Any) -> str:
        return re.sub(r"[A-Za-z_]\w*", lambda match: symbols.get(match[0], match[0]), str(size))

    def bound(size: Any, otherwise: Any) -> Any:
        return int(size) if getattr(size, "is_Integer", isinstance(size, int)) and int(size) < 1 << 62 else otherwise

    def dim(size: Any) -> Json:
        if isinstance(size, int):
            return {"size": size}
        known = by_text.get(str(size))
        least = bound(known.lower, 0) if known else 0
        return {"symbol": rename(size), "min": least if least > lowest else min(least, 1),
                "max": bound(known.upper, None) if known else None}
    usual: list[Any] = []
    step = 1
    for size in reversed(value.shape):
        usual.insert(0, step)
        step = step * size
    # The step along a dimension of size 1 is never taken.
    differs = any(str(have) != str(want) for size, have, want in zip(value.shape, value.stride(), usual)
                  if not (isinstance(size, int) and size == 1))
    return {"name": name, "dtype": dtype_name(value), "dims": [dim(size) for size in value.shape],
            "strides": [rename(stride) for stride in value.stride()] if differs else None}


def _check_compiled_input(entry: Json) -> None:
    """What the engine would refuse, since no signature can say it, is refused here."""
    if entry["strides"] is not None:
        raise PackError(f"input '{entry['name']}' of the exported program has the strides {entry['strides']}, and gantry "
                        "gives contiguous tensors; export it with .contiguous() examples")
    for dim in entry["dims"]:
        if not dim.get("symbol", "x").isidentifier():
            raise PackError(f"a dimension of input '{entry['name']}' of the exported program is {dim['symbol']}; gantry "
                            "knows sizes and symbols, so make it a torch.export.Dim of its own")
