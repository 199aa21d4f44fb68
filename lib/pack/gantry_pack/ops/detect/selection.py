# SPDX-License-Identifier: Apache-2.0
"""detect.filter, detect.label and detect.boxes_of."""

from __future__ import annotations

from typing import Any

from ...errors import PackError
from ...imports import need
from ...values import Boxes, Detection, Detections


def filter_detections(detections: Detections, min_side: float, max_count: int, score: float | None = None,
                      class_scores: Any = None, classes: Any = None) -> Detections:
    numpy = need("numpy", "detect.filter")
    wanted = classes if isinstance(classes, list) or classes is None else [classes]
    least = class_scores if isinstance(class_scores, list) or class_scores is None else [class_scores]

    def is_sure(one: Detection) -> bool:
        if least is not None and not 0 <= one.index < len(least):
            raise PackError(f"detect.filter: class {one.index} has no score; there are {len(least)}")
        return least is None or bool(one.score >= numpy.float32(least[one.index]))

    def stays(one: Detection) -> bool:
        x0, y0, x1, y1 = map(numpy.float32, one.box)
        is_large = not min_side > 0 or (x1 - x0 >= numpy.float32(min_side) and y1 - y0 >= numpy.float32(min_side))
        return bool(is_sure(one) and (score is None or one.score >= numpy.float32(score)) and is_large
                    and (wanted is None or one.index in wanted))
    kept = Detections(one for one in detections if stays(one))
    return Detections(kept[:max_count]) if max_count else kept


def label(detections: Detections, labels: list[str]) -> Detections:
    for one in detections:
        if not 0 <= one.index < len(labels):
            raise PackError(f"detect.label: class {one.index} has no label; there are {len(labels)}")
    return Detections(one._replace(label=labels[one.index]) for one in detections)


def boxes_of(detections: Detections) -> Boxes:
    return Boxes(one.box for one in detections)
