# SPDX-License-Identifier: Apache-2.0
"""Bytes to images and tensors: image.decode, image.from_raw, image.raw_to_tensor."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ..console import say
from ..errors import PackError
from ..imports import need

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as PilImage


def decode(data: bytes, colour: str, exif_orientation: bool, max_pixels: int, max_bytes: int, max_scans: int,
           truncated: str, approx_size: int) -> PilImage:
    Image = need("PIL.Image", "image.decode")
    ImageFile = need("PIL.ImageFile", "image.decode")
    ImageOps = need("PIL.ImageOps", "image.decode")
    if len(data) > max_bytes:
        raise PackError(f"image.decode: {len(data)} bytes, the limit is {max_bytes}")
    if approx_size:
        raise PackError("image.decode: approx_size has no counterpart in Pillow that answers could be recorded with")
    accepted_before = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated == "accept"
        image = Image.open(io.BytesIO(data))
        if image.format not in ("JPEG", "MPO", "PNG", "WEBP"):
            raise PackError(f"image.decode reads JPEG, PNG and WebP, this sample is {image.format}")
        if image.width * image.height > max_pixels:
            raise PackError(f"image.decode: {image.width}x{image.height} pixels, the limit is {max_pixels}")
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise PackError("image.decode: Pillow cannot read this sample: "
                        + ("it is no image" if "BytesIO" in str(error) else str(error))) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = accepted_before
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"):
        raise PackError(f"image.decode: colour mode {image.mode} is not supported")
    if image.mode == "I;16":  # gray of 16 bits
        if "transparency" in image.info and colour == "unchanged":
            raise PackError("image.decode: gray of 16 bits with a transparent value is not supported as it is; take "
                            "colour rgb")
        say("this sample is gray of 16 bits: image.decode clips values at 255, as Pillow does")
    if exif_orientation:
        image = ImageOps.exif_transpose(image)
    if colour == "rgb":
        return image.convert("RGB")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")


RAW_FORMATS = ("rgb", "bgr", "rgba", "bgra", "gray", "nv12", "nv21", "i420")


def _raw_rows(data: bytes, rows: int, row_bytes: int, stride: int, op: str) -> Any:
    """Rows of bytes, `stride` apart; the gap behind the last one may be missing."""
    numpy = need("numpy", op)
    if not stride * (rows - 1) + row_bytes <= len(data) <= stride * rows:
        raise PackError(f"{op}: {len(data)} bytes do not fit")
    return numpy.frombuffer(bytes(data).ljust(stride * rows, b"\0"), numpy.uint8).reshape(rows, stride)[:, :row_bytes]


def from_raw(data: bytes, format: str, width: int, height: int, row_stride: int) -> PilImage:
    Image = need("PIL.Image", "image.from_raw")
    if format not in ("nv12", "nv21", "i420"):
        channels = 1 if format == "gray" else len(format)
        rows = _raw_rows(data, height, width * channels, row_stride or width * channels, "image.from_raw")
        pixels = rows.reshape(height, width, channels)
        if format.startswith("b"):
            pixels = pixels[:, :, [2, 1, 0, 3][:channels]]
        return Image.fromarray(pixels[:, :, 0].copy() if channels == 1 else pixels.copy())
    if width % 2 or height % 2 or row_stride % 2:
        raise PackError(f"image.from_raw: width, height and row_stride of {format} must be even")
    numpy, cv2 = need("numpy", "image.from_raw"), need("cv2", "image.from_raw (package opencv-python-headless)")
    stride = row_stride or width
    luma = _raw_rows(data[:stride * height], height, width, stride, "image.from_raw")
    half = (stride // 2, width // 2) if format == "i420" else (stride, width)
    chroma = _raw_rows(data[stride * height:], height if format == "i420" else height // 2, half[1], half[0],
                       "image.from_raw")
    frame = numpy.concatenate([luma, chroma.reshape(height // 2, width)])
    return Image.fromarray(cv2.cvtColor(frame, getattr(cv2, f"COLOR_YUV2RGB_{format.upper()}")))


def raw_to_tensor(data: bytes, sample: str, width: int, height: int, channels: int, layout: str,
                  scale: float) -> torch.Tensor:
    torch, numpy = need("torch", "image.raw_to_tensor"), need("numpy", "image.raw_to_tensor")
    samples = numpy.frombuffer(bytes(data), {"u8": "<u1", "u16": "<u2", "f32": "<f4"}[sample])
    if samples.size != width * height * channels:
        raise PackError(f"image.raw_to_tensor: {len(data)} bytes do not fit")
    shape = (channels, height, width) if layout == "chw" else (height, width, channels)
    array = samples.reshape(shape).astype(numpy.float32) * numpy.float32(scale)
    return torch.from_numpy(numpy.ascontiguousarray(array if layout == "chw" else array.transpose(2, 0, 1)))
