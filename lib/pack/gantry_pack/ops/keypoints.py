# SPDX-License-Identifier: Apache-2.0
"""keypoints.heatmaps, keypoints.points, keypoints.to_picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import Keypoints, describe_value
from .boxes import need_frame, to_picture
from .closeness import CLOSE
from .detect.boxes import check_are_shares, of_picture
from .detect.heads import checked

if TYPE_CHECKING:
    import torch

    from ..aliases import Json
    from .frame import Frame
    from .op import Op


def _rows(points: torch.Tensor) -> Keypoints:
    return Keypoints(map(tuple, points.tolist()))


def heatmaps(value: Any, stride: int, refine: str, activation: str) -> Keypoints:
    """HRNet's get_max_preds() and get_final_preds(), before the way back into the picture."""
    torch = need("torch", "keypoints.heatmaps")
    maps = checked(value, "the heat maps", None, None, None, least=1)
    if maps.shape[1] == 0:
        raise PackError(f"the heat maps: expected one row at least, got {describe_value(value)}")
    best, x, y = _peaks(maps)
    places = torch.stack((x, y), 1).float()
    if refine == "quarter":
        for i, behind, before in _neighbours(maps, x, y):
            places[i] += 0.25 * (behind - before).sign().nan_to_num()
    scores = best.sigmoid() if activation == "sigmoid" else best
    places[~(scores > 0)] = 0
    return _rows(torch.cat((places * stride, scores[:, None]), 1))


def _peaks(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of each map the first of the largest values, and its x and y; a NaN is larger than all."""
    found = maps.reshape(len(maps), -1).max(1)
    return found.values, found.indices % maps.shape[2], found.indices // maps.shape[2]


def _neighbours(maps: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> list[tuple[int, torch.Tensor, torch.Tensor]]:
    """Of the maps whose peak is refined: (which, the values behind the peak along x and y, those before it)."""
    torch = need("torch", "keypoints.heatmaps")
    is_within = (x > 1) & (x + 1 < maps.shape[2]) & (y > 1) & (y + 1 < maps.shape[1])
    return [(i, torch.stack((maps[i, y[i], x[i] + 1], maps[i, y[i] + 1, x[i]])),
             torch.stack((maps[i, y[i], x[i] - 1], maps[i, y[i] - 1, x[i]]))) for i in is_within.nonzero()[:, 0].tolist()]


def close_peaks(op: Op, value: Any, given: Keypoints, arguments: Json) -> list[str]:
    """Whether rounding may exchange the two largest values of a map, or the two on either side of its peak."""
    is_shown = [score > 0 for _, _, score in given]

    def is_close(one: torch.Tensor, other: torch.Tensor) -> bool:
        sizes = one.abs() + other.abs()
        return bool((((one - other).abs() <= CLOSE * sizes) & (sizes > 0)).any())
    best = value.flatten(1).topk(min(2, value.shape[1] * value.shape[2])).values
    found = any(shown and is_close(*two) for shown, two in zip(is_shown, best) if len(two) == 2)
    if arguments["refine"] == "quarter":
        _, x, y = _peaks(value)
        found = found or any(is_shown[i] and is_close(behind, before) for i, behind, before in _neighbours(value, x, y))
    return ["two places of a heat map are almost equally good"] if found else []


def points(value: Any, relative: bool, width: int, height: int, y_first: bool, frame: Frame | None) -> Keypoints:
    torch = need("torch", "keypoints.points")
    check_are_shares("keypoints.points", relative, width, height)
    has_scores = value.dim() == 2 and value.shape[1] == 3
    rows = checked(value, "the points", None, 3 if has_scores else 2)
    places = rows[:, :2].flip(1) if y_first else rows[:, :2]
    if relative:
        places = of_picture(places.repeat(1, 2), width, height, frame)[:, :2]
    return _rows(torch.cat((places, rows[:, 2:] if has_scores else torch.ones(len(rows), 1)), 1))


def points_to_picture(keypoints: Keypoints, clip: bool, frame: Frame | None) -> Keypoints:
    torch = need("torch", "keypoints.to_picture")
    known = need_frame(frame, "keypoints")
    rows = torch.tensor(keypoints, dtype=torch.float32).reshape(-1, 3)
    return _rows(torch.cat((to_picture(rows[:, :2].repeat(1, 2), clip, known)[:, :2], rows[:, 2:]), 1))
