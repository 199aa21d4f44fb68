# SPDX-License-Identifier: Apache-2.0
"""Boxes in the pixels of the picture: image.unletterbox, and what detect.to_picture does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PackError
from ..tolerance import Tolerance

if TYPE_CHECKING:
    import torch

    from .frame import Frame


def need_frame(frame: Frame | None, what: str) -> Frame:
    if frame is None:
        raise PackError(f"nobody knows which picture the {what} are of: image.decode or another image op has to come "
                        "before the model; of what is made of several crops or branches together there is none")
    return frame


def unletterbox(boxes: torch.Tensor, clip: bool, frame: Frame | None) -> torch.Tensor:
    known = need_frame(frame, "boxes")
    if boxes.dim() != 2 or boxes.shape[1] < 4 or str(boxes.dtype) != "torch.float32":
        raise PackError(f"image.unletterbox takes boxes as f32[N, 4], or with more columns, got {tuple(boxes.shape)}")
    return to_picture(boxes, clip, known)


def to_picture(boxes: torch.Tensor, clip: bool, frame: Frame) -> torch.Tensor:
    """ultralytics' scale_boxes() and clip_boxes() for any frame. The first four columns are boxes."""
    moved = boxes.clone()
    for columns, axis in (([0, 2], frame.x), ([1, 3], frame.y)):
        own = (moved[:, columns] - axis.offset) / axis.gain
        moved[:, columns] = own.flip(1) if axis.gain < 0 else own
    if frame.is_turned:
        moved[:, :4] = moved[:, [1, 0, 3, 2]]
    if clip:
        moved[:, [0, 2]] = moved[:, [0, 2]].clamp(0, frame.width)
        moved[:, [1, 3]] = moved[:, [1, 3]].clamp(0, frame.height)
    return moved


def carried_back(incoming: Tolerance, frames: list[Frame]) -> Tolerance:
    """What a difference in boxes becomes in the pixels of the pictures they are of."""
    axes = [axis for frame in frames for axis in (frame.x, frame.y)]
    gain = min((abs(axis.gain) for axis in axes), default=1.0)
    offset = max((abs(axis.offset) for axis in axes), default=0.0)
    return Tolerance((incoming.atol + incoming.rtol * offset) / gain, incoming.rtol)
