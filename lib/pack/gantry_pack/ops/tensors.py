# SPDX-License-Identifier: Apache-2.0
"""Ops on tensors: interpolate, normalize, pad_to, softmax, sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import describe_value, is_tensor

if TYPE_CHECKING:
    import torch


def float_only(value: Any, op: str) -> torch.Tensor:
    torch = need("torch", op)
    if value.dtype != torch.float32:
        raise PackError(f"{op}: takes f32, got {describe_value(value)}"
                        + ("; let the model return .float()" if is_tensor(value) and value.is_floating_point() else ""))
    return value


def _planes(value: Any, op: str) -> torch.Tensor:
    torch = need("torch", op)
    if not isinstance(value, torch.Tensor) or value.dtype != torch.float32 or value.dim() not in (3, 4):
        raise PackError(f"{op}: takes f32[channels, height, width], or with n in front, got {describe_value(value)}")
    return value


def interpolate(value: Any, width: int, height: int, mode: str, antialias: bool, align_corners: bool) -> torch.Tensor:
    torch = need("torch", "interpolate")
    if mode.startswith("nearest") and (antialias or align_corners):
        raise PackError("interpolate: antialias and align_corners are not for the nearest modes")
    options = {} if mode.startswith("nearest") else {"antialias": antialias, "align_corners": align_corners}
    batch = _planes(value, "interpolate")[None] if value.dim() == 3 else _planes(value, "interpolate")
    result = torch.nn.functional.interpolate(batch, (height, width), mode=mode.replace("_", "-"), **options)
    return result[0] if value.dim() == 3 else result


def normalize(value: Any, mean: Any, std: Any) -> torch.Tensor:
    torch = need("torch", "normalize")
    numbers = [torch.tensor(each if isinstance(each, list) else [each], dtype=torch.float32) for each in (mean, std)]
    for each in numbers:
        if len(each) not in (1, _planes(value, "normalize").shape[-3]):
            raise PackError(f"normalize: {len(each)} numbers for {value.shape[-3]} channels")
    return (value - numbers[0].reshape(-1, 1, 1)) / numbers[1].reshape(-1, 1, 1)


def pad_planes(planes: torch.Tensor, width: int, height: int, value: Any) -> torch.Tensor:
    torch = need("torch", "pad_to")
    missing = width - _planes(planes, "pad_to").shape[-1], height - planes.shape[-2]
    if min(missing) < 0:
        raise PackError(f"pad_to: {describe_value(planes)} is larger than {width}x{height}")
    return torch.nn.functional.pad(planes, (0, missing[0], 0, missing[1]), value=float(value))


def softmax(value: Any) -> torch.Tensor:
    return need("torch", "softmax").softmax(float_only(value, "softmax"), -1)


def sigmoid(value: Any) -> torch.Tensor:
    return need("torch", "sigmoid").sigmoid(float_only(value, "sigmoid"))
