# SPDX-License-Identifier: Apache-2.0
"""Scores to classes: top_k, above, label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import Classes, describe_value
from .closeness import cut
from .tensors import float_only

if TYPE_CHECKING:
    import torch

    from ..aliases import Json
    from .op import Op


def _scores(value: Any, op: str, labels: list[str] | None) -> torch.Tensor:
    torch = need("torch", op)
    float_only(value, op)
    if value.dim() != 1:
        raise PackError(f"{op}: takes f32[n], got {describe_value(value)}")
    if bool(torch.isnan(value).any()):
        raise PackError(f"{op}: the scores contain NaN")
    if labels is not None and len(labels) != len(value):
        raise PackError(f"{op}: {len(labels)} labels for {len(value)} scores")
    return value


def classes_of(scores: torch.Tensor, indices: torch.Tensor, labels: list[str] | None) -> Classes:
    """Those of `indices`, in their order."""
    return Classes((int(i), labels[int(i)] if labels else "", float(scores[i])) for i in indices)


def top_k(value: Any, k: int, labels: list[str] | None = None) -> Classes:
    scores = _scores(value, "top_k", labels)
    return classes_of(scores, scores.sort(descending=True, stable=True).indices[:k], labels)


def close_cut(op: Op, value: Any, given: Classes, arguments: Json) -> list[str]:
    return cut(value, arguments["k"])


def _thresholds(value: torch.Tensor, threshold: Any) -> torch.Tensor:
    """One for each score, in float32."""
    numbers = value.new_tensor(threshold if isinstance(threshold, list) else [threshold])
    if len(numbers) not in (1, len(value)):
        raise PackError(f"above: {len(numbers)} thresholds for {len(value)} scores")
    return numbers.expand(len(value))


def above(value: Any, threshold: Any, max_count: int, labels: list[str] | None = None) -> Classes:
    scores = _scores(value, "above", labels)
    found = (scores > _thresholds(scores, threshold)).nonzero()[:, 0]
    return classes_of(scores, found[scores[found].sort(descending=True, stable=True).indices][:max_count or None], labels)


def label(classes: Classes, labels: list[str]) -> Classes:
    for index, _, _ in classes:
        if index >= len(labels):
            raise PackError(f"label: class {index} has no label; there are {len(labels)}")
    return Classes((index, labels[index], score) for index, _, score in classes)
