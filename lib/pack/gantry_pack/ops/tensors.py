# SPDX-License-Identifier: Apache-2.0
"""Ops on tensors: interpolate, normalize, pad_to, softmax, sigmoid."""

from __future__ import annotations

import math
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


def sides_within(planes: torch.Tensor, min_size: int, max_size: int) -> tuple[int, int]:
    """(width, height), as torchvision's GeneralizedRCNNTransform chooses them."""
    height, width = planes.shape[-2:]
    scale = min(min_size / min(height, width), max_size / max(height, width))
    sides = math.floor(width * scale), math.floor(height * scale)
    if 0 in sides:
        raise PackError(f"interpolate: {describe_value(planes)} would become {sides[0]}x{sides[1]}")
    return sides


def interpolate(value: Any, mode: str, antialias: bool, align_corners: bool, width: int = 0, height: int = 0,
                min_size: int = 0, max_size: int = 0) -> torch.Tensor:
    torch = need("torch", "interpolate")
    if mode.startswith("nearest") and (antialias or align_corners):
        raise PackError("interpolate: antialias and align_corners are not for the nearest modes")
    options = {} if mode.startswith("nearest") else {"antialias": antialias, "align_corners": align_corners}
    batch = _planes(value, "interpolate")[None] if value.dim() == 3 else _planes(value, "interpolate")
    if min_size:
        width, height = sides_within(batch, min_size, max_size)
    result = torch.nn.functional.interpolate(batch, (height, width), mode=mode.replace("_", "-"), **options)
    return result[0] if value.dim() == 3 else result


def normalize(value: Any, mean: Any, std: Any) -> torch.Tensor:
    torch = need("torch", "normalize")
    numbers = [torch.tensor(each if isinstance(each, list) else [each], dtype=torch.float32) for each in (mean, std)]
    for each in numbers:
        if len(each) not in (1, _planes(value, "normalize").shape[-3]):
            raise PackError(f"normalize: {len(each)} numbers for {value.shape[-3]} channels")
    return (value - numbers[0].reshape(-1, 1, 1)) / numbers[1].reshape(-1, 1, 1)


def pad_planes(planes: torch.Tensor, value: Any, width: int = 0, height: int = 0, multiple: int = 0) -> torch.Tensor:
    torch = need("torch", "pad_to")
    own_height, own_width = _planes(planes, "pad_to").shape[-2:]
    if multiple:
        width, height = (-(-side // multiple) * multiple for side in (own_width, own_height))
    missing = width - own_width, height - own_height
    if min(missing) < 0:
        raise PackError(f"pad_to: {describe_value(planes)} is larger than {width}x{height}")
    return torch.nn.functional.pad(planes, (0, missing[0], 0, missing[1]), value=float(value))


def softmax(value: Any, temperature: float) -> torch.Tensor:
    return need("torch", "softmax").softmax(float_only(value, "softmax") / temperature, -1)


def sigmoid(value: Any, temperature: float) -> torch.Tensor:
    return need("torch", "sigmoid").sigmoid(float_only(value, "sigmoid") / temperature)
