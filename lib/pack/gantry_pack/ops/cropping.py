# SPDX-License-Identifier: Apache-2.0
"""Cropping and padding of images, and image.letterbox, which resizes and pads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from .parameters import crop_size
from .resizing import resize

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage


Size = tuple[int, int]


def letterbox_ratio(size: Size, target: Size, scale_up: bool) -> tuple[float, Size, int, int]:
    """(by what an image grows, its size then, where it is on the canvas)"""
    (width, height), (to_width, to_height) = size, target
    ratio = min(to_height / height, to_width / width)
    ratio = ratio if scale_up else min(ratio, 1.0)
    inner = max(1, round(width * ratio)), max(1, round(height * ratio))
    return ratio, inner, round((to_width - inner[0]) / 2 - 0.1), round((to_height - inner[1]) / 2 - 0.1)


def letterbox(image: PilImage, filter: str, reference: str, antialias: bool, value: Any, scale_up: bool,
              **sides: Any) -> PilImage:
    width, height = crop_size(**sides)
    _, inner, left, top = letterbox_ratio(image.size, (width, height), scale_up)
    image = resize(image, *inner, filter, reference, antialias)
    return _expand(image, left, top, width - inner[0] - left, height - inner[1] - top, value)


def pad(image: PilImage, left: int, top: int, right: int, bottom: int, value: Any, mode: str) -> PilImage:
    if mode == "constant":
        return _expand(image, left, top, right, bottom, value)
    if mode == "reflect" and (max(left, right) >= image.width or max(top, bottom) >= image.height):
        raise PackError(f"image.pad: a border that mirrors the image must be smaller than it, {image.size}")
    Image, numpy = need("PIL.Image", "image.pad"), need("numpy", "image.pad")
    pixels = numpy.asarray(image)
    margins = ((top, bottom), (left, right)) + ((0, 0),) * (pixels.ndim - 2)
    return Image.fromarray(numpy.pad(pixels, margins, mode=mode))


def crop(image: PilImage, left: int, top: int, width: int, height: int) -> PilImage:
    return image.crop((left, top, left + width, top + height))


def _fill(image: PilImage, value: Any) -> Any:
    """The colour of a border, as Pillow takes it."""
    numbers = value if isinstance(value, list) and len(value) > 1 else [value] if not isinstance(value, list) else value
    channels = len(image.getbands())
    if len(numbers) not in (1, channels):
        raise PackError(f"value {value} has {len(numbers)} numbers, but the image has {channels} channels")
    numbers = numbers * channels if len(numbers) == 1 else numbers
    return numbers[0] if channels == 1 else tuple(numbers)


def _expand(image: PilImage, left: int, top: int, right: int, bottom: int, value: Any) -> PilImage:
    Image = need("PIL.Image", "image.pad")
    fill = _fill(image, value)
    canvas = Image.new(image.mode, (image.width + left + right, image.height + top + bottom), fill)
    canvas.paste(image, (left, top))
    return canvas


def center_crop(image: PilImage, centre: str = "half_even", value: Any = 0, **sides: Any) -> PilImage:
    width, height = crop_size(**sides)
    _fill(image, value)
    missing_x, missing_y = max(0, width - image.width), max(0, height - image.height)
    left, top = centre_offset(image.size, (width, height), centre)
    if missing_x or missing_y:
        before_x, before_y = max(0, -left), max(0, -top)
        image = _expand(image, before_x, before_y, missing_x - before_x, missing_y - before_y, value)
        left, top = max(0, left), max(0, top)
    return image.crop((left, top, left + width, top + height))


def centre_offset(size: Size, target: Size, centre: str) -> Size:
    """Where a crop begins in an image; below 0 where that is smaller."""
    how: Any = {"half_even": round, "floor": math.floor, "truncate": int}[centre]

    def of(side: int, wanted: int) -> int:
        return -((wanted - side + (centre == "floor")) // 2) if wanted > side else int(how((side - wanted) / 2.0))
    return of(size[0], target[0]), of(size[1], target[1])


def crop_short(image: PilImage, fraction: float, centre: str) -> PilImage:
    side = int(fraction * min(image.size))
    if side == 0:
        raise PackError(f"image.crop_short: nothing is left of an image of {image.width}x{image.height} pixels")
    return center_crop(image, centre, size=side)


def pad_to(image: PilImage, multiple: int, square: bool, anchor: str, value: Any, **sides: Any) -> PilImage:
    width, height = crop_size(**sides)
    if (width is not None or height is not None) + bool(multiple) + square != 1:
        raise PackError("image.pad_to: takes one of size, width and height, multiple, square")
    _fill(image, value)
    if square:
        width = height = max(image.size)
    if multiple:
        width, height = (-(-side // multiple) * multiple for side in image.size)
    missing_x, missing_y = width - image.width, height - image.height
    if missing_x < 0 or missing_y < 0:
        raise PackError(f"image.pad_to: the image of {image.width}x{image.height} pixels is larger than {width}x{height}")
    left, top = offset_in_larger(image.size, (width, height), anchor)
    return _expand(image, left, top, missing_x - left, missing_y - top, value)


def offset_in_larger(size: Size, target: Size, anchor: str) -> Size:
    return ((target[0] - size[0]) // 2, (target[1] - size[1]) // 2) if anchor == "centre" else (0, 0)


def five_crop(image: PilImage, **sides: Any) -> list[PilImage]:
    width, height = crop_size(**sides)
    if width > image.width or height > image.height:
        raise PackError(f"image.five_crop: the crop {width}x{height} is larger than the image "
                        f"{image.width}x{image.height}")
    right, bottom = image.width - width, image.height - height
    corners = [image.crop((x, y, x + width, y + height)) for y in (0, bottom) for x in (0, right)]
    return [*corners, center_crop(image, width=width, height=height)]
