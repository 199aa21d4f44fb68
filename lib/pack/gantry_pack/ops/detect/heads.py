# SPDX-License-Identifier: Apache-2.0
"""The tensors of a detector's head: found by name and checked. And scores and boxes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import PackError
from ...imports import need
from ...values import describe_value

if TYPE_CHECKING:
    import torch


def checked(tensor: Any, what: str, *sides: int | None, dtype: str = "float32", least: int = 0) -> torch.Tensor:
    """The tensor, if its sides are these; None: any, but `least` for the last one."""
    shape = tuple(tensor.shape)
    fits = len(shape) == len(sides) and all(side is None or side == has for side, has in zip(sides, shape))
    if str(tensor.dtype) != f"torch.{dtype}" or not fits or sides[-1] is None and shape[-1] < least:
        expected = ", ".join("n" if side is None else str(side) for side in sides)
        raise PackError(f"{what}: expected {dtype}[{expected}], got {describe_value(tensor)}")
    return tensor


def named(outputs: Any, name: str, *sides: int | None, dtype: str = "float32", least: int = 0) -> torch.Tensor:
    if name not in outputs:
        raise PackError(f"tensor '{name}' is missing; there are {', '.join(outputs)}")
    return checked(outputs[name], f"tensor '{name}'", *sides, dtype=dtype, least=least)


def activated(logits: torch.Tensor, activation: str) -> torch.Tensor:
    if activation == "softmax":
        return logits.softmax(-1)
    return logits.sigmoid() if activation == "sigmoid" else logits


def corners(four: torch.Tensor, box_format: str = "cxcywh") -> torch.Tensor:
    """x0, y0, x1, y1 of the four numbers of boxes."""
    torch = need("torch", "a decoder")
    if box_format == "xyxy":
        return four
    first, size = four[:, :2], four[:, 2:]
    return torch.cat((first, first + size) if box_format == "xywh" else (first - 0.5 * size, first + 0.5 * size), 1)
