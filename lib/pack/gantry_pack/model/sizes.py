# SPDX-License-Identifier: Apache-2.0
"""Sizes that vary: found by comparing several examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..values import describe_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..aliases import Batch

Shapes = dict[str, list[Any]]


def split_examples(example_inputs: Any) -> tuple[Any, list[Batch]]:
    """(the first example, the others as tuples of tensors). A list of tuples is several examples; anything else is one."""
    if not (isinstance(example_inputs, list) and example_inputs
            and all(isinstance(one, tuple) for one in example_inputs)):
        return example_inputs, []
    first, others = example_inputs[0], example_inputs[1:]
    for number, other in enumerate(others, 1):
        kinds = [(getattr(value, "dtype", type(value)), getattr(value, "ndim", None)) for value in other]
        if kinds != [(getattr(value, "dtype", type(value)), getattr(value, "ndim", None)) for value in first]:
            raise PackError(f"example_inputs[{number}]: expected {', '.join(map(describe_value, first))} but for sizes, got "
                            f"{', '.join(map(describe_value, other))}")
    return first, [tuple(value.detach().cpu().contiguous() for value in other) for other in others]


def varying_shapes(names: Sequence[str], examples: Sequence[Batch], has_batch: bool, given: Shapes | None,
                   known: dict[tuple[int, ...], str]) -> Shapes:
    """{name: dimensions} of the tensors whose sizes differ between the examples, and that are not `given`. Sizes that are
    equal in all examples are one symbol, of `known` or called after the first tensor and axis that has them; `known` gets
    what is new."""
    shapes: Shapes = {}
    for position, name in enumerate(names):
        tensors = [example[position] for example in examples]
        if len({tensor.dim() for tensor in tensors}) != 1:
            raise PackError(f"'{name}' has another number of dimensions in some of example_inputs: "
                            f"{', '.join(map(describe_value, tensors))}")
        wanted = (given or {}).get(name)
        shape: list[Any] = []
        for axis, sizes in enumerate(zip(*(tensor.shape for tensor in tensors))):
            if wanted is not None and axis < len(wanted):
                if isinstance(wanted[axis], str) and wanted[axis] != "batch":
                    known.setdefault(sizes, wanted[axis])
            elif axis == 0 and has_batch:
                shape.append("batch")
                continue
            if len(set(sizes)) == 1:
                shape.append(sizes[0])
            else:
                shape.append(known.setdefault(sizes, re.sub(r"\W", "_", f"{name}_{axis}", flags=re.ASCII)))
        if wanted is None and any(isinstance(dim, str) and dim != "batch" for dim in shape):
            shapes[name] = shape
    return shapes
