# SPDX-License-Identifier: Apache-2.0
"""Means of areas: image.area_to_tensor and image.pyramid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from .conversion import to_array

if TYPE_CHECKING:
    import numpy
    import torch
    from PIL.Image import Image as PilImage

_MOST_PIXELS = 65793  # of an area: float32 holds the sum of so many bytes


def scales_of(size: tuple[int, int], scale: float, factor: float, min_side: int) -> list[float]:
    """facenet_pytorch, detect_face.py."""
    found, side = [], min(size) * scale
    while side >= min_side:
        found.append(scale)
        scale, side = scale * factor, side * factor
    return found


def level_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return int(size[0] * scale + 1), int(size[1] * scale + 1)


def area_to_tensor(image: PilImage, width: int, height: int, mean: Any, std: Any) -> torch.Tensor:
    torch = need("torch", "image.area_to_tensor")
    pixels = torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1)

    def per_channel(numbers: Any, name: str) -> Any:
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if len(numbers) not in (1, len(pixels)):
            raise PackError(f"{name} has {len(numbers)} numbers, but the image has {len(pixels)} channels")
        return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1)
    return (_means(pixels, height, width) - per_channel(mean, "mean")) / per_channel(std, "std")


def pyramid(image: PilImage, scale: float, factor: float, min_side: int, mean: Any, std: Any) -> list[torch.Tensor]:
    return [area_to_tensor(image, *level_size(image.size, one), mean, std)
            for one in scales_of(image.size, scale, factor, min_side)]


def _means(pixels: torch.Tensor, height: int, width: int) -> torch.Tensor:
    torch = need("torch", "image.area_to_tensor")
    rows, columns = _windows(pixels.shape[1], height), _windows(pixels.shape[2], width)
    counts = rows[1] - rows[0], columns[1] - columns[0]
    if int(counts[0].max()) * int(counts[1].max()) <= _MOST_PIXELS:
        return torch.nn.functional.interpolate(pixels.float()[None], (height, width), mode="area")[0]
    numpy = need("numpy", "image.area_to_tensor")  # torch would round while it adds up
    sums = numpy.pad(pixels.numpy().astype(numpy.int64), ((0, 0), (1, 0), (1, 0))).cumsum(1).cumsum(2)
    down = sums[:, rows[1]] - sums[:, rows[0]]
    totals = (down[:, :, columns[1]] - down[:, :, columns[0]]).astype(numpy.float32)
    return torch.from_numpy(totals / counts[0].astype(numpy.float32)[:, None] / counts[1].astype(numpy.float32))


def _windows(given: int, wanted: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Where each area of an axis begins and ends."""
    places = need("numpy", "image.area_to_tensor").arange(wanted)
    return places * given // wanted, -(-(places + 1) * given // wanted)
