# SPDX-License-Identifier: Apache-2.0
"""detect.centernet: xingyizhou/CenterNet's ctdet_decode()."""

from __future__ import annotations

from typing import Any

from ...imports import need
from ...values import Detections
from .candidates import Rules, detections
from .heads import activated, named


def centernet(value: Any, stride: int, activation: str, heatmap: str, sizes: str, offset: str, score: float, top: int,
              classes: Any = None) -> Detections:
    torch = need("torch", "detect.centernet")
    heat = activated(named(value, heatmap, None, None, None, least=1), activation)
    _, height, width = heat.shape
    plane = height * width
    size = named(value, sizes, 2, height, width).reshape(2, plane)
    shift = named(value, offset, 2, height, width).reshape(2, plane) if offset else torch.full((2, plane), 0.5)
    is_peak = torch.nn.functional.max_pool2d(heat[None], 3, 1, 1)[0] == heat
    rules = Rules(score, top, classes)
    labels = torch.arange(len(heat)).repeat_interleave(plane)
    places = rules.best(heat.reshape(-1), is_peak.reshape(-1) & rules.wanted(labels))
    cell = places % plane
    centres = torch.stack((cell % width, cell // width), 1).float() + shift[:, cell].T
    halves = size[:, cell].T / 2
    boxes = torch.cat((centres - halves, centres + halves), 1) * stride
    return detections(boxes, heat.reshape(-1)[places], labels[places])
