# SPDX-License-Identifier: Apache-2.0
"""Scores to classes: top_k, label."""

from __future__ import annotations

from typing import Any

from ..errors import PackError
from ..imports import need
from ..values import Classes, describe_value
from .tensors import float_only


def top_k(value: Any, k: int, labels: list[str] | None = None) -> Classes:
    torch = need("torch", "top_k")
    float_only(value, "top_k")
    if value.dim() != 1:
        raise PackError(f"top_k: takes f32[n], got {describe_value(value)}")
    if bool(torch.isnan(value).any()):
        raise PackError("top_k: the scores contain NaN")
    if labels is not None and len(labels) != len(value):
        raise PackError(f"top_k: {len(labels)} labels for {len(value)} scores")
    order = torch.sort(value, descending=True, stable=True)
    return Classes((int(i), labels[int(i)] if labels else "", float(s))
                   for s, i in zip(order.values[:k], order.indices[:k]))


def label(classes: Classes, labels: list[str]) -> Classes:
    for index, _, _ in classes:
        if index >= len(labels):
            raise PackError(f"label: class {index} has no label; there are {len(labels)}")
    return Classes((index, labels[index], score) for index, _, score in classes)
