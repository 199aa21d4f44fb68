# SPDX-License-Identifier: Apache-2.0
"""detect.ssd, detect.retinanet, detect.fcos, as torchvision's postprocess_detections() up to its clipping."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...errors import PackError
from ...imports import need
from ...values import Detections
from .candidates import Rules, by_score, detections
from .heads import checked, named

if TYPE_CHECKING:
    import torch


def _outputs(value: Any, boxes: str, scores: str, anchors: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    codes = named(value, boxes, None, 4)
    logits = named(value, scores, len(codes), None, least=1)
    return codes, logits, named(value, "anchors", len(codes), 4) if anchors is None \
        else checked(need("torch", "a decoder").as_tensor(anchors), "anchors", len(codes), 4)


def _levels(value: Any, levels: Any, count: int) -> list[int]:
    if levels is None:
        levels = named(value, "levels", None, dtype="int64").tolist() if "levels" in value else [count]
    levels = [levels] if isinstance(levels, int) else levels
    if sum(levels) != count or min(levels, default=0) < 0:
        raise PackError(f"levels: expected numbers that make {count}, the number of anchors, got {levels}")
    return levels


def _coded(codes: torch.Tensor, anchors: torch.Tensor, weights: tuple[float, float]) -> torch.Tensor:
    """torchvision's BoxCoder.decode_single()."""
    torch = need("torch", "a decoder")
    sizes = anchors[:, 2:] - anchors[:, :2]
    centres = anchors[:, :2] + 0.5 * sizes
    growths = torch.clamp(codes[:, 2:] / weights[1], max=math.log(1000.0 / 16))
    new_centres = codes[:, :2] / weights[0] * sizes + centres
    halves = 0.5 * (torch.exp(growths) * sizes)
    return torch.cat((new_centres - halves, new_centres + halves), 1)


def _distances(codes: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """torchvision's BoxLinearCoder.decode() with normalize_by_size."""
    torch = need("torch", "a decoder")
    sizes = anchors[:, 2:] - anchors[:, :2]
    centres = 0.5 * (anchors[:, :2] + anchors[:, 2:])
    return torch.cat((centres - codes[:, :2] * sizes, centres + codes[:, 2:] * sizes), 1)


def ssd(value: Any, boxes: str, scores: str, score: float, top: int, anchors: Any = None,
        classes: Any = None) -> Detections:
    torch = need("torch", "detect.ssd")
    codes, logits, boxes_of = _outputs(value, boxes, scores, anchors)
    rules = Rules(score, top, classes)
    shares = logits.softmax(-1).T.contiguous()  # a row for each class, behind the background's
    count = len(codes)
    places = torch.cat([torch.zeros(0, dtype=torch.int64), *(
        label * count + rules.best(shares[label], rules.wanted(torch.full((count,), label)))
        for label in range(1, len(shares)))])
    found = shares.reshape(-1)[places]
    order = by_score(found, places)
    places, found = places[order], found[order]
    rows = places % max(count, 1)
    return detections(_coded(codes[rows], boxes_of[rows], (10.0, 5.0)), found, places // max(count, 1))


def _of_levels(scores: torch.Tensor, levels: list[int], rules: Rules) -> torch.Tensor:
    """Places of the best of each level, in one order."""
    torch = need("torch", "a decoder")
    classes, places, begin = scores.shape[1], [torch.zeros(0, dtype=torch.int64)], 0
    for level in levels:
        part = scores[begin:begin + level]
        places.append(begin * classes + rules.best_of_rows(part, True))
        begin += level
    all_places = torch.cat(places)
    return all_places[by_score(scores.reshape(-1)[all_places], all_places)]


def retinanet(value: Any, boxes: str, scores: str, score: float, top: int, anchors: Any = None, classes: Any = None,
              levels: Any = None) -> Detections:
    codes, logits, boxes_of = _outputs(value, boxes, scores, anchors)
    found = logits.sigmoid()
    places = _of_levels(found, _levels(value, levels, len(codes)), Rules(score, top, classes))
    rows = places // found.shape[1]
    return detections(_coded(codes[rows], boxes_of[rows], (1.0, 1.0)), found.reshape(-1)[places],
                      places % found.shape[1])


def fcos(value: Any, boxes: str, scores: str, centerness: str, score: float, top: int, anchors: Any = None,
         classes: Any = None, levels: Any = None) -> Detections:
    torch = need("torch", "detect.fcos")
    codes, logits, boxes_of = _outputs(value, boxes, scores, anchors)
    centres = named(value, centerness, len(codes), 1)
    found = torch.sqrt(logits.sigmoid() * centres.sigmoid())
    places = _of_levels(found, _levels(value, levels, len(codes)), Rules(score, top, classes))
    rows = places // found.shape[1]
    return detections(_distances(codes[rows], boxes_of[rows]), found.reshape(-1)[places], places % found.shape[1])
