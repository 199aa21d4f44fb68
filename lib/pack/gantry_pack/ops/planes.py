# SPDX-License-Identifier: Apache-2.0
"""Planes over a model's input at the picture's own size. As lib/ops/segment/bilinear.cpp."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..imports import need

if TYPE_CHECKING:
    import torch

    from .frame import Axis, Frame


def picture_plane(planes: torch.Tensor, frame: Frame, stride: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Planes f32[n, h, w], a value for each `stride` pixels of the model's input, resampled bilinearly to the picture: the
    picture's part is cut out, and interpolate() does the rest where it ends at whole values. And bool[height, width]: what
    the planes show of the picture."""
    across, down = (frame.height, frame.width) if frame.is_turned else (frame.width, frame.height)
    columns, shows_column = _axis(frame.x, across, planes.shape[2], stride)
    rows, shows_row = _axis(frame.y, down, planes.shape[1], stride)
    wide = _blended(planes, columns, 2)
    values, is_shown = _blended(wide, rows, 1), shows_row[:, None] & shows_column[None, :]
    return (values.transpose(1, 2), is_shown.T) if frame.is_turned else (values, is_shown)


def logit_gate(threshold: float) -> float:
    """The logit above which a probability is above the threshold, which is 0..1."""
    return math.log(threshold / (1 - threshold)) if 0 < threshold < 1 else math.inf if threshold else -math.inf


def _axis(axis: Axis, pixels: int, count: int, stride: int) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """Of each pixel of the picture along an axis: the two values that make it and the weight of the second; whether the
    plane shows it."""
    torch = need("torch", "a plane")
    ends = sorted((axis.offset, pixels * axis.gain + axis.offset))
    begin, end = (round(edge) / stride for edge in ends)
    first = math.floor(begin)
    length = max(math.ceil(end) - first, 1)
    step = (end - begin) / pixels
    places = torch.arange(pixels, dtype=torch.float32)
    position = (torch.tensor(step, dtype=torch.float32) * (places + 0.5) - 0.5 + (begin - first)).clamp(min=0)
    low = position.long().clamp(max=length - 1)
    weight = (position - low).clamp(0, 1)
    high = (low + 1).clamp(max=length - 1)
    middle = begin + step * (torch.arange(pixels, dtype=torch.float64) + 0.5)
    shown = (middle >= 0) & (middle < count)
    found = ((low + first).clamp(0, count - 1), (high + first).clamp(0, count - 1), weight, shown)
    low, high, weight, shown = (each.flip(0) for each in found) if axis.gain < 0 else found
    return (low, high, weight), shown


def _blended(planes: torch.Tensor, taps: tuple[torch.Tensor, ...], dim: int) -> torch.Tensor:
    low, high, weight = taps
    weight = weight if dim == 2 else weight[:, None]
    return planes.index_select(dim, low) * (1 - weight) + planes.index_select(dim, high) * weight
