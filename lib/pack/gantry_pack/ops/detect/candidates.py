# SPDX-License-Identifier: Apache-2.0
"""Which scores become candidates, in which order, and how many. As lib/ops/detect/candidates.cpp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...imports import need
from ...values import Detection, Detections, SoftMask

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Rules:
    score: float
    top: int
    classes: Any = None  # None: all

    @property
    def wanted_classes(self) -> list[int] | None:
        return [self.classes] if isinstance(self.classes, int) else self.classes

    def wanted(self, labels: torch.Tensor) -> torch.Tensor:
        """Whether candidates of these classes are wanted."""
        torch = need("torch", "a decoder")
        classes = self.wanted_classes
        return torch.ones_like(labels, dtype=torch.bool) if classes is None \
            else torch.isin(labels, torch.tensor(classes, dtype=labels.dtype))

    def best(self, scores: torch.Tensor, is_wanted: torch.Tensor) -> torch.Tensor:
        """Places of the best `top` of a list of scores, by falling score, equal ones by place. NaN is above nothing."""
        torch = need("torch", "a decoder")
        places = torch.where((scores > self.score) & is_wanted)[0]
        order = scores[places].sort(descending=True, stable=True).indices
        return places[order[:self.top]]

    def best_of_rows(self, scores: torch.Tensor, multi_label: bool) -> torch.Tensor:
        """Of scores [rows, classes] each that is above the threshold, or each row's best: places of the flat list."""
        torch = need("torch", "a decoder")
        rows, classes = scores.shape
        flat = scores.reshape(-1)
        labels = torch.arange(classes).repeat(rows)
        is_wanted = self.wanted(labels)
        if not multi_label:
            first = torch.where(scores.isnan(), -1.0, scores).max(1, keepdim=True).indices if rows else labels[:0, None]
            is_wanted = is_wanted & torch.zeros_like(scores, dtype=torch.bool).scatter_(1, first, True).reshape(-1)
        return self.best(flat, is_wanted)


def by_score(scores: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The order of several selections together: by falling score, equal ones by place."""
    order = places.sort(stable=True).indices
    return order[scores[order].sort(descending=True, stable=True).indices]


def with_soft_masks(found: Detections, rows: torch.Tensor, values: torch.Tensor, prototypes: Any = None,
                    stride: int = 0) -> Detections:
    """Each with what the head says in its row of its shape."""
    return Detections(one._replace(soft_mask=SoftMask(values[row], one.box, prototypes, stride))
                      for one, row in zip(found, rows.tolist()))


def detections(boxes: torch.Tensor, scores: torch.Tensor, labels: torch.Tensor,
               keypoints: torch.Tensor | None = None) -> Detections:
    """`keypoints`: [n, k, 3] of x, y, score."""
    points = [()] * len(boxes) if keypoints is None else [tuple(map(tuple, each)) for each in keypoints.tolist()]
    return Detections(Detection(label, "", score, tuple(box), of_box)
                      for box, score, label, of_box in zip(boxes.tolist(), scores.tolist(), labels.tolist(), points))
