# SPDX-License-Identifier: Apache-2.0
"""detect.sliding_window, detect.refine, detect.square, detect.classify: as facenet_pytorch's detect_face.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import PackError
from ...imports import need
from ...values import Classes, Detections
from ..area import scales_of
from .candidates import detections
from .heads import named
from .nms import columns

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as PilImage


def sliding_window(value: tuple[PilImage, list[Any]], scale: float, factor: float, min_side: int, window: int, stride: int,
                   score: float, level_iou: float, iou: float, top: int, foreground: int, scores: str,
                   boxes: str) -> Detections:
    torch, ops = need("torch", "detect.sliding_window"), need("torchvision.ops", "detect.sliding_window")
    image, levels = value
    scales = scales_of(image.size, scale, factor, min_side)
    if len(levels) != len(scales):
        raise PackError(f"expected what a model gave for each of the {len(scales)} levels, got {len(levels)}")
    found = [torch.zeros(0, 9)]  # x0, y0, x1, y1, score, how far sides move
    for level, by in zip(levels, scales):
        shares = _foreground(named(level, scores, None, None, None), foreground, scores)
        moves = named(level, boxes, 4, *shares.shape)
        is_found = shares >= score
        cells = stride * is_found.nonzero().float().flip(1)
        places = torch.cat([((cells + 1) / by).floor(), ((cells + window) / by).floor()], 1)
        rows = _best(torch.cat([places, shares[is_found][:, None], moves[:, is_found].T], 1), top)
        found.append(rows[ops.nms(rows[:, :4], rows[:, 4], level_iou)])
    rows = _best(torch.cat(found), top)
    rows = rows[ops.nms(rows[:, :4], rows[:, 4], iou)]
    moved = _moved(rows[:, :4], rows[:, 5:], rows[:, 2:4] - rows[:, :2])
    return detections(moved, rows[:, 4], torch.zeros(len(rows), dtype=torch.int64))


def refine(value: tuple[Detections, list[Any]], score: float, inclusive: bool, foreground: int, scores: str, boxes: str,
           iou: float | None = None, points: str | None = None) -> Detections:
    torch, ops = need("torch", "detect.refine"), need("torchvision.ops", "detect.refine")
    before, answers = value
    if len(answers) != len(before):
        raise PackError(f"expected what a model gave for each of {len(before)} detections, got {len(answers)}")
    shares = [_foreground(named(answer, scores, None), foreground, scores) for answer in answers]
    moves = [named(answer, boxes, 4) for answer in answers]
    passed = [i for i, share in enumerate(shares) if share > score]
    if not passed:
        return Detections()
    places = columns(before)[0][passed]
    new_scores, moves = torch.stack(shares)[passed], torch.stack(moves)[passed]
    kept = new_scores.sort(descending=True, stable=True).indices if iou is None else ops.nms(places, new_scores, iou)
    extra = 1 if inclusive else 0
    sides = places[:, 2:4] - places[:, :2] + extra
    moved = _moved(places, moves, sides)
    refined = Detections()
    for i in kept.tolist():
        keypoints = before[passed[i]].keypoints
        if points:
            keypoints = _points(named(answers[passed[i]], points, None), places[i], sides[i], extra, float(new_scores[i]))
        refined.append(before[passed[i]]._replace(score=float(new_scores[i]), box=tuple(moved[i].tolist()),
                                                  keypoints=keypoints))
    return refined


def square(found: Detections) -> Detections:
    torch = need("torch", "detect.square")
    boxes = columns(found)[0]
    sides = boxes[:, 2:4] - boxes[:, :2]
    side = torch.where(sides[:, :1] < sides[:, 1:], sides[:, 1:], sides[:, :1])
    corner = boxes[:, :2] + sides * 0.5 - side * 0.5
    return Detections(one._replace(box=tuple(box)) for one, box in zip(found, torch.cat([corner, corner + side], 1).tolist()))


def classify(value: tuple[Detections, list[Classes]], score: str) -> Detections:
    numpy = need("numpy", "detect.classify")
    found, answers = value
    if len(answers) != len(found):
        raise PackError(f"expected classes for each of {len(found)} detections, got {len(answers)}")
    named_ones = []
    for i, (one, classes) in enumerate(zip(found, answers)):
        if not classes:
            raise PackError(f"answer {i} has no class")
        index, label, best = classes[0]
        scores = {"class": best, "detection": one.score,
                  "product": float(numpy.float32(one.score) * numpy.float32(best))}
        named_ones.append(one._replace(index=index, label=label, score=scores[score]))
    order = columns(Detections(named_ones))[1].sort(descending=True, stable=True).indices
    return Detections(named_ones[i] for i in order.tolist())


def _foreground(shares: torch.Tensor, foreground: int, name: str) -> torch.Tensor:
    if len(shares) <= foreground:
        raise PackError(f"tensor '{name}': there is no class {foreground} of {len(shares)}")
    return shares[foreground]


def _best(rows: torch.Tensor, top: int) -> torch.Tensor:
    return rows if len(rows) <= top else rows[rows[:, 4].sort(descending=True, stable=True).indices[:top]]


def _moved(boxes: torch.Tensor, by: torch.Tensor, sides: torch.Tensor) -> torch.Tensor:
    return need("torch", "a cascade").cat([boxes[:, :2] + by[:, :2] * sides, boxes[:, 2:4] + by[:, 2:4] * sides], 1)


def _points(shares: torch.Tensor, box: torch.Tensor, sides: torch.Tensor, extra: int,
            score: float) -> tuple[tuple[float, float, float], ...]:
    if len(shares) % 2:
        raise PackError(f"expected as many x as y of keypoints, got {len(shares)} numbers")
    places = sides[:, None] * shares.reshape(2, -1) + box[:2, None] - extra
    return tuple((x, y, score) for x, y in places.T.tolist())
