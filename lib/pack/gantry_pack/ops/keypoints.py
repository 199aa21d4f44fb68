# SPDX-License-Identifier: Apache-2.0
"""keypoints.heatmaps, keypoints.points, keypoints.to_picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import Keypoints, describe_value
from .boxes import need_frame, to_picture
from .detect.boxes import check_are_shares, of_picture
from .detect.heads import checked

if TYPE_CHECKING:
    import torch

    from .frame import Frame


def _rows(points: torch.Tensor) -> Keypoints:
    return Keypoints(map(tuple, points.tolist()))


def heatmaps(value: Any, stride: int, refine: str, activation: str) -> Keypoints:
    """HRNet's get_max_preds() and get_final_preds(), before the way back into the picture."""
    torch = need("torch", "keypoints.heatmaps")
    maps = checked(value, "the heat maps", None, None, None, least=1)
    if maps.shape[1] == 0:
        raise PackError(f"the heat maps: expected one row at least, got {describe_value(value)}")
    count, height, width = maps.shape
    found = maps.reshape(count, -1).max(1)  # the first of the largest; a NaN is larger than all
    x, y = found.indices % width, found.indices // width
    places = torch.stack((x, y), 1).float()
    if refine == "quarter":
        is_within = (x > 1) & (x + 1 < width) & (y > 1) & (y + 1 < height)
        for i in is_within.nonzero()[:, 0].tolist():
            steps = torch.stack((maps[i, y[i], x[i] + 1] - maps[i, y[i], x[i] - 1],
                                 maps[i, y[i] + 1, x[i]] - maps[i, y[i] - 1, x[i]]))
            places[i] += 0.25 * steps.sign().nan_to_num()
    scores = found.values.sigmoid() if activation == "sigmoid" else found.values
    places[~(scores > 0)] = 0
    return _rows(torch.cat((places * stride, scores[:, None]), 1))


def is_close_peak(value: torch.Tensor, share: float) -> bool:
    """Whether a heat map's maximum, or what it is refined by, is decided by so small a share of it."""
    torch = need("torch", "keypoints.heatmaps")

    def places(maps: Any) -> list[tuple[float, ...]]:
        return [point[:2] for point in heatmaps(maps, 1, "quarter", "none")]
    random = torch.Generator().manual_seed(0)
    return any(places(value) != places(value * (1 + share * (torch.rand(value.shape, generator=random) * 2 - 1)))
               for _ in range(4))


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
    known = need_frame(frame)
    rows = torch.tensor(keypoints, dtype=torch.float32).reshape(-1, 3)
    return _rows(torch.cat((to_picture(rows[:, :2].repeat(1, 2), clip, known)[:, :2], rows[:, 2:]), 1))
