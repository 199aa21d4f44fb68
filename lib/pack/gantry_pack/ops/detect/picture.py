# SPDX-License-Identifier: Apache-2.0
"""detect.clip and detect.to_picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...imports import need
from ...values import Detections
from ..boxes import need_frame, to_picture

if TYPE_CHECKING:
    import torch

    from ..frame import Axis, Frame


def clip(detections: Detections, frame: Frame | None) -> Detections:
    """torchvision's clip_boxes_to_image() with the part of the input that the picture covers."""
    known = need_frame(frame, "boxes")
    width, height = (known.height, known.width) if known.is_turned else (known.width, known.height)
    ends = [_ends(known.x, width), _ends(known.y, height)]

    def cut(places: torch.Tensor) -> torch.Tensor:
        return places.maximum(places.new_tensor([first for first, _ in ends])).minimum(
            places.new_tensor([last for _, last in ends]))
    return _moved(detections, lambda boxes: cut(boxes.reshape(-1, 2)).reshape(-1, 4), cut)


def back_to_picture(detections: Detections, clip: bool, frame: Frame | None) -> Detections:
    known = need_frame(frame, "boxes")

    def points_back(points: torch.Tensor) -> torch.Tensor:  # as boxes without an extent
        return to_picture(points.repeat(1, 2), clip, known)[:, :2]
    moved = _moved(detections, lambda boxes: to_picture(boxes, clip, known), points_back)
    return Detections(one._replace(soft_mask=one.soft_mask and one.soft_mask.within(known)) for one in moved)


def _ends(axis: Axis, pixels: int) -> tuple[float, float]:
    ends = axis.offset, pixels * axis.gain + axis.offset
    return min(ends), max(ends)


def _moved(detections: Detections, move_boxes: Any, move_points: Any) -> Detections:
    torch = need("torch", "detections")

    def rows(numbers: Any, move: Any, count: int) -> Any:
        moved = move(torch.tensor(numbers, dtype=torch.float32).reshape(-1, count))
        return [tuple(map(float, row)) for row in moved]
    boxes = rows([one.box for one in detections], move_boxes, 4)
    moved = Detections()
    for one, box in zip(detections, boxes):
        places = rows([point[:2] for point in one.keypoints], move_points, 2)
        moved.append(one._replace(box=box, keypoints=tuple((*place, point[2]) for place, point in zip(places, one.keypoints))))
    return moved
