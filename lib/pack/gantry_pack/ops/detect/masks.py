# SPDX-License-Identifier: Apache-2.0
"""detect.paste_masks and detect.masks_of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import PackError
from ...imports import need
from ...run_lengths import of_pixels
from ...values import Detections, Masks, SoftMask
from ..boxes import to_picture
from ..planes import logit_gate, picture_plane
from .picture import back_to_picture

if TYPE_CHECKING:
    import torch

    from ..frame import Frame

_FARTHEST = 2.0 ** 31


def paste_masks(detections: Detections, threshold: float, frame: Frame | None) -> Detections:
    for i, one in enumerate(detections):
        if one.soft_mask is None:
            raise PackError(f"detect.paste_masks: detection {i} has no mask values")
    are_moved = {one.soft_mask.frame is not None for one in detections}
    if len(are_moved) > 1:
        raise PackError("detect.paste_masks: some of the detections are in the picture's pixels, others are not")
    moved = detections if are_moved == {True} else back_to_picture(detections, True, frame)
    return Detections(one._replace(mask=of_pixels(pasted(one.soft_mask, threshold)), soft_mask=None) for one in moved)


def masks_of(detections: Detections) -> Masks:
    for i, one in enumerate(detections):
        if one.mask is None:
            raise PackError(f"detect.masks_of: detection {i} has no mask; detect.paste_masks makes it")
    return Masks(one.mask for one in detections)


def pasted(soft: SoftMask, threshold: float) -> torch.Tensor:
    """bool[height, width] of the picture."""
    torch = need("torch", "detect.paste_masks")
    frame = soft.frame
    if not all(abs(side) <= _FARTHEST for side in soft.box):  # NaN is not either
        return torch.zeros(frame.height, frame.width, dtype=torch.bool)
    if soft.prototypes is None:
        return _over_box(soft, threshold)
    planes = soft.prototypes
    logits = (soft.values @ planes.reshape(len(planes), -1)).reshape(planes.shape[1:])
    ratio = torch.tensor(1 / soft.stride, dtype=torch.float32)
    x0, y0, x1, y1 = torch.tensor(soft.box, dtype=torch.float32) * ratio
    columns, rows = torch.arange(planes.shape[2])[None, :], torch.arange(planes.shape[1])[:, None]
    logits = torch.where((columns >= x0) & (columns < x1) & (rows >= y0) & (rows < y1), logits, 0.0)
    size = (planes.shape[1] * soft.stride, planes.shape[2] * soft.stride)
    whole = torch.nn.functional.interpolate(logits[None, None], size, mode="bilinear", align_corners=False)[0]
    values, is_shown = picture_plane(whole, frame, 1)
    return (values[0] > logit_gate(threshold)) & is_shown


def _over_box(soft: SoftMask, threshold: float) -> torch.Tensor:
    """torchvision's paste_masks_in_image() for one mask, with its padding of 1."""
    torch = need("torch", "detect.paste_masks")
    frame, values = soft.frame, soft.values
    scale = (values.shape[1] + 2) / values.shape[1]
    values = values.flip(1) if frame.x.gain < 0 else values
    values = values.flip(0) if frame.y.gain < 0 else values
    values = torch.nn.functional.pad(values.T if frame.is_turned else values, (1, 1, 1, 1))
    box = to_picture(torch.tensor([soft.box], dtype=torch.float32), False, frame)[0]
    middle, half = (box[2:] + box[:2]) * 0.5, (box[2:] - box[:2]) * 0.5 * scale
    mask = torch.zeros(frame.height, frame.width, dtype=torch.bool)
    if not bool((torch.cat((middle - half, middle + half)).abs() <= _FARTHEST).all()):
        return mask
    (x0, y0), (x1, y1) = (middle - half).long().tolist(), (middle + half).long().tolist()
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1 + 1, frame.width), min(y1 + 1, frame.height)
    if left >= right or top >= bottom:
        return mask
    size = (max(y1 - y0 + 1, 1), max(x1 - x0 + 1, 1))
    stretched = torch.nn.functional.interpolate(values[None, None], size, mode="bilinear", align_corners=False)[0, 0]
    mask[top:bottom, left:right] = stretched[top - y0:bottom - y0, left - x0:right - x0] > threshold
    return mask
