# SPDX-License-Identifier: Apache-2.0
"""Checks of parameters: each takes a value and returns None, or what was expected instead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..limits import MAX_SIDE
from ..values import is_number

if TYPE_CHECKING:
    from ..aliases import Check


def integer(low: int, high: int) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return "expected an integer"
        return None if low <= value <= high else f"expected {low}..{high}"
    return check


def choice(*options: str) -> Check:
    return lambda value: None if value in options else f"expected one of {', '.join(options)}"


def boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "expected true or false"


def file_name(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "expected a file name"


def finite(value: Any) -> str | None:
    return None if is_number(value) else "expected a finite number"


def channel_numbers(zero_allowed: bool) -> Check:
    def check(value: Any) -> str | None:
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) not in (1, 3, 4):
            return "expected a number, or one per channel"
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
                return "expected a finite number, or a list of them"
            if not zero_allowed and number == 0:
                return "must not be 0"
        return None
    return check


def colour(value: Any) -> str | None:
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) in (1, 3, 4) and all(integer(0, 255)(number) is None for number in numbers):
        return None
    return "expected 0..255, or one such number per channel"


def fraction(value: Any) -> str | None:
    return None if is_number(value) and 0 < value <= 1 else "expected a number above 0, at most 1"


def positive(value: Any) -> str | None:
    return None if is_number(value) and value > 0 else "expected a finite number above 0"


def number_of(least: float, most: float) -> Check:
    return lambda value: None if is_number(value) and least <= value <= most else f"expected {least}..{most}"


def above(least: float, most: float) -> Check:
    expected = f"expected a number above {least}, at most {most}"
    return lambda value: None if is_number(value) and least < value <= most else expected


def not_negative(value: Any) -> str | None:
    return None if is_number(value) and value >= 0 else "expected a finite number, 0 or more"


def indices(value: Any) -> str | None:
    numbers = value if isinstance(value, list) else [value]
    if numbers and all(integer(0, 1 << 53)(number) is None for number in numbers):
        return None
    return "expected the index of a class, or a list of them"


def factor(value: Any) -> str | None:
    return None if is_number(value) and value != 0 else "expected a finite number, not 0"


def box(value: Any) -> str | None:
    if not isinstance(value, list) or len(value) != 4 or not all(is_number(side) for side in value):
        return "expected [left, top, right, bottom]"
    left, top, right, bottom = value
    if not (0 <= left < right and 0 <= top < bottom):
        return "must have 0 <= left < right and 0 <= top < bottom"
    return None


def reducing_gap(value: Any) -> str | None:
    return None if is_number(value) and (value == 0 or value >= 1) else "expected 0 or a number from 1 on"


def unit(value: Any) -> str | None:
    return None if is_number(value) and 0 <= value <= 1 else "expected a number 0..1"


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else "expected a text"


def whole_numbers(low: int, high: int, most: int | None = None) -> Check:
    """One, or a list of up to `most`."""
    def check(value: Any) -> str | None:
        numbers = value if isinstance(value, list) else [value]
        if numbers and len(numbers) <= (most or len(numbers)) and all(integer(low, high)(each) is None for each in numbers):
            return None
        return f"expected an integer {low}..{high}, or a list of" + (f" up to {most}" if most else " them")
    return check


def numbers_of(count: int) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, list) and len(value) == count and all(is_number(number) for number in value):
            return None
        return f"expected {count} numbers"
    return check


def list_of_numbers(may_be_zero: bool) -> Check:
    def check(value: Any) -> str | None:
        numbers = value if isinstance(value, list) else [value]
        if numbers and all(is_number(number) and (may_be_zero or number != 0) for number in numbers):
            return None
        return "expected a number, or one per channel" + ("" if may_be_zero else ", not 0")
    return check


SIDE = integer(1, MAX_SIDE)
FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos", "nearest", "nearest_exact", "area", "lanczos4")
OF_PILLOW, OF_TORCH = FILTERS[:6], ("bilinear", "bicubic", "lanczos", "nearest", "nearest_exact")
OF_OPENCV = {"bilinear": "LINEAR", "bicubic": "CUBIC", "lanczos4": "LANCZOS4", "nearest": "NEAREST",
             "nearest_exact": "NEAREST_EXACT", "area": "AREA"}


def crop_size(size: int | None = None, width: int | None = None, height: int | None = None) -> tuple[Any, Any]:
    return (size, size) if size is not None else (width, height)
