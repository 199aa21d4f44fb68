# SPDX-License-Identifier: Apache-2.0
"""detect.picodet: PaddleDetection's PicoDetPostProcess up to its suppression."""

from __future__ import annotations

from typing import Any

from ...errors import PackError
from ...imports import need
from ...values import Detections
from .candidates import Rules, by_score, detections
from .grid import cells, distribution_boxes, level_sizes
from .heads import activated, checked


def picodet(value: Any, width: int, height: int, strides: Any, activation: str, multi_label: bool, score: float, top: int,
            classes: Any = None) -> Detections:
    torch = need("torch", "detect.picodet")
    sizes = level_sizes(width, height, strides)
    tensors = list(value.items())
    if len(tensors) != 2 * len(sizes):
        raise PackError(f"detect.picodet: expected {2 * len(sizes)} tensors, scores of {len(sizes)} levels, then their "
                        f"distributions, got {len(tensors)}")
    grid, rules = cells(width, height, strides), Rules(score, top, classes)
    boxes, scores, places, begin, class_count = [], [], [], 0, None
    for size, (score_name, logits), (box_name, codes) in zip(sizes, tensors, tensors[len(sizes):]):
        table = activated(checked(logits, f"tensor '{score_name}'", size, class_count, least=1), activation)
        codes = checked(codes, f"tensor '{box_name}'", size, None, least=8)
        if codes.shape[1] % 4:
            raise PackError(f"tensor '{box_name}': expected float32[{size}, 4 * bins], got {tuple(codes.shape)}")
        class_count = table.shape[1]
        wanted = torch.where(rules.wanted(torch.arange(class_count)) & ~table.isnan(), table, -1.0)
        best = Rules(score, top).best_of_rows(wanted, False)
        if multi_label:
            rows = best // class_count
            row, label = torch.where(wanted[rows] > score)
            best = rows[row] * class_count + label
        rows = best // class_count
        boxes.append(distribution_boxes(grid[begin + rows], codes[rows]))
        scores.append(table.reshape(-1)[best])
        places.append(begin * class_count + best)
        begin += size
    order = by_score(torch.cat(scores), torch.cat(places))
    return detections(torch.cat(boxes)[order], torch.cat(scores)[order], torch.cat(places)[order] % class_count)
