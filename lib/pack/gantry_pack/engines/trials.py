# SPDX-License-Identifier: Apache-2.0
"""The batches that an engine is tried on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..padding import padded_length, padded_to
from ..running.trial import INFINITY, NAN, Trial
from .other_sizes import other_sizes

if TYPE_CHECKING:
    from ..aliases import Batch
    from ..model.model import TypedModel
    from .other_sizes import Ranges


class Trials:
    """The batches that an engine is tried on: each sample alone, as calls bring it; batches of different samples, whose
    rows must be those of the samples alone, but for rounding; and the smallest and the largest of these batches with
    half of their rows replaced, where the rows that stay must be equal, since their arithmetic is the same. What
    replaces them is much larger where it can be, so that a scale or a mean of the whole batch shows; and, of
    floating-point inputs, NaN or infinite, since 0 times another row hides all but these.

    `exported`: the only numbers of samples that the engine computes. `only_padded`: of sequences it computes padded ones
    alone. `ranges`: it was compiled for these sizes at once, from one example, so others are tried, too."""

    LARGER = 64.0
    MOST = 16  # different samples in a batch

    def __init__(self, model: TypedModel, sample_inputs: list[Any], exported: list[int] | None = None, *,
                 only_padded: bool = False, ranges: Ranges | None = None) -> None:
        torch, max_batch, padding = model.torch, model.max_batch, model.padding
        self.model = model
        self.trials: list[Trial] = []
        samples = [model.batch_of_one(value) for value in sample_inputs]
        if model.has_batch:
            samples += [tuple(value[i:i + 1] for value in model.example) for i in range(min(2, len(model.example[0])))]
        else:
            samples = [model.example, *samples]
        self.pool = [tuple(value.contiguous() for value in one) for one in samples]
        self.alone = list(range(len(self.pool)))  # trial i is entry i of the pool, alone
        if padding is not None:
            lengths = [padded_length(padding, model, one) for one in self.pool]
            padded = [padded_to(length, padding, model, one)
                      for one, (own, length) in zip(list(self.pool), lengths)
                      if length is not None and (length > own or only_padded)]
            self.pool = padded if only_padded else [*self.pool, *padded]
        self.trials += [Trial([[i, 1]]) for i in range(len(self.pool))]
        for where, one in other_sizes(model, ranges, self.pool[0]).items() if ranges else ():
            self.trials.append(Trial([[len(self.pool), 1]], where=where))
            self.pool.append(one)
        if model.has_state:
            self.trials.append(Trial([[0, 1]], goes_on=True, of=0))
        self.group = self._alike(torch)
        self.sizes = [] if not model.can_share_calls or max_batch == 1 else \
            sorted({2, (max_batch // 2) | 1, max_batch} - {1}) if exported is None else exported[1:]
        for size in self.sizes:
            self._add(size)

    def _alike(self, torch: Any) -> list[int]:
        """The most different samples of equal shapes: indices into the pool."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        for i, one in enumerate(self.pool):
            group = groups.setdefault(tuple(value.shape for value in one), [])
            if len(group) < self.MOST and not any(all(map(torch.equal, one, self.pool[j])) for j in group):
                group.append(i)
        return max(groups.values(), key=len)

    def _add(self, size: int) -> None:
        count = len(self.group)
        rows = [[self.group[i % count], 1] for i in range(size)]
        base = len(self.trials)
        self.trials.append(Trial(rows, size=size))
        is_first, is_last = size == self.sizes[0], size == self.sizes[-1]
        if count < 2 or self.model.has_state or self.model.is_random:
            return
        if is_first:
            self.trials.append(Trial(rows, of=base, kept=range(size)))
        is_scalable = any(value.is_floating_point() for value in self.pool[self.group[0]])
        parities = (0, 1) if is_first else (1,) if is_last else ()  # each costs as much as the batch
        for parity in parities:
            kept = [row for row in range(size) if row % 2 == parity]
            scaled = None
            for factor in ((self.LARGER, 1) if is_scalable else (1,)):
                other = [rows[row] if row % 2 == parity else [self.group[(row + 1) % count], factor]
                         for row in range(size)]
                self.trials.append(Trial(other, of=base, kept=kept, may_fail=factor != 1, instead_of=scaled))
                scaled = len(self.trials) - 1
        not_finite = [(NAN, math.nan)] + ([(INFINITY, math.inf)] if is_first else [])
        for company, value in not_finite if is_scalable else []:
            for parity in parities:
                kept = [row for row in range(size) if row % 2 == parity]
                other = [rows[row] if row % 2 == parity else [rows[row][0], value] for row in range(size)]
                self.trials.append(Trial(other, of=base, kept=kept, may_fail=True, company=company))

    def alone_inputs(self) -> list[Batch]:
        return [self.pool[i] for i in self.alone]
