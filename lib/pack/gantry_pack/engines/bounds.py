# SPDX-License-Identifier: Apache-2.0
"""Which sizes torch.export can take at once, where it cannot take all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HIGHEST = 4096  # up to here all sizes are tried, and some beyond
BEYOND = [(1 << bits) + more for bits in range(13, 31) for more in (-3, -2, -1, 0, 1, 2, 3)]

_GUARD = re.compile(r"- Not all values of (\w+) = (L\[.+?\]\.size\(\)\[\d+\]) in the specified range.* satisfy the generated "
                    r"guard (.+?)\.?")
_ARITHMETIC = re.compile(r"(?:[\d\s()+\-*/%<>=!n]|and|or|not)+")


def bounds_of(message: str, sizes: Mapping[str, int]) -> dict[str, tuple[int, int | None]]:
    """{dimension: (least, most or None)} around the example's `sizes`, from what torch.export says of a range that is too
    wide. Empty where a dimension has no such range: it must be a constant, or even, or depends on another."""
    lines = [line.strip() for line in message.splitlines() if line.strip().startswith("- Not all values of ")]
    guards: dict[str, list[Callable[[int], bool]]] = {}
    for line in lines:
        found = _GUARD.fullmatch(line)
        holds = found and _guard(found[3].replace(found[2], "n").replace("IntInfinity()", str(1 << 62)))
        if not found or not holds or found[1] not in sizes:
            return {}
        guards.setdefault(found[1], []).append(holds)
    bounds: dict[str, tuple[int, int | None]] = {}
    for name, conditions in guards.items():
        fits = [all(holds(size) for holds in conditions) for size in range(HIGHEST + 1)]
        least = most = sizes[name]
        if not 0 < least <= HIGHEST or not fits[least]:
            return {}
        while least > 1 and fits[least - 1]:
            least -= 1
        while most < HIGHEST and fits[most + 1]:
            most += 1
        if least == most:
            return {}
        is_bounded = most < HIGHEST or not all(holds(size) for holds in conditions for size in BEYOND)
        bounds[name] = (least, most if is_bounded else None)
    return bounds


def _guard(text: str) -> Callable[[int], bool] | None:
    """A condition on one size, n; None if it is anything else than arithmetic."""
    if not _ARITHMETIC.fullmatch(text):
        return None
    try:
        code: Any = compile(text, "a guard of torch.export", "eval")
    except SyntaxError:
        return None

    def holds(size: int) -> bool:
        try:
            return bool(eval(code, {"__builtins__": {}}, {"n": size}))
        except ZeroDivisionError:
            return False
    return holds
