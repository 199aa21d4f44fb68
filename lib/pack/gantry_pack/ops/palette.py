# SPDX-License-Identifier: Apache-2.0
"""The colours of classes. As lib/ops/detect/draw_palette.cpp."""

from __future__ import annotations

from typing import Any

from ..imports import need

_COLOURS = (
    (240, 60, 60), (30, 205, 60), (30, 75, 255), (45, 240, 210), (255, 210, 0), (240, 15, 180),
    (0, 165, 255), (60, 135, 0), (150, 90, 0), (240, 165, 255), (180, 60, 105), (210, 0, 255),
    (180, 240, 15), (0, 240, 120), (225, 225, 120), (255, 120, 0), (150, 60, 195), (0, 120, 255),
    (255, 0, 120), (0, 150, 90), (120, 120, 0), (255, 150, 105), (105, 90, 180), (150, 240, 150))


def colours_of(labels: Any) -> Any:
    """u8[..., 3] of an array of labels from 0 on: each colour as it is, then all of them lighter, then darker."""
    numpy = need("numpy", "colours of classes")
    own = numpy.array(_COLOURS)
    table = numpy.concatenate([own, (own * 3 + 255 * 2) // 5, own * 3 // 5]).astype(numpy.uint8)
    return table[labels.astype(numpy.int64) % len(table)]
