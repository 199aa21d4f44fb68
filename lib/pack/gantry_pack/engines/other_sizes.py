# SPDX-License-Identifier: Apache-2.0
"""Inputs of other sizes than the samples have: code that was compiled for a range of sizes, from one example, may be wrong
at those that the example is not like, such as odd ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..aliases import Batch
    from ..model.model import TypedModel

    Ranges = Mapping[str, tuple[int, int | None]]

LARGEST_END = 4096  # a bound of more than this is none that an engine plans memory for
NEAR = (1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3)


def other_sizes(model: TypedModel, ranges: Ranges, like: Batch) -> dict[str, Batch]:
    """{"where H is 41 and W is 52": `like`, cut or repeated to these sizes}. `ranges`: the least and the largest size, or
    None, of each symbol that varies. PackError where the eager model computes no other odd size, or no other even one, so
    that nobody knows what the code would give there."""
    own = {dim: size for spec, value in zip(model.signature["inputs"], like) for dim, size in zip(spec["shape"], value.shape)
           if dim in ranges}
    found: dict[str, Batch] = {}
    tried: dict[str, set[int]] = {dim: set() for dim in own}
    for sizes in _near(own, ranges):
        batch = _resized(model, like, sizes)
        if not _eager_computes(model, batch):
            continue
        found["where " + " and ".join(f"{dim} is {size}" for dim, size in sizes.items())] = batch
        for dim, size in sizes.items():
            tried[dim].add(size)
    for dim, size in own.items():
        least, most = ranges[dim]
        for parity, name in ((0, "even"), (1, "odd")):
            possible = any(other % 2 == parity and other != size for other in range(max(1, least), 1 + min(
                least + 4 if most is None else most, least + 4)))
            if possible and not any(other % 2 == parity for other in tried[dim]):
                raise PackError(f"'{dim}' of the inputs varies, and the eager model computes no {name} size near {size}, so "
                                "that the compiled code cannot be compared with it there; give a fixed size in shapes=, or "
                                'use engines=("torchscript",)')
    return found


def _near(own: Mapping[str, int], ranges: Ranges) -> Iterator[dict[str, int]]:
    """Sizes near `own`, and about twice as large; of several symbols each at another distance."""
    steps = [lambda size, more=more: size + more for more in NEAR] + [lambda size: 2 * size, lambda size: 2 * size + 1]
    ends = {dim: [end for end in bounds if end is not None and end <= LARGEST_END] for dim, bounds in ranges.items()}
    for dim in own if len(own) == 1 else ():
        yield from ({dim: end} for end in ends[dim] if end != own[dim] and end > 0)
    for k in range(len(steps) if own else 0):
        sizes = {dim: steps[(k + 3 * place) % len(steps)](size) for place, (dim, size) in enumerate(own.items())}
        if all(max(1, ranges[dim][0]) <= size and (ranges[dim][1] is None or size <= ranges[dim][1])
               for dim, size in sizes.items()):
            yield sizes


def _resized(model: TypedModel, batch: Batch, sizes: Mapping[str, int]) -> Batch:
    resized = []
    for spec, value in zip(model.signature["inputs"], batch):
        for axis, dim in enumerate(spec["shape"]):
            if dim in sizes:
                value = model.torch.cat([value] * -(-sizes[dim] // value.shape[axis]), axis).narrow(axis, 0, sizes[dim])
        resized.append(value.contiguous())
    return tuple(resized)


def _eager_computes(model: TypedModel, batch: Batch) -> bool:
    """Whether it gives what its signature allows: the C++ side refuses anything else, call by call."""
    try:
        outputs = model.first(batch)
    except PackError:
        raise
    except Exception:
        return False
    sizes: dict[str, int] = {}
    return model._misfit("inputs", batch, sizes) is None and model._misfit("outputs", outputs, sizes) is None
