#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gantry-pack: turns a PyTorch model, and the Python preprocessing it was trained with, into a gantry package.

    from gantry_pack import pack
    pack("cats/1", model, torch.rand(1, 3, 224, 224), name="cats", version="1",
         pipeline=weights.transforms(), labels=weights.meta["categories"], samples=["cat.jpg", "dog.jpg"])

`pack` exports the model, runs the Python stack on the samples, stores every intermediate value as a golden case that
the C++ side must reproduce before it serves, and writes the directory in one step. It refuses to write a package whose
Python-side checks fail: exported model against the eager one, translated ops against the transform, and
the pipeline against your own `reference` callable. The format is lib/model/manifest.schema.md; lib/pack/README.md is
the guide.

One file; needs torch. Pillow, torchvision and cryptography (or the openssl tool) only where they are used.
"""

import argparse
import atexit
import contextlib
import copy
import datetime
import dis
import functools
import hashlib
import importlib.util
import inspect
import io
import json
import logging
import math
import operator
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import types
import warnings
import zlib
from pathlib import Path
from xml.etree import ElementTree

__all__ = ["pack", "translate", "run_pipeline", "verify", "sign", "generate_key", "Tolerance", "PackError",
           "CheckFailed"]

FORMAT = 1
VERSION = "0.1.0"  # of gantry
OLDEST_TORCH = "2.6"
MAX_STAGE_BYTES = 4 << 20   # values of stages and results that one golden case stores whole
MAX_SAMPLE_BYTES = 1 << 20  # of values that stand for larger tensors, all in one golden case
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
SYMBOL_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_SIDE = 65535
MAX_RANK = 8  # dimensions of a tensor
MAX_LIBRARIES = 16
MAX_MANIFEST_BYTES = 16 << 20


class PackError(Exception):
    """The package could not be made or read: wrong arguments, missing tools, an op that does not exist."""


class CheckFailed(PackError):
    """A check said no: answers differ, or a package's content is not what its manifest says."""


class Tolerance:
    """|got - expected| <= atol + rtol * |expected|; NaN equals NaN, an infinity itself only. Tolerance() is exact."""

    def __init__(self, atol=0.0, rtol=0.0):
        self.atol, self.rtol = float(atol), float(rtol)
        if not (0 <= self.atol < math.inf and 0 <= self.rtol < math.inf):
            raise PackError(f"tolerance: atol and rtol must be finite and not negative, got {atol} and {rtol}")

    @classmethod
    def of(cls, value):
        if isinstance(value, cls):
            return value
        if value == "exact":
            return cls()
        if isinstance(value, dict) and set(value) <= {"atol", "rtol"} and all(map(_is_number, value.values())):
            return cls(**value)
        raise PackError(f'tolerance: expected "exact" or {{"atol": a, "rtol": r}}, got {value!r}')

    def at(self, expected):
        """How far a value near `expected` may be off."""
        return self.atol + self.rtol * abs(expected) if math.isfinite(expected) else 0.0

    def accepts(self, got, expected):
        return got == expected or math.isnan(got) and math.isnan(expected) or abs(got - expected) <= self.at(expected)

    def is_exact(self):
        return self.atol == 0 and self.rtol == 0

    def within(self, other):
        return Tolerance(min(self.atol, other.atol), min(self.rtol, other.rtol))

    def wider(self, other):
        return Tolerance(max(self.atol, other.atol), max(self.rtol, other.rtol))

    def to_json(self):
        return "exact" if self.is_exact() else {"atol": self.atol, "rtol": self.rtol}

    def __str__(self):
        return "exact" if self.is_exact() else f"atol {self.atol:g}, rtol {self.rtol:g}"


EXACT = Tolerance()


class Rounding:
    """How far an op may be from its reference. `text` is the last column of the table of ops in manifest.schema.md;
    `of(arguments, value)` is what a golden case allows for a recorded value, and `share` how many of its elements are
    expected to be off at all."""

    def __init__(self, text, of, share=1.0):
        self.text, self.of, self.share = text, of, share

    @classmethod
    def fixed(cls, tolerance):
        return cls("exact" if tolerance.is_exact() else str(tolerance), lambda arguments, value: tolerance)


EXACT_OP = Rounding.fixed(EXACT)
RELATIVE = Rounding("1e-6 relative", lambda arguments, value: Tolerance(1e-7, 2e-6))  # on either side
WARPED = Rounding("bilinear: 1 in at most 0.2 % of the bytes, or in four",
                  lambda arguments, value: Tolerance(1) if arguments["filter"] == "bilinear" else EXACT, share=0.002)
RESAMPLED = Rounding("nearest: exact; the others 4e-5 of the largest value, on sides up to 256",
                     lambda arguments, value: EXACT if arguments["mode"].startswith("nearest")
                     else Tolerance(4e-5 * magnitude([value])))
SEGMENTED = Rounding("exact but where the two best logits differ by rounding", lambda arguments, value: EXACT)


def say(text):
    print(f"gantry-pack: {text}", file=sys.stderr, flush=True)


def need(module, what):
    """Imports `module`, or says which package is missing and for what."""
    try:
        __import__(module)
        return sys.modules[module]
    except ImportError as error:
        package = {"PIL": "pillow", "torch": "torch", "numpy": "numpy"}.get(module.split(".")[0], module.split(".")[0])
        raise PackError(f"{what} needs the Python package '{package}', which cannot be imported ({error}); "
                        f"pip install {package}") from error


# ---- Values -----------------------------------------------------------------------------------------------------
# In this file a payload is: Bytes = bytes, Image = PIL image of mode L, RGB or RGBA, Tensor = torch.Tensor of one
# sample, Tensors = {name: tensor}, Classes = Classes, list<T> = list, tuple<...> = tuple.

class Classes(list):
    """[(index, label, score), ...], best first."""


DTYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "float64": "f64", "uint8": "u8", "int8": "i8",
          "int16": "i16", "int32": "i32", "int64": "i64", "bool": "bool"}


def dtype_name(tensor, what="a tensor"):
    name = str(tensor.dtype).replace("torch.", "")
    if name not in DTYPES:
        raise PackError(f"{what} is of {name}; gantry knows {', '.join(DTYPES)}")
    return DTYPES[name]


def to_array(value, what):
    """A NumPy array, C order and little-endian, of an image or a tensor."""
    numpy = need("numpy", "recording golden cases")
    if is_pil(value):
        array = numpy.asarray(value)
        return array[:, :, None] if array.ndim == 2 else array
    tensor = value.detach().cpu()
    if dtype_name(tensor) == "bf16":
        raise PackError(f"{what} is bf16, which .npy files cannot hold; let the model take and return f32, or "
                        "pass no samples")
    return numpy.ascontiguousarray(tensor.numpy()).reshape(tuple(tensor.shape))


def is_pil(value):
    image = sys.modules.get("PIL.Image")
    return image is not None and isinstance(value, image.Image)


def is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def describe_value(value):
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if is_pil(value):
        return f"{value.mode} image {value.width}x{value.height}"
    if is_tensor(value):
        return f"tensor {dtype_name(value)}{list(value.shape)}"
    return type(value).__name__


# ---- Comparing --------------------------------------------------------------------------------------------------

def difference(got, expected, tolerance, what):
    """None, or one line that says where and how far `got` is from `expected`."""
    if is_tensor(expected) or is_pil(expected):
        return _array_difference(got, expected, tolerance, what)
    if isinstance(expected, Classes):
        return _classes_difference(got, expected, tolerance, what)
    if isinstance(expected, dict):
        if not isinstance(got, dict) or list(got) != list(expected):
            return f"{what}: names are {list(got) if isinstance(got, dict) else got!r}, expected {list(expected)}"
        pairs = [(f"{what} '{key}'", got[key], expected[key]) for key in expected]
    elif isinstance(expected, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(expected):
            return f"{what}: expected {len(expected)} values, got {len(got) if hasattr(got, '__len__') else got!r}"
        pairs = [(f"{what}[{i}]", g, e) for i, (g, e) in enumerate(zip(got, expected))]
    else:
        return None if got == expected else f"{what}: got {got!r}, expected {expected!r}"
    return next((found for found in (difference(g, e, tolerance, name) for name, g, e in pairs) if found), None)


def _array_difference(got, expected, tolerance, what):
    numpy = need("numpy", "comparing tensors")
    if is_tensor(got) and is_tensor(expected) and got.dtype != expected.dtype:
        return f"{what}: dtype is {dtype_name(got)}, expected {dtype_name(expected)}"
    got, expected = to_comparable(got), to_comparable(expected)
    if got.shape != expected.shape:
        return f"{what}: shape is {list(got.shape)}, expected {list(expected.shape)}"
    got, expected = got.astype(numpy.float64), expected.astype(numpy.float64)
    with numpy.errstate(invalid="ignore"):
        error = numpy.abs(got - expected)
        good = numpy.isfinite(expected) & (error <= tolerance.atol + tolerance.rtol * numpy.abs(expected))
    good |= (got == expected) | (numpy.isnan(got) & numpy.isnan(expected))
    if good.all():
        return None
    error = numpy.where(good, -1.0, numpy.where(numpy.isnan(error), math.inf, error))
    worst = numpy.unravel_index(int(error.argmax()), error.shape)
    at = "[" + ", ".join(str(int(i)) for i in worst) + "]"
    return (f"{what}: {int((~good).sum())} of {good.size} values differ; at {at} it is {got[worst]:.9g}, expected "
            f"{expected[worst]:.9g} (tolerance: {tolerance})")


def to_comparable(value):
    if is_tensor(value):
        return to_array(value.float() if dtype_name(value) == "bf16" else value, "value")
    if is_pil(value):
        return to_array(value, "value")
    return need("numpy", "comparing tensors").asarray(value)


def _classes_difference(got, expected, tolerance, what):
    """`got` is Classes, a list of (label, score), or the scores of all classes by index."""
    if isinstance(got, Classes):
        got = [(entry[0], entry[2]) for entry in got]
        wanted = [(entry[0], entry[2]) for entry in expected]
    elif isinstance(got, (list, tuple)) and got and isinstance(got[0], (list, tuple)):
        got, wanted = [(entry[0], entry[1]) for entry in got], [(entry[1], entry[2]) for entry in expected]
    else:
        return _scores_difference(got, expected, tolerance, what)
    if len(got) != len(wanted):
        return f"{what}: {len(got)} classes, expected {len(wanted)}"
    for i, ((key, score), (wanted_key, wanted_score)) in enumerate(zip(got, wanted)):
        if not tolerance.accepts(float(score), wanted_score):
            return (f"{what}: class {i} ({key}) has score {float(score):.6f}, expected {wanted_score:.6f} "
                    f"(tolerance: {tolerance})")
        twins = [k for k, s in wanted if tolerance.accepts(s, wanted_score)]
        if key not in twins:
            return f"{what}: class {i} is {key!r}, expected {wanted_key!r}"
    return None


def _scores_difference(got, expected, tolerance, what):
    scores = to_comparable(got).reshape(-1)
    for rank, (index, label, score) in enumerate(expected):
        name = f"class {index}" + (f" ({label})" if label else "")
        if index >= len(scores):
            return f"{what}: gives {len(scores)} scores, but {name} was expected"
        if not tolerance.accepts(float(scores[index]), score):
            return (f"{what}: {name} has score {float(scores[index]):.6f}, expected {score:.6f} "
                    f"(tolerance: {tolerance})")
        better = int((scores > score + tolerance.at(score)).sum())
        if better > rank:
            return f"{what}: {name} is number {rank + 1}, but {better} others have a higher score"
    return None


# ---- Ops: parameters, types, and the Python reference of each -----------------------------------------------------

def _integer(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int):
            return "expected an integer"
        return None if low <= value <= high else f"expected {low}..{high}"
    return check


def _choice(*options):
    return lambda value: None if value in options else f"expected one of {', '.join(options)}"


def _boolean(value):
    return None if isinstance(value, bool) else "expected true or false"


def _text(value):
    return None if isinstance(value, str) and value else "expected a file name"


def _channel_numbers(zero_allowed):
    def check(value):
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) not in (1, 3, 4):
            return "expected a number, or one per channel"
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
                return "expected a finite number, or a list of them"
            if not zero_allowed and number == 0:
                return "must not be 0"
        return None
    return check


def _colour(value):
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) in (1, 3, 4) and all(_integer(0, 255)(number) is None for number in numbers):
        return None
    return "expected 0..255, or one such number per channel"


def _fraction(value):
    return None if _is_number(value) and 0 < value <= 1 else "expected a number above 0, at most 1"


def _factor(value):
    return None if _is_number(value) and value != 0 else "expected a finite number, not 0"


def _box(value):
    if not isinstance(value, list) or len(value) != 4 or not all(_is_number(side) for side in value):
        return "expected [left, top, right, bottom]"
    left, top, right, bottom = value
    if not (0 <= left < right and 0 <= top < bottom):
        return "must have 0 <= left < right and 0 <= top < bottom"
    return None


def _reducing_gap(value):
    return None if _is_number(value) and (value == 0 or value >= 1) else "expected 0 or a number from 1 on"


SIDE = _integer(1, MAX_SIDE)
FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos", "nearest", "nearest_exact", "area", "lanczos4")
OF_PILLOW, OF_TORCH = FILTERS[:6], ("bilinear", "bicubic", "lanczos", "nearest", "nearest_exact")
OF_OPENCV = {"bilinear": "LINEAR", "bicubic": "CUBIC", "lanczos4": "LANCZOS4", "nearest": "NEAREST",
             "nearest_exact": "NEAREST_EXACT", "area": "AREA"}


def _decode(data, colour, exif_orientation, max_pixels, max_bytes, max_scans, truncated, approx_size):
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
        raise PackError(f"image.decode: Pillow cannot read this sample: "
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


def _scale(value):
    return None if _is_number(value) else "expected a finite number"


RAW_FORMATS = ("rgb", "bgr", "rgba", "bgra", "gray", "nv12", "nv21", "i420")


def _raw_rows(data, rows, row_bytes, stride, op):
    """Rows of bytes, `stride` apart; the gap behind the last one may be missing."""
    numpy = need("numpy", op)
    if not stride * (rows - 1) + row_bytes <= len(data) <= stride * rows:
        raise PackError(f"{op}: {len(data)} bytes do not fit")
    return numpy.frombuffer(bytes(data).ljust(stride * rows, b"\0"), numpy.uint8).reshape(rows, stride)[:, :row_bytes]


def _from_raw(data, format, width, height, row_stride):
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


def _raw_to_tensor(data, sample, width, height, channels, layout, scale):
    numpy = need("numpy", "image.raw_to_tensor")
    samples = numpy.frombuffer(bytes(data), {"u8": "<u1", "u16": "<u2", "f32": "<f4"}[sample])
    if samples.size != width * height * channels:
        raise PackError(f"image.raw_to_tensor: {len(data)} bytes do not fit")
    shape = (channels, height, width) if layout == "chw" else (height, width, channels)
    array = samples.reshape(shape).astype(numpy.float32) * numpy.float32(scale)
    return need("torch", "image.raw_to_tensor").from_numpy(
        numpy.ascontiguousarray(array if layout == "chw" else array.transpose(2, 0, 1)))


def _resample(filter_name):
    Image = need("PIL.Image", "resizing")
    return getattr(Image.Resampling, filter_name.upper())


def _check_resampling(filter, reference, antialias):
    filters = {"pillow": OF_PILLOW, "torch_u8": OF_TORCH, "opencv": tuple(OF_OPENCV)}[reference]
    if filter not in filters:
        raise PackError(f"reference {reference} has no filter {filter}; its filters are {' '.join(filters)}")
    if not antialias and reference != "torch_u8":
        raise PackError(f"antialias=false is for reference torch_u8, not for {reference}")
    if not antialias and filter == "lanczos":
        raise PackError("filter lanczos of reference torch_u8 needs antialias=true")


def _resize(image, width, height, filter, reference, antialias, box=None, reducing_gap=0):
    _check_resampling(filter, reference, antialias)
    if box or reducing_gap:
        return _resize_in_pillow(image, (width, height), filter, reference, box, reducing_gap)
    if (width, height) == image.size:
        return image
    if reference == "pillow":
        return image.resize((width, height), _resample(filter))
    return (_resize_in_opencv if reference == "opencv" else _resize_in_torch)(image, width, height, filter, antialias)


def _resize_in_opencv(image, width, height, filter, _):
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


def _resize_in_torch(image, width, height, filter, antialias):
    Image = need("PIL.Image", "resizing")
    torch = need("torch", "resizing")
    pixels = torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1)[None]
    options = {} if filter.startswith("nearest") else {"antialias": antialias}
    resized = torch.nn.functional.interpolate(pixels, (height, width), mode=filter.replace("_", "-"), **options)[0]
    array = resized.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array.squeeze(-1) if array.shape[2] == 1 else array)


def _resize_in_pillow(image, size, filter, reference, box, reducing_gap):
    if reference != "pillow":
        raise PackError(f"reference {reference} has no box and no reducing_gap; pillow has")
    if box:
        numpy = need("numpy", "resizing")
        box = tuple(float(numpy.float32(side)) for side in box)  # Pillow resamples with float32
        if box[2] > image.width or box[3] > image.height:
            raise PackError(f"image.resize: box={list(box)} does not lie in the {image.width}x{image.height} image")
    return image.resize(size, _resample(filter), box, reducing_gap or None)


def _upright(image, short, long):
    return (short, long) if image.width <= image.height else (long, short)


def _resize_short(image, size, filter, reference, antialias, max_size, rounding):
    short, long = sorted((image.width, image.height))
    if rounding == "round":
        return _resize_as_detr(image, size, filter, reference, antialias, max_size)
    new_short, new_long = size, int(size * long / short)
    if max_size and new_long > max_size:
        new_short, new_long = max(1, int(max_size * new_short / new_long)), max_size
    return _resize(image, *_upright(image, new_short, new_long), filter, reference, antialias)


def _resize_as_detr(image, size, filter, reference, antialias, max_size):
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
    return _resize(image, *_upright(image, new_short, new_long), filter, reference, antialias)


def _resize_fit(image, width, height, fit, rounding, multiple, filter, reference, antialias):
    if multiple and rounding != "round":
        raise PackError("image.resize_fit: multiple goes with rounding=round")
    scales = width / image.width, height / image.height
    ratios = image.width / width, image.height / height
    if fit == "nearest":
        chosen = 0 if abs(1 - scales[0]) < abs(1 - scales[1]) else 1
        scale, ratio = scales[chosen], ratios[chosen]
    else:
        scale, ratio = (min(scales), max(ratios)) if fit == "inside" else (max(scales), min(ratios))

    def side_of(side):
        if multiple:
            return round(scale * side / multiple) * multiple  # transformers' DPT
        return round(side / ratio) if rounding == "round" else int(side * scale)  # timm; transformers
    size = side_of(image.width), side_of(image.height)
    if min(size) < 1 or max(size) > MAX_SIDE:
        raise PackError(f"image.resize_fit: a {image.width}x{image.height} image would become {size[0]}x{size[1]}")
    return _resize(image, *size, filter, reference, antialias)


def _resize_long(image, size, filter, reference, antialias, rounding):
    short, long = sorted((image.width, image.height))
    if rounding == "half_up":  # transformers' SAM
        sides = [int(side * (size * 1.0 / long) + 0.5) for side in image.size]
        if min(sides) < 1:
            raise PackError(f"image.resize_long: an image of {image.size} would become {sides[0]}x{sides[1]}")
        return _resize(image, *sides, filter, reference, antialias)
    return _resize(image, *_upright(image, max(1, int(size * short / long)), size), filter, reference, antialias)


def _thumbnail(image, filter, reducing_gap, **sides):
    _check_resampling(filter, "pillow", antialias=True)
    small = image.copy()  # of an image in memory: draft() is image.decode's approx_size
    small.thumbnail(_crop_size(**sides), _resample(filter), reducing_gap or None)
    return small


def _letterbox(image, filter, reference, antialias, value, scale_up, **sides):
    width, height = _crop_size(**sides)
    ratio = min(height / image.height, width / image.width)
    ratio = ratio if scale_up else min(ratio, 1.0)
    inner = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    image = _resize(image, *inner, filter, reference, antialias)
    left, top = round((width - inner[0]) / 2 - 0.1), round((height - inner[1]) / 2 - 0.1)
    return _expand(image, left, top, width - inner[0] - left, height - inner[1] - top, value)


def _crop_size(size=None, width=None, height=None):
    return (size, size) if size is not None else (width, height)


def _pad(image, left, top, right, bottom, value, mode):
    if mode == "constant":
        return _expand(image, left, top, right, bottom, value)
    if mode == "reflect" and (max(left, right) >= image.width or max(top, bottom) >= image.height):
        raise PackError(f"image.pad: a border that mirrors the image must be smaller than it, {image.size}")
    Image, numpy = need("PIL.Image", "image.pad"), need("numpy", "image.pad")
    pixels = numpy.asarray(image)
    margins = ((top, bottom), (left, right)) + ((0, 0),) * (pixels.ndim - 2)
    return Image.fromarray(numpy.pad(pixels, margins, mode=mode))


def _crop(image, left, top, width, height):
    return image.crop((left, top, left + width, top + height))


def _tensor_of(image):
    torch = need("torch", "warping")
    return torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1)


def _image_of(tensor):
    Image = need("PIL.Image", "warping")
    array = tensor.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def _affine(image, angle, translate_x, translate_y, scale, shear_x, shear_y, filter, centre=None, fill=None):
    v2 = need("torchvision.transforms.v2", "image.affine")
    if scale <= 0:
        raise PackError(f"image.affine: scale must be above 0, got {scale}")
    return _image_of(v2.functional.affine(
        _tensor_of(image), float(angle), [float(translate_x), float(translate_y)], float(scale),
        [float(shear_x), float(shear_y)], v2.InterpolationMode(filter), fill, centre))


def _perspective(image, start, end, filter, fill=None):
    v2 = need("torchvision.transforms.v2", "image.perspective")
    corners = [[list(numbers[i:i + 2]) for i in range(0, 8, 2)] for numbers in (start, end)]
    return _image_of(v2.functional.perspective(_tensor_of(image), *corners, v2.InterpolationMode(filter), fill))


def _numbers_of(count):
    def check(value):
        if isinstance(value, list) and len(value) == count and all(_is_number(number) for number in value):
            return None
        return f"expected {count} numbers"
    return check


def _rotate90(image, turns):
    Image = need("PIL.Image", "image.rotate90")
    return image.transpose(getattr(Image.Transpose, f"ROTATE_{90 * turns}")) if turns else image


def _fill(image, value):
    """The colour of a border, as Pillow takes it."""
    numbers = value if isinstance(value, list) and len(value) > 1 else [value] if not isinstance(value, list) else value
    channels = len(image.getbands())
    if len(numbers) not in (1, channels):
        raise PackError(f"value {value} has {len(numbers)} numbers, but the image has {channels} channels")
    numbers = numbers * channels if len(numbers) == 1 else numbers
    return numbers[0] if channels == 1 else tuple(numbers)


def _expand(image, left, top, right, bottom, value):
    Image = need("PIL.Image", "image.pad")
    fill = _fill(image, value)
    canvas = Image.new(image.mode, (image.width + left + right, image.height + top + bottom), fill)
    canvas.paste(image, (left, top))
    return canvas


def _center_crop(image, centre="half_even", value=0, **sides):
    width, height = _crop_size(**sides)
    _fill(image, value)
    missing_x, missing_y = max(0, width - image.width), max(0, height - image.height)
    if missing_x or missing_y:
        left, top = ((missing + (centre == "floor")) // 2 for missing in (missing_x, missing_y))
        image = _expand(image, left, top, missing_x - left, missing_y - top, value)
    how = {"half_even": round, "floor": math.floor, "truncate": int}[centre]
    left, top = how((image.width - width) / 2.0), how((image.height - height) / 2.0)
    return image.crop((left, top, left + width, top + height))


def _crop_short(image, fraction, centre):
    side = int(fraction * min(image.size))
    if side == 0:
        raise PackError(f"image.crop_short: nothing is left of an image of {image.width}x{image.height} pixels")
    return _center_crop(image, centre, size=side)


def _pad_to(image, multiple, square, anchor, value, **sides):
    width, height = _crop_size(**sides)
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
    left, top = (missing_x // 2, missing_y // 2) if anchor == "centre" else (0, 0)
    return _expand(image, left, top, missing_x - left, missing_y - top, value)


def _five_crop(image, **sides):
    width, height = _crop_size(**sides)
    if width > image.width or height > image.height:
        raise PackError(f"image.five_crop: the crop {width}x{height} is larger than the image "
                        f"{image.width}x{image.height}")
    right, bottom = image.width - width, image.height - height
    corners = [image.crop((x, y, x + width, y + height)) for y in (0, bottom) for x in (0, right)]
    return corners + [_center_crop(image, width=width, height=height)]


def _flip(image, axis):
    Image = need("PIL.Image", "image.flip")
    how = Image.Transpose.FLIP_LEFT_RIGHT if axis == "horizontal" else Image.Transpose.FLIP_TOP_BOTTOM
    return image.transpose(how)


def _to_gray(image, reference):
    if image.mode == "L" or reference == "pillow":
        return image.convert("RGB").convert("L") if image.mode != "L" else image
    cv2, numpy = need("cv2", "image.to_gray as OpenCV does"), need("numpy", "image.to_gray")
    return need("PIL.Image", "image.to_gray").fromarray(cv2.cvtColor(numpy.asarray(image.convert("RGB")),
                                                                     cv2.COLOR_RGB2GRAY))


def _premultiply(image):
    """Pillow's RGBa has the bytes; it keeps the name RGBA here, as the op's result does."""
    if image.mode != "RGBA":
        return image
    return need("PIL.Image", "image.premultiply").frombytes("RGBA", image.size, image.convert("RGBa").tobytes())


def _unpremultiply(image):
    if image.mode != "RGBA":
        return image
    Image = need("PIL.Image", "image.unpremultiply")
    return Image.frombytes("RGBa", image.size, image.tobytes()).convert("RGBA")


def _to_tensor(image, mode, mean, std, scale, dtype, layout, reverse_channels):
    if scale != 1 / 255 and mode not in ("hf_numpy", "scaled"):
        raise PackError("image.to_tensor: scale is for the modes hf_numpy and scaled")
    torch = need("torch", "image.to_tensor")
    pixels = torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1).contiguous().to(torch.float32)
    if reverse_channels and len(pixels) > 1:
        pixels = pixels[[2, 1, 0, 3][:len(pixels)]]
    if mode == "torchvision":
        pixels = pixels / 255
    if mode == "hf_numpy":
        pixels = (pixels.to(torch.float64) * scale).to(torch.float32)
    if mode == "scaled":
        pixels = pixels * torch.tensor(scale, dtype=torch.float32)

    def per_channel(numbers, name):
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if len(numbers) not in (1, pixels.shape[0]):
            raise PackError(f"image.to_tensor: {name} has {len(numbers)} numbers, the image has {pixels.shape[0]} "
                            "channels")
        return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1)
    numbers = (pixels - per_channel(mean, "mean")) / per_channel(std, "std")
    if dtype in ("u8", "i8"):
        numbers = numbers.round().clamp(*((0, 255) if dtype == "u8" else (-128, 127)))
    types = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "u8": torch.uint8, "i8": torch.int8}
    return (numbers.permute(1, 2, 0) if layout == "hwc" else numbers).to(types[dtype]).contiguous()


def _float_only(value, op):
    torch = need("torch", op)
    if value.dtype != torch.float32:
        raise PackError(f"{op}: takes f32, got {describe_value(value)}"
                        + ("; let the model return .float()" if is_tensor(value) and value.is_floating_point() else ""))
    return value


def _segment(value, height, width):
    return _segment_logits(value, height, width).argmax(0).to(need("torch", "segment").int32)


def _segment_logits(value, height, width):
    torch = need("torch", "segment")
    _float_only(value, "segment")
    if value.dim() != 3:
        raise PackError(f"segment: takes f32[classes, height, width], got {describe_value(value)}")
    if bool(height) != bool(width):
        raise PackError("segment: takes both height and width, or neither")
    if height:
        value = torch.nn.functional.interpolate(value[None], (height, width), mode="bilinear", align_corners=False)[0]
    return value


def _list_of_numbers(may_be_zero):
    def check(value):
        numbers = value if isinstance(value, list) else [value]
        if numbers and all(_is_number(number) and (may_be_zero or number != 0) for number in numbers):
            return None
        return "expected a number, or one per channel" + ("" if may_be_zero else ", not 0")
    return check


def _planes(value, op):
    torch = need("torch", op)
    if not isinstance(value, torch.Tensor) or value.dtype != torch.float32 or value.dim() not in (3, 4):
        raise PackError(f"{op}: takes f32[channels, height, width], or with n in front, got {describe_value(value)}")
    return value


def _interpolate(value, width, height, mode, antialias, align_corners):
    torch = need("torch", "interpolate")
    if mode.startswith("nearest") and (antialias or align_corners):
        raise PackError("interpolate: antialias and align_corners are not for the nearest modes")
    options = {} if mode.startswith("nearest") else {"antialias": antialias, "align_corners": align_corners}
    batch = _planes(value, "interpolate")[None] if value.dim() == 3 else _planes(value, "interpolate")
    result = torch.nn.functional.interpolate(batch, (height, width), mode=mode.replace("_", "-"), **options)
    return result[0] if value.dim() == 3 else result


def _normalize(value, mean, std):
    torch = need("torch", "normalize")
    numbers = [torch.tensor(each if isinstance(each, list) else [each], dtype=torch.float32) for each in (mean, std)]
    for each in numbers:
        if len(each) not in (1, _planes(value, "normalize").shape[-3]):
            raise PackError(f"normalize: {len(each)} numbers for {value.shape[-3]} channels")
    return (value - numbers[0].reshape(-1, 1, 1)) / numbers[1].reshape(-1, 1, 1)


def _pad_planes(planes, width, height, value):
    torch = need("torch", "pad_to")
    missing = width - _planes(planes, "pad_to").shape[-1], height - planes.shape[-2]
    if min(missing) < 0:
        raise PackError(f"pad_to: {describe_value(planes)} is larger than {width}x{height}")
    return torch.nn.functional.pad(planes, (0, missing[0], 0, missing[1]), value=float(value))


def _softmax(value):
    return need("torch", "softmax").softmax(_float_only(value, "softmax"), -1)


def _sigmoid(value):
    return need("torch", "sigmoid").sigmoid(_float_only(value, "sigmoid"))


def _top_k(value, k, labels=None):
    torch = need("torch", "top_k")
    _float_only(value, "top_k")
    if value.dim() != 1:
        raise PackError(f"top_k: takes f32[n], got {describe_value(value)}")
    if bool(torch.isnan(value).any()):
        raise PackError("top_k: the scores contain NaN")
    if labels is not None and len(labels) != len(value):
        raise PackError(f"top_k: {len(labels)} labels for {len(value)} scores")
    order = torch.sort(value, descending=True, stable=True)
    return Classes((int(i), labels[int(i)] if labels else "", float(s))
                   for s, i in zip(order.values[:k], order.indices[:k]))


def _label(classes, labels):
    for index, _, _ in classes:
        if index >= len(labels):
            raise PackError(f"label: class {index} has no label; there are {len(labels)}")
    return Classes((index, labels[index], score) for index, _, score in classes)


class Op:
    """takes, gives: type names. params: {name: (check, default)}; a default of ... means required, None: optional.
    tolerance: a Tolerance, or a Rounding where it depends on parameters or values."""

    def __init__(self, takes, gives, params, run, tolerance=EXACT, one_of=None):
        self.takes, self.gives, self.params, self.run = takes, gives, params, run
        self.rounding = tolerance if isinstance(tolerance, Rounding) else Rounding.fixed(tolerance)
        self.one_of = one_of

    def arguments(self, op):
        """Parameters with the defaults filled in."""
        given = {name: default for name, (_, default) in self.params.items() if default is not None}
        given.update({key: value for key, value in op.items() if key != "op"})
        return given


_FILTER = (_choice(*FILTERS), "bilinear")
_RESAMPLING = {"filter": _FILTER, "reference": (_choice("pillow", "torch_u8", "opencv"), "pillow"),
               "antialias": (_boolean, True)}
_CROP = {"size": (SIDE, None), "width": (SIDE, None), "height": (SIDE, None)}
_CROP_KEYS = (("size",), ("width", "height"))
_MARGIN = (_integer(0, MAX_SIDE), 0)
_CENTRE = (_choice("half_even", "floor", "truncate"), "half_even")
_ROUNDING = _choice("truncate", "round")

OPS = {
    "image.decode": Op("Bytes", "Image", {
        "colour": (_choice("rgb", "unchanged"), "rgb"), "exif_orientation": (_boolean, False),
        "max_pixels": (_integer(1, 1 << 31), 178956970), "max_bytes": (_integer(1, 1 << 31), 268435456),
        "max_scans": (_integer(1, 1 << 31), 500), "truncated": (_choice("refuse", "accept"), "refuse"),
        "approx_size": (_integer(0, MAX_SIDE), 0)}, _decode),
    "image.from_raw": Op("Bytes", "Image", {"format": (_choice(*RAW_FORMATS), ...), "width": (SIDE, ...),
                                            "height": (SIDE, ...), "row_stride": (_integer(0, 1 << 31), 0)}, _from_raw),
    "image.raw_to_tensor": Op("Bytes", "Tensor", {
        "sample": (_choice("u8", "u16", "f32"), ...), "width": (SIDE, ...), "height": (SIDE, ...),
        "channels": (SIDE, 1), "layout": (_choice("chw", "hwc"), "hwc"), "scale": (_scale, 1)}, _raw_to_tensor),
    "image.resize": Op("Image", "Image", {"width": (SIDE, ...), "height": (SIDE, ...), **_RESAMPLING,
                                          "box": (_box, None), "reducing_gap": (_reducing_gap, 0)}, _resize),
    "image.resize_short": Op("Image", "Image", {"size": (SIDE, ...), **_RESAMPLING,
                                                "max_size": (_integer(0, MAX_SIDE), 0),
                                                "rounding": (_ROUNDING, "truncate")}, _resize_short),
    "image.resize_long": Op("Image", "Image", {"size": (SIDE, ...), **_RESAMPLING,
                                               "rounding": (_choice("truncate", "half_up"), "truncate")}, _resize_long),
    "image.resize_fit": Op("Image", "Image", {
        "width": (SIDE, ...), "height": (SIDE, ...), "fit": (_choice("inside", "cover", "nearest"), "inside"),
        "rounding": (_ROUNDING, "round"), "multiple": (_integer(0, MAX_SIDE), 0), **_RESAMPLING}, _resize_fit),
    "image.thumbnail": Op("Image", "Image", {
        **_CROP, "filter": (_FILTER[0], "bicubic"), "reducing_gap": (_reducing_gap, 2)}, _thumbnail, one_of=_CROP_KEYS),
    "image.letterbox": Op("Image", "Image", {
        **_CROP, **_RESAMPLING, "reference": (_RESAMPLING["reference"][0], "opencv"), "value": (_colour, 114),
        "scale_up": (_boolean, True)}, _letterbox, one_of=_CROP_KEYS),
    "image.crop": Op("Image", "Image", {"left": (_integer(-MAX_SIDE, MAX_SIDE), ...),
                                        "top": (_integer(-MAX_SIDE, MAX_SIDE), ...),
                                        "width": (SIDE, ...), "height": (SIDE, ...)}, _crop),
    "image.center_crop": Op("Image", "Image", {**_CROP, "centre": _CENTRE, "value": (_colour, 0)}, _center_crop,
                            one_of=_CROP_KEYS),
    "image.crop_short": Op("Image", "Image", {"fraction": (_fraction, 1), "centre": _CENTRE}, _crop_short),
    "image.five_crop": Op("Image", "list<Image>", _CROP, _five_crop, one_of=_CROP_KEYS),
    "image.pad": Op("Image", "Image", {"left": _MARGIN, "top": _MARGIN, "right": _MARGIN, "bottom": _MARGIN,
                                       "value": (_colour, 0),
                                       "mode": (_choice("constant", "edge", "reflect"), "constant")}, _pad),
    "image.pad_to": Op("Image", "Image", {
        **_CROP, "multiple": (_integer(0, MAX_SIDE), 0), "square": (_boolean, False),
        "anchor": (_choice("centre", "top_left"), "centre"), "value": (_colour, 0)}, _pad_to,
        one_of=(*_CROP_KEYS, ("multiple",), ("square",))),
    "image.flip": Op("Image", "Image", {"axis": (_choice("horizontal", "vertical"), "horizontal")}, _flip),
    "image.affine": Op("Image", "Image", {
        **{name: (_scale, 0) for name in ("angle", "translate_x", "translate_y")}, "scale": (_scale, 1),
        "shear_x": (_scale, 0), "shear_y": (_scale, 0), "centre": (_numbers_of(2), None),
        "filter": (_choice("bilinear", "nearest"), "nearest"), "fill": (_integer(0, 255), None)}, _affine, WARPED),
    "image.perspective": Op("Image", "Image", {
        "start": (_numbers_of(8), ...), "end": (_numbers_of(8), ...),
        "filter": (_choice("bilinear", "nearest"), "bilinear"), "fill": (_integer(0, 255), None)}, _perspective, WARPED),
    "image.rotate90": Op("Image", "Image", {"turns": (_integer(0, 3), 1)}, _rotate90),
    "image.to_gray": Op("Image", "Image", {"reference": (_choice("pillow", "opencv"), "pillow")}, _to_gray),
    "image.to_rgb": Op("Image", "Image", {}, lambda image: image.convert("RGB")),
    "image.premultiply": Op("Image", "Image", {}, _premultiply),
    "image.unpremultiply": Op("Image", "Image", {}, _unpremultiply),
    "image.to_tensor": Op("Image", "Tensor", {
        "mode": (_choice("torchvision", "affine", "hf_numpy", "scaled"), "torchvision"),
        "mean": (_channel_numbers(True), 0), "std": (_channel_numbers(False), 1), "scale": (_factor, 1 / 255),
        "dtype": (_choice("f32", "f16", "bf16", "u8", "i8"), "f32"), "layout": (_choice("chw", "hwc"), "chw"),
        "reverse_channels": (_boolean, False)}, _to_tensor),
    "segment": Op("Tensor", "Tensor", {"height": (_integer(0, MAX_SIDE), 0), "width": (_integer(0, MAX_SIDE), 0)}, _segment,
                  SEGMENTED),
    "interpolate": Op("Tensor", "Tensor", {
        "width": (SIDE, ...), "height": (SIDE, ...), "antialias": (_boolean, False), "align_corners": (_boolean, False),
        "mode": (_choice("nearest", "nearest_exact", "bilinear", "bicubic"), "bilinear")}, _interpolate, RESAMPLED),
    "normalize": Op("Tensor", "Tensor", {"mean": (_list_of_numbers(True), ...), "std": (_list_of_numbers(False), ...)},
                    _normalize),
    "pad_to": Op("Tensor", "Tensor", {"width": (SIDE, ...), "height": (SIDE, ...), "value": (_scale, 0)}, _pad_planes),
    "softmax": Op("Tensor", "Tensor", {}, _softmax, RELATIVE),
    "sigmoid": Op("Tensor", "Tensor", {}, _sigmoid, RELATIVE),
    "top_k": Op("Tensor", "Classes", {"k": (_integer(1, 65536), ...), "labels": (_text, None)}, _top_k),
    "label": Op("Classes", "Classes", {"labels": (_text, ...)}, _label),
}
COMPOUND = {"model": set(), "each": {"do"}, "fork": {"branches"}, "when": {"if", "then", "else"}}
PREDICATES = {"image.is_gray": ("Image", lambda image: image.mode == "L")}
MAX_BRANCHES = 16


def children(op, path):
    """The lists of ops inside a compound op, as (path, list)."""
    if op["op"] == "each":
        return [(f"{path}.do", op["do"])]
    if op["op"] == "fork":
        return [(f"{path}.branches[{i}]", branch) for i, branch in enumerate(op["branches"])]
    if op["op"] == "when":
        return [(f"{path}.then", op["then"]), (f"{path}.else", op["else"])]
    return []


def walk(ops, path="pipeline"):
    """Every op with its path, outer ones first."""
    for i, op in enumerate(ops):
        here = f"{path}[{i}]"
        yield here, op
        for inner_path, inner in children(op, here):
            yield from walk(inner, inner_path)


# ---- The pipeline as data: shape, parameters, types ---------------------------------------------------------------

def check_pipeline(ops, signature=None, table=OPS):
    """Checks ops, parameters and types as the C++ reader does; returns (In, Out) type names."""
    _check_list(ops, "pipeline", table)
    many_in = signature is not None and len(signature["inputs"]) != 1
    many_out = signature is not None and len(signature["outputs"]) != 1
    return _type_of_list(ops, "pipeline", None, many_in, many_out, table)


def _check_list(ops, path, table, may_be_empty=False):
    if not isinstance(ops, list):
        raise PackError(f"{path}: expected a list of ops, got {type(ops).__name__}")
    if not ops and not may_be_empty:
        raise PackError(f"{path}: needs at least one op")
    for i, op in enumerate(ops):
        here = f"{path}[{i}]"
        if not isinstance(op, dict) or not isinstance(op.get("op"), str):
            raise PackError(f'{here}: expected {{"op": name, ...}}, got {op!r}')
        if op["op"] in COMPOUND:
            _check_compound(op, here, table)
        elif op["op"] in table:
            _check_params(op, table[op["op"]], here)
        else:
            raise PackError(f"{here}.op: unknown op '{op['op']}'; known are "
                            f"{', '.join(sorted([*COMPOUND, *table]))}")


def _check_compound(op, path, table):
    keys = set(op) - {"op"}
    if keys != COMPOUND[op["op"]]:
        raise PackError(f"{path}: '{op['op']}' takes exactly the keys {sorted(COMPOUND[op['op']])}, got {sorted(keys)}")
    if op["op"] == "fork":
        if not isinstance(op["branches"], list) or not 1 <= len(op["branches"]) <= MAX_BRANCHES:
            raise PackError(f"{path}.branches: needs 1..{MAX_BRANCHES} lists of ops")
    if op["op"] == "when":
        condition = op["if"]
        if not isinstance(condition, dict) or set(condition) != {"predicate"}:
            raise PackError(f'{path}.if: expected {{"predicate": name}}, got {condition!r}')
        if condition["predicate"] not in PREDICATES:
            raise PackError(f"{path}.if.predicate: unknown predicate {condition['predicate']!r}; known are "
                            f"{', '.join(PREDICATES)}")
    for inner_path, inner in children(op, path):
        _check_list(inner, inner_path, table, may_be_empty=op["op"] == "when")


def _check_params(op, known, path):
    for key, value in op.items():
        if key == "op":
            continue
        if known.params is None:
            continue
        if key not in known.params:
            raise PackError(f"{path}.{key}: unknown key; '{op['op']}' takes {', '.join(known.params) or 'none'}")
        problem = known.params[key][0](value)
        if problem:
            raise PackError(f"{path}.{key}: {problem}, got {value!r}")
    for name, (_, default) in (known.params or {}).items():
        if default is ... and name not in op:
            raise PackError(f"{path}.{name}: required")
    choices = {key for keys in known.one_of or () for key in keys}
    if known.one_of and not any(set(op) & choices == set(keys) for keys in known.one_of):
        raise PackError(f"{path}: '{op['op']}' takes {' or '.join(' and '.join(keys) for keys in known.one_of)}")


def _type_of_list(ops, path, given, many_in, many_out, table):
    first = given
    for i, op in enumerate(ops):
        here = f"{path}[{i}]"
        takes, gives = _type_of_op(op, here, given, many_in, many_out, table)
        if given is not None and takes is not None and takes != given:
            before = "the pipeline" if i == 0 else "the op before it"
            raise PackError(f"{here}: '{op['op']}' takes {takes}, but {before} gives it {given}")
        first = takes if first is None and i == 0 else first
        given = gives
    return first, given


def _type_of_op(op, path, given, many_in, many_out, table):
    kind = op["op"]
    if kind == "model":
        return ("Tensors" if many_in or given == "Tensors" else "Tensor"), ("Tensors" if many_out else "Tensor")
    if kind == "each":
        if given is not None and not given.startswith("list<"):
            raise PackError(f"{path}: 'each' takes a list, but it is given {given}")
        element = given[5:-1] if given else None
        takes, gives = _type_of_list(op["do"], f"{path}.do", element, many_in, many_out, table)
        return f"list<{takes}>", f"list<{gives}>"
    if kind == "fork":
        types = [_type_of_list(inner, where, given, many_in, many_out, table) for where, inner in children(op, path)]
        if len({takes for takes, _ in types}) > 1:
            raise PackError(f"{path}: the branches take {', '.join(str(takes) for takes, _ in types)}")
        return types[0][0], "tuple<" + ", ".join(str(gives) for _, gives in types) + ">"
    if kind == "when":
        takes = PREDICATES[op["if"]["predicate"]][0]
        outs = [_type_of_list(inner, where, takes, many_in, many_out, table)[1] for where, inner in children(op, path)]
        if outs[0] != outs[1]:
            raise PackError(f"{path}: 'then' gives {outs[0]}, 'else' gives {outs[1]}")
        return takes, outs[0]
    return table[kind].takes, table[kind].gives


def carried(op, arguments, incoming):
    """What a difference in an op's input may become in what it gives."""
    if incoming.is_exact():
        return incoming
    kind = op["op"]
    if kind in ("image.to_tensor", "normalize"):
        std = arguments["std"] if isinstance(arguments["std"], list) else [arguments["std"]]
        divisor = min(map(abs, std)) * (255 if arguments.get("mode", "affine") != "affine" else 1)
        is_rounded = arguments.get("dtype") in ("u8", "i8")
        return Tolerance(incoming.atol / divisor + is_rounded, incoming.rtol + 1e-6)
    if kind == "interpolate":
        return Tolerance(2 * incoming.atol, incoming.rtol)
    if kind == "image.unpremultiply":
        return Tolerance(255)  # a colour that nothing is left of may become any
    if kind.startswith("image.") and kind not in ("image.crop", "image.center_crop", "image.crop_short", "image.five_crop",
                                                  "image.pad", "image.pad_to", "image.flip", "image.rotate90",
                                                  "image.to_rgb"):
        return Tolerance(2 * incoming.atol + 1, incoming.rtol)  # weights of lanczos and bicubic; rounding to bytes
    return incoming


class Tolerances:
    """How far each stage of one case may be off: exact until something rounds differently. `of_model(path, incoming,
    share)` is the tolerance of what the model gives for inputs that may be off by `incoming` in `share` of their
    elements."""

    def __init__(self, recorded, of_model, table):
        self.recorded, self.of_model, self.table = recorded, of_model, table
        self.found = {}   # {path: Tolerance}
        self.share = 0.0  # of elements that are off so far

    def of(self, ops, path="pipeline", incoming=EXACT):
        """The tolerance of what `ops` give, which are in found then."""
        for i, op in enumerate(ops):
            here = f"{path}[{i}]"
            if op["op"] == "model":
                incoming = self.of_model(here, incoming, self.share)
                self.share = 1.0
            elif op["op"] in self.table:
                incoming = self._of_op(op, here, incoming)
            inner = [self.of(inner_ops, inner_path, incoming) for inner_path, inner_ops in children(op, here)]
            for out in inner:
                incoming = incoming.wider(out)
            self.found[here] = incoming
        return incoming

    def _of_op(self, op, path, incoming):
        known = self.table[op["op"]]
        arguments = known.arguments(op) if known.params is not None else op
        values = self.recorded.get(path, [])
        own = EXACT
        for value in values if ".do[" in path or ".then[" in path or ".else[" in path or ".branches[" in path \
                else [values]:
            own = own.wider(known.rounding.of(arguments, value))
        if not own.is_exact():
            self.share = max(self.share, known.rounding.share)
        return carried(op, arguments, incoming).wider(own)


# ---- Running the reference ----------------------------------------------------------------------------------------

class Reference:
    """Runs a pipeline in Python and keeps what every op gave."""

    def __init__(self, ops, call_model=None, label_files=None, table=OPS, watch=None):
        self.ops, self.call_model, self.label_files, self.table = ops, call_model, label_files or {}, table
        self.watch = watch or {}  # {path of a first op: path of the last op}: keep what goes in and comes out

    def run(self, value):
        """Returns the result and {path: value, or list of values inside compound ops}."""
        self.recorded = {}
        self.model_inputs = []
        self.watched = []  # (path of the first op, value in, value out)
        self.cuts = []     # per top_k that left something out: (last score kept, first score left out)
        self.ties = []     # per segment: how many pixels have two classes that are almost equally good
        return self._run_list(self.ops, "pipeline", value, inside=False), self.recorded

    def _run_list(self, ops, path, value, inside):
        start = value_in = None
        for i, op in enumerate(ops):
            here = f"{path}[{i}]"
            if here in self.watch:
                start, value_in = here, value
            value = self._run_op(op, here, value)
            if start is not None and self.watch[start] == here:
                self.watched.append((start, value_in, value))
                start = None
            if inside:
                self.recorded.setdefault(here, []).append(value)
            else:
                self.recorded[here] = value
        return value

    def _run_op(self, op, path, value):
        kind = op["op"]
        if kind == "model":
            self.model_inputs.append(value)
            return self.call_model(value)
        if kind == "each":
            return [self._run_list(op["do"], f"{path}.do", element, True) for element in value]
        if kind == "fork":
            return tuple(self._run_list(inner, where, value, True) for where, inner in children(op, path))
        if kind == "when":
            side = "then" if PREDICATES[op["if"]["predicate"]][1](value) else "else"
            return self._run_list(op[side], f"{path}.{side}", value, True)
        known = self.table[kind]
        arguments = known.arguments(op) if known.params is not None else {k: v for k, v in op.items() if k != "op"}
        if kind in ("top_k", "label") and "labels" in arguments:
            arguments["labels"] = self.label_files[arguments["labels"]]
        if kind == "top_k" and arguments["k"] < value.numel():
            ordered = value.reshape(-1).sort(descending=True).values
            self.cuts.append((float(ordered[arguments["k"] - 1]), float(ordered[arguments["k"]])))
        if kind == "segment" and value.dim() == 3 and len(value) > 1:
            best = _segment_logits(value, **arguments).topk(2, 0).values
            self.ties.append(int((best[0] - best[1] <= 2e-5 * best[0].abs()).sum()))
        try:
            given = known.run(value, **arguments)
        except PackError as error:
            raise PackError(f"{path}: {error}") from error
        except Exception as error:  # an op of somebody's own, or a value that none was made for
            raise PackError(f"{path}: '{kind}' fails on {describe_value(value)}: {type(error).__name__}: {error}") \
                from error
        is_of = {"Image": is_pil, "Tensor": is_tensor}.get(known.gives)
        if is_of and not is_of(given):
            raise PackError(f"{path}: '{kind}' gives {describe_value(given)}, not the {known.gives} that it says")
        return given


def run_pipeline(ops, value, call_model=None, label_files=None):
    """The result of the ops' Python reference for one value. `call_model` takes and gives one sample."""
    check_pipeline(ops)
    return Reference(ops, call_model, label_files).run(value)[0]


# ---- Transforms and image processors -> ops -----------------------------------------------------------------------

TRANSLATABLE = (
    "of torchvision: Compose, nn.Sequential, Resize, CenterCrop, FiveCrop, Pad (not symmetric), RandomHorizontalFlip and "
    "RandomVerticalFlip with p=0 or p=1, Grayscale of a PIL image, ToTensor, PILToTensor, ToImage, ToPureTensor, "
    "ToDtype(float32), ConvertImageDtype(float32), Normalize, RGB, Identity, Lambda of a conversion to RGB, and the "
    "ImageClassification, SemanticSegmentation and ObjectDetection presets of weights.transforms(); timm's "
    "create_transform(); open_clip's image_transform(); transformers' image processors that resize, crop, rescale, "
    "normalise and pad")


def _instructions(function):
    """What a function of one argument does, whatever it and its argument are called; None if that is not all there is
    to it."""
    code = getattr(function, "__code__", None)
    plain = code is not None and code.co_argcount == 1 and not code.co_freevars and not code.co_kwonlyargcount
    if not plain or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR):
        return None
    return [(step.opname, step.arg if step.opcode in dis.haslocal else step.argval)
            for step in dis.get_instructions(code)]


# Functions that are known to leave an RGB image alone are those with the same instructions as one of these.
_TO_RGB = [_instructions(function) for function in (
    lambda image: image.convert("RGB"), lambda image: image if image.mode == "RGB" else image.convert("RGB"),
    lambda image: image.convert("RGB") if image.mode != "RGB" else image)]
_IDENTITY = _instructions(lambda image: image)

# Classes that are not torchvision's, by module, and the method that translates each.
_KNOWN_CLASSES = {
    "timm.data.transforms": {"MaybeToTensor": "maybe_to_tensor", "MaybePILToTensor": "PILToTensor",
                             "ToTensor": "numbers_of_bytes", "ResizeKeepRatio": "ResizeKeepRatio",
                             "CenterCropOrPad": "CenterCropOrPad"},
    "open_clip.transform": {"MaybeToTensor": "maybe_to_tensor", "MaybeConvertMode": "MaybeConvertMode",
                            "ResizeKeepRatio": "ResizeKeepRatio", "CenterCropOrPad": "CenterCropOrPad"},
}


def _name_of(transform):
    if inspect.isfunction(transform):
        return f"{transform.__module__}.{transform.__qualname__}"
    transform = transform.func if isinstance(transform, functools.partial) else transform
    kind = transform if inspect.isclass(transform) else type(transform)
    where = kind.__module__.split(".")
    if where[0] != "torchvision":
        return f"{kind.__module__}.{kind.__qualname__}"
    return ".".join(where[:3 if where[:3] == ["torchvision", "transforms", "v2"] else 2]) + f".{kind.__name__}"


def _in_short(transform):
    text = " ".join(repr(transform).split())
    return text if len(text) <= 100 else text[:97] + "..."


class _Translator:
    """Walks a transform in order. The image is first a PIL image, then a u8 tensor, then one of float32 numbers, then
    normalised; `numbers` is how the numbers come about, as image.to_tensor says it."""

    def __init__(self, is_rgb=True):
        self.geometry, self.five_crop, self.after_crop = [], None, []
        self.state = "pil"
        self.numbers, self.tail = {}, []
        self.is_rgb = is_rgb
        self.frames = []  # (name of the list of steps, index, steps), outer ones first

    def refuse(self, transform, why):
        where = ", ".join(f"step {index + 1} of {name}" for name, index, _ in self.frames)
        lines = [f"cannot translate {where}{', ' if where else ''}{_name_of(transform)}: {why}"]
        if done := self.ops():
            lines += ["translated so far, to be pasted into pipeline=[...]:", *(f"  {op!r}," for op in done)]
        left = [step for _, index, steps in reversed(self.frames)
                for step in steps[index + (steps is not self.frames[-1][2]):]]
        if left:
            lines.append("what remains: " + ", ".join(_in_short(step) for step in left))
        raise PackError("\n".join([*lines, "supported: " + TRANSLATABLE]))

    def add(self, transform):
        steps = self._steps_of(transform)
        if steps is None:
            return self._method_of(transform)(transform)
        for index, step in enumerate(steps):
            self.frames.append((type(transform).__name__, index, steps))
            self.add(step)
            self.frames.pop()
        return None

    def _steps_of(self, transform):
        kind = type(transform)
        if kind.__module__.startswith("torchvision.transforms") and kind.__name__ == "Compose":
            return list(transform.transforms)
        is_sequential = kind.__module__.startswith("torch.nn.") and kind.__name__ == "Sequential"
        return list(transform) if is_sequential else None

    def _method_of(self, transform):
        kind = type(transform)
        if inspect.isclass(transform) or isinstance(transform, functools.partial):
            self.refuse(transform, "it makes a transform and is none; call it, as in weights.transforms()")
        if inspect.isfunction(transform):
            return self._function
        if kind.__module__ in _KNOWN_CLASSES and kind.__name__ in _KNOWN_CLASSES[kind.__module__]:
            return getattr(self, "_" + _KNOWN_CLASSES[kind.__module__][kind.__name__])
        if any(base.__module__ == "transformers.image_processing_utils" for base in kind.__mro__):
            return lambda processor: _ProcessorTranslator(self, processor).add()
        method = getattr(self, f"_{kind.__name__}", None)
        if method is not None and kind.__module__.startswith("torchvision.transforms"):
            return method
        if hasattr(transform, "image_processor"):
            self.refuse(transform, "it processes more than images; pass its .image_processor")
        base = next((base.__name__ for base in kind.__mro__[1:] if base.__module__.startswith("torchvision.transforms.")
                     and hasattr(self, f"_{base.__name__}")), None)
        self.refuse(transform, "there is no op for it, write the pipeline as a list of ops with an op of your own"
                    + (f"; it is a subclass of {base}, which may do something else" if base else ""))

    def ops(self):
        tail = list(self.tail)
        if self.state == "u8":
            tail.insert(0, {"op": "image.to_tensor", "mode": "affine", "dtype": "u8"})
        elif self.state != "pil":
            tail.insert(0, {"op": "image.to_tensor", **self.numbers})
        if self.five_crop is None:
            return self.geometry + tail
        inner = self.after_crop + tail
        return self.geometry + [self.five_crop] + ([{"op": "each", "do": inner}] if inner else [])

    def put(self, transform, op):
        """An op on images. Geometric ones still commute with image.to_tensor, but no longer after Normalize."""
        if self.state == "normalised":
            self.refuse(transform, "it comes after Normalize; put it before")
        (self.geometry if self.five_crop is None else self.after_crop).append(op)

    def resampling(self, transform, interpolation, antialias=True):
        """The filter of a resize, and whose it is: PIL images and u8 tensors are resampled differently."""
        name = str(getattr(interpolation, "value", interpolation))
        if self.state in ("float", "normalised"):
            self.refuse(transform, "on a float tensor it resamples otherwise than on an image; put it before ToTensor or "
                                   "ToDtype")
        if self.state == "pil":
            name = "nearest" if name == "nearest-exact" else name  # on PIL images torchvision has one of the two
            if name not in OF_PILLOW:
                self.refuse(transform, f"interpolation '{name}' has no op; known are {', '.join(OF_PILLOW)}")
            return {"filter": name}
        if not type(transform).__module__.startswith(("torchvision.transforms.v2", "transformers.")):
            self.refuse(transform, "on a tensor it resamples in float32; use torchvision.transforms.v2, or put it before "
                                   "the transform that makes a tensor")
        if name == "nearest-exact":
            self.refuse(transform, "on a tensor 'nearest-exact' takes either of two pixels as near, by memory layout")
        if name not in OF_TORCH:
            self.refuse(transform, f"interpolation '{name}' has no op on u8 tensors; known are "
                                   "bilinear, bicubic, lanczos, nearest")
        how = {"filter": name, "reference": "torch_u8"}
        return how if antialias or name == "nearest" else {**how, "antialias": False}

    def normalise(self, mode, mean=0, std=1, **more):
        """u8 -> float, or normalised where there are a mean and a deviation."""
        self.numbers = {"mode": mode, "mean": mean, "std": std, **more}
        self.state = "float"

    # -- torchvision's, by the names of their classes

    def _Resize(self, transform):
        self.put(transform, _resize_op(self, transform, transform.size, transform.interpolation, transform.max_size,
                                       getattr(transform, "antialias", True)))

    def _CenterCrop(self, transform):
        self.put(transform, {"op": "image.center_crop", **_sides(transform.size)})

    def _FiveCrop(self, transform):
        if self.state != "pil" or self.five_crop is not None:
            self.refuse(transform, "one FiveCrop is possible, before ToTensor or ToImage")
        self.five_crop = {"op": "image.five_crop", **_sides(transform.size)}

    def fill_of(self, transform, fill):
        """A border's colour as the op takes it."""
        numbers = [fill] if isinstance(fill, (int, float)) else list(fill) if isinstance(fill, (list, tuple)) else []
        if len(numbers) not in (1, 3) or any(isinstance(number, bool) or number not in range(256) for number in numbers):
            self.refuse(transform, f"fill is {fill!r}, expected a number 0..255, or one for each of three channels")
        numbers = [int(number) for number in numbers]
        if self.state == "float" and any(numbers):
            self.refuse(transform, "fill other than 0 on a float tensor; put it before ToTensor")
        return numbers[0] if len(set(numbers)) == 1 else numbers

    def _Pad(self, transform):
        mode = transform.padding_mode
        if mode not in ("constant", "edge", "reflect"):
            self.refuse(transform, f"padding_mode '{mode}' has no op; constant, edge and reflect have, and reflect does "
                                   "not repeat the pixels at the edge")
        fill = self.fill_of(transform, 0 if mode != "constant" or transform.fill is None else transform.fill)
        sides = transform.padding
        sides = [sides] if isinstance(sides, int) else list(sides)
        sides = sides * 4 if len(sides) == 1 else sides * 2 if len(sides) == 2 else sides
        if any(side < 0 for side in sides):
            self.refuse(transform, "negative padding has no op; use CenterCrop")
        how = {"value": fill} if mode == "constant" else {"mode": mode}
        self.put(transform, {"op": "image.pad", **dict(zip(("left", "top", "right", "bottom"), map(int, sides))), **how})

    def _flip(self, transform, axis):
        if transform.p not in (0, 1):
            self.refuse(transform, f"it is random (p={transform.p}); serve without augmentation")
        if transform.p == 1:
            self.put(transform, {"op": "image.flip", "axis": axis})

    def _RandomHorizontalFlip(self, transform):
        self._flip(transform, "horizontal")

    def _RandomVerticalFlip(self, transform):
        self._flip(transform, "vertical")

    def _Grayscale(self, transform):
        if self.state != "pil":
            self.refuse(transform, "on a tensor its rounding depends on the CPU; put it before ToTensor or ToImage")
        self.put(transform, {"op": "image.to_gray"})
        self.is_rgb = transform.num_output_channels == 3
        if self.is_rgb:
            self.put(transform, {"op": "image.to_rgb"})

    def _to(self, transform, state):
        if self.state != "pil":
            self.refuse(transform, "the image is a tensor already")
        self.state = state

    def _plain_tensor(self, transform, state):
        if self.five_crop is not None:  # v1 cannot do it, and v2 goes on with the first of several plain tensors only
            self.refuse(transform, "after FiveCrop use torchvision.transforms.v2.ToImage")
        self._to(transform, state)

    def _ToTensor(self, transform):
        self._plain_tensor(transform, "u8")
        self.normalise("torchvision")

    def _maybe_to_tensor(self, transform):
        if self.state == "pil":
            self._ToTensor(transform)

    def _numbers_of_bytes(self, transform):
        if str(transform.dtype) != "torch.float32":
            self.refuse(transform, f"only float32 has an op, not {transform.dtype}")
        self._plain_tensor(transform, "u8")
        self.normalise("affine")

    def _PILToTensor(self, transform):
        self._plain_tensor(transform, "u8")

    def _ToImage(self, transform):
        self._to(transform, "u8")

    def _ToDtype(self, transform):
        self._to_dtype(transform, transform.dtype, transform.scale)

    def _ConvertImageDtype(self, transform):
        self._to_dtype(transform, transform.dtype, True)

    def _to_dtype(self, transform, dtype, scale):
        if self.state == "pil":
            self.refuse(transform, "it comes before ToImage or PILToTensor, where it does nothing")
        if str(dtype) == f"torch.{'uint8' if self.state == 'u8' else 'float32'}":
            return  # has it already
        if str(dtype) != "torch.float32" or self.state != "u8":
            self.refuse(transform, f"only float32 has an op, not {dtype} with scale={scale}")
        if not scale:
            return self.normalise("affine")
        is_v2 = "v2" in type(transform).__module__.split(".")  # it multiplies by float32(1/255) where v1 divides by 255
        self.normalise("scaled" if is_v2 else "torchvision")

    def _Normalize(self, transform):
        mean, std = _numbers(transform.mean), _numbers(transform.std)
        if self.state in ("pil", "u8"):
            self.refuse(transform, "it must come after ToTensor or ToDtype")
        if self.state == "normalised":
            self.tail.append({"op": "normalize", "mean": mean, "std": std})
        else:
            self.numbers.update(mean=mean, std=std)
        self.state = "normalised"

    def _ImageClassification(self, transform):
        self._preset(transform)
        self.put(transform, _resize_op(self, transform, transform.resize_size, transform.interpolation))
        self.put(transform, {"op": "image.center_crop", **_sides(transform.crop_size)})
        self.normalise("torchvision", _numbers(transform.mean), _numbers(transform.std))
        self.state = "normalised"

    def _SemanticSegmentation(self, transform):
        self._preset(transform)
        if transform.resize_size is not None:
            self.put(transform, _resize_op(self, transform, transform.resize_size, transform.interpolation))
        self.normalise("torchvision", _numbers(transform.mean), _numbers(transform.std))
        self.state = "normalised"

    def _ObjectDetection(self, transform):
        self._preset(transform)
        self.normalise("torchvision")

    def _preset(self, transform):
        if self.state != "pil" or self.five_crop is not None:
            self.refuse(transform, "it must be the first transform")

    def _OpticalFlow(self, transform):
        self.refuse(transform, "it takes two images; translate [ToTensor(), Normalize(0.5, 0.5)] for each of two branches "
                               "of a fork")

    def _VideoClassification(self, transform):
        self.refuse(transform, "it takes the frames of a video as one tensor, and a pipeline takes one image")

    def _RGB(self, transform):
        self.to_rgb(transform)

    def _MaybeConvertMode(self, transform):
        if transform.mode != "RGB":
            self.refuse(transform, f"only mode RGB has an op, not {transform.mode}")
        if self.state == "pil":
            self.to_rgb(transform)

    def to_rgb(self, transform):
        if self.is_rgb:
            return
        if self.state != "pil":
            self.refuse(transform, "it must come before ToImage")
        self.put(transform, {"op": "image.to_rgb"})
        self.is_rgb = True

    def _Identity(self, transform):
        pass

    def _ToPureTensor(self, transform):
        if self.state == "pil" or self.five_crop is not None:
            self.refuse(transform, "it comes before ToImage or after FiveCrop")

    def _Lambda(self, transform):
        self._function(transform.lambd)

    def _function(self, function):
        does = _instructions(function)
        if does in _TO_RGB and self.state == "pil":
            self.to_rgb(function)
        elif does is None or does != _IDENTITY:
            self.refuse(function, "what it does is not known: only conversions to RGB are, lambda image: "
                                  'image.convert("RGB"); image.decode gives RGB, so leave it out if that is what it does')

    # -- timm's and open_clip's

    def _ResizeKeepRatio(self, transform):
        if getattr(transform, "random_scale_prob", 0) or getattr(transform, "random_aspect_prob", 0):
            self.refuse(transform, "it is random; serve without augmentation")
        if self.state != "pil" or transform.longest not in (0, 1) or isinstance(transform.interpolation, (tuple, list)):
            self.refuse(transform, "only longest=0 and longest=1 of a PIL image with one interpolation have an op")
        height, width = transform.size
        self.put(transform, {"op": "image.resize_fit", "width": int(width), "height": int(height),
                             "fit": "inside" if transform.longest else "cover",
                             **self.resampling(transform, transform.interpolation)})

    def _CenterCropOrPad(self, transform):
        if getattr(transform, "padding_mode", "constant") != "constant":
            self.refuse(transform, f"padding_mode '{transform.padding_mode}' has no op; constant has")
        fill = self.fill_of(transform, transform.fill)
        self.put(transform, {"op": "image.center_crop", **_sides(transform.size), **({"value": fill} if fill else {})})


def _resize_op(translator, transform, size, interpolation, max_size=None, antialias=True):
    how = translator.resampling(transform, interpolation, antialias)
    if size is None and max_size is None:
        translator.refuse(transform, "size is None")
    if size is None:
        return {"op": "image.resize_long", "size": int(max_size), **how}
    size = [size] if isinstance(size, int) else [int(side) for side in size]
    if len(size) == 1:
        limit = {} if max_size is None else {"max_size": int(max_size)}
        return {"op": "image.resize_short", "size": size[0], **how, **limit}
    if max_size is not None:
        translator.refuse(transform, "max_size goes with one size, not with height and width")
    return {"op": "image.resize", "width": size[1], "height": size[0], **how}


def _sides(size):
    height, width = (size, size) if isinstance(size, int) else (list(size) * 2)[:2]
    return {"size": int(width)} if width == height else {"width": int(width), "height": int(height)}


def _numbers(values):
    values = values.tolist() if hasattr(values, "tolist") else values
    return [float(value) for value in values] if isinstance(values, (list, tuple)) else float(values)


# Methods of transformers' image processors that decide about pixels. A class is translated if all of these are those of
# the backends, or those of a class with a rule in _ProcessorTranslator.
_PIXEL_METHODS = ("_preprocess", "resize", "center_crop", "pad", "rescale", "normalize", "rescale_and_normalize",
                  "_fuse_mean_std_and_rescale_factor", "process_image", "convert_to_rgb", "_prepare_image_like_inputs",
                  "_preprocess_image_like_inputs", "preprocess", "__call__", "_standardize_kwargs")
_BACKENDS = ("transformers.image_processing_backends", "transformers.image_processing_utils",
             "transformers.image_processing_base")


class _ProcessorTranslator:
    """A Hugging Face image processor (transformers 5), from its configuration. The torchvision backend resizes u8 tensors
    and normalises them in one step; the PIL backend resizes PIL images and calculates with numpy."""

    def __init__(self, translator, processor):
        self.translator, self.processor = translator, processor
        self.rule = self._rule()
        self.is_torch = getattr(processor, "backend", None) == "torchvision"

    def refuse(self, why):
        self.translator.refuse(self.processor, why)

    def get(self, name, default=None):
        value = getattr(self.processor, name, None)
        return default if value is None else value

    def _rule(self):
        """The method of this class that knows what the processor's own methods do; None if it has none of its own."""
        kinds = type(self.processor).__mro__
        rule = None
        for method in _PIXEL_METHODS:
            owner = next((kind for kind in kinds if method in vars(kind)), None)
            if owner is None or owner.__module__ in _BACKENDS or owner is object:
                continue
            name = owner.__name__.removesuffix("Pil").removesuffix("ImageProcessor")
            rule = getattr(self, f"_{name}", None)
            if rule is None or not owner.__module__.startswith("transformers.models."):
                self.refuse(f"what its own method {method}() does has no translation")
        return rule

    def add(self):
        if self.translator.state != "pil" or self.translator.five_crop is not None:
            self.refuse("it must be the first transform")
        is_known = any(kind.__module__ == "transformers.image_processing_backends" for kind in type(self.processor).__mro__)
        if not is_known and self.rule is None:
            self.refuse("only the processors of transformers 5 are known")
        if self.get("do_center_crop") and self.get("crop_size") is None:
            self.refuse("do_center_crop=True without a crop_size")
        if self.get("do_convert_rgb") and not self.translator.is_rgb:
            self.refuse("it blends transparent pixels with white, for which there is no op; put image.decode with colour "
                        '"rgb", or image.to_rgb, in front, if transparency may be left out')
        (self.rule or self._steps)()

    def _steps(self, size=None, crop=True, pad=True):
        """The backends' own order. `size` instead of the processor's; some processors do not crop or pad, whatever their
        configuration says."""
        if self.get("do_resize"):
            self.resize(self.get("size") if size is None else size)
        if crop and self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))
        if pad:
            self.pad()

    def put(self, op):
        self.translator.put(self.processor, op)

    def resampling(self):
        value = self.get("resample", 2)
        filters = {0: "nearest-exact", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
        name = filters[int(value)] if isinstance(value, int) else str(getattr(value, "value", value))
        self.translator.state = "u8" if self.is_torch else "pil"
        return self.translator.resampling(self.processor, name)

    def resize(self, size):
        if size is None:
            self.refuse("it has no size")
        how = self.resampling()
        side = lambda name: size.get(name, None)  # noqa: E731
        if side("shortest_edge") and side("longest_edge"):
            self.put({"op": "image.resize_short", "size": side("shortest_edge"), "max_size": side("longest_edge"),
                      "rounding": "round", **how})
        elif side("shortest_edge"):
            self.put({"op": "image.resize_short", "size": side("shortest_edge"), **how})
        elif side("max_height") and side("max_width"):
            self.put({"op": "image.resize_fit", "width": side("max_width"), "height": side("max_height"),
                      "rounding": "truncate", **how})
        elif side("height") and side("width"):
            self.put({"op": "image.resize", "width": side("width"), "height": side("height"), **how})
        else:
            self.refuse(f"size {dict(size)} has no op")

    def center_crop(self, size):
        self.put({"op": "image.center_crop", **_sides((size["height"], size["width"])), "centre": self.centre()})

    def centre(self):
        return "truncate" if self.is_torch else "floor"

    def to_numbers(self, normalise, **more):
        """rescale() and normalize(): fused in the torchvision backend, one after the other in the other."""
        self.translator.state = "u8"
        if normalise and (self.get("image_mean") is None or self.get("image_std") is None):
            self.refuse("it normalises without image_mean and image_std")
        mean, std = (_numbers(self.get(name)) for name in ("image_mean", "image_std")) if normalise else (0, 1)
        factor, rescale = self.get("rescale_factor"), self.get("do_rescale")
        scale = {"scale": factor} if factor != 1 / 255 else {}
        if rescale and normalise and self.is_torch:
            torch = need("torch", "translating an image processor")
            mean, std = ((torch.tensor(numbers) * (1.0 / factor)).tolist() for numbers in (mean, std))
            self.translator.normalise("affine", mean, std, **more)
        elif rescale:
            self.translator.normalise("scaled" if self.is_torch else "hf_numpy", mean, std, **scale, **more)
        elif normalise:
            self.translator.normalise("affine", mean, std, **more)
        if normalise:
            self.translator.state = "normalised"

    def pad(self):
        """To a size of its own; to the largest image of a batch, which one image is."""
        size = self.get("pad_size") if self.get("do_pad") else None
        if size is None:
            return
        sides = {"width": size["width"], "height": size["height"]}
        if self.translator.state == "u8":
            self.put({"op": "image.pad_to", **sides, "anchor": "top_left"})
        else:
            self.translator.tail.append({"op": "pad_to", **sides})

    # -- processors with methods of their own, by the names of their classes

    def _labels_too(self):
        """Its own methods process segmentation maps as well; images go through the backends' steps."""
        self._steps(pad=False)

    _Beit = _MobileNetV2 = _labels_too

    def _Segformer(self):
        self._steps(crop=False, pad=False)

    def _detection(self):
        """Boxes and masks are processed as well. The size rules are the backends', but for one."""
        size = self.get("size")
        if self.get("do_resize") and size.get("shortest_edge", None) and not size.get("longest_edge", None):
            self.refuse("size without longest_edge has no op")
        self._steps(crop=False)

    _Detr = _ConditionalDetr = _DeformableDetr = _GroundingDino = _RTDetr = _detection

    def _Sam(self):
        side = self.get("size").get("longest_edge", None)
        if side is None:
            self.refuse("size without longest_edge has no op")
        if self.get("do_resize"):
            self.put({"op": "image.resize_long", "size": side, "rounding": "half_up", **self.resampling()})
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))
        self.pad()

    def _Levit(self):
        size = self.get("size")
        self._steps({"shortest_edge": int(256 / 224 * size["shortest_edge"])} if size.get("shortest_edge") else size)

    def _ConvNext(self):
        side = self.get("size").get("shortest_edge", None)
        if self.get("do_resize") and side is None:
            self.refuse("size without shortest_edge has no op")
        if self.get("do_resize") and side < 384:
            self.resize({"shortest_edge": int(side / self.get("crop_pct"))})
            self.center_crop({"height": side, "width": side})
        elif self.get("do_resize"):
            self.resize({"height": side, "width": side})
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))

    def _PoolFormer(self):
        size, part = self.get("size"), self.get("crop_pct")
        if part is not None:
            height, width = size.get("height", None), size.get("width", None)
            short = size.get("shortest_edge", None) or (height if height == width else None)
            size = ({"shortest_edge": int(short / part)} if short
                    else {"height": int(height / part), "width": int(width / part)})
        self._steps(size)

    def _Perceiver(self):
        size, crop = self.get("size"), self.get("crop_size")
        fraction = size["height"] / crop["height"]
        if fraction != size["width"] / crop["width"] or fraction > 1:
            self.refuse("only crop_size from size on, with size's ratio of sides, has an op")
        if self.get("do_center_crop"):
            self.put({"op": "image.crop_short", "fraction": fraction, "centre": self.centre()})
        if self.get("do_resize"):
            self.resize(size)
        self.to_numbers(self.get("do_normalize"))

    def _EfficientNet(self):
        if self.get("rescale_offset") and self.get("do_rescale"):
            self.refuse("rescale_offset=True has no op")
        if self.get("do_resize"):
            self.resize(self.get("size"))
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))
        if self.get("include_top") and self.translator.state == "u8":
            self.refuse("include_top=True without do_rescale and do_normalize has no op")
        if self.get("include_top"):
            self.translator.tail.append({"op": "normalize", "mean": 0, "std": _numbers(self.get("image_std"))})

    def _MobileViT(self):
        if self.get("do_resize"):
            self.resize(self.get("size"))
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        if not self.get("do_rescale"):
            self.refuse("do_rescale=False has no op")
        self.to_numbers(False, **({"reverse_channels": True} if self.get("do_flip_channel_order") else {}))

    def _DPT(self):
        size, multiple = self.get("size"), self.get("ensure_multiple_of", 1)
        if self.get("do_pad"):
            self.refuse("do_pad=True has no op")
        if self.get("do_resize") and self.get("keep_aspect_ratio"):
            self.put({"op": "image.resize_fit", "width": size["width"], "height": size["height"], "fit": "nearest",
                      "multiple": multiple, **self.resampling()})
        elif self.get("do_resize"):
            if size["width"] % multiple or size["height"] % multiple:
                self.refuse(f"size {dict(size)} is no multiple of ensure_multiple_of={multiple}")
            self.resize(size)
        if self.is_torch and self.get("do_center_crop"):  # the other backend does not crop, whatever it is told
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))

    def _Llava(self):
        if self.get("do_pad"):
            self.put({"op": "image.pad_to", "square": True, "value": [int(x * 255) for x in self.get("image_mean")]})
        if self.get("do_resize"):
            self.resize(self.get("size"))
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))

    def _TimmWrapper(self):
        self.translator.add(self.processor.val_transforms)


def translate(transform, is_rgb=True):
    """The ops (Image -> ...) that do what a transform does to a PIL image, bit for bit. `is_rgb` says that the image is
    known to be RGB. PackError names what cannot be translated, and says how far it came."""
    translator = _Translator(is_rgb)
    translator.add(transform)
    return translator.ops()


def apply_transform(transform, image):
    """What the translated ops must give: for an image processor, the one tensor of its batch."""
    if any(kind.__module__ == "transformers.image_processing_utils" for kind in type(transform).__mro__):
        return transform(images=image, return_tensors="pt")["pixel_values"][0]
    return transform(image)


def _gives_rgb(ops):
    """Whether images are known to be RGB behind the ops."""
    for op in reversed(ops):
        if op["op"] in ("image.decode", "image.from_raw"):
            return op.get("colour", "rgb") == "rgb" and op.get("format", "rgb") in ("rgb", "bgr", "nv12", "nv21", "i420")
        if op["op"] in ("image.to_rgb", "image.to_gray") or not op["op"].startswith("image."):
            return op["op"] == "image.to_rgb"
    return False


def _is_transform(value):
    return callable(value) and not isinstance(value, (str, dict, list, tuple))


def expand(pipeline, labels_file, path="pipeline"):
    """Strings become ops without parameters, transforms the ops they translate to, and `labels_file` is filled in.

    Returns the ops and [(path of first op, path of last op, transform)]."""
    ops, origins = [], []
    for item in pipeline:
        if isinstance(item, str):
            item = {"op": item}
        if isinstance(item, dict):
            item, inner_origins = _expand_op(item, labels_file, f"{path}[{len(ops)}]")
            origins += inner_origins
            ops.append(item)
        elif _is_transform(item):
            translated = translate(item, _gives_rgb(ops))
            if translated:
                first, last = len(ops), len(ops) + len(translated) - 1
                origins.append((f"{path}[{first}]", f"{path}[{last}]", item))
            ops += translated
        else:
            raise PackError(f"{path}[{len(ops)}]: expected an op or a transform, got {item!r}")
    return ops, origins


def _expand_op(op, labels_file, path):
    op, origins = dict(op), []
    if labels_file and op.get("op") in ("top_k", "label") and "labels" not in op:
        op["labels"] = labels_file
    for key in ("do", "then", "else"):
        if op.get("op") in COMPOUND and isinstance(op.get(key), (list, tuple)):
            op[key], found = expand(op[key], labels_file, f"{path}.{key}")
            origins += found
    if op.get("op") == "fork" and isinstance(op.get("branches"), (list, tuple)):
        branches = []
        for i, branch in enumerate(op["branches"]):
            expanded, found = expand(branch, labels_file, f"{path}.branches[{i}]")
            branches.append(expanded)
            origins += found
        op["branches"] = branches
    return op, origins


def check_origins(reference, origins, sample):
    """The translated ops gave what the transforms give."""
    for first, _, transform in origins:
        for start, value_in, value_out in reference.watched:
            if start != first:
                continue
            wanted = apply_transform(transform, value_in)
            if isinstance(value_out, list) and isinstance(wanted, tuple):
                wanted = list(wanted)
            problem = difference(value_out, wanted, EXACT, f"{sample}, {first}")
            if problem:
                raise CheckFailed("the translated ops differ from the transform: " + problem)


# ---- The model: signature and engines -----------------------------------------------------------------------------

def flattened(value, path=""):
    """[(path, tensor)] of what a model returns. A path is made of the keys of dicts, the fields of named tuples, and else
    of indices, joined by "."; None gives nothing, and a tensor alone has the path ""."""
    if is_tensor(value):
        return [(path, value)]
    if value is None:
        return []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (tuple, list)):
        items = list(zip(getattr(value, "_fields", range(len(value))), value))
    else:
        raise PackError("the model must return tensors, alone or in tuples, lists and dicts; "
                        + (f"'{path}' of what it returns is" if path else "it returns") + f" a {type(value).__name__}")
    found = []
    for key, item in items:
        found += flattened(item, f"{path}.{key}" if path else str(key))
    return found


def has_names(output):
    """Whether what a model returns is more than a tensor, or a flat tuple or list of tensors, which go by position."""
    is_plain = isinstance(output, (tuple, list)) and not hasattr(output, "_fields") and all(map(is_tensor, output))
    return not is_tensor(output) and not is_plain


def call_module(module, parameters, inputs, arguments):
    """module.forward's `parameters` in order, without those that have fixed values, take the inputs. It may write to what
    it gets."""
    if not arguments:
        return module(*inputs)
    first = next((i for i, name in enumerate(parameters) if name in arguments), len(parameters))
    behind = [name for name in parameters[first:] if name not in arguments]
    return module(*inputs[:first], **dict(zip(behind, inputs[first:])), **arguments)


def tensors_held(module):
    """{path: tensor} of whatever a module holds: parameters, buffers, and what lies in its attributes."""
    torch = sys.modules["torch"]
    found, seen = {}, set()

    def look_at(value, path):
        if id(value) in seen or len(path) > 32:
            return
        seen.add(id(value))
        if isinstance(value, torch.Tensor):
            found[path] = value
        elif isinstance(value, dict):
            for key, item in list(value.items()):
                look_at(item, (*path, str(key)))
        elif isinstance(value, (list, tuple, set)):
            for i, item in enumerate(value):
                look_at(item, (*path, str(i)))
        elif hasattr(value, "__dict__") and not isinstance(value, (type, types.ModuleType, types.FunctionType,
                                                                   types.MethodType, torch.ScriptObject)):
            look_at(vars(value), path)
    look_at(module, ())
    return found


def content_of(tensor):
    """A checksum of a tensor's values; of one whose bytes cannot be had, 0."""
    try:
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        return zlib.crc32(flat.view(sys.modules["torch"].uint8).numpy())
    except (RuntimeError, TypeError, NotImplementedError):  # sparse, quantised, without storage
        return 0


class Model:
    """The eager model with its signature; runs batches (tuples of tensors) and samples (one Tensor or Tensors).

    `module` is the model as it was given and is not run: of a model that keeps state, each recorded case starts with a
    copy of it, so that what is recorded first is what Python gives first. Calls go to `live`."""

    def __init__(self, model, example_inputs, input_names, output_names, shapes, batch, tolerance, arguments=None,
                 libraries=()):
        torch = need("torch", "packing a model")
        self.torch, self.tolerance, self.libraries = torch, tolerance, list(libraries)
        self.program = model if isinstance(model, torch.export.ExportedProgram) else None
        self.module = model.module() if self.program is not None else model
        if hasattr(model, "_orig_mod"):
            raise PackError("the model comes from torch.compile(), which cannot be exported; pass the one that was given to it")
        self.is_script = isinstance(model, torch.jit.ScriptModule)
        if not isinstance(self.module, torch.nn.Module):
            raise PackError(f"model: expected a torch.nn.Module, ScriptModule or ExportedProgram, got {type(model)}")
        if self.program is None and self.module.training:
            raise PackError("the model is in training mode; call model.eval() first")
        example = tuple(example_inputs) if isinstance(example_inputs, (tuple, list)) else (example_inputs,)
        for value in example:
            if not is_tensor(value):
                raise PackError("example_inputs: expected a tensor, or a tuple of tensors in the order of forward()'s "
                                f"arguments, got {type(value).__name__}"
                                + ("; wrap a model that takes a dict in one that takes its tensors" if isinstance(value, dict) else ""))
            dtype_name(value, "a tensor of example_inputs")
        # As the C++ side gives them: on the CPU and in C order, whatever the memory format (channels_last).
        self.example = tuple(value.detach().cpu().contiguous() for value in example)
        self.parameters, keywords = self._parameters()
        self.arguments = self._checked_arguments(arguments, self.parameters + keywords)
        self.parameters_of_tensors = [name for name in self.parameters if name not in self.arguments]
        self.output_keys, self.is_nested = None, False
        self.has_state = self.is_random = False
        self.calls = []  # (inputs, outputs) of samples
        self.rows = {}   # engines[].rows by kind
        self.why_no_batch = None  # the reason, if no batch axis was found
        probed = self._probe() if self.is_script else None
        try:
            outputs = self._first_call()
        except PackError:
            raise
        except Exception as error:
            raise PackError(f"the model fails on example_inputs ({', '.join(map(describe_value, self.example))}; "
                            f"forward() takes {self.parameters + keywords}): {type(error).__name__}: {error}") from error
        self.has_batch = self._find_batch(outputs, batch, probed)
        self.input_names = self._input_names(input_names)
        self.output_names = self._output_names(output_names, len(outputs))
        self.signature = {"inputs": self._specs(self.input_names, self.example, shapes),
                          "outputs": self._specs(self.output_names, outputs, shapes)}
        self._check_symbols(shapes)
        self._take_batch_axis_of_signature(batch)

    # -- calls and state

    def call(self, inputs):
        """What the model gives, flattened; it may remember the calls before."""
        return self._call(self.live, inputs)

    def first(self, inputs):
        """What the model gives as its first answer."""
        return self._call(self.fresh() if self.has_state else self.live, inputs)

    def begin_case(self):
        """What comes now is recorded as if nothing had been before."""
        if self.has_state:
            self.live = self.fresh()

    def fresh(self):
        """A copy of the model as it was given."""
        try:
            with quiet():
                return copy.deepcopy(self.module)
        except Exception as error:  # whatever says that it cannot be copied
            raise PackError("the model keeps state or draws random numbers, and it cannot be copied (copy.deepcopy: "
                            f"{error}), so its first answers cannot be recorded") from error

    def _call(self, module, inputs):
        with self.torch.no_grad(), quiet():
            copies = tuple(tensor.clone() for tensor in inputs)
            return tuple(tensor.clone() for tensor in self.flatten(
                call_module(module, self.parameters, copies, self.arguments)))

    def flatten(self, output):
        """A tuple of tensors from what the model returns."""
        found = flattened(output)
        if not found:
            raise PackError("the model returns no tensor")
        for path, tensor in found:
            dtype_name(tensor, f"'{path}' of what the model returns" if path else "what the model returns")
        self.is_nested = has_names(output)
        self.output_keys = [path for path, _ in found] if self.is_nested else None
        return tuple(tensor for _, tensor in found)

    def same(self, got, expected):
        """Whether outputs are equal but for rounding."""
        return len(got) == len(expected) and not any(
            difference(one, other, rounding(other), "") for one, other in zip(got, expected))

    def _first_call(self):
        """Calls the example, and finds out whether calls leave something behind."""
        try:
            self.live = self.fresh()
            is_copied = True
        except PackError:  # no matter as long as nothing changes it
            self.live, is_copied = self.module, False
        before = self._held()
        outputs = self.call(self.example)
        is_changed = self._is_changed(before)
        if not is_changed and self.same(self.call(self.example), outputs):
            return outputs
        if not is_copied:
            self.fresh()  # says why
        self.is_random = not self.same(self._call(self.fresh(), self.example), outputs)
        self.has_state = is_changed or not self.is_random
        if self.has_state:
            say("the model keeps state: each golden case is recorded from a fresh copy, and calls are not merged")
        return outputs

    def _held(self):
        if self.is_script:  # its tensors may lie where Python cannot look, but all of them are saved
            buffer = io.BytesIO()
            with quiet():
                self.torch.jit.save(self.live, buffer)
            return zlib.crc32(buffer.getbuffer())
        return {path: (value.data_ptr(), content_of(value)) for path, value in tensors_held(self.live).items()
                if value.layout is self.torch.strided and value.device.type != "meta"}

    def _is_changed(self, before):
        """Whether a call wrote to what the model holds. Attributes that are made in a call, such as cached tables, only
        count where answers change."""
        after = self._held()
        if self.is_script:
            return before != after
        return any(path in after and content != after[path][1]
                   and (address == after[path][0] or "_buffers" in path or "_parameters" in path)
                   for path, (address, content) in before.items())

    def forgets(self):
        """Whether the samples' inputs give again what they gave. If not, has_state is set, and they must be recorded
        anew; of a model that draws random numbers nothing can be recorded."""
        calls, self.calls = self.calls, []
        if self.has_state:
            return True
        for inputs, outputs in reversed(calls[:16]):
            if self.same(self.call(inputs), outputs):
                continue
            if not self.same(self._call(self.fresh(), inputs), self._call(self.fresh(), inputs)):
                self.refuse_random()
            self.has_state = True
            say("the model keeps state: each golden case is recorded from a fresh copy, and calls are not merged")
            return False
        return True

    def refuse_random(self):
        training = [name for name, part in self.module.named_modules() if name and part.training]
        raise PackError("the model draws random numbers: equal inputs give other answers each time, so none can be "
                        "recorded; " + (f"'{training[0]}' is in training mode, call eval() on it"
                                        if training else "take out what is random, or pass no samples"))

    # -- what it takes

    def _parameters(self):
        """Names of forward's parameters: those by position, those by keyword only."""
        if self.is_script:
            given = self.module.forward.schema.arguments[1:]
            return [a.name for a in given if not a.kwarg_only], [a.name for a in given if a.kwarg_only]
        given = inspect.signature(self.module.forward).parameters.values()
        return ([p.name for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)],
                [p.name for p in given if p.kind is p.KEYWORD_ONLY])

    def _checked_arguments(self, arguments, known):
        arguments = dict(arguments or {})
        if arguments and self.program is not None:
            raise PackError("arguments: an ExportedProgram has its fixed arguments inside; export it with them")
        if len(arguments) > 64:
            raise PackError(f"arguments: at most 64, got {len(arguments)}")
        for name, value in arguments.items():
            if name not in known:
                raise PackError(f"arguments: forward() has no argument {name!r}; it takes {known}")
            fits = isinstance(value, (bool, str)) or isinstance(value, float) and math.isfinite(value) \
                or isinstance(value, int) and -2 ** 63 <= value < 2 ** 63
            if not fits:
                raise PackError(f"arguments[{name!r}]: expected true, false, an integer of 64 bits, a finite number or "
                                f"a string, got {value!r}; tensors are inputs")
        return arguments

    # -- the batch axis

    def _one_more(self):
        """The example with one more sample, or None where it cannot have a batch axis."""
        sizes = {value.shape[0] if value.dim() else 0 for value in self.example}
        if len(sizes) != 1 or 0 in sizes:
            return None
        return tuple(self.torch.cat([value, value[:1]]) for value in self.example)

    def _probe(self):
        """Runs a ScriptModule in a process of its own, which it may end: on the example, on one more sample, and on one
        alone. Returns the outputs of each or, as a string, why there are none."""
        larger = self._one_more()
        pool = [self.example] + ([larger, tuple(value[:1] for value in self.example)] if larger is not None else [])
        with tempfile.TemporaryDirectory(prefix="gantry-pack-") as work:
            path = Path(work) / "model.ts"
            with quiet():
                self.torch.jit.save(self.module, str(path))
            trials = [Trial([[i, 1]], size=len(one[0]) if i > 0 else None, may_fail=i > 0)
                      for i, one in enumerate(pool)]
            results = run_engine("torchscript", path, self, pool, trials, ["saved"], is_fresh=True)
        if "error" in results[0]:
            raise PackError(f"the model fails on example_inputs: {results[0]['error']}")
        return [result.get("saved", result.get("error")) for result in results]

    def _find_batch(self, outputs, wanted, probed):
        """True if one more sample in every input makes one more in every output, and changes no other row."""
        larger = self._one_more()
        if probed is not None and len(probed) == 3:
            for size, result in ((self.example[0].shape[0] + 1, probed[1]), (1, probed[2])):
                if not isinstance(result, str):
                    continue
                if wanted:
                    raise CheckFailed(f"batch=True, but the model takes no batch of {size}: {result}")
                if wanted is None and "ends the process" in result:
                    say(f"{result}; it is packed without a batch axis, for the example's shapes only")
                return self._no_batch(f"it takes no batch of {size}: {result}")
        if wanted is False:
            return False
        if larger is None:
            why = "the inputs of the example have no first axis of one size"
            if wanted:
                raise PackError(f"batch=True, but {why}: {', '.join(map(describe_value, self.example))}")
            return self._no_batch(why, "give an example with the batch axis in front of every input")
        size = self.example[0].shape[0]
        for i, value in enumerate(outputs):
            if value.dim() == 0 or value.shape[0] != size:
                why = f"output {i} is {describe_value(value)}, where the inputs have {size} in front"
                advice = "wrap the model in one whose inputs and outputs all have it there"
                if wanted:
                    raise CheckFailed(f"batch=True, but {why}; {advice}")
                return self._no_batch(why, advice)
        if wanted:
            return True
        try:
            more = probed[1] if probed is not None else self.first(larger)
        except PackError:
            raise
        except Exception as error:  # whatever a model says when it cannot take another batch size
            return self._no_batch(f"with {size + 1} instead of {size} in front it fails: "
                                  f"{(str(error).strip() or type(error).__name__).splitlines()[-1]}",
                                  "take sizes from the input where the model has fixed ones")
        if len(more) != len(outputs) or any(value.shape[:1] != (size + 1,) for value in more):
            return self._no_batch(f"with {size + 1} instead of {size} in front it gives "
                                  f"{', '.join(map(describe_value, more))}")
        for i, (value, one) in enumerate(zip(more, outputs)):
            problem = difference(value, self.torch.cat([one, one[:1]]), self.tolerance, f"output {i}")
            if problem is not None:
                say(f"one more sample changes what the others give ({problem}), so it is packed without a batch axis, for "
                    "the example's shapes; pass batch=True if the first axis is one")
                return self._no_batch("one more sample changes what the others give")
        return True

    def _no_batch(self, why, advice="pass batch=True if the first axis is one"):
        self.why_no_batch = f"{why}; {advice}"
        return False

    def _input_names(self, names):
        count, known = len(self.example), self.parameters_of_tensors
        if names is None:
            names = known[:count] if len(known) >= count else [f"input_{i}" for i in range(count)]
        names = self._checked_names(names, count, "input_names")
        check_matching(names, known[:count], "input_names", "the arguments of forward()")
        return names

    def _output_names(self, names, count):
        if names is None:
            names = self.output_keys or (["output"] if count == 1 else [f"output_{i}" for i in range(count)])
        names = self._checked_names(names, count, "output_names")
        if self.is_script:
            check_matching(names, self.output_keys or [], "output_names", "what the model returns")
        return names

    @staticmethod
    def _checked_names(names, count, what):
        names = [names] if isinstance(names, str) else list(names)
        if len(names) != count or len(set(names)) != count or not all(isinstance(n, str) and n for n in names):
            raise PackError(f"{what}: expected {count} different names, got {names}")
        return names

    def _specs(self, names, tensors, shapes):
        specs = []
        for name, tensor in zip(names, tensors):
            shape = (shapes or {}).get(name)
            if shape is None:
                shape = (["batch"] if self.has_batch else list(tensor.shape[:1])) + list(tensor.shape[1:])
            fits = len(shape) == tensor.dim() and all(isinstance(dim, str) or dim == size
                                                      for dim, size in zip(shape, tensor.shape))
            if not fits:
                raise PackError(f"shapes['{name}'] is {list(shape)}, but the example is {list(tensor.shape)}")
            if any(not isinstance(dim, str) and dim < 1 for dim in shape):
                raise PackError(f"'{name}' has the shape {list(shape)}; every dimension must be 1 or more. Give an example "
                                "in which nothing is empty; a model that gives a number of things that varies (boxes, "
                                "say) has to give a fixed number, padded, and a count")
            if len(shape) > MAX_RANK:
                raise PackError(f"'{name}' has {len(shape)} dimensions; a tensor of gantry has at most {MAX_RANK}")
            specs.append({"name": name, "dtype": dtype_name(tensor, f"'{name}'"), "shape": list(shape)})
        return specs

    def _check_symbols(self, shapes):
        unknown = set(shapes or {}) - set(self.input_names) - set(self.output_names)
        if unknown:
            raise PackError(f"shapes: there is no input or output {sorted(unknown)}; there are "
                            f"{self.input_names + self.output_names}")
        bound = {dim for spec in self.signature["inputs"] for dim in spec["shape"] if isinstance(dim, str)}
        for spec in self.signature["outputs"]:
            for dim in spec["shape"]:
                if isinstance(dim, str) and dim not in bound:
                    raise PackError(f"shapes['{spec['name']}']: '{dim}' is not a dimension of any input")
        for dim in bound:
            if not SYMBOL_PATTERN.fullmatch(dim):
                raise PackError(f"shapes: '{dim}' is not an identifier (letters a-z, digits and '_')")

    def _take_batch_axis_of_signature(self, wanted):
        """The C++ side knows nothing but the signature: there is a batch axis if 'batch' is in front everywhere, and
        nowhere else. `shapes` may say so, or not, whatever was found."""
        specs = [*self.signature["inputs"], *self.signature["outputs"]]
        has_batch = all(spec["shape"][:1] == ["batch"] and "batch" not in spec["shape"][1:] for spec in specs)
        if has_batch != self.has_batch and wanted is not None:
            raise PackError(f"batch={bool(wanted)}, but with shapes= the first axis of every input and output is "
                            + ("'batch'" if has_batch else "not 'batch' and nothing else: "
                               + ", ".join(f"'{spec['name']}' is {spec['shape']}" for spec in specs)))
        if self.has_batch and not has_batch:
            self._no_batch("shapes= does not call the first axis of every input and output, and no other, 'batch'",
                           "without it a sample has all dimensions")
        self.has_batch = has_batch

    def batch_of_one(self, value):
        """The batch that one sample makes, checked against the signature."""
        specs = self.signature["inputs"]
        if isinstance(value, dict):
            if set(value) != {spec["name"] for spec in specs}:
                raise PackError(f"model: a sample is a dict of {[spec['name'] for spec in specs]}, got one of {list(value)}")
            tensors = [value[spec["name"]] for spec in specs]
        else:
            tensors = [value]
        tensors = tuple(tensor.unsqueeze(0) if self.has_batch else tensor for tensor in tensors)
        problem = self._misfit("inputs", tensors, {})
        if problem:
            raise PackError(f"model: {problem}")
        return tensors

    def _misfit(self, side, tensors, sizes):
        """Why a sample's tensors, as a batch of one, do not fit the signature that will be written, as the C++ side sees
        it; None if they do. `sizes` holds what symbols stand for, and gets those that are new."""
        for spec, tensor in zip(self.signature[side], tensors):
            wanted, shape = spec["shape"], list(tensor.shape)
            first = 1 if self.has_batch else 0
            whole = f"{side[:-1]} '{spec['name']}' of a sample is {spec['dtype']}[{', '.join(map(str, wanted[first:]))}], " \
                    f"got {describe_value(tensor[0] if first else tensor)}"
            if dtype_name(tensor) != spec["dtype"]:
                return whole
            if len(shape) != len(wanted):
                return whole + self._rank_hint(len(wanted), len(shape), side)
            for axis, (dim, size) in enumerate(zip(wanted, shape)):
                if not isinstance(dim, str):
                    if dim != size:
                        return whole + self._size_hint(spec, shape, side)
                    continue
                if size < 1:
                    return f"{whole}: '{dim}' must be 1 or more"
                if sizes.setdefault(dim, size) != size:
                    return f"{whole}: '{dim}' is {sizes[dim]} elsewhere in this sample"
        return None

    def _rank_hint(self, wanted, got, side):
        if side == "outputs":
            return ""
        if not self.has_batch and got == wanted - 1:
            return f"; no batch axis was found, since {self.why_no_batch}" \
                if self.why_no_batch else "; with batch=False a sample has all dimensions of example_inputs"
        return "; a sample comes without the batch axis" if self.has_batch and got == wanted + 1 else ""

    def _size_hint(self, spec, shape, side):
        varies = ["batch"] if self.has_batch else []
        varies += [dim if isinstance(dim, str) or dim == size else f"n{axis}" for axis, (dim, size)
                   in enumerate(zip(spec["shape"], shape)) if axis or not self.has_batch]
        hint = f'; name the dimensions that vary: shapes={{"{spec["name"]}": {json.dumps(varies)}}}'
        if side == "outputs":
            hint += ", where each is one of an input too; a model that gives a number of things that varies with their " \
                    "values (boxes, say) has to give a fixed number, padded, and a count"
        elif self.why_no_batch and not self.has_batch:
            hint += f". No batch axis was found, since {self.why_no_batch}"
        return hint

    def call_sample(self, value):
        inputs = self.batch_of_one(value)
        try:
            outputs = self.call(inputs)
        except PackError:
            raise
        except Exception as error:
            raise PackError(f"model: fails on this sample: {error}") from error
        sizes = {}
        self._misfit("inputs", inputs, sizes)
        problem = len(outputs) != len(self.output_names) and \
            f"it gives {len(outputs)} outputs, and gave {len(self.output_names)} for the example" \
            or self._misfit("outputs", outputs, sizes)
        if problem:
            raise CheckFailed(f"model: {problem}")
        self.calls.append((inputs, outputs))
        outputs = [output[0] if self.has_batch else output for output in outputs]
        return outputs[0] if len(outputs) == 1 else dict(zip(self.output_names, outputs))

    def exportable(self, has_own_names=False):
        """(module, True if its inputs come as one *args): what returns a tensor or a tuple of tensors, and takes nothing
        else. With `has_own_names` its inputs are called as those of the model instead, and its outputs so that their
        names are those of the signature or none of them."""
        module = self.fresh() if self.has_state else self.module
        depth = self._depth_of_result() if has_own_names else 0
        if not self.is_nested and not self.arguments and depth == 0:
            return module, False
        torch, parameters, arguments = self.torch, self.parameters, self.arguments

        class Flat(torch.nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, *inputs):
                outputs = tuple(tensor for _, tensor in flattened(call_module(self.model, parameters, inputs, arguments)))
                outputs = outputs[0] if len(outputs) == 1 else outputs
                for _ in range(depth):
                    outputs = (outputs,)
                return outputs
        if not has_own_names or len(self.parameters_of_tensors) < len(self.example):
            return Flat(module).eval(), True
        names, body = ", ".join(self.parameters_of_tensors[:len(self.example)]), {"Flat": Flat}
        exec(f"class Named(Flat):\n    def forward(self, {names}):\n        return Flat.forward(self, {names})", body)
        return body["Named"](module).eval(), False

    def _depth_of_result(self):
        """The C++ side calls the parts of a tuple by their indices, and goes by position if no output of the signature is
        called so. Where only some are ("0" and "1.0" of an LSTM), tuples around the result change the indices."""
        depth, count = 0, len(self.output_names)
        names = [str(i) for i in range(count)]
        while count > 1 and names != self.output_names and set(names) & set(self.output_names):
            depth, names = depth + 1, [f"0.{name}" for name in names]
        return depth

    def example_of(self, size):
        """The example with `size` samples, for exporters that take a size of 1 as a constant."""
        if not self.has_batch:
            return self.example
        torch = self.torch
        return tuple(torch.cat([value] * math.ceil(size / value.shape[0]))[:size].contiguous()
                     for value in self.example)


def check_matching(names, known, what, of):
    """An engine matches names if it has them all, and goes by position if it has none. Any other case is ambiguous."""
    common = set(names) & set(known)
    if common and list(names) != list(known):
        raise PackError(f"{what}: {sorted(common)} are among {of}, {list(known)}, but not all names are, or they have "
                        f"another order, got {list(names)}; give the same names in the same order, or all others")


def rounding(expected, step=1e-6):
    """What one computation, done twice, may differ by, for outputs of the size of `expected`."""
    if not expected.dtype.is_floating_point or expected.numel() == 0:
        return EXACT
    return Tolerance(min(step * magnitude([expected]), 1e300), step)


def magnitude(tensors):
    """The largest finite absolute value, or 0."""
    return max((float(tensor.detach().double().nan_to_num(0, 0, 0).abs().max()) for tensor in tensors
                if tensor.numel() > 0), default=0.0)


DEFAULT_LENGTHS = [1 << i for i in range(4, 17)]


def check_padding(padding, model):
    """`padding` is one of the model's signature; what the manifest takes."""
    def require(holds, field, message):
        if not holds:
            raise PackError(f"padding{field}: {message}")
    require(isinstance(padding, dict) and "dim" in padding and not set(padding) - {"dim", "lengths", "values"}, "",
            f'expected {{"dim": symbol, "lengths": [...], "values": {{input: number}}}}, got {padding!r}')
    dim, lengths, values = padding["dim"], padding.get("lengths"), padding.get("values", {})
    specs = {spec["name"]: spec for spec in model.signature["inputs"]}
    padded = [name for name, spec in specs.items() if dim in spec["shape"]]
    require(model.has_batch, "", "the model has no batch axis, so nothing shares a batch")
    require(isinstance(dim, str) and dim != "batch" and padded, "['dim']",
            f"no input has a dimension {dim!r} to pad; say so in shapes=, got {list(specs.values())}")
    if lengths is not None:
        require(isinstance(lengths, (list, tuple)) and 1 <= len(lengths) <= 1024
                and not any(map(_integer(1, 1 << 24), lengths))
                and all(a < b for a, b in zip(lengths, lengths[1:])), "['lengths']",
                f"expected 1..1024 ascending integers from 1 to {1 << 24}, got {lengths!r}")
    require(isinstance(values, dict), "['values']", f"expected an object of numbers, got {values!r}")
    for name, value in values.items():
        require(name in padded, f"['values']['{name}']", f"no such input has '{dim}'; there are {padded}")
        require(_is_number(value), f"['values']['{name}']", f"expected a finite number, got {value!r}")
        dtype = model.example[model.input_names.index(name)].dtype
        fits = value in (0, 1) if dtype is model.torch.bool else \
            model.torch.finfo(dtype).min <= value <= model.torch.finfo(dtype).max if dtype.is_floating_point else \
            value == int(value) and model.torch.iinfo(dtype).min <= value <= model.torch.iinfo(dtype).max
        if fits and dtype in (model.torch.float16, model.torch.bfloat16):
            fits = model.torch.tensor(value, dtype=dtype).item() == value
        require(fits, f"['values']['{name}']", f"{value!r} is not a value of {specs[name]['dtype']}")
    return padding


def axes_of(dim, spec):
    return [axis for axis, name in enumerate(spec["shape"]) if name == dim]


def padded_length(padding, model, batch):
    """(the length that a batch has, the length it is padded to, or None)."""
    lengths = padding.get("lengths", DEFAULT_LENGTHS)
    own = next(tensor.shape[axes_of(padding["dim"], spec)[0]]
               for spec, tensor in zip(model.signature["inputs"], batch) if axes_of(padding["dim"], spec))
    return own, next((length for length in lengths if length >= own), None)


def padded_to(length, padding, model, batch):
    """The batch as the C++ side pads it."""
    def pad(spec, tensor):
        amounts = [0] * (2 * tensor.dim())  # from the last axis on: before, behind
        for axis in axes_of(padding["dim"], spec):
            amounts[2 * (tensor.dim() - 1 - axis) + 1] = length - tensor.shape[axis]
        return model.torch.nn.functional.pad(tensor, amounts, value=padding.get("values", {}).get(spec["name"], 0))
    return tuple(pad(spec, tensor) for spec, tensor in zip(model.signature["inputs"], batch))


def check_padded(padding, model, batches):
    """Padded as the C++ side will pad it, each batch gives the answers it gives alone; and the model takes the longest
    of the lengths that were asked for."""
    dim, lengths = padding["dim"], padding.get("lengths", DEFAULT_LENGTHS)
    if model.is_random:
        return
    for number, batch in enumerate(batches):
        own, wanted = padded_length(padding, model, batch)
        asked_for = lengths[-1:] if number == 0 and "lengths" in padding else []
        for length in (wanted, *asked_for):
            if length is None or length <= own:  # as it is
                continue
            what = f"padding changes what the model gives: '{dim}' of {own} padded to {length}: "
            try:
                got = model.first(padded_to(length, padding, model, batch))
            except Exception as error:
                raise CheckFailed(f"{what}it fails: {error}") from error
            for spec, whole, expected in zip(model.signature["outputs"], got, model.first(batch)):
                for axis in axes_of(dim, spec):
                    whole = whole.narrow(axis, 0, min(own, whole.shape[axis]))
                problem = difference(whole, expected, model.tolerance, f"output '{spec['name']}'")
                if problem:
                    raise CheckFailed(f"{what}{problem}; it must mask what is padded")


# ---- Engines run in a process of their own --------------------------------------------------------------------------
# A model may end the process, at a batch size that it was not made for. One child imports torch, once, and forks for each
# run, so that a run costs no import.

class Trial:
    """A batch to run: rows [[index into a pool, factor], ...], or one entry of the pool as it is."""

    def __init__(self, rows, of=None, size=None, kept=(), may_fail=False, instead_of=None, goes_on=False):
        self.rows, self.size = rows, size
        self.of, self.kept = of, list(kept)  # the trial whose rows `kept` must come again
        self.may_fail = may_fail      # its inputs are made up: that it fails says nothing
        self.instead_of = instead_of  # the trial that it replaces if that one failed
        self.goes_on = goes_on        # from what the trial before has left in a model that keeps state

    def is_again(self):
        """Whether it is another trial, once more."""
        return self.of is not None and len(self.kept) == len(self.rows)


def assemble(torch, pool, rows):
    """The inputs of one trial. Integers stand for things and are not scaled."""
    if len(rows) == 1:
        return pool[rows[0][0]]
    return tuple(torch.cat([pool[i][position] * factor if factor != 1 and pool[i][position].is_floating_point()
                            else pool[i][position] for i, factor in rows]).contiguous()
                 for position in range(len(pool[0])))


class Children:
    """The child that forks; started when it is first needed, and gone with this process."""

    process = None

    @classmethod
    def start(cls):
        if cls.process is not None and cls.process.poll() is None:
            return
        path = os.pathsep.join(entry for entry in sys.path if entry)
        cls.process = subprocess.Popen([sys.executable, str(Path(__file__).resolve()), "--run-engines"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       env={**os.environ, "PYTHONPATH": path})
        atexit.register(cls.stop, cls.process)

    @staticmethod
    def stop(process):
        process.stdin.close()
        process.wait()
        process.stdout.close()

    @classmethod
    def run(cls, directory):
        """The exit code of the run that `directory` describes; negative: the signal that ended it."""
        cls.start()
        try:
            cls.process.stdin.write(f"{directory}\n")
            cls.process.stdin.flush()
            reply = cls.process.stdout.readline()
        except OSError:
            reply = ""
        if not reply:
            raise PackError("the process that runs engines ended; is there memory enough?")
        return int(reply)


def serve_engine_runs():
    """The child: a line on stdin is the directory of a run, a line on stdout its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever gave us work gets it too, and closes stdin
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    need("torch", "running engines")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code, work = 1, Path(line.strip())
            try:
                _prepare_run(work)
                _run_trials(work)
                code = 0
            except BaseException:
                if work.is_dir():  # else whoever gave us work was interrupted
                    traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        replies.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        replies.flush()
    return 0


def _prepare_run(work):
    """What the model prints, and what a C library says before it aborts, goes to a file; no core is written."""
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    log = os.open(work / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


def _load_library(library):
    torch = sys.modules["torch"]
    if library.startswith("file:"):
        torch.ops.load_library(library.removeprefix("file:"))
        return
    name = library.removeprefix("name:")
    try:
        __import__(name)
    except ImportError:
        torch.ops.load_library(name)  # where the dynamic linker looks


def _load_engine(job):
    """{name of a run: callable}: "engine", what the C++ engine runs, and "saved", the model as it was saved."""
    torch = sys.modules["torch"]
    if job["kind"] == "aoti":
        import torch._inductor
        return {"engine": torch._inductor.aoti_load_package(job["path"])}

    def load():
        return torch.jit.load(job["path"], map_location="cpu").eval()
    loaded = {name: load() for name in job["runs"]}
    for name, module in loaded.items():
        # Freezing drops hooks of the module itself, so the engine does not freeze such a model.
        if name == "engine" and not module._c._get_forward_hooks() and not module._c._get_forward_pre_hooks():
            loaded[name] = torch.jit.freeze(module)
    return loaded


def _run_trials(work):
    """TorchScript runs as in the C++ engine, without kernels made at run time: a LibTorch that was built with LLVM, such
    as Debian's, compiles them for minutes."""
    torch = sys.modules["torch"]
    job = torch.load(work / "job.pt", weights_only=True)

    def outputs_of(call, inputs):
        copies = tuple(tensor.clone() for tensor in inputs)
        found = flattened(call_module(call, job["parameters"], copies, job["arguments"]))
        return [tensor.clone() for _, tensor in found]
    with quiet(), torch.no_grad():
        (work / "at").write_text("load")
        for library in job["libraries"]:
            _load_library(library)
        loaded = _load_engine(job)
        for i, trial in list(enumerate(job["trials"]))[job["start"]:]:
            replaced = trial["instead_of"]
            if replaced is not None and "error" not in torch.load(work / f"{replaced}.pt", weights_only=True):
                continue
            (work / "at").write_text(str(i))
            if job["is_fresh"] and i > job["start"] and not trial["goes_on"]:
                loaded = _load_engine(job)
            inputs = assemble(torch, job["pool"], trial["rows"])
            try:
                with torch.jit.optimized_execution(False):  # not while freezing, which then leaves calls of nothing
                    result = {name: outputs_of(call, inputs) for name, call in loaded.items()}
            except Exception as error:
                result = {"error": str(error).strip() or type(error).__name__}
            torch.save(result, work / f"{i}.pt")


def run_engine(kind, path, model, pool, trials, runs, is_fresh):
    """[{run: outputs} or {"error": text} or, not needed, None] of each trial, from a process of its own. `is_fresh`: each
    is the model's first. CheckFailed if the model cannot be loaded, or ends the process on a trial that may not fail."""
    torch = model.torch
    job = {"kind": kind, "path": str(path), "libraries": [library.to_load for library in model.libraries], "runs": runs,
           "parameters": model.parameters if model.is_script else [],
           "arguments": model.arguments if model.is_script else {}, "is_fresh": is_fresh, "start": 0,
           "pool": [[value.detach() for value in entry] for entry in pool],
           "trials": [{"rows": trial.rows, "instead_of": trial.instead_of, "goes_on": trial.goes_on}
                      for trial in trials]}
    with tempfile.TemporaryDirectory(prefix="gantry-pack-") as work:
        work = Path(work)
        while job["start"] < len(trials):
            torch.save(job, work / "job.pt")
            code = Children.run(work)
            if code == 0:
                break
            job["start"] = _after_ending(kind, work, code, pool, trials) + 1
        paths = [work / f"{i}.pt" for i in range(len(trials))]
        return [torch.load(path, weights_only=True) if path.exists() else None for path in paths]


def _after_ending(kind, work, code, pool, trials):
    """Which trial ended the process; its result says so. Raises where it may not."""
    torch = sys.modules["torch"]
    at = (work / "at").read_text() if (work / "at").exists() else "load"
    log = (work / "log").read_text(errors="replace").strip() if (work / "log").exists() else ""
    last = log.splitlines()[-1].strip() if log else "it says nothing"
    how = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
    if at == "load" and code > 0:
        operator = re.search(r"(?:Unknown builtin op: |Could not find (?:schema|an implementation) for |operator )"
                             r"'?(\w+::\w+)", log)
        raise CheckFailed(f"the {kind} model cannot be loaded by itself: " + (
            f"it needs the operator {operator.group(1)}; say which library has it: libraries=[\"torchvision\"], or the "
            "path of a shared library" if operator else last))
    if at == "load":
        raise CheckFailed(f"the {kind} model ends the process as it is loaded ({how}): {last}")
    trial = trials[int(at)]
    size = len(trial.rows) if len(trial.rows) > 1 else trial.size
    inputs = ", ".join(describe_value(value) for value in assemble(torch, pool, trial.rows))
    where = f"at a batch of {size}" if size and size > 1 else f"on inputs {inputs}"
    what = f"the {kind} model ends the process {where} ({how})"
    if not trial.may_fail:
        raise CheckFailed(what + ": it was made for one batch size; trace it with a batch of 2 and take sizes from the "
                          "input, or pass batch=False, or max_batch=1" if size and size > 1 else f"{what}: {last}")
    torch.save({"error": what}, work / f"{at}.pt")
    return int(at)


# ---- Rows: does an answer depend on who shares a batch? --------------------------------------------------------------

class Trials:
    """The batches that an engine is tried on: each sample alone, as calls bring it; batches of different samples, whose
    rows must be those of the samples alone, but for rounding; and the smallest and the largest of these batches with
    half of their rows replaced, where the rows that stay must be equal, since their arithmetic is the same. What
    replaces them is much larger where it can be, so that a scale or a mean of the whole batch shows."""

    LARGER = 64.0
    MOST = 16  # different samples in a batch

    def __init__(self, model, sample_inputs, max_batch, padding=None):
        torch = model.torch
        self.model, self.trials = model, []
        samples = [model.batch_of_one(value) for value in sample_inputs]
        if model.has_batch:
            samples += [tuple(value[i:i + 1] for value in model.example) for i in range(min(2, len(model.example[0])))]
        else:
            samples = [model.example, *samples]
        self.pool = [tuple(value.contiguous() for value in one) for one in samples]
        self.alone = list(range(len(self.pool)))  # trial i is entry i of the pool, alone
        if padding is not None:
            lengths = [padded_length(padding, model, one) for one in self.pool]
            self.pool += [padded_to(length, padding, model, one)
                          for one, (own, length) in zip(list(self.pool), lengths) if length is not None and length > own]
        self.trials += [Trial([[i, 1]]) for i in range(len(self.pool))]
        if model.has_state:
            self.trials.append(Trial([[0, 1]], goes_on=True, of=0))
        self.group = self._alike(torch)
        self.sizes = sorted({2, (max_batch // 2) | 1, max_batch} - {1}) if model.has_batch and max_batch > 1 else []
        for size in self.sizes:
            self._add(size)

    def _alike(self, torch):
        """The most different samples of equal shapes: indices into the pool."""
        groups = {}
        for i, one in enumerate(self.pool):
            group = groups.setdefault(tuple(value.shape for value in one), [])
            if len(group) < self.MOST and not any(all(map(torch.equal, one, self.pool[j])) for j in group):
                group.append(i)
        return max(groups.values(), key=len)

    def _add(self, size):
        count = len(self.group)
        rows = [[self.group[i % count], 1] for i in range(size)]
        base = len(self.trials)
        self.trials.append(Trial(rows, size=size))
        is_first, is_last = size == self.sizes[0], size == self.sizes[-1]
        if count < 2 or self.model.has_state or self.model.is_random:
            return
        if is_first:
            self.trials.append(Trial(rows, of=base, kept=range(size)))
        is_scalable = any(value.is_floating_point() for value in self.pool[self.group[0]])
        for parity in (0, 1) if is_first else (1,) if is_last else ():  # each costs as much as the batch
            kept = [row for row in range(size) if row % 2 == parity]
            scaled = None
            for factor in ((self.LARGER, 1) if is_scalable else (1,)):
                other = [rows[row] if row % 2 == parity else [self.group[(row + 1) % count], factor]
                         for row in range(size)]
                self.trials.append(Trial(other, of=base, kept=kept, may_fail=factor != 1, instead_of=scaled))
                scaled = len(self.trials) - 1

    def alone_inputs(self):
        return [self.pool[i] for i in self.alone]


def check_engine(kind, path, model, trials):
    """The model file at `path` gives what the eager model gives, or CheckFailed says where it does not. What it found out
    about rows is in model.rows[kind] then, as engines[].rows holds it."""
    runs = ["engine", "saved"] if model.is_script and kind == "torchscript" else ["engine"]
    results = run_engine(kind, path, model, trials.pool, trials.trials, runs, model.has_state)
    is_stable = not any(trial.is_again() and result and "engine" in result
                        and not model.same(result["engine"], results[trial.of].get("engine", []))
                        for trial, result in zip(trials.trials, results))
    for trial, result in zip(trials.trials, results):
        if trial.of is not None and not trial.goes_on or trial.size and not is_stable:
            continue
        inputs = assemble(model.torch, trials.pool, trial.rows)
        at = f" at batch {trial.size}" if trial.size else " at the second call" if trial.goes_on else ""
        what = f"the {kind} model differs from the eager one{at}"
        if "error" in result:
            raise CheckFailed(f"the {kind} model fails (inputs {', '.join(map(describe_value, inputs))}): "
                              f"{result['error']}")
        expected = result["saved"] if "saved" in runs else _eager(model, inputs, trial)
        problem = _outputs_differ(model, result["engine"], expected)
        if problem:
            raise CheckFailed(f"{what}: {problem}{_hint(kind, model, trial, result['engine'], expected)}")
    model.rows[kind] = rows_of(model, trials, results)


def _eager(model, inputs, trial):
    """What Python gives. The second call of a model that keeps state comes from a copy that has had the first."""
    try:
        if trial.goes_on:
            copied = model.fresh()
            model._call(copied, inputs)
            return model._call(copied, inputs)
        return model.first(inputs)
    except PackError:
        raise
    except Exception as error:
        size = f" at a batch of {trial.size}" if trial.size else ""
        raise CheckFailed(f"the eager model fails{size} (inputs {', '.join(map(describe_value, inputs))}): {error}") \
            from error


def _outputs_differ(model, got, expected):
    if len(got) != len(expected):
        return f"it gives {len(got)} outputs, expected {len(expected)}"
    if model.is_random:
        got, expected = ([one.new_zeros(one.shape) for one in side] for side in (got, expected))
    return difference(dict(zip(model.output_names, got)), dict(zip(model.output_names, expected)), model.tolerance,
                      "output")


def how_far(got, expected):
    """(the largest difference, the largest expected value) of outputs; None if something else than numbers differs."""
    off = largest = 0.0
    for one, other in zip(got, expected):
        if len(got) != len(expected) or one.dtype != other.dtype or one.shape != other.shape:
            return None
        one, other = one.double(), other.double()
        if not bool(((one == other) | (one.isfinite() & other.isfinite()) | (one.isnan() & other.isnan())).all()):
            return None
        off = max(off, magnitude([one - other]))
        largest = max(largest, magnitude([other]))
    return off, largest


def _hint(kind, model, trial, got, expected):
    far = how_far(got, expected)
    if far is not None and far[0] <= ROUNDING_ERROR * far[1]:
        off, largest = far
        return (f"; they are off by {off:.2g} at most, where values reach {largest:.3g}: that is rounding, which "
                f'tolerance={{"atol": {2 * off:.1g}, "rtol": {model.tolerance.rtol:g}}} would allow')
    if kind != "torchscript" or model.is_script:
        return ""
    if trial.goes_on:
        return "; tracing freezes state that is not a buffer: register it as one, or pass torch.jit.script(model)"
    return "; tracing freezes control flow that depends on the data: pass torch.jit.script(model) instead"


ROUNDING_ERROR = 1e-3  # of the largest value: more is another computation


def rows_of(model, trials, results):
    """engines[].rows: whether each row of a batch is the sample's answer alone, and if not, why."""
    def refused(reason, **known):
        return {"independent": False, **known, "reason": reason}
    if not model.has_batch:
        return refused("the model has no batch axis")
    if model.has_state:
        return refused("the model keeps state")
    if model.is_random:
        return refused("the model draws random numbers")
    if not trials.sizes:
        return refused("max_batch is 1")
    if len(trials.group) < 2:
        return refused("fewer than two different samples")
    answers = {trial.rows[0][0]: result["engine"] for trial, result in zip(trials.trials, results)
               if len(trial.rows) == 1}
    alone = [answers[i] for i in trials.group]
    bounds = []
    for outputs in zip(*alone):
        largest = magnitude(outputs)
        atol = max(1e-3, model.tolerance.rtol) * largest or model.tolerance.atol
        bounds.append(model.tolerance.within(Tolerance(atol, model.tolerance.rtol))
                      if outputs[0].dtype.is_floating_point else EXACT)
    known = {"sizes": [], "samples": len(trials.group), "atol": max(bound.atol for bound in bounds),
             "rtol": max(bound.rtol for bound in bounds)}
    by_kind = sorted(zip(trials.trials, results), key=lambda pair: not pair[0].is_again())  # random numbers first
    for trial, result in by_kind:
        if len(trial.rows) == 1 or result is None or "error" in result and trial.may_fail:
            continue
        reason = _row_differs(model, trials, trial, result, answers, bounds, results)
        if reason:
            return refused(reason, **known)
        if trial.of is None:
            known["sizes"].append(trial.size)
    return {"independent": True, **known}


def _row_differs(model, trials, trial, result, answers, bounds, results):
    """Why the rows of one batch are not those of the samples alone or, in other company, not those of the same batch."""
    torch, size = model.torch, len(trial.rows)
    if "error" in result:
        return f"batch of {size}: with other rows it fails: {result['error']}"
    for position, (name, got) in enumerate(zip(model.output_names, result["engine"])):
        if trial.of is None:
            what = f"batch of {size}: output '{name}', rows against the samples alone"
            expected, bound = torch.cat([answers[i][position] for i, _ in trial.rows]), bounds[position]
        else:
            what = f"batch of {size}: output '{name}', "
            what += "run twice" if trial.is_again() else "rows in other company"
            whole = results[trial.of]["engine"][position]
            if len(got) != len(whole):
                return f"{what}: {len(got)} rows, expected {len(whole)}"
            expected, got = whole[trial.kept], got[trial.kept]
            bound = rounding(expected)
        problem = difference(got, expected, bound, what)
        if problem:
            return problem
    return None


def export_torchscript(model, path, batches):
    """Writes model.ts and returns its entry in engines[]."""
    torch = model.torch
    with quiet():
        script = model.module if model.is_script else _traced(model)
        torch.jit.save(script, str(path))
    check_engine("torchscript", path, model, batches)
    return {"kind": "torchscript", "file": path.name, "device": "any", "requires": {"torch": f">={OLDEST_TORCH}"}}


def _traced(model):
    torch = model.torch
    say("tracing the model (TorchScript)")
    module, _ = model.exportable(has_own_names=True)
    try:
        with torch.no_grad():
            script = torch.jit.trace(module, model.example_of(2), check_trace=False)
    except Exception as error:
        raise PackError(f"torch.jit.trace failed: {error}") from error
    if model.has_state:  # tracing has run the module, and what it holds is saved
        before = tensors_held(model.exportable(has_own_names=True)[0])
        with torch.no_grad():
            for held, tensor in tensors_held(module).items():
                if held in before and before[held].shape == tensor.shape:
                    tensor.copy_(before[held])
    names = [argument.name for argument in script.forward.schema.arguments[1:]]
    check_matching(model.input_names, names, "input_names", "the arguments of the traced forward()")
    return script


def aoti_target():
    """(-march, SIMD bits, isa): code that runs on every CPU of that level, whatever this one has."""
    machine = platform.machine()
    if machine in ("aarch64", "arm64"):
        return "armv8-a", None, "aarch64"
    if machine not in ("x86_64", "AMD64"):
        raise PackError(f"AOTInductor packages are made on x86-64 and aarch64, not on {machine}")
    try:
        flags = set(re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M).group(1).split())
    except (OSError, AttributeError):
        flags = {"avx2", "fma", "bmi2"}
    return ("x86-64-v3", 256, "x86-64-v3") if {"avx2", "fma", "bmi2"} <= flags else ("x86-64-v2", 1, "x86-64-v2")


@contextlib.contextmanager
def quiet():
    """Without warnings, on stderr or in the log, that tell a user nothing: deprecations, CUDA that is not there."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def march_of_old_inductor(march):
    """Until cpp.march became an option, the compiler was always called with -march=native."""
    from torch._inductor import config, cpp_builder
    name = "_get_optimization_cflags"
    original = getattr(cpp_builder, name, None)
    if hasattr(config.cpp, "march"):
        yield
        return
    if original is None:
        raise PackError("this version of torch cannot be told which CPU to compile for; use torch 2.15")

    def portable(flags):  # a list of flags, or a tuple of such lists
        if isinstance(flags, str):
            return f"march={march}" if flags == "march=native" else flags
        return type(flags)(portable(flag) for flag in flags)
    setattr(cpp_builder, name, lambda *args, **kwargs: portable(original(*args, **kwargs)))
    try:
        yield
    finally:
        setattr(cpp_builder, name, original)


@contextlib.contextmanager
def guest_code():
    """AOTInductor's code runs as a guest in someone's process: what it generates is compiled without parallel regions,
    out of which an error could not get (std::terminate), and without messages on stderr."""
    from torch._inductor import codecache
    original = codecache.AotCodeCompiler.__dict__["compile"]
    found = []

    def plain(text):
        if not isinstance(text, str) or "#include" not in text:
            return text
        found.extend(re.findall(r"AOTInductorModelContainerRun\b", text))
        text = re.sub(r"^[ \t]*#[ \t]*pragma omp parallel\b.*$", "", text, flags=re.M)
        return re.sub(r"std::cerr\s*<<[^;]*;", ";", text)

    def compile(cls, graph, *sources, **options):
        return original.__func__(cls, graph, *(plain(source) for source in sources),
                                 **{name: plain(value) for name, value in options.items()})
    codecache.AotCodeCompiler.compile = classmethod(compile)
    try:
        yield
        if not found:
            raise PackError("gantry-pack does not know this torch's AOTInductor: its code would print on stderr; use "
                            "torch 2.15")
    finally:
        codecache.AotCodeCompiler.compile = original


def export_aoti(model, path, batches, max_batch):
    """Writes model.pt2 and returns its entry in engines[]."""
    torch = model.torch
    if model.is_script:
        raise PackError("AOTInductor compiles Python models and exported programs, not a ScriptModule; use "
                        'engines=("torchscript",)')
    isa = compile_aoti(model.program or _exported(model, max_batch), path, model.signature,
                       takes_one=model.program is None)
    check_engine("aoti", path, model, batches)
    version = ".".join(torch.__version__.split(".")[:2])
    return {"kind": "aoti", "file": path.name, "device": "cpu", "requires": {"torch": version, "isa": isa}}


def compile_aoti(program, path, signature=None, takes_one=False):
    """Compiles an ExportedProgram for the CPU into the package `path`; returns the level of CPU that it needs.
    `signature`, as in a manifest, names tensors and sizes; without it they have the program's own names. `takes_one`:
    sizes were exported from 1 on, which some versions of torch record as from 2 on."""
    import torch
    from torch._inductor import config
    march, simd_bits, isa = aoti_target()
    functional = _functional(program)
    wanted = {"cpp.march": march, "cpp.simdlen": simd_bits, "cpp.threads": 1, "cpp.dynamic_threads": False,
              "aot_inductor.metadata": {"gantry_torch_version": ".".join(torch.__version__.split(".")[:2]),
                                        "gantry_march": march, "gantry_threads": "1",
                                        "gantry_has_state": "true" if _has_state(functional) else "false",
                                        "gantry_mutates_inputs": "true" if _mutates_inputs(functional) else "false",
                                        **compiled_for(program, signature, takes_one)}}
    known = config.get_config_copy()
    say(f"compiling the model (AOTInductor, {isa}); this takes a minute or two")
    try:
        with quiet(), march_of_old_inductor(march), guest_code(), torch.no_grad():
            torch._inductor.aoti_compile_and_package(
                _strict_as_eager(program, functional), package_path=str(path),
                inductor_configs={k: v for k, v in wanted.items() if k in known})
    except PackError:
        raise
    except Exception as error:
        raise PackError(f"AOTInductor failed (it needs a C++ compiler; engines=(\"torchscript\",) does without): "
                        f"{type(error).__name__}: {error}") from error
    return isa


def _functional(program):
    """The program with what it writes to told apart from what it gives; None if torch cannot tell."""
    try:
        with quiet():
            return program.run_decompositions({})
    except Exception:
        return None


def _mutates_inputs(functional):
    """Whether the program writes to its inputs; the engine copies them if so, and where nobody knows."""
    return functional is None or bool(functional.graph_signature.user_inputs_to_mutate)


def _has_state(functional):
    """Whether a run writes to something that later runs see: buffers, parameters; yes where nobody knows."""
    if functional is None:
        return True
    harmless = {"USER_OUTPUT", "USER_INPUT_MUTATION", "TOKEN"}
    return any(spec.kind.name not in harmless for spec in functional.graph_signature.output_specs)


def _strict_as_eager(program, functional):
    """The program, changed where AOTInductor's code gives a value and eager torch an error: negative indices of some
    ops, which the code counts from the end, and integer division by zero, rounded towards zero."""
    import torch
    aten = torch.ops.aten
    indexed = (aten.index_select.default, aten.index_add.default, aten.index_copy.default)
    integers = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    dtype = lambda value: getattr(getattr(value, "meta", {}).get("val"), "dtype", None)  # noqa: E731
    divides = lambda node: (node.target == aten.div.Tensor_mode and node.kwargs.get("rounding_mode") == "trunc"  # noqa: E731
                            and all(dtype(value) in integers for value in node.args[:2]))
    changed = []
    for graph_module in functional.graph_module.modules() if functional is not None else ():
        graph = getattr(graph_module, "graph", None)

        def insert(target, *arguments, graph=graph):
            node = graph.call_function(target, arguments)
            node.meta["val"] = target(*(getattr(value, "meta", {}).get("val", value) for value in arguments))
            return node
        for node in list(graph.nodes) if graph is not None else ():
            if node.target not in indexed and not divides(node):
                continue
            with graph.inserting_before(node):
                if node.target in indexed:  # beyond every size, so that the code's own check finds it
                    index = node.args[2]
                    beyond = (1 << 62) if dtype(index) == torch.int64 else (1 << 31) - 1
                    strict = insert(aten.masked_fill.Scalar, index, insert(aten.lt.Scalar, index, 0), beyond)
                    node.update_arg(2, strict)
                else:  # fmod and floor_divide check their divisor; without its remainder the dividend divides evenly
                    dividend, divisor = node.args[:2]
                    even = insert(aten.sub.Tensor, dividend, insert(aten.fmod.Tensor, dividend, divisor))
                    node.target, node.args, node.kwargs = aten.floor_divide.default, (even, divisor), {}
            changed.append(graph_module)
    for graph_module in changed:
        graph_module.recompile()
    return functional if changed else program


def compiled_for(program, signature=None, takes_one=False):
    """The metadata gantry_inputs and gantry_outputs: what the code takes for granted about each tensor that it takes
    and gives, in its order. The engine compares that with the signature, since the code itself checks nothing."""
    nodes = {node.name: node for node in program.graph.nodes}

    def tensor_of(spec, what):
        kind = type(spec.arg).__name__
        if kind == "TensorArgument":
            return nodes[spec.arg.name].meta["val"]
        if kind == "ConstantArgument" and (what == "input" or spec.arg.value is None):
            return None
        raise PackError(f"an {what} of the exported program is {spec.arg}, not a tensor; engines=(\"torchscript\",) may "
                        "do without")
    inputs = [(spec.arg.name, tensor_of(spec, "input")) for spec in program.graph_signature.input_specs
              if spec.kind.name == "USER_INPUT"]
    inputs = [(name, value) for name, value in inputs if value is not None]
    outputs = [tensor_of(spec, "output") for spec in program.graph_signature.output_specs if spec.kind.name == "USER_OUTPUT"]
    result_names = _result_names(program.call_spec.out_spec)
    names = iter([spec["name"] for spec in signature["outputs"]] if signature else
                 [name for name, value in zip(result_names, outputs) if value is not None])
    given = [(next(names, None), value) if value is not None else None for value in outputs]
    if (signature and len(inputs) != len(signature["inputs"])) or next(names, None) is not None or \
            any(entry is not None and entry[0] is None for entry in given):
        raise PackError(f"the exported program takes {len(inputs)} tensors and gives "
                        f"{sum(value is not None for value in outputs)}; the signature differs: {signature}")
    symbols = _symbol_names([value for _, value in inputs], signature)
    describe = functools.partial(_describe_compiled, symbols=symbols, ranges=program.range_constraints,
                                 lowest=2 if takes_one else 0)
    if signature:
        inputs = [(spec["name"], value) for spec, (_, value) in zip(signature["inputs"], inputs)]
    taken = [describe(name, value) for name, value in inputs]
    for entry in taken:
        _check_compiled_input(entry)
    return {"gantry_inputs": json.dumps(taken),
            "gantry_outputs": json.dumps([entry and describe(*entry) for entry in given])}


def _result_names(out_spec):
    """The path of each leaf of a result; "" where it has no name: one tensor, or a flat tuple or list."""
    from torch.utils import _pytree
    leaves = list(range(out_spec.num_leaves))
    result = _pytree.tree_unflatten(leaves, out_spec)
    if not isinstance(result, dict) and not hasattr(result, "_fields") and \
            (isinstance(result, int) or all(isinstance(value, int) for value in result)):
        return [""] * len(leaves)
    key = lambda part: next(getattr(part, name) for name in ("key", "idx", "name") if hasattr(part, name))  # noqa: E731
    return [".".join(str(key(part)) for part in path) for path, _ in _pytree.tree_flatten_with_path(result)[0]]


def _symbol_names(inputs, signature):
    """{symbol of the program: name in the signature}, where that tells the symbols apart."""
    names = {}
    for value, spec in zip(inputs, signature["inputs"] if signature else ()):
        for size, dim in zip(value.shape, spec["shape"]):
            if isinstance(dim, str) and not isinstance(size, int) and dim not in names.values():
                names.setdefault(str(size), dim)
    return names


def _describe_compiled(name, value, symbols, ranges, lowest):
    """`lowest`: a bound of so much from below is none."""
    by_text = {str(symbol): bounds for symbol, bounds in ranges.items()}

    def rename(size):
        return re.sub(r"[A-Za-z_]\w*", lambda match: symbols.get(match[0], match[0]), str(size))

    def bound(size, otherwise):
        return int(size) if getattr(size, "is_Integer", isinstance(size, int)) and int(size) < 1 << 62 else otherwise

    def dim(size):
        if isinstance(size, int):
            return {"size": size}
        known = by_text.get(str(size))
        least = bound(known.lower, 0) if known else 0
        return {"symbol": rename(size), "min": least if least > lowest else min(least, 1),
                "max": bound(known.upper, None) if known else None}
    usual, step = [], 1
    for size in reversed(value.shape):
        usual.insert(0, step)
        step = step * size
    # The step along a dimension of size 1 is never taken.
    differs = any(str(have) != str(want) for size, have, want in zip(value.shape, value.stride(), usual)
                  if not (isinstance(size, int) and size == 1))
    return {"name": name, "dtype": dtype_name(value), "dims": [dim(size) for size in value.shape],
            "strides": [rename(stride) for stride in value.stride()] if differs else None}


def _check_compiled_input(entry):
    """What the engine would refuse, since no signature can say it, is refused here."""
    if entry["strides"] is not None:
        raise PackError(f"input '{entry['name']}' of the exported program has the strides {entry['strides']}, and gantry "
                        "gives contiguous tensors; export it with .contiguous() examples")
    for dim in entry["dims"]:
        if not dim.get("symbol", "x").isidentifier():
            raise PackError(f"a dimension of input '{entry['name']}' of the exported program is {dim['symbol']}; gantry "
                            "knows sizes and symbols, so make it a torch.export.Dim of its own")


def _exported(model, max_batch):
    torch = model.torch
    module, as_one = model.exportable()
    dims = {}
    for spec in model.signature["inputs"]:
        for dim in spec["shape"]:
            if isinstance(dim, str) and dim not in dims:
                dims[dim] = torch.export.Dim(dim, min=1, max=max(2, max_batch)) if dim == "batch" \
                    else torch.export.Dim(dim)
    dynamic = tuple({i: dims[dim] for i, dim in enumerate(spec["shape"]) if isinstance(dim, str)}
                    for spec in model.signature["inputs"])
    say("exporting the model (torch.export)")
    try:
        with quiet(), torch.no_grad():
            warnings.filterwarnings("error", message=".*was assigned during export")  # state that would be lost
            return torch.export.export(module, model.example_of(2), dynamic_shapes=(dynamic,) if as_one else dynamic)
    except Exception as error:
        raise PackError(f"torch.export failed (engines=(\"torchscript\",) does without): {error}") from error


# ---- Writing: files, golden cases, the manifest -------------------------------------------------------------------

class Directory:
    """The package while it is being written. Equal content is stored once."""

    def __init__(self, root):
        self.root, self.by_digest = Path(root), {}

    def store(self, path, data):
        """Stores bytes; returns the path under which this content lies."""
        digest = hashlib.sha256(data).digest()
        if digest not in self.by_digest:
            check_path(path)
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            self.by_digest[digest] = path
        return self.by_digest[digest]

    def store_named(self, path, data):
        """As store, but always under this name, for files that ops refer to."""
        check_path(path)
        target = self.root / path
        if target.exists() or any(parent.is_file() for parent in target.parents):
            raise PackError(f"two files of the package would be called {path}, or one a directory of the other")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def list_files(self):
        entries = []
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                entries.append({"path": path.relative_to(self.root).as_posix(), "bytes": path.stat().st_size,
                                "sha256": sha256_of(path)})
        return entries


def check_path(path):
    """File names inside a package: relative, '/', nothing that could lead outside."""
    parts = path.split("/") if isinstance(path, str) else [""]
    if any(part in ("", ".", "..") for part in parts) or "\\" in path or any(ord(c) < 32 or ord(c) == 127 for c in path):
        raise PackError(f"{path!r} is not a file name that a package may hold")
    try:
        longest = max(len(part.encode("utf-8")) for part in parts)
    except UnicodeEncodeError as error:
        raise PackError(f"{path!r} is not a file name that a package may hold: it is no UTF-8") from error
    if longest > 255:
        raise PackError(f"{path!r:.80} is not a file name that a package may hold: {longest} bytes, at most 255")


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def npy_bytes(array):
    buffer = io.BytesIO()
    need("numpy", "recording golden cases").save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


class Whole:
    """How a golden case keeps a tensor or an image: all of it, in a .npy file."""

    def __call__(self, value, stem, directory):
        return {"npy": directory.store(stem + ".npy", npy_bytes(to_array(value, stem)))}


class Digest(Whole):
    """By the SHA-256 of its bytes, for what must be exact."""

    def __call__(self, value, stem, directory):
        if is_tensor(value) and dtype_name(value) == "bf16":  # NumPy has none; the bytes are those of int16
            array, dtype = to_array(value.view(sys.modules["torch"].int16), stem), "bf16"
        else:
            array = to_array(value, stem)
            dtype = DTYPES[array.dtype.name]
        return {"digest": {"sha256": hashlib.sha256(array.tobytes()).hexdigest(), "dtype": dtype,
                           "shape": list(array.shape)}}


class Sample(Whole):
    """By every step-th value. The step has no factor in common with a side, so that no row or channel is left out."""

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes

    def __call__(self, value, stem, directory):
        array = to_array(value, stem)
        step = max(1, -(-array.nbytes // max(self.max_bytes, 64 * array.itemsize)))
        while math.gcd(step, array.size) > 1:
            step += 1
        return {"sample": {"npy": directory.store(stem + ".npy", npy_bytes(array.reshape(-1)[::step].copy())),
                           "step": step, "shape": list(array.shape)}}


WHOLE = Whole()


def value_to_json(value, stem, directory, extension=".bin", keep=WHOLE):
    """The manifest's form of a payload; its tensors and bytes go to files whose names begin with `stem`. Tensors are kept
    as `keep` does."""
    if isinstance(value, bytes):
        return {"file": directory.store(stem + extension, value)}
    if is_tensor(value) or is_pil(value):
        return keep(value, stem, directory)
    if isinstance(value, dict):
        kept = {name: keep(tensor, f"{stem}.{i}", directory) for i, (name, tensor) in enumerate(value.items())}
        return {"tensors": {name: one.get("npy", one) for name, one in kept.items()}}
    if isinstance(value, Classes):
        return {"classes": [{"index": index, "label": label, "score": score} for index, label, score in value]}
    if isinstance(value, (list, tuple)):
        items = [value_to_json(item, f"{stem}-{i}", directory, extension, keep) for i, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    raise PackError(f"{stem}: a golden case cannot hold a {type(value).__name__}")


def tensors_in(value):
    """The tensors and images of a payload."""
    if is_tensor(value) or is_pil(value):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, Classes):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


def size_of(value):
    """Bytes that the tensors of a payload take."""
    return sum(one.numel() * one.element_size() if is_tensor(one) else one.width * one.height * len(one.getbands())
               for one in tensors_in(value))


def may_be_digested(value, tolerance):
    """A digest holds what must be exact. NaN equals NaN whatever its bits, which a digest cannot know."""
    return tolerance.is_exact() and not any(is_tensor(one) and one.is_floating_point() and bool(one.isnan().any())
                                            for one in tensors_in(value))


def is_storable(value):
    """NumPy, and so .npy files, have no bf16."""
    return not any(is_tensor(one) and dtype_name(one) == "bf16" for one in tensors_in(value))


class Storage:
    """What a golden case keeps of each stage. Values are stored whole up to `limit` bytes: first the result, then what
    goes into models and comes out, then the smaller ones. Beyond it, what must be exact is held by a digest, which
    proves as much, and anything else by a sample of its values."""

    def __init__(self, ops, limit):
        self.ops, self.limit = ops, limit
        self.shortened = {}  # {path: (form, bytes)} of what was not stored whole, over all cases

    def choose(self, recorded, tolerances):
        """{path: Whole, Digest or Sample} of the stages."""
        around_models = {near for path, op in walk(self.ops) if op["op"] == "model" for near in (path, stage_before(path))}
        last = f"pipeline[{len(self.ops) - 1}]"  # is the result
        order = sorted(recorded, key=lambda path: (path != last, path not in around_models, size_of(recorded[path])))
        chosen, stored, sampled = {}, 0, []
        for path in order:
            value, size = recorded[path], size_of(recorded[path])
            if is_storable(value) and stored + size <= self.limit:
                chosen[path] = WHOLE
                stored += size
            elif may_be_digested(value, tolerances[path]):
                chosen[path] = Digest()
                self._note(path, "by a digest", size)
            else:
                sampled.append(path)
                self._note(path, "by a sample of values", size)
        count = sum(len(tensors_in(recorded[path])) for path in sampled)
        chosen.update({path: Sample(min(MAX_SAMPLE_BYTES, self.limit) // count) for path in sampled})
        return chosen

    def _note(self, path, form, size):
        self.shortened[path] = (form, max(size, self.shortened.get(path, ("", 0))[1]))

    def report(self, argument="max_stage_bytes"):
        """What was not stored whole, to be said."""
        if not self.shortened:
            return None
        stages = ", ".join(f"{path} ({size / 1e6:.1f} MB) {form}" for path, (form, size) in sorted(self.shortened.items()))
        return (f"golden cases store {self.limit / 1e6:.1f} MB of stages whole ({argument}={self.limit}); beyond that, "
                f"exact stages are held by a digest and others by a sample of their values: {stages}")


def stage_before(path):
    """The op whose value goes into the op at `path`; None where that is the pipeline's input. What goes into the first op
    of an inner list is what goes into the op that holds it."""
    while True:
        stem, index = re.fullmatch(r"(.*)\[(\d+)\]", path).groups()
        if int(index) > 0:
            return f"{stem}[{int(index) - 1}]"
        if stem == "pipeline":
            return None
        path = re.sub(r"\.(do|then|else|branches\[\d+\])$", "", stem)


IMAGE_EXTENSIONS = ((b"\x89PNG", ".png"), (b"\xff\xd8", ".jpg"), (b"RIFF", ".webp"))


def load_sample(sample, type_name, signature):
    """(payload, file extension) of one entry of samples=."""
    if type_name == "Bytes":
        if isinstance(sample, (str, os.PathLike)):
            path = Path(sample)
            try:
                return path.read_bytes(), path.suffix.lower() or ".bin"
            except (OSError, ValueError) as error:  # ValueError: a NUL in the name
                raise PackError(f"sample {path}: {getattr(error, 'strerror', None) or error}") from error
        if isinstance(sample, (bytes, bytearray)):
            data = bytes(sample)
            return data, next((ext for magic, ext in IMAGE_EXTENSIONS if data.startswith(magic)), ".bin")
        raise PackError(f"the pipeline takes Bytes, so a sample is a path or bytes, not {type(sample).__name__}")
    if type_name == "Image":
        return _as_image(sample), ".bin"
    if type_name == "Tensor":
        return _as_tensor(sample), ".bin"
    if type_name == "Tensors":
        names = [spec["name"] for spec in signature["inputs"]]
        if isinstance(sample, (list, tuple)) and len(sample) == len(names):
            sample = dict(zip(names, sample))
        if not isinstance(sample, dict):
            got = f"{len(sample)} of them" if isinstance(sample, (list, tuple)) else describe_value(sample)
            raise PackError(f"the model takes several tensors, so a sample is a dict of {names}, or a tuple in that order, "
                            f"got {got}")
        if set(sample) != set(names):
            raise PackError(f"the model takes several tensors, so a sample is a dict of {names}, got one of {list(sample)}")
        return {name: _as_tensor(value) for name, value in sample.items()}, ".bin"
    if type_name and type_name.startswith("list<") and isinstance(sample, (list, tuple)):
        return [load_sample(item, type_name[5:-1], signature)[0] for item in sample], ".bin"
    raise PackError(f"a sample cannot be given to a pipeline that takes {type_name}")


def _as_image(sample):
    Image, numpy = need("PIL.Image", "an image sample"), need("numpy", "an image sample")
    if isinstance(sample, (str, bytes, os.PathLike)):
        raise PackError("the pipeline takes an Image: a sample is a PIL image or an array u8[H, W] or u8[H, W, C]; files "
                        "and bytes are for pipelines that begin with image.decode")
    try:
        if not is_pil(sample):
            array = numpy.asarray(sample.detach().cpu() if is_tensor(sample) else sample)
            if array.dtype != numpy.uint8:
                raise PackError(f"an image sample has values of u8, not {array.dtype}; "
                                + ("scale them to 8 bits" if array.dtype.kind in "ui" else "convert them")
                                + ", or let the pipeline take a Tensor")
            if array.ndim not in (2, 3):
                raise ValueError(f"got {array.ndim} dimensions")
            sample = Image.fromarray(array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array)
        sample.load()
    except (TypeError, ValueError, OSError) as error:
        raise PackError(f"an image sample is a PIL image or an array u8[H, W] or u8[H, W, C]: {error}") from error
    if sample.mode not in ("L", "RGB", "RGBA"):
        advice = "scale it to 8 bits, or let the pipeline take a Tensor" if sample.mode[0] in "IF" else \
            'convert it, as your service will: image.convert("RGB"), say'
        raise PackError(f"an image sample is of mode L, RGB or RGBA, not {sample.mode}; {advice}")
    return sample


def _as_tensor(sample):
    torch, numpy = need("torch", "a tensor sample"), need("numpy", "a tensor sample")
    if isinstance(sample, (str, os.PathLike)):
        try:
            sample = numpy.load(sample, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise PackError(f"sample {sample}: {error}; where the pipeline takes a Tensor, a file is a .npy file") from error
    try:
        if is_tensor(sample):
            tensor = sample.detach().cpu().contiguous().clone()
        elif is_pil(sample):
            raise PackError("the pipeline takes a Tensor, not a PIL image; begin it with image.to_tensor")
        else:
            tensor = torch.from_numpy(numpy.array(sample, order="C"))
    except (TypeError, ValueError, RuntimeError) as error:
        raise PackError(f"a sample of {type(sample).__name__} cannot be made a tensor: {error}") from error
    dtype_name(tensor, "a sample")
    return tensor


def sample_name(sample, index):
    return f"sample {index} ({os.path.basename(sample)})" if isinstance(sample, (str, os.PathLike)) \
        else f"sample {index}"


class Recorder:
    """Runs the reference on samples, checks it, and writes golden cases."""

    def __init__(self, ops, origins, model, label_files, table, types, tolerance, compare, limit):
        self.ops, self.origins, self.model, self.types = ops, origins, model, types
        self.compare, self.tolerance, self.table = compare, tolerance, table
        self.storage = Storage(ops, limit)
        self.reference = Reference(ops, model.call_sample, label_files, table,
                                   {first: last for first, last, _ in origins})
        self.model_inputs = []

    def run(self, sample, index):
        """The golden case of one sample, as data: what value_to_json needs."""
        name = sample_name(sample, index)
        self.model.begin_case()
        try:
            value, extension = load_sample(sample, self.types[0], self.model.signature)
            result, recorded = self.reference.run(value)
        except PackError as error:
            raise type(error)(f"{name}: {error}") from error
        check_origins(self.reference, self.origins, name)
        recorded = dict(recorded)
        self._check_sides(name, {"the input": value, **recorded})
        stages = Tolerances(recorded, functools.partial(self._tolerance_of_model, name), self.table)
        result_tolerance = stages.of(self.ops)
        self._check_storable(name, value, recorded, stages.found)
        self.model_inputs += self.reference.model_inputs
        if self.compare is not None:
            try:
                wanted = self.compare(sample)
            except Exception as error:
                raise PackError(f"{name}: your reference raised {type(error).__name__}: {error}") from error
            try:
                problem = difference(wanted, result, result_tolerance.wider(self.tolerance),
                                     f"{name}: your reference (expected: what the ops give)")
            except (TypeError, ValueError, LookupError) as error:
                raise PackError(f"{name}: your reference gives {wanted!r:.80}, which cannot be compared with what the "
                                f"pipeline gives, {self.types[1]}: {error}") from error
            if problem:
                raise CheckFailed(f"the pipeline and your reference disagree: {problem}")
        for kept, left_out in self.reference.cuts:
            if kept - left_out <= 2e-5 * abs(kept):
                say(f"{name}: top_k cuts between scores that are almost equal ({kept:.9g} and {left_out:.9g}); "
                    "rounding may exchange them, another sample or k is safer")
        if sum(self.reference.ties):
            say(f"{name}: segment finds two classes that are almost equally good in {sum(self.reference.ties)} pixels; "
                "rounding may exchange them, another sample is safer")
        return value, extension, result, recorded, stages.found, result_tolerance

    @staticmethod
    def _check_sides(name, values):
        """The C++ side computes what is seen of an image, but a golden case is compared with all of it."""
        for path, value in values.items():
            for image in filter(is_pil, tensors_in(value)):
                if not 1 <= min(image.size) <= max(image.size) <= MAX_SIDE:
                    raise PackError(f"{name}: {path} is an image of {image.width}x{image.height} pixels, and that of a golden "
                                    f"case has sides of 1 to {MAX_SIDE}; take another sample")

    @staticmethod
    def _check_storable(name, value, recorded, tolerances):
        for path, one in {"the input": value, **recorded}.items():
            if not is_storable(one) and not (path in tolerances and may_be_digested(one, tolerances[path])):
                raise PackError(f"{name}: {path} is bf16, which golden cases (.npy files) cannot hold; wrap the model in one "
                                "that takes and returns f32, or pass no samples")

    def _tolerance_of_model(self, name, path, incoming, share):
        """Of what the model gives where the ops before it may be off by `incoming`: what it was seen to make of that."""
        if incoming.is_exact() or self.model.has_state or self.model.is_random:
            return self.tolerance
        torch, random = self.model.torch, self.model.torch.Generator().manual_seed(0)

        def disturbed(tensor):
            if not tensor.is_floating_point():
                return tensor
            signs = (torch.randint(0, 2, tensor.shape, generator=random) * 2 - 1) * \
                (torch.rand(tensor.shape, generator=random) < share)
            return (tensor.double() + signs * (incoming.atol + incoming.rtol * tensor.double().abs())).to(tensor.dtype)
        moved = 0.0
        for given in self.reference.model_inputs:
            inputs = self.model.batch_of_one(given)
            expected = self.model.call(inputs)
            for _ in range(3):
                far = how_far(self.model.call(tuple(map(disturbed, inputs))), expected)
                moved = max(moved, far[0] if far else 0.0)
        allowed = Tolerance(4 * moved, self.tolerance.rtol).wider(self.tolerance)
        if allowed.atol > self.tolerance.atol:
            say(f"{name}: an op before {path} may differ by rounding in C++, which was seen to move the model's answers by "
                f"{moved:.2g}; the golden case allows {allowed.atol:.2g}")
        return allowed

    def write(self, case, index, directory):
        value, extension, result, recorded, stage_tolerances, result_tolerance = case
        stem = f"golden/{index}/"
        keep = self.storage.choose(recorded, stage_tolerances)
        entry = {"input": value_to_json(value, stem + "input", directory, extension), "stages": []}
        for path, _ in walk(self.ops):
            if path not in recorded:
                continue
            short = path.removeprefix("pipeline").replace("[", ".").replace("]", "").lstrip(".")
            entry["stages"].append({"at": path,
                                    "value": value_to_json(recorded[path], stem + short, directory, keep=keep[path]),
                                    "tolerance": stage_tolerances[path].to_json()})
        entry["result"] = {"value": value_to_json(result, stem + "result", directory,
                                                  keep=keep[f"pipeline[{len(self.ops) - 1}]"]),
                           "tolerance": result_tolerance.to_json()}
        return entry


def check_eval(evaluation):
    """The evaluation with its cases as a list of (sample, class index)."""
    known = {"cases", "metric", "floor"}
    if not isinstance(evaluation, dict) or set(evaluation) - known or not {"cases", "floor"} <= set(evaluation):
        raise PackError('eval: expected {"cases": [(sample, class index), ...], "floor": number, "metric": "top1"}')
    if not _is_number(evaluation["floor"]) or not 0 <= evaluation["floor"] <= 1:
        raise PackError(f"eval: floor is a share of the cases, 0 to 1, got {evaluation['floor']!r}")
    if not _is_list_of(lambda case: isinstance(case, (list, tuple)) and len(case) == 2)(evaluation["cases"]):
        raise PackError("eval: cases is a list of (sample, class index)")
    cases = []
    for i, (sample, wanted) in enumerate(evaluation["cases"]):
        try:
            index = operator.index(wanted)
        except TypeError:
            index = -1
        if index < 0:
            raise PackError(f"eval: case {i}: expected the index of a class, from 0 on, got {wanted!r}")
        cases.append((sample, index))
    if not cases:
        raise PackError("eval: there are no cases")
    return {**evaluation, "cases": cases}


def write_eval(evaluation, recorder, directory):
    """Labelled cases for the accuracy gate; refuses when the Python stack itself is below the floor."""
    metric = evaluation.get("metric", "top1")
    if metric != "top1" or recorder.types[1] not in ("Classes", "Tensor"):
        raise PackError(f"eval: metric '{metric}' of a pipeline that gives {recorder.types[1]} is not known; 'top1' of "
                        "Classes or of a Tensor of scores is")
    cases, hits = [], 0
    for i, (sample, wanted) in enumerate(evaluation["cases"]):
        try:
            value, extension = load_sample(sample, recorder.types[0], recorder.model.signature)
            recorder.model.begin_case()
            result = recorder.reference.run(value)[0]
        except PackError as error:
            raise type(error)(f"eval: case {i}: {error}") from error
        best = result[0][0] if isinstance(result, Classes) else int(result.reshape(-1).argmax())
        hits += best == wanted
        cases.append({"input": value_to_json(value, f"eval/{i}", directory, extension), "label": wanted})
    accuracy = hits / len(cases)
    if accuracy < evaluation["floor"]:
        raise CheckFailed(f"eval: the Python stack has {metric} {accuracy:.4f} on {len(cases)} cases, the floor is "
                          f"{evaluation['floor']}")
    directory.store_named("eval/cases.json", (json.dumps(cases, indent=1) + "\n").encode())
    return {"eval": "eval", "metric": metric, "floor": float(evaluation["floor"])}


def provenance_of(given):
    """Adds the versions of Python and torch; checks the keys."""
    torch = need("torch", "packing a model")
    found = {"python": platform.python_version(), "torch": torch.__version__, **(given or {})}
    unknown = set(found) - {"git", "data", "trainer", "python", "torch", "metrics"}
    if unknown:
        raise PackError(f"provenance: unknown keys {sorted(unknown)}; known are git, data, trainer, metrics")
    for key, value in found.items():
        if key == "metrics":
            if not isinstance(value, dict) or not all(_is_number(number) for number in value.values()):
                raise PackError(f"provenance: metrics is an object of numbers, got {value!r}")
        elif not isinstance(value, str):
            raise PackError(f"provenance: {key} is a string, got {value!r}")
    return found


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def check_latency(latency):
    if not isinstance(latency, dict) or set(latency) - {"p99_ms", "at"} or not _is_number(latency.get("p99_ms")) \
            or latency["p99_ms"] < 0 or not isinstance(latency.get("at", ""), str):
        raise PackError(f'latency: expected {{"p99_ms": number, "at": what it was measured on}}, got {latency!r}')
    return latency


def now():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    time = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch \
        else datetime.datetime.now(datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _take_place(work, out):
    """Renames `work` to `out`. What was there before comes back if that fails."""
    old = None
    try:
        if os.path.lexists(out):
            old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".old", dir=out.parent))
            os.rename(out, old / "package")
        os.rename(work, out)
    except OSError:
        if old is not None and os.path.lexists(old / "package") and not os.path.lexists(out):
            os.rename(old / "package", out)
        raise
    finally:
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def published(out, overwrite):
    """A temporary directory beside `out` that takes its place only if all went well."""
    out = Path(out)
    exists = PackError(f"{out} exists; packages are immutable: choose another version, or pass overwrite=True (--force)")
    if os.path.lexists(out) and not overwrite:
        raise exists
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise PackError(f"cannot make {out}: {error.filename or out.parent}: {error.strerror or error}") from error
    try:
        work.chmod(0o755)
        yield work
        if os.path.lexists(out) and not overwrite:  # another process was faster
            raise exists
        try:
            _take_place(work, out)
        except OSError as error:
            raise PackError(f"{out} cannot be put in its place: {error.strerror or error}; is another process writing "
                            "there?") from error
    finally:
        if work.exists():
            shutil.rmtree(work)


def read_given_file(path, what):
    """The bytes of a file that an argument names."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PackError(f"{what}: cannot read {path}: {error.strerror or error}") from error


def read_labels(labels):
    """Label names from a list, or from a file with one a line, as the C++ side reads it."""
    if isinstance(labels, (str, os.PathLike)):
        try:
            text = read_given_file(labels, "labels").decode("utf-8")
        except UnicodeDecodeError as error:
            raise PackError(f"labels: {labels} is not UTF-8: {error}") from error
        labels = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    labels = [str(label) for label in labels]
    if not labels or any(not label or "\n" in label or "\r" in label for label in labels):
        raise PackError("labels: expected a non-empty list of names without line breaks, or a file of them")
    return labels


def default_pipeline(pipeline, labels):
    """None: the model alone. A transform: decode, transform, model, and the five best classes if there are labels."""
    if pipeline is None:
        return ["model"]
    if _is_transform(pipeline):
        tail = ["softmax", {"op": "top_k", "k": 5}] if labels is not None else []
        return ["image.decode", pipeline, "model", *tail]
    if not isinstance(pipeline, (list, tuple)):
        raise PackError(f"pipeline: expected a list of ops or a transform, got {type(pipeline).__name__}")
    return list(pipeline)


LABELS_FILE = "labels.txt"


def pack(out, model, example_inputs, *, name, version, pipeline=None, reference=None, samples=(), labels=None,
         engines=None, max_batch=16, padding=None, input_names=None, output_names=None, shapes=None, batch=None,
         files=None, ops=None, provenance=None, eval=None, latency=None, tolerance=None, arguments=None, libraries=(),
         max_stage_bytes=MAX_STAGE_BYTES, sign_key=None, overwrite=False, tool=None):
    """Writes a package; returns its path. Raises PackError (arguments, tools) or CheckFailed (answers differ).

    out             the directory to make, usually NAME/VERSION; must not exist unless `overwrite`
    model           a torch.nn.Module in eval mode, a ScriptModule, or a torch.export.ExportedProgram
    example_inputs  a tensor or a tuple of tensors, with the batch axis in front if the model has one
    pipeline        a list of ops ({"op": ...}, names of ops without parameters, transforms and image processors of
                    torchvision, timm, open_clip and transformers), or one of these, or None for the model alone
    reference       your own Python stack: takes a sample as given in `samples`, returns a tensor or vector of scores, a
                    list of (label, score), or whatever the pipeline gives; must agree within `tolerance`
    samples         paths or bytes (a pipeline that decodes), arrays or tensors of one sample, without the batch axis; of
                    a model with several inputs each sample is a dict, {"ids": tensor, "mask": tensor}, or a tuple in order
    labels          class names or a file of them, for every top_k and label that names no file of its own
    engines         any of "torchscript", "aoti", in order of preference; default: both, a ScriptModule: torchscript
    max_batch       samples in one engine call at most
    padding         {"dim": "T", "lengths": [32, 128], "values": {"input_ids": 0}}: sequences of different lengths share
                    batches, padded along a dimension of `shapes`; the model must mask what is padded
    shapes          {input or output name: [dimensions]}, where a string is a dimension that may vary
    batch           True or False overrides the detection of the batch axis
    files           {path in the package: file or bytes}, for ops of your own
    ops             {name: Op} of your own; the C++ host registers an op of the same name
    eval            {"cases": [(sample, class index), ...], "floor": 0.9}
    tolerance       of the model's output and all behind it; default {"atol": 1e-4, "rtol": 1e-4}
    arguments       {"sr": 16000}: fixed values of forward()'s arguments that are not tensors
    libraries       with operators that the model needs: paths of shared libraries, which go into the package, or bare
                    names ("torchvision") for what the host must give
    max_stage_bytes how much of its stages and result a golden case stores whole; beyond that, exact stages are held by a
                    digest and others by a sample of their values
    sign_key        PEM file of an Ed25519 private key
    tool            the gantry tool that opens the package before it appears. None: the one beside this program, or on
                    PATH; False: none
    """
    samples = list(samples) if hasattr(samples, "__next__") else samples
    labels = list(labels) if hasattr(labels, "__next__") else labels
    _check_kinds(locals())
    samples = [] if samples is None else list(samples)
    _check_identity(name, version, max_batch)
    tolerance = Tolerance.of({"atol": 1e-4, "rtol": 1e-4} if tolerance is None else tolerance)
    if reference is not None and not samples:
        raise PackError("reference= needs samples= to be compared on")
    labels = None if labels is None else read_labels(labels)
    table = {**OPS, **(ops or {})}
    steps, origins = expand(default_pipeline(pipeline, labels), LABELS_FILE if labels else None)
    _check_list(steps, "pipeline", table)
    eval = None if eval is None else check_eval(eval)
    latency = None if latency is None else check_latency(latency)
    provenance = provenance_of(provenance)
    libraries = [Library(library) for library in libraries or ()]
    if len(libraries) > MAX_LIBRARIES:
        raise PackError(f"libraries: at most {MAX_LIBRARIES}, got {len(libraries)}")
    problem = _integer(0, 1 << 40)(max_stage_bytes)
    if problem:
        raise PackError(f"max_stage_bytes: {problem}, got {max_stage_bytes!r}")
    wrapped = Model(model, example_inputs, input_names, output_names, shapes, batch, tolerance, arguments, libraries)
    if wrapped.is_random and samples:
        wrapped.refuse_random()
    types = check_pipeline(steps, wrapped.signature, table)
    if sign_key is not None:
        signature_of(sign_key, sign_key)  # of anything: a key that cannot sign is not found out at the end
    if tool not in (None, False, ""):
        Tool.find(tool)
    engines = _engine_kinds(engines, wrapped)
    if padding is not None:
        check_padding(padding, wrapped)

    Children.start()  # imports torch in the meantime
    with published(out, overwrite) as work:
        directory = Directory(work)
        label_files = _store_files(directory, files, labels, steps)
        recorder = Recorder(steps, origins, wrapped, label_files, table, types, tolerance, reference, max_stage_bytes)
        cases = [recorder.run(sample, i) for i, sample in enumerate(samples)]
        if not wrapped.forgets():
            recorder.model_inputs = []
            cases = [recorder.run(sample, i) for i, sample in enumerate(samples)]
        if cases:
            say(f"ran the Python reference on {len(cases)} samples")
        else:
            say("no samples: the package will hold no proof that C++ gives the same answers")
        trials = Trials(wrapped, recorder.model_inputs, max_batch, padding)
        if padding is not None:
            check_padded(padding, wrapped, trials.alone_inputs())
        entries = [export_torchscript(wrapped, work / "model.ts", trials) if kind == "torchscript"
                   else export_aoti(wrapped, work / "model.pt2", trials, max_batch) for kind in engines]
        _complete(entries, wrapped, directory)
        manifest = {"format": FORMAT, "name": name, "version": version, "created": now(),
                    "provenance": provenance, "engines": entries, **wrapped.signature,
                    "max_batch": max_batch, "pipeline": steps,
                    "golden": [recorder.write(case, i, directory) for i, case in enumerate(cases)]}
        if padding is not None:
            manifest["padding"] = padding
        if wrapped.arguments and wrapped.is_script:  # else they are bound in the exported model
            manifest["arguments"] = wrapped.arguments
        if eval is not None:
            manifest["accuracy"] = write_eval(eval, recorder, directory)
        if latency is not None:
            manifest["latency"] = latency
        manifest["files"] = directory.list_files()
        write_manifest(work, manifest, sign_key)
        verify(work)
        if recorder.storage.report():
            say(recorder.storage.report())
        Opening(work, manifest, libraries, sign_key, set(ops or ())).open(tool)
    sizes = {entry["path"]: entry["bytes"] for entry in manifest["files"]}
    golden = sum(size for path, size in sizes.items() if path.startswith("golden/"))
    say(f"wrote {out}: {name} {version}, {', '.join(engines)}, {sum(sizes.values()) / 1e6:.1f} MB, of which "
        f"{len(cases)} golden cases {golden / 1e6:.1f} MB")
    return Path(out)


def _complete(entries, model, directory):
    """Adds to engines[] what is known of rows and which libraries they need, and says why calls will not be merged."""
    for library in model.libraries:
        library.store(directory)
    for entry in entries:
        if model.libraries:
            entry["requires"]["libraries"] = [library.name for library in model.libraries]
        rows = entry["rows"] = model.rows[entry["kind"]]
        if rows["independent"] or rows["reason"] in ("max_batch is 1", "the model has no batch axis"):
            continue
        advice = "; pass two or more different samples= of equal shapes" if "fewer than two" in rows["reason"] else ""
        say(f"{entry['kind']}: calls will not be merged into batches, since rows are not known to be independent: "
            f"{rows['reason']}{advice}")


# ---- The last step: the package is opened as its hosts will open it ---------------------------------------------------

class Tool:
    """The gantry tool: {path, version of gantry, version of LibTorch}, and the environment that it starts in."""

    def __init__(self, path, environment, gantry, torch):
        self.path, self.environment, self.gantry, self.torch = path, environment, gantry, torch

    def __str__(self):
        return f"{self.path}, gantry {self.gantry} with LibTorch {self.torch}"

    @classmethod
    def find(cls, given=None):
        """The tool, or, as a string, why there is none. `given`: a path."""
        if given is None:
            given = os.environ.get("GANTRY_TOOL")
        if given == "":
            return "GANTRY_TOOL is empty"
        here = Path(__file__).resolve().parent  # bin/ as installed, lib/pack/ in the repository
        beside = [here / "gantry", here / ".." / ".." / "build" / "bin" / "gantry"]
        on_path = shutil.which("gantry")
        places = [Path(given)] if given is not None else beside + ([Path(on_path)] if on_path else [])
        found = [place for place in places if place.is_file() and os.access(place, os.X_OK)]
        if not found:
            if given is not None:
                raise PackError(f"tool: {given} is no program")
            return "there is none beside gantry-pack, or on PATH"
        return cls.started(found[0])

    @classmethod
    def started(cls, path):
        """As find(): the tool at `path`, if it starts and is of this version."""
        torch = sys.modules.get("torch")
        libraries = str(Path(torch.__file__).parent / "lib") if torch is not None else ""
        own = dict(os.environ)
        with_torch = {**own, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (own.get("LD_LIBRARY_PATH"), libraries)))}
        for environment in (own, with_torch):
            code, output = run_program([path, "--version"], environment, seconds=120)
            if code == 0:
                break
        else:
            return f"{path} does not start: {output.strip().splitlines()[-1] if output.strip() else f'exit code {code}'}"
        known = re.match(r"gantry (\S+) \(LibTorch (.*)\)", output)
        if not known:
            return f"{path} is another program"
        if known.group(1) != VERSION:
            return f"{path} is version {known.group(1)}, this is gantry-pack {VERSION}"
        return cls(path, environment, *known.groups())


def run_program(command, environment, seconds):
    """(exit code, what it printed); 127 if it could not be started, 124 if it did not end within `seconds`."""
    try:
        done = subprocess.run([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    except OSError as error:
        return 127, f"{command[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return 124, f"it did not end within {seconds} seconds"
    return done.returncode, done.stdout.decode("utf-8", "replace")


class Opening:
    """The package in `directory` as the C++ side opens it: `gantry check` verifies it, loads each engine and runs the
    golden cases. Without a tool that can, nothing but the Python side has spoken: engines were run by a process that
    imported torch alone (Children)."""

    SECONDS = 3600  # a tool that hangs must not hang us

    def __init__(self, directory, manifest, libraries, sign_key, own_ops):
        self.directory, self.manifest, self.libraries = Path(directory), manifest, libraries
        self.sign_key, self.own_ops = sign_key, own_ops

    def open(self, tool):
        """CheckFailed with the tool's words if it refuses the package; says so if it could not open it."""
        if tool is False:
            return
        used = {op["op"] for _, op in walk(self.manifest["pipeline"])} & self.own_ops
        found = Tool.find(tool) if not used else f"it does not know {', '.join(sorted(used))}; open it with your host"
        if isinstance(found, str):
            say(f"not opened by the gantry tool: {found}")
            return
        say(f"opening the package ({found})")
        with tempfile.TemporaryDirectory(prefix="gantry-pack-") as work:
            report = Path(work) / "report.xml"
            code, output = run_program([found.path, "check", self.directory, "--junit", report, *self._options(work)],
                                       found.environment, self.SECONDS)
            findings = self._read(report)
        problem = self._problem(code, output, findings)
        if problem:
            raise CheckFailed(f"the package is refused when it is opened ({found}): "
                              + problem.replace(f"package '{self.directory}' > ", ""))
        skipped = [f"{name}: {message}" for name, kind, message in findings
                   if kind in ("skipped", "error") and name.startswith("golden")]
        if skipped and self.manifest["golden"]:
            say(f"not opened by the gantry tool: {'; '.join(skipped)}".replace(f"package '{self.directory}' > ", ""))

    def _options(self, work):
        options = []
        for library in self.libraries:
            if library.path is None and library.loaded_from():
                options += ["--library", library.loaded_from()]
        if self.sign_key is not None:
            key = Path(work) / "key.pub.pem"
            key.write_bytes(public_key_of(self.sign_key))
            options += ["--trusted-key", key]
        return options

    @staticmethod
    def _read(report):
        """[(name, "ok", "failure", "error" or "skipped", message)]"""
        if not report.is_file():
            return []
        found = []
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            kinds = [child for child in case if child.tag in ("failure", "error", "skipped")]
            found.append((case.get("name"), kinds[0].tag if kinds else "ok", kinds[0].get("message") if kinds else ""))
        return found

    def _problem(self, code, output, findings):
        """Why the package is refused; None if it is not, or only for what this machine lacks."""
        if code not in (0, 1, 2) or not findings:
            last = output.strip().splitlines()[-1] if output.strip() else "it says nothing"
            how = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
            return f"the tool ends with {how}: {last}"
        failed = [message for _, kind, message in findings if kind == "failure"]
        # A golden check that could not run: for lack of an engine, a device, memory or a library that the host gives.
        given_by_host = any(library.path is None for library in self.libraries)
        is_lack = re.compile(r"^none of the package's engines|resource_exhausted" + ("|librar|operator" if given_by_host else ""))
        failed += [message for name, kind, message in findings
                   if kind == "error" and not is_lack.search(message)]
        return failed[0] if failed else None


class Library:
    """A shared library with operators: a file, which goes into the package, or a bare name for the host to give."""

    def __init__(self, given):
        text = os.fspath(given)
        self.path = Path(text).resolve() if Path(text).is_file() else None
        if not text or self.path is None and "/" in text:
            raise PackError(f"libraries: {text!r} is no file; a bare name, without '/', is one that the host gives")
        self.name = f"ops/{self.path.name}" if self.path else text
        self.to_load = f"file:{self.path}" if self.path else f"name:{text}"
        check_path(self.name)

    def store(self, directory):
        if self.path:
            directory.store_named(self.name, self.path.read_bytes())

    def loaded_from(self):
        """Of a bare name, the file with its operators; None if it is not known."""
        found = importlib.util.find_spec(self.name) if self.name.isidentifier() else None
        for place in (found.submodule_search_locations or ()) if found else ():
            # An extension of a package (torchvision/_C.so), which PyTorch's own packages name so.
            for path in sorted(Path(place).glob("_C*.so")):
                return path
        return None


def _is_path(value):
    return isinstance(value, (str, os.PathLike)) and str(value) != "" and "\0" not in str(value)


def _is_list_of(fits):
    def check(value):
        listed = hasattr(value, "__iter__") and getattr(value, "ndim", 1) > 0  # not a tensor of no dimension
        return listed and not isinstance(value, (str, bytes, dict)) and all(map(fits, value))
    return check


def _is_dict_of(fits_key, fits_value):
    def check(value):
        return isinstance(value, dict) and all(fits_key(key) and fits_value(one) for key, one in value.items())
    return check


def _is_text(value):
    return isinstance(value, str)


def _is_anything(value):
    return True


# What each argument of pack() is at all; None is "not given" for all but `out`. What it says is looked at later.
ARGUMENT_KINDS = {
    "out": (lambda value: _is_path(value) and Path(value).name not in ("", ".."), "the path of the directory to make"),
    "reference": (callable, "a function that takes a sample"),
    "samples": (_is_list_of(_is_anything), "a list of samples"),
    "labels": (lambda value: _is_path(value) or _is_list_of(_is_anything)(value), "a list of names, or a file of them"),
    "engines": (lambda value: _is_text(value) or _is_list_of(_is_text)(value), 'one or both of "torchscript" and "aoti"'),
    "input_names": (lambda value: _is_text(value) or _is_list_of(_is_text)(value), "a list of names"),
    "output_names": (lambda value: _is_text(value) or _is_list_of(_is_text)(value), "a list of names"),
    "shapes": (_is_dict_of(_is_text, _is_list_of(lambda dim: _is_text(dim) or type(dim) is int)),
               '{name: [dimensions]}, of sizes and names, as {"x": ["batch", 3, "height", "width"]}'),
    "batch": (lambda value: isinstance(value, bool), "True or False"),
    "files": (_is_dict_of(_is_text, lambda value: isinstance(value, bytes) or _is_path(value)),
              "{path in the package: path of a file, or bytes}"),
    "ops": (_is_dict_of(_is_text, lambda value: isinstance(value, Op)), "{name: gantry_pack.Op(...)}"),
    "provenance": (lambda value: isinstance(value, dict), "a dict"),
    "arguments": (lambda value: isinstance(value, dict), "{argument of forward(): value}"),
    "libraries": (_is_list_of(_is_path), "a list of paths or bare names"),
    "sign_key": (_is_path, "the path of a PEM file"),
    "tool": (lambda value: value is False or value == "" or _is_path(value), "the path of the gantry tool, or False"),
}


def _check_kinds(given):
    """PackError if an argument of pack() is something else altogether, before anything is computed from it."""
    for name, (fits, expected) in ARGUMENT_KINDS.items():
        value = given[name]
        if not (value is None and name != "out" or fits(value)):
            one = name in ("samples", "libraries") and isinstance(value, (str, os.PathLike))
            advice = f"; put it in a list, {name}=[...]" if one else ""
            if name == "labels" and isinstance(value, dict):
                advice = "; of {index: name} in order, pass list(labels.values())"
            raise PackError(f"{name}: expected {expected}, got {value!r:.80}{advice}")


def _check_identity(name, version, max_batch=1):
    for key, value in (("name", name), ("version", version)):
        if not isinstance(value, str) or not NAME_PATTERN.fullmatch(value):
            raise PackError(f"{key}: expected [a-z0-9][a-z0-9._-]*, at most 128 characters, got {value!r}")
    problem = _integer(1, 65536)(max_batch)
    if problem:
        raise PackError(f"max_batch: {problem}, got {max_batch!r}")


def _engine_kinds(engines, model):
    if engines is None:
        return ["torchscript"] if model.is_script else ["torchscript", "aoti"]
    engines = [engines] if isinstance(engines, str) else list(engines)
    if not engines or len(set(engines)) != len(engines) or set(engines) - {"torchscript", "aoti"}:
        raise PackError(f'engines: expected one or both of "torchscript" and "aoti", got {engines}')
    return engines


OWN_FILES = ("gantry.json", "gantry.json.sig", "model.ts", "model.pt2")
OWN_DIRECTORIES = ("golden", "eval", "ops")


def _store_files(directory, files, labels, steps):
    """Writes labels and extra files; returns {file: label names} for the ops that name one."""
    files = dict(files or {})
    for path in files:
        if str(path) in OWN_FILES or str(path).split("/")[0] in OWN_DIRECTORIES:
            raise PackError(f"files: {path!r} is a name of gantry-pack's own; choose another")
    if labels is not None:
        files.setdefault(LABELS_FILE, ("\n".join(labels) + "\n").encode())
    for path, content in files.items():
        directory.store_named(path, content if isinstance(content, bytes) else read_given_file(content, f"files['{path}']"))
    found = {}
    for path, op in walk(steps):
        name = op.get("labels") if op["op"] in ("top_k", "label") else None
        if name is not None:
            if name not in files:
                raise PackError(f"{path}.labels: the package has no file '{name}'; pass labels= or files=")
            found[name] = read_labels(directory.root / name)
    return found


def write_manifest(directory, manifest, sign_key=None):
    try:
        text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise PackError(f"gantry.json can hold no NaN and no infinity, which a class's score, a parameter or a metric is: "
                        f"{error}") from error
    if len(text.encode("utf-8")) > MAX_MANIFEST_BYTES:
        raise PackError(f"gantry.json would have {len(text.encode('utf-8'))} bytes, the limit is {MAX_MANIFEST_BYTES}; pass "
                        "fewer samples, or a smaller k of top_k")
    (Path(directory) / "gantry.json").write_bytes(text.encode("utf-8"))
    if sign_key is not None:
        sign(directory, sign_key)


# ---- Integrity and signatures -------------------------------------------------------------------------------------

def _no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise CheckFailed(f"gantry.json: duplicate key '{next(key for key in keys if keys.count(key) > 1)}'")
    return dict(pairs)


class Tree:
    """The directory of a package and where the names in it lead. Links are followed as long as they stay within it."""

    def __init__(self, directory):
        self.directory = Path(directory)
        if not self.directory.exists():
            raise PackError(f"there is no package directory {directory}")
        if not self.directory.is_dir():
            raise PackError(f"{directory} is a file; a package is the directory with gantry.json in it")
        self.root = Path(os.path.realpath(self.directory))

    def resolve(self, name):
        """The real path of a name, or None if nothing is there."""
        real = Path(os.path.realpath(self.root / name))
        if real != self.root and self.root not in real.parents or not real.exists():
            self._refuse_links_of(name)
            return None
        return real

    def _refuse_links_of(self, name):
        """Says which part of `name` leads nowhere, or out of the directory."""
        at = self.root
        for part in Path(name).parts:
            at = at / part
            if not at.is_symlink():
                continue
            real, link = Path(os.path.realpath(at)), f"{at.relative_to(self.root)} is a symbolic link to '{os.readlink(at)}', "
            if real != self.root and self.root not in real.parents:
                raise CheckFailed(link + f"which leads out of the package's directory, to '{real}'; links may lead to what is "
                                  "within it, so use a copy of the package in which they are resolved (cp -rL)")
            if not real.exists():
                raise CheckFailed(link + ("which leads in a circle" if real.is_symlink() else "which is not there"))

    def read(self, path):
        try:
            return path.read_bytes()
        except OSError as error:
            raise self.unreadable(path, error) from error

    def unreadable(self, path, error):
        return PackError(f"{path} cannot be read: {error.strerror or error}")

    def files(self):
        """The regular files within, by their real paths. Links must lead to something within. Of a projected volume of
        Kubernetes only the state that is shown is looked at."""
        shown = os.path.realpath(self.root / "..data") if (self.root / "..data").is_symlink() else None

        def fail(error):
            raise self.unreadable(error.filename, error)
        for parent, directories, names in os.walk(self.root, onerror=fail):
            parent = Path(parent)
            if shown and parent == self.root:
                directories[:] = [name for name in directories if not name.startswith("..") or name == ".."
                                  or (parent / name).is_symlink() or str(parent / name) == shown]
            for name in sorted(directories + names):
                path = parent / name
                if path.is_symlink():
                    self.resolve(path.relative_to(self.root))
                elif path.is_file():
                    yield path
                elif not path.is_dir():
                    raise CheckFailed(f"{path.relative_to(self.root)} is not a regular file")


def read_manifest(directory):
    tree = Tree(directory)
    path = tree.resolve("gantry.json")
    if path is None:
        inner = sorted(found.parent.name for found in tree.root.glob("*/gantry.json"))
        raise PackError(f"{directory} is not a package: it has no gantry.json"
                        + (f"; there are packages in it: {', '.join(inner[:4])}" if inner else ""))
    if not path.is_file():
        raise CheckFailed("gantry.json is not a regular file")
    try:
        manifest = json.loads(tree.read(path).decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise CheckFailed(f"{path}: {error}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if type(found) is not int or found != FORMAT:
        raise CheckFailed(f"gantry.json has format {found!r:.80}, this version reads format {FORMAT}")
    return manifest


def verify(directory, public_key=None):
    """Integrity, in Python: the manifest's form, every file's size and SHA-256, nothing unlisted, no link that leads out
    of the directory, and with `public_key` (PEM) the signature. Returns the manifest; raises CheckFailed, or PackError
    where something is not there or cannot be read."""
    manifest = read_manifest(directory)
    tree = Tree(directory)
    for key in ("name", "version", "engines", "inputs", "outputs", "pipeline", "golden", "files"):
        if key not in manifest:
            raise CheckFailed(f"gantry.json: '{key}' is missing")
    if not isinstance(manifest["files"], list):
        raise CheckFailed("gantry.json: 'files' is not a list")
    if public_key is not None:
        _check_signature(directory, public_key)
    listed = {}
    for i, entry in enumerate(manifest["files"]):
        if not isinstance(entry, dict) or set(entry) != {"path", "bytes", "sha256"}:
            raise CheckFailed(f"files[{i}]: expected path, bytes and sha256")
        try:
            check_path(entry["path"])
        except PackError as error:
            raise CheckFailed(f"files[{i}]: {error}") from error
        if entry["path"] in listed:
            raise CheckFailed(f"files[{i}]: {entry['path']} is listed twice")
        listed[entry["path"]] = entry
    for name, path in _check_tree(tree, listed).items():
        entry = listed[name]
        try:
            size, digest = path.stat().st_size, None
            digest = sha256_of(path) if size == entry["bytes"] else None
        except OSError as error:
            raise tree.unreadable(path, error) from error
        if size != entry["bytes"]:
            raise CheckFailed(f"{name} has {size} bytes, the manifest says {entry['bytes']}")
        if digest != entry["sha256"]:
            raise CheckFailed(f"{name}: its SHA-256 is not the manifest's; the file was changed or damaged")
    return manifest


def _check_tree(tree, listed):
    """{listed name: real path}. Every file within must be what a listed name leads to."""
    found = {name: tree.resolve(name) for name in listed}
    expected = {*found.values(), tree.resolve("gantry.json"), tree.resolve("gantry.json.sig")}
    for path in tree.files():
        if path not in expected:
            raise CheckFailed(f"{path.relative_to(tree.root)} is not listed in the manifest")
    for name, path in found.items():
        if path is None:
            raise CheckFailed(f"{name} is listed in the manifest but missing")
        if not path.is_file():
            raise CheckFailed(f"{name} is not a regular file")
    return found


def _has_cryptography():
    return importlib.util.find_spec("cryptography") is not None


def _openssl(*arguments):
    tool = shutil.which("openssl")
    if tool is None:
        raise PackError("signing needs the Python package 'cryptography' or the openssl tool; neither was found")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, (done.stderr or done.stdout).strip()


def generate_key(path):
    """Writes an Ed25519 private key to `path` (PKCS#8 PEM, mode 600) and the public key beside it; returns both paths."""
    if not _is_path(path) or not Path(path).name:
        raise PackError(f"expected the name of the private key's file, got {path!r}")
    private, public = Path(path), Path(path).with_suffix(".pub.pem")
    for target in (private, public):
        if os.path.lexists(target):
            raise PackError(f"{target} exists; keys are not overwritten")
    private.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(private, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if _has_cryptography():
            from cryptography.hazmat.primitives import serialization as form
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            key = Ed25519PrivateKey.generate()
            private.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
            public.write_bytes(key.public_key().public_bytes(form.Encoding.PEM,
                                                             form.PublicFormat.SubjectPublicKeyInfo))
        else:
            for arguments in (("genpkey", "-algorithm", "ed25519", "-out", private),
                              ("pkey", "-in", private, "-pubout", "-out", public)):
                code, message = _openssl(*arguments)
                if code != 0:
                    raise PackError(f"openssl {arguments[0]} failed: {message}")
    except PackError:
        private.unlink()
        raise
    return private, public


def signature_of(path, key):
    """Ed25519 over the bytes of the file `path`, with the private key in the PEM file `key`."""
    if not Path(key).is_file():
        raise PackError(f"{key}: no such key file")
    if _has_cryptography():
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        try:
            private = load_pem_private_key(read_given_file(key, "key"), password=None)
        except (ValueError, TypeError) as error:
            raise PackError(f"{key} is not a private key in PEM form without a password: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise PackError(f"{key} is not an Ed25519 key; make one with --generate-key")
        return private.sign(Path(path).read_bytes())
    with tempfile.TemporaryDirectory() as work:
        raw = Path(work) / "signature"
        code, message = _openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", path, "-out", raw)
        if code != 0:
            raise PackError(f"openssl could not sign with {key}: {message}")
        signature = raw.read_bytes()
    if len(signature) != 64:
        raise PackError(f"{key} is not an Ed25519 key; make one with --generate-key")
    return signature


def sign(directory, key):
    """Writes gantry.json.sig: Ed25519 over the exact bytes of gantry.json, with the private key in the PEM file `key`."""
    manifest, target = Path(directory) / "gantry.json", Path(directory) / "gantry.json.sig"
    read_manifest(directory)
    signature = signature_of(manifest, key)
    part = target.with_suffix(".sig.part")
    part.write_bytes(signature)
    os.replace(part, target)


def public_key_of(key):
    """The public key, in PEM form, of the private key in the PEM file `key`."""
    if _has_cryptography():
        from cryptography.hazmat.primitives import serialization as form
        private = form.load_pem_private_key(Path(key).read_bytes(), password=None)
        return private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    with tempfile.TemporaryDirectory() as work:
        public = Path(work) / "key.pub.pem"
        code, message = _openssl("pkey", "-in", key, "-pubout", "-out", public)
        if code != 0:
            raise PackError(f"openssl cannot read {key}: {message}")
        return public.read_bytes()


def _check_signature(directory, public_key):
    manifest, signature = Tree(directory).resolve("gantry.json"), Tree(directory).resolve("gantry.json.sig")
    if signature is None or not signature.is_file():
        raise CheckFailed("the package is not signed")
    if signature.stat().st_size != 64:
        raise CheckFailed(f"gantry.json.sig has {signature.stat().st_size} bytes, an Ed25519 signature has 64")
    if not Path(public_key).is_file():
        raise PackError(f"{public_key}: no such key file")
    if _has_cryptography():
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        try:
            load_pem_public_key(Path(public_key).read_bytes()).verify(signature.read_bytes(), manifest.read_bytes())
        except InvalidSignature:
            raise CheckFailed(f"the signature is not one of {public_key}, or gantry.json was changed") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise PackError(f"{public_key} is not an Ed25519 public key in PEM form: {error}") from error
    else:
        code, _ = _openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public_key, "-in", manifest,
                           "-sigfile", signature)
        if code != 0:
            raise CheckFailed(f"the signature is not one of {public_key}, or gantry.json was changed")


# ---- Command line -------------------------------------------------------------------------------------------------

class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(64)


def make_parser():
    parser = _Parser(prog="gantry-pack", description="Makes, checks and signs gantry packages.",
                     epilog="Exit codes: 0 done, 1 a check failed, 2 it could not run, 64 usage.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    build = commands.add_parser("build", help="make a package from a recipe",
                                description="RECIPE is a Python file with a function recipe() that returns a dict of "
                                "the arguments of gantry_pack.pack(), whose help lists them.")
    build.add_argument("recipe", metavar="RECIPE.py")
    build.add_argument("--out", metavar="DIR", help="the package's directory (default: the recipe's out, or "
                       "NAME/VERSION)")
    build.add_argument("--engine", choices=("torchscript", "aoti", "both"), help="instead of the recipe's engines")
    build.add_argument("--sign", metavar="KEY.pem", help="sign with this Ed25519 private key")
    build.add_argument("--force", action="store_true", help="replace the package if it exists")
    check = commands.add_parser("verify", help="check sizes, hashes and signature of a package")
    check.add_argument("package", metavar="PKG")
    check.add_argument("--key", metavar="KEY.pub.pem", help="the package must carry a signature of this key")
    signer = commands.add_parser("sign", help="sign an existing package (also: gantry-pack --sign KEY.pem PKG)")
    signer.add_argument("key", metavar="KEY.pem")
    signer.add_argument("package", metavar="PKG")
    keys = commands.add_parser("generate-key", help="make an Ed25519 key pair (also: gantry-pack --generate-key FILE)")
    keys.add_argument("file", metavar="FILE", help="the private key, e.g. key.pem; the public one becomes key.pub.pem")
    return parser


def load_recipe(path):
    """What recipe() of a Python file returns; the file may import gantry_pack and what lies beside it."""
    path = Path(path)
    if not path.is_file():
        raise PackError(f"{path}: no such recipe")
    sys.modules.setdefault("gantry_pack", sys.modules[__name__])
    sys.path.insert(0, str(path.resolve().parent))
    if path.suffix != ".py":
        raise PackError(f"{path}: a recipe is a Python file, NAME.py")
    spec = importlib.util.spec_from_file_location("gantry_recipe", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        if not callable(getattr(module, "recipe", None)):
            raise PackError(f"{path} defines no function recipe()")
        arguments = module.recipe()
    except SystemExit as error:
        raise PackError(f"{path} calls exit({error.code}); nothing was made") from error
    if not isinstance(arguments, dict):
        raise PackError(f"{path}: recipe() must return a dict of pack()'s arguments, got {type(arguments).__name__}")
    known = set(inspect.signature(pack).parameters)
    for key in arguments:
        if key not in known:
            raise PackError(f"{path}: recipe() returns '{key}', which pack() does not take; it takes "
                            f"{', '.join(sorted(known))}")
    for key in ("model", "example_inputs", "name", "version"):
        if key not in arguments:
            raise PackError(f"{path}: recipe() does not return '{key}'")
    return arguments


def run_build(options):
    arguments = load_recipe(options.recipe)
    _check_identity(arguments["name"], arguments["version"])
    out = options.out or arguments.get("out") or Path(arguments["name"]) / arguments["version"]
    if options.engine:
        arguments["engines"] = ("torchscript", "aoti") if options.engine == "both" else (options.engine,)
    if options.sign:
        arguments["sign_key"] = options.sign
    if options.force:
        arguments["overwrite"] = True
    pack(**{**arguments, "out": out})


def main(arguments=None):
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments == ["--run-engines"]:  # this file's own child, see Children
        return serve_engine_runs()
    if arguments and arguments[0] in ("--sign", "--generate-key"):
        arguments[0] = arguments[0].removeprefix("--")
    options = make_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing half-written stays behind
    try:
        if options.command == "build":
            run_build(options)
        elif options.command == "verify":
            manifest = verify(options.package, options.key)
            say(f"{options.package}: {manifest['name']} {manifest['version']} is intact"
                + (" and signed" if options.key else ""))
        elif options.command == "sign":
            verify(options.package)
            sign(options.package, options.key)
            say(f"signed {options.package}")
        else:
            private, public = generate_key(options.file)
            say(f"wrote {private} (keep it secret) and {public}")
    except CheckFailed as error:
        say(f"check failed: {error}")
        return 1
    except PackError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 2
    except OSError as error:  # a disk that is full, a directory that is not ours
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 2
    except Exception:  # a recipe is anybody's code; a traceback must not look like a failed check
        traceback.print_exc()
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
