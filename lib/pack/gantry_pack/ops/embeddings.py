# SPDX-License-Identifier: Apache-2.0
"""l2_normalize and embeddings.nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import Classes, describe_value
from .classes import classes_of
from .closeness import cut
from .tensors import float_only

if TYPE_CHECKING:
    import torch

    from ..aliases import Json
    from .op import Op


def l2_normalize(value: Any, eps: float) -> torch.Tensor:
    torch = need("torch", "l2_normalize")
    if float_only(value, "l2_normalize").dim() == 0 or value.shape[-1] == 0:
        raise PackError(f"l2_normalize: takes f32 with a last axis of at least one element, got {describe_value(value)}")
    return torch.nn.functional.normalize(value, dim=-1, eps=eps)


_LARGEST = 1e15  # the sum of 65536 products of such numbers is one of float32


def nearest(value: Any, table: Any, metric: str, k: int, labels: list[str] | None = None) -> Classes:
    torch = need("torch", "embeddings.nearest")
    _check_table(table, torch)
    if tuple(float_only(value, "embeddings.nearest").shape) != (table.shape[1],) or not bool((value.abs() <= _LARGEST).all()):
        raise PackError(f"embeddings.nearest: takes f32[{table.shape[1]}] of numbers up to {_LARGEST:g}, got "
                        f"{describe_value(value)}")
    if labels is not None and len(labels) != len(table):
        raise PackError(f"embeddings.nearest: {len(labels)} labels for a table of {len(table)} rows")
    scores = _likeness(value, table, metric).float()
    return classes_of(scores, scores.sort(descending=True, stable=True).indices[:k], labels)


def close_neighbours(op: Op, value: Any, given: Classes, arguments: Json) -> list[str]:
    """A share of a score is one of the product of both lengths, or of the longer of both, which a distance is made of."""
    lengths = float(value.double().norm()), float(arguments["table"].double().norm(dim=1).max())
    scale = {"cosine": 1.0, "dot": lengths[0] * lengths[1], "l2": max(lengths)}[arguments["metric"]]
    return cut(_likeness(value, arguments["table"], arguments["metric"]), arguments["k"], scale)


def _likeness(value: Any, table: Any, metric: str) -> torch.Tensor:
    """f64[rows]: the larger, the nearer."""
    torch = need("torch", "embeddings.nearest")
    rows, vector = table.double(), value.double()
    if metric == "cosine":
        rows, vector = (torch.nn.functional.normalize(each, dim=-1, eps=1e-300) for each in (rows, vector))
    return -(rows - vector).norm(dim=1) if metric == "l2" else rows @ vector


def _check_table(table: Any, torch: Any) -> None:
    if table.dtype != torch.float32 or table.dim() != 2 or 0 in table.shape:
        raise PackError(f"embeddings.nearest: the table is f32[n, d], got {describe_value(table)}")
    if not bool((table.abs() <= _LARGEST).all()):
        raise PackError(f"embeddings.nearest: the table holds a NaN, or a number beyond {_LARGEST:g}")
