# SPDX-License-Identifier: Apache-2.0
"""Resizing as Pillow, torchvision on u8 tensors and OpenCV do it, and the rules for sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..limits import MAX_SIDE
from ..values import to_array
from .parameters import OF_OPENCV, OF_PILLOW, OF_TORCH, crop_size

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage


def _resample(filter_name: str) -> Any:
    Image = need("PIL.Image", "resizing")
    return getattr(Image.Resampling, filter_name.upper())


def _check_resampling(filter: str, reference: str, antialias: bool) -> None:
    filters = {"pillow": OF_PILLOW, "torch_u8": OF_TORCH, "opencv": tuple(OF_OPENCV)}[reference]
    if filter not in filters:
        raise PackError(f"reference {reference} has no filter {filter}; its filters are {' '.join(filters)}")
    if not antialias and reference != "torch_u8":
        raise PackError(f"antialias=false is for reference torch_u8, not for {reference}")
    if not antialias and filter == "lanczos":
        raise PackError("filter lanczos of reference torch_u8 needs antialias=true")


def resize(image: PilImage, width: int, height: int, filter: str, reference: str, antialias: bool,
           box: list[float] | None = None, reducing_gap: float = 0) -> PilImage:
    _check_resampling(filter, reference, antialias)
    if box or reducing_gap:
        return _resize_in_pillow(image, (width, height), filter, reference, box, reducing_gap)
    if (width, height) == image.size:
        return image
    if reference == "pillow":
        return image.resize((width, height), _resample(filter))
    return (_resize_in_opencv if reference == "opencv" else _resize_in_torch)(image, width, height, filter, antialias)


def _resize_in_opencv(image: PilImage, width: int, height: int, filter: str, _: bool) -> PilImage:
    Image = need("PIL.Image", "resizing")
    cv2 = need("cv2", "resizing as OpenCV does (package opencv-python-headless)")
    had_ipp = hasattr(cv2, "ipp") and cv2.ipp.useIPP()
    try:
        if had_ipp:
            cv2.ipp.setUseIPP(False)  # it rounds INTER_CUBIC otherwise than OpenCV does
        return Image.fromarray(cv2.resize(need("numpy", "resizing").asarray(image), (width, height),
                                          interpolation=getattr(cv2, f"INTER_{OF_OPENCV[filter]}")))
    finally:
        if had_ipp:
            cv2.ipp.setUseIPP(True)


def _resize_in_torch(image: PilImage, width: int, height: int, filter: str, antialias: bool) -> PilImage:
    Image = need("PIL.Image", "resizing")
    torch = need("torch", "resizing")
    pixels = torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1)[None]
    options = {} if filter.startswith("nearest") else {"antialias": antialias}
    resized = torch.nn.functional.interpolate(pixels, (height, width), mode=filter.replace("_", "-"), **options)[0]
    array = resized.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array.squeeze(-1) if array.shape[2] == 1 else array)


def _resize_in_pillow(image: PilImage, size: tuple[int, int], filter: str, reference: str, box: list[float] | None,
                      reducing_gap: float) -> PilImage:
    if reference != "pillow":
        raise PackError(f"reference {reference} has no box and no reducing_gap; pillow has")
    if box:
        numpy = need("numpy", "resizing")
        box = [float(numpy.float32(side)) for side in box]  # Pillow resamples with float32
        if box[2] > image.width or box[3] > image.height:
            raise PackError(f"image.resize: box={box} does not lie in the {image.width}x{image.height} image")
    return image.resize(size, _resample(filter), box and tuple(box), reducing_gap or None)


def _upright(image: PilImage, short: int, long: int) -> tuple[int, int]:
    return (short, long) if image.width <= image.height else (long, short)


def resize_short(image: PilImage, size: int, filter: str, reference: str, antialias: bool, max_size: int,
                 rounding: str) -> PilImage:
    short, long = sorted((image.width, image.height))
    if rounding == "round":
        return _resize_as_detr(image, size, filter, reference, antialias, max_size)
    new_short, new_long = size, int(size * long / short)
    if max_size and new_long > max_size:
        new_short, new_long = max(1, int(max_size * new_short / new_long)), max_size
    return resize(image, *_upright(image, new_short, new_long), filter, reference, antialias)


def _resize_as_detr(image: PilImage, size: int, filter: str, reference: str, antialias: bool,
                    max_size: int) -> PilImage:
    """transformers' get_size_with_aspect_ratio (image_transforms.py)."""
    short, long = (float(side) for side in sorted((image.width, image.height)))
    if max_size and max_size < size:
        raise PackError(f"image.resize_short: max_size must be from size on, {size}, got {max_size}")
    exact = max_size * short / long if max_size and long / short * size > max_size else size
    new_short = round(exact)
    if new_short == short:
        return image
    new_long = int(exact * long / short)
    if new_short < 1:
        raise PackError(f"image.resize_short: an image of {image.size} would become {new_long}x{new_short}")
    return resize(image, *_upright(image, new_short, new_long), filter, reference, antialias)


def resize_fit(image: PilImage, width: int, height: int, fit: str, rounding: str, multiple: int, filter: str,
               reference: str, antialias: bool) -> PilImage:
    if multiple and rounding != "round":
        raise PackError("image.resize_fit: multiple goes with rounding=round")
    scales = width / image.width, height / image.height
    ratios = image.width / width, image.height / height
    if fit == "nearest":
        chosen = 0 if abs(1 - scales[0]) < abs(1 - scales[1]) else 1
        scale, ratio = scales[chosen], ratios[chosen]
    else:
        scale, ratio = (min(scales), max(ratios)) if fit == "inside" else (max(scales), min(ratios))

    def side_of(side: int) -> int:
        if multiple:
            return round(scale * side / multiple) * multiple  # transformers' DPT
        return round(side / ratio) if rounding == "round" else int(side * scale)  # timm; transformers
    size = side_of(image.width), side_of(image.height)
    if min(size) < 1 or max(size) > MAX_SIDE:
        raise PackError(f"image.resize_fit: a {image.width}x{image.height} image would become {size[0]}x{size[1]}")
    return resize(image, *size, filter, reference, antialias)


def resize_long(image: PilImage, size: int, filter: str, reference: str, antialias: bool, rounding: str) -> PilImage:
    short, long = sorted((image.width, image.height))
    if rounding == "half_up":  # transformers' SAM
        width, height = (int(side * (size * 1.0 / long) + 0.5) for side in image.size)
        if min(width, height) < 1:
            raise PackError(f"image.resize_long: an image of {image.size} would become {width}x{height}")
        return resize(image, width, height, filter, reference, antialias)
    return resize(image, *_upright(image, max(1, int(size * short / long)), size), filter, reference, antialias)


def thumbnail(image: PilImage, filter: str, reducing_gap: float, **sides: Any) -> PilImage:
    _check_resampling(filter, "pillow", antialias=True)
    small = image.copy()  # of an image in memory: draft() is image.decode's approx_size
    small.thumbnail(crop_size(**sides), _resample(filter), reducing_gap or None)
    return small
