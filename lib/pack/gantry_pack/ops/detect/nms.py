# SPDX-License-Identifier: Apache-2.0
"""detect.nms and detect.soft_nms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...imports import need
from ...values import Detections

if TYPE_CHECKING:
    import torch

_MOST_MOVED_BOXES = 1000  # torchvision.ops.batched_nms moves classes apart up to here


def nms(detections: Detections, iou: float, suppress: str, max_count: int, overlap: str = "union",
        inclusive: bool = False) -> Detections:
    """torchvision.ops.nms and batched_nms; inclusive: Fast R-CNN's nms.py, with "smaller" facenet_pytorch's nms_numpy. Equal
    scores in the order of their indices."""
    torch = need("torch", "detect.nms")
    boxes, scores, classes = columns(detections)
    order = torch.sort(scores, descending=True, stable=True).indices
    if suppress == "torchvision" and len(boxes) <= _MOST_MOVED_BOXES and len(boxes) > 0:
        boxes = boxes + (classes.to(boxes) * (boxes.max() + 1))[:, None]
        classes = torch.zeros_like(classes)
    elif suppress == "any":
        classes = torch.zeros_like(classes)
    kept = []
    is_left = torch.ones(len(boxes), dtype=torch.bool)
    for index in order.tolist():
        if not is_left[index]:
            continue
        kept.append(index)
        shares = overlaps(boxes[index], boxes, overlap == "smaller", inclusive)
        is_plain = overlap == "union" and not inclusive
        is_over = shares.double() > iou if is_plain else shares > torch.tensor(iou, dtype=torch.float32)
        is_left &= ~(is_over & (classes == classes[index]))
    return Detections(detections[index] for index in kept[:max_count])


def soft_nms(detections: Detections, decay: str, iou: float, sigma: float, score: float, suppress: str,
             max_count: int) -> Detections:
    """Bodla et al., Soft-NMS, 2017."""
    torch = need("torch", "detect.soft_nms")
    boxes, scores, classes = columns(detections)
    left = [index for index in range(len(boxes)) if scores[index] >= torch.tensor(score)]
    kept = Detections()
    while left and len(kept) < max_count:
        best = max(left, key=lambda index: (float(scores[index]), -index))
        left.remove(best)
        kept.append(detections[best]._replace(score=float(scores[best])))
        overlap = overlaps(boxes[best], boxes)
        factor = torch.exp(-(overlap * overlap) / torch.tensor(sigma)) if decay == "gaussian" else \
            torch.where(overlap > torch.tensor(iou), 1 - overlap, torch.ones(()))
        lowers = (overlap > 0) & ((classes == classes[best]) | (suppress == "any"))
        scores = torch.where(lowers, scores * factor, scores)
        left = [index for index in left if scores[index] >= torch.tensor(score)]
    return kept


def columns(detections: Detections) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """boxes f32[n, 4], scores f32[n], classes i64[n]"""
    torch = need("torch", "detections")
    boxes = torch.tensor([one.box for one in detections], dtype=torch.float32).reshape(-1, 4)
    scores = torch.tensor([one.score for one in detections], dtype=torch.float32)
    return boxes, scores, torch.tensor([one.index for one in detections], dtype=torch.int64)


def overlaps(box: torch.Tensor, boxes: torch.Tensor, of_smaller: bool = False, inclusive: bool = False) -> torch.Tensor:
    """intersection / union, or / the area of the smaller one, in float32; NaN where there is no area."""
    extra = 1 if inclusive else 0
    areas = (boxes[:, 2] - boxes[:, 0] + extra) * (boxes[:, 3] - boxes[:, 1] + extra)
    area = (box[2] - box[0] + extra) * (box[3] - box[1] + extra)
    sides = boxes[:, 2:].minimum(box[2:]) - boxes[:, :2].maximum(box[:2]) + extra
    sides = sides.nan_to_num(0, math.inf, -math.inf).clamp(min=0)
    inter = sides[:, 0] * sides[:, 1]
    return inter / (areas.minimum(area) if of_smaller else area + areas - inter)
