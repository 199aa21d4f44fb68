# SPDX-License-Identifier: Apache-2.0
"""The cells of a grid of several levels, and boxes that are distributions around them. As lib/ops/detect/cells.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...imports import need

if TYPE_CHECKING:
    import torch


def strides_of(strides: Any) -> list[int]:
    return [int(stride) for stride in (strides if isinstance(strides, list) else [strides])]


def level_sizes(width: int, height: int, strides: Any) -> list[int]:
    return [-(-width // stride) * -(-height // stride) for stride in strides_of(strides)]


def cells(width: int, height: int, strides: Any) -> torch.Tensor:
    """Column, row and stride of each cell, f32[cells, 3], level by level, row by row."""
    torch = need("torch", "a decoder")
    levels = []
    for stride in strides_of(strides):
        rows, columns = torch.meshgrid(torch.arange(-(-height // stride)), torch.arange(-(-width // stride)), indexing="ij")
        levels.append(torch.stack((columns.reshape(-1), rows.reshape(-1), torch.full((rows.numel(),), stride)), 1))
    return torch.cat(levels).float()


def distribution_boxes(at: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Of cells [n, 3] and distributions [n, 4 * bins] to left, top, right and bottom, in strides."""
    torch = need("torch", "a decoder")
    shares = logits.reshape(len(logits), 4, logits.shape[1] // 4).softmax(-1)
    distances = (shares * torch.arange(shares.shape[-1], dtype=torch.float32)).sum(-1)
    centres, strides = at[:, :2] + 0.5, at[:, 2:]
    return torch.cat(((centres - distances[:, :2]) * strides, (centres + distances[:, 2:]) * strides), 1)
