# SPDX-License-Identifier: Apache-2.0
"""Images moved, turned and mirrored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import to_array

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as PilImage


def _tensor_of(image: PilImage) -> torch.Tensor:
    torch = need("torch", "warping")
    return torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1)


def _image_of(tensor: torch.Tensor) -> PilImage:
    Image = need("PIL.Image", "warping")
    array = tensor.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def affine(image: PilImage, angle: float, translate_x: float, translate_y: float, scale: float, shear_x: float,
           shear_y: float, filter: str, centre: Any = None, fill: int | None = None) -> PilImage:
    v2 = need("torchvision.transforms.v2", "image.affine")
    if scale <= 0:
        raise PackError(f"image.affine: scale must be above 0, got {scale}")
    return _image_of(v2.functional.affine(
        _tensor_of(image), float(angle), [float(translate_x), float(translate_y)], float(scale),
        [float(shear_x), float(shear_y)], v2.InterpolationMode(filter), fill, centre))


def perspective(image: PilImage, start: list[float], end: list[float], filter: str,
                fill: int | None = None) -> PilImage:
    v2 = need("torchvision.transforms.v2", "image.perspective")
    corners = [[list(numbers[i:i + 2]) for i in range(0, 8, 2)] for numbers in (start, end)]
    return _image_of(v2.functional.perspective(_tensor_of(image), *corners, v2.InterpolationMode(filter), fill))


def rotate90(image: PilImage, turns: int) -> PilImage:
    Image = need("PIL.Image", "image.rotate90")
    return image.transpose(getattr(Image.Transpose, f"ROTATE_{90 * turns}")) if turns else image


def flip(image: PilImage, axis: str) -> PilImage:
    Image = need("PIL.Image", "image.flip")
    how = Image.Transpose.FLIP_LEFT_RIGHT if axis == "horizontal" else Image.Transpose.FLIP_TOP_BOTTOM
    return image.transpose(how)
