# SPDX-License-Identifier: Apache-2.0
"""Tolerance: how far a value may be from the expected one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .errors import PackError
from .values import is_number

if TYPE_CHECKING:
    import torch

    from .aliases import Json


class Tolerance:
    """|got - expected| <= atol + rtol * |expected|; NaN equals NaN, an infinity itself only. Tolerance() is exact."""

    def __init__(self, atol: float = 0.0, rtol: float = 0.0) -> None:
        self.atol, self.rtol = float(atol), float(rtol)
        if not (0 <= self.atol < math.inf and 0 <= self.rtol < math.inf):
            raise PackError(f"tolerance: atol and rtol must be finite and not negative, got {atol} and {rtol}")

    @classmethod
    def of(cls, value: Any) -> Tolerance:
        if isinstance(value, cls):
            return value
        if value == "exact":
            return cls()
        if isinstance(value, dict) and set(value) <= {"atol", "rtol"} and all(map(is_number, value.values())):
            return cls(**value)
        raise PackError(f'tolerance: expected "exact" or {{"atol": a, "rtol": r}}, got {value!r}')

    def at(self, expected: Any) -> float:
        """How far a value near `expected` may be off."""
        return self.atol + self.rtol * abs(expected) if math.isfinite(expected) else 0.0

    def accepts(self, got: float, expected: Any) -> bool:
        return got == expected or math.isnan(got) and math.isnan(expected) or abs(got - expected) <= self.at(expected)

    def is_exact(self) -> bool:
        return self.atol == 0 and self.rtol == 0

    def within(self, other: Tolerance) -> Tolerance:
        return Tolerance(min(self.atol, other.atol), min(self.rtol, other.rtol))

    def wider(self, other: Tolerance) -> Tolerance:
        return Tolerance(max(self.atol, other.atol), max(self.rtol, other.rtol))

    def to_json(self) -> str | Json:
        return "exact" if self.is_exact() else {"atol": self.atol, "rtol": self.rtol}

    def __str__(self) -> str:
        return "exact" if self.is_exact() else f"atol {self.atol:g}, rtol {self.rtol:g}"


EXACT = Tolerance()


def rounding(expected: Any, step: float = 1e-6) -> Tolerance:
    """What one computation, done twice, may differ by, for outputs of the size of `expected`."""
    if not expected.dtype.is_floating_point or expected.numel() == 0:
        return EXACT
    return Tolerance(min(step * magnitude([expected]), 1e300), step)


def magnitude(tensors: Iterable[torch.Tensor]) -> float:
    """The largest finite absolute value, or 0."""
    return max((float(tensor.detach().double().nan_to_num(0, 0, 0).abs().max()) for tensor in tensors
                if tensor.numel() > 0), default=0.0)
