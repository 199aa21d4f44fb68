# SPDX-License-Identifier: Apache-2.0
"""detect.boxes and detect.detr: heads that give boxes, in pixels or as shares of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import PackError
from ...imports import need
from ...values import Detections
from .candidates import Rules, detections, with_soft_masks
from .heads import activated, corners, named

if TYPE_CHECKING:
    import torch

    from ..frame import Axis, Frame


def _side(given: int, axis: Axis | None, own: int) -> tuple[float, float]:
    """Where a side begins, and how long it is."""
    if given or axis is None:
        return 0.0, float(given)
    return min(axis.offset, own * axis.gain + axis.offset), abs(axis.gain) * own


def check_are_shares(op: str, relative: bool, width: int, height: int) -> None:
    if (width or height) and not relative:
        raise PackError(f"{op}: width and height are what shares are of: they are for relative=true")


def of_picture(shares: torch.Tensor, width: int, height: int, frame: Frame | None) -> torch.Tensor:
    """Boxes in pixels of the model's input, of shares of width and height, or of the picture where they are 0."""
    torch = need("torch", "a decoder")
    if frame is None and not (width and height):
        raise PackError("boxes are shares of a picture that nobody knows: give width and height, or let image.decode or "
                        "another image op come before the model")
    own = (0, 0) if frame is None else (frame.height, frame.width) if frame.is_turned else (frame.width, frame.height)
    across = _side(width, frame.x if frame else None, own[0])
    down = _side(height, frame.y if frame else None, own[1])
    begins, extents = torch.tensor([[across[i], down[i]] * 2 for i in range(2)], dtype=torch.float32)
    return begins + shares * extents


def detr(value: Any, width: int, height: int, activation: str, boxes: str, scores: str, score: float, top: int,
         classes: Any = None, frame: Frame | None = None) -> Detections:
    shares = named(value, boxes, None, 4)
    logits = named(value, scores, len(shares), None, least=2 if activation == "softmax" else 1)
    found = activated(logits, activation)
    count = found.shape[1]
    if activation == "softmax":
        found = found.clone()
        found[:, -1] = -1.0
    places = Rules(score, top, classes).best_of_rows(found, activation == "sigmoid")
    return detections(of_picture(corners(shares[places // count]), width, height, frame), found.reshape(-1)[places],
                      places % count)


def _keypoints(value: Any, name: str, scores: str, count: int) -> torch.Tensor | None:
    """[count, k, 3] of x, y, score."""
    torch = need("torch", "detect.boxes")
    if not name:
        if scores:
            raise PackError("detect.boxes: keypoint_scores are of keypoints, which have no name")
        return None
    has_scores = name in value and value[name].dim() == 3 and value[name].shape[2] == 3
    points = named(value, name, count, None, 3 if has_scores else 2)
    if not has_scores:
        points = torch.cat((points, torch.ones_like(points[..., :1])), 2)
    return torch.cat((points[..., :2], named(value, scores, *points.shape[:2])[..., None]), 2) if scores else points


def boxes(value: Any, format: str, relative: bool, width: int, height: int, boxes: str, scores: str, labels: str,
          activation: str, background: int, multi_label: bool, keypoints: str, keypoint_scores: str, score: float, top: int,
          classes: Any = None, masks: str | None = None, frame: Frame | None = None) -> Detections:
    torch = need("torch", "detect.boxes")
    check_are_shares("detect.boxes", relative, width, height)
    four = named(value, boxes, None, 4)
    shapes = _masks_of(value, masks, len(four)) if masks else None

    rules = Rules(score, top, classes)
    points = _keypoints(value, keypoints, keypoint_scores, len(four))

    def found_at(rows: Any, scores: Any, labels: Any) -> Detections:
        at, points_at = corners(four[rows], format), None if points is None else points[rows]
        if relative:
            at = of_picture(at, width, height, frame)
            if points_at is not None:
                places = of_picture(points_at[..., :2].reshape(-1, 2).repeat(1, 2), width, height, frame)[:, :2]
                points_at = torch.cat((places.reshape(*points_at.shape[:2], 2), points_at[..., 2:]), 2)
        found = detections(at, scores, labels, points_at)
        return found if shapes is None else with_soft_masks(found, rows, shapes)

    if scores in value and value[scores].dim() == 1:
        if activation == "softmax":
            raise PackError(f"tensor '{scores}': softmax is for f32[n, classes]")
        given = activated(named(value, scores, len(four)), activation)
        dtype = "int32" if labels in value and str(value[labels].dtype) == "torch.int32" else "int64"
        of_boxes = named(value, labels, len(four), dtype=dtype).long() if labels else torch.zeros(len(four), dtype=torch.int64)
        places = rules.best(given, rules.wanted(of_boxes) & (of_boxes >= 0) & (of_boxes != background))
        return found_at(places, given[places], of_boxes[places])
    given = activated(named(value, scores, len(four), None, least=1), activation)
    count = given.shape[1]
    if background >= count:
        raise PackError(f"tensor '{scores}': has no class {background} for the background, got {tuple(given.shape)}")
    if background >= 0:
        given = given.clone()
        given[:, background] = -1.0
    places = rules.best_of_rows(given, multi_label)
    return found_at(places // count, given.reshape(-1)[places], places % count)


def _masks_of(value: Any, name: str, count: int) -> torch.Tensor:
    """float32[n, h, w], perhaps with an axis of 1 behind n."""
    if name in value and value[name].dim() == 4:
        return named(value, name, count, 1, None, None, least=1)[:, 0]
    return named(value, name, count, None, None, least=1)
