# SPDX-License-Identifier: Apache-2.0
"""detect.crop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...errors import PackError

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

    from ...values import Detections
    from ..frame import Axis, Frame

Extent = tuple[float, float]
Pixels = tuple[int, int, int, int]  # left, top, right, bottom


def crop(value: tuple[PilImage, Detections], margin: float, square: bool, frame: Frame | None,
         rounding: str = "nearest") -> list[PilImage]:
    image, detections = value
    return [image.crop(part) for part in parts_of(image.size, detections, margin, square, frame, rounding)]


def parts_of(size: tuple[int, int], detections: Detections, margin: float, square: bool, frame: Frame | None,
             rounding: str = "nearest") -> list[Pixels]:
    """Of each box, the whole pixels of an image that has this frame."""
    parts = []
    for index, one in enumerate(detections):
        if not all(map(math.isfinite, one.box)):
            raise PackError(f"detect.crop: the box of detection {index} is not finite")
        across, down = _rectangle(one.box, frame)
        across, down = _grown(across, margin * (across[1] - across[0])), _grown(down, margin * (down[1] - down[0]))
        if square:
            missing = (across[1] - across[0]) - (down[1] - down[0])
            across, down = (across, _grown(down, missing / 2)) if missing > 0 else (_grown(across, -missing / 2), down)
        (left, right), (top, bottom) = _pixels(across, size[0], rounding), _pixels(down, size[1], rounding)
        parts.append((left, top, right, bottom))
    return parts


def _rectangle(box: tuple[float, float, float, float], frame: Frame | None) -> tuple[Extent, Extent]:
    """In the pixels of the image."""
    across, down = (box[0], box[2]), (box[1], box[3])
    if frame is not None:
        across, down = (down, across) if frame.is_turned else (across, down)
        across, down = _forth(frame.x, across), _forth(frame.y, down)
    return (min(across), max(across)), (min(down), max(down))


def _forth(axis: Axis, extent: Extent) -> Extent:
    return extent[0] * axis.gain + axis.offset, extent[1] * axis.gain + axis.offset


def _grown(extent: Extent, by: float) -> Extent:
    return extent[0] - by, extent[1] + by


def _pixels(extent: Extent, side: int, rounding: str) -> tuple[int, int]:
    first, last = (round(extent[0]), round(extent[1])) if rounding == "nearest" else (int(extent[0]) - 1, int(extent[1]))
    begin = min(max(first, 0), side - 1)
    return begin, min(max(last, begin + 1), side)
