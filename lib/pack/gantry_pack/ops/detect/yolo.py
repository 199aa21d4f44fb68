# SPDX-License-Identifier: Apache-2.0
"""detect.yolov5, detect.yolov8, detect.yolov8_raw, detect.yolox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...imports import need
from ...values import Detections
from .candidates import Rules, detections, with_soft_masks
from .grid import cells, distribution_boxes
from .heads import checked, corners, named

if TYPE_CHECKING:
    import torch


def _rows_of(value: Any, layout: str, before: int, class_count: int, count: int | None = None,
             behind: int = 0) -> torch.Tensor:
    """The head with a row for each box: of `before` numbers, the classes, and `behind` numbers."""
    if layout == "channels_first" and value.dim() == 2:
        value = value.T
    rows = checked(value, "the head", count, None, least=before + max(class_count, 1) + behind)
    return rows[:, :before + class_count + behind] if class_count else rows


def _found(boxes: Any, scores: torch.Tensor, rules: Rules, multi_label: bool,
           keypoints: torch.Tensor | None = None) -> Detections:
    """`boxes(rows)`: of these rows; `keypoints` of all."""
    places = rules.best_of_rows(scores, multi_label)
    rows = places // scores.shape[1]
    return detections(boxes(rows), scores.reshape(-1)[places], places % scores.shape[1],
                      None if keypoints is None else keypoints[rows])


def yolov5(value: Any, score: float, top: int, multi_label: bool, class_count: int, classes: Any = None) -> Detections:
    torch = need("torch", "detect.yolov5")
    head = _rows_of(value, "channels_last", 5, class_count)
    scores = head[:, 5:] * head[:, 4:5]
    scores = torch.where(head[:, 4:5] > score, scores, -1.0)
    return _found(lambda rows: corners(head[rows, :4]), scores, Rules(score, top, classes), multi_label)


def yolov8(value: Any, score: float, top: int, layout: str, multi_label: bool, class_count: int, keypoints: int,
           keypoint_scores: bool, classes: Any = None) -> Detections:
    torch = need("torch", "detect.yolov8")
    numbers = 3 if keypoint_scores else 2
    behind = keypoints * numbers
    head = _rows_of(value, layout, 4, class_count, behind=behind)
    points = None
    if keypoints:
        points = head[:, -behind:].reshape(len(head), keypoints, numbers)
        if not keypoint_scores:
            points = torch.cat((points, torch.ones_like(points[..., :1])), 2)
    return _found(lambda rows: corners(head[rows, :4]), head[:, 4:head.shape[1] - behind], Rules(score, top, classes),
                  multi_label, points)


def yolov8_seg(value: Any, score: float, top: int, layout: str, multi_label: bool, stride: int, head: str, prototypes: str,
               classes: Any = None) -> Detections:
    planes = named(value, prototypes, None, None, None, least=1)
    count = len(planes)
    tensor = named(value, head, None, None)
    rows = _rows_of(tensor, layout, 4, 0)
    rows = checked(rows, f"tensor '{head}'", None, None, least=5 + count)
    scores = rows[:, 4:rows.shape[1] - count]
    places = Rules(score, top, classes).best_of_rows(scores, multi_label)
    of_rows = places // scores.shape[1]
    found = detections(corners(rows[of_rows, :4]), scores.reshape(-1)[places], places % scores.shape[1])
    return with_soft_masks(found, of_rows, rows[:, rows.shape[1] - count:], planes, stride)


def yolov8_raw(value: Any, width: int, height: int, strides: Any, bins: int, score: float, top: int, layout: str,
               multi_label: bool, class_count: int, classes: Any = None) -> Detections:
    grid = cells(width, height, strides)
    head = _rows_of(value, layout, 4 * bins, class_count, len(grid))
    return _found(lambda rows: distribution_boxes(grid[rows], head[rows, :4 * bins]), head[:, 4 * bins:].sigmoid(),
                  Rules(score, top, classes), multi_label)


def yolox(value: Any, width: int, height: int, strides: Any, score: float, top: int, multi_label: bool, class_count: int,
          classes: Any = None) -> Detections:
    grid = cells(width, height, strides)
    head = _rows_of(value, "channels_last", 5, class_count, len(grid))

    def boxes(rows: Any) -> Any:
        torch = need("torch", "detect.yolox")
        at, code = grid[rows], head[rows]
        return corners(torch.cat(((code[:, :2] + at[:, :2]) * at[:, 2:], torch.exp(code[:, 2:4]) * at[:, 2:]), 1))
    return _found(boxes, head[:, 5:] * head[:, 4:5], Rules(score, top, classes), multi_label)
