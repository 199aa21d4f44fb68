# SPDX-License-Identifier: Apache-2.0
"""Trial: one run of an engine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..aliases import Batch, Json
    from ..libraries import Library


NAN, INFINITY = "a NaN", "an infinity"  # Trial.company


class Runnable(Protocol):
    """What a run of its engine needs to know of a model."""

    torch: Any
    is_script: bool
    parameters: list[str]
    arguments: Json
    libraries: list[Library]


class Trial:
    """A batch to run: rows [[index into a pool, factor], ...], or one entry of the pool as it is."""

    def __init__(self, rows: list[Any], of: int | None = None, size: int | None = None, kept: Iterable[int] = (),
                 may_fail: bool = False, instead_of: int | None = None, goes_on: bool = False,
                 company: str = "", where: str = "") -> None:
        self.rows, self.size = rows, size
        self.of, self.kept = of, list(kept)  # the trial whose rows `kept` must come again
        self.may_fail = may_fail      # its inputs are made up: that it fails says nothing
        self.instead_of = instead_of  # the trial that it replaces if that one failed
        self.company = company        # what the rows that are not kept are full of: NAN, INFINITY, or nothing special
        self.where = where            # "where H is 41": made-up sizes; or ""
        self.goes_on = goes_on        # from what the trial before has left in a model that keeps state

    def is_again(self) -> bool:
        """Whether it is another trial, once more."""
        return self.of is not None and len(self.kept) == len(self.rows)


def assemble(torch: Any, pool: list[Batch], rows: list[Any]) -> Batch:
    """The inputs of one trial. Integers stand for things and are not scaled."""
    if len(rows) == 1:
        return pool[rows[0][0]]
    return tuple(torch.cat([_scaled(torch, pool[i][position], factor) for i, factor in rows]).contiguous()
                 for position in range(len(pool[0])))


def _scaled(torch: Any, value: Any, factor: float) -> Any:
    """`value` times `factor`; full of NaN, or of infinities of either sign in turn, where that is the factor."""
    if factor == 1 or not value.is_floating_point():
        return value
    if math.isfinite(factor):
        return value * factor
    full = torch.full_like(value, factor, memory_format=torch.contiguous_format)
    full.view(-1)[1::2] *= -1
    return full
