# SPDX-License-Identifier: Apache-2.0
"""Payloads in Python: Bytes = bytes, Image = PIL image of mode L, RGB or RGBA, Tensor = torch.Tensor of one sample,
Tensors = {name: tensor}, Classes = Classes, Detections = Detections, Boxes = Boxes, Keypoints = Keypoints, Masks = Masks,
Quads = Quads, list<T> = list, tuple<...> = tuple, a type of the host's = Payload."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from json import dumps as dump
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import PackError
from .imports import need

if TYPE_CHECKING:
    import torch


class Classes(list):
    """[(index, label, score), ...], best first."""


class RunLengths(NamedTuple):
    """A mask of a picture as COCO writes it; run_lengths.of_pixels() makes it."""

    size: tuple[int, int]  # height, width
    counts: str


class SoftMask:
    """What a head says of the shape of a detection: probabilities [h, w] over `box`, or coefficients [k] of prototypes
    [k, h, w] over the model's input, `stride` pixels to a value. `frame`: where the picture was in the model's input, once
    the detection is in the picture's pixels."""

    def __init__(self, values: Any, box: tuple[float, ...], prototypes: Any = None, stride: int = 0,
                 frame: Any = None) -> None:
        self.values, self.box, self.prototypes, self.stride, self.frame = values, box, prototypes, stride, frame

    def within(self, frame: Any) -> SoftMask:
        return self if self.frame else SoftMask(self.values, self.box, self.prototypes, self.stride, frame)


class Detection(NamedTuple):
    """Something found in a picture: its class, and its box (x0, y0, x1, y1) and keypoints (x, y, score) in pixels, its mask
    at the picture's size, and what that is made of."""

    index: int  # type: ignore[assignment]  # which tuple has a method of that name
    label: str
    score: float
    box: tuple[float, float, float, float]
    keypoints: tuple[tuple[float, float, float], ...] = ()
    mask: RunLengths | None = None
    soft_mask: SoftMask | None = None


class Detections(list):
    """[Detection, ...], the best first."""


class Boxes(list):
    """[(x0, y0, x1, y1), ...] in pixels."""


class Keypoints(list):
    """[(x, y, score), ...] in pixels: of one thing."""


class Masks(list):
    """[RunLengths, ...] of one picture."""


class FoundQuad(NamedTuple):
    """A place with four corners (x, y) in pixels: top left, top right, bottom right and bottom left of what is there."""

    quad: tuple[tuple[float, float], ...]
    score: float


class Quads(list):
    """[FoundQuad, ...]"""


LISTS = (Classes, Detections, Boxes, Keypoints, Masks, Quads)  # payloads that are lists, but no list<T>


class Payload:
    """A payload of a type of the host's, as its codec in C++ writes it: Payload("landmarks", [[0.5, 2.0]])."""

    def __init__(self, name: str, json: Any) -> None:
        if not re.fullmatch(r"[a-z0-9_.-]+", name) or name in FORMS:
            raise PackError(f"Payload: expected the name of a codec, lower-case letters, digits, '_', '-' and '.', and none of "
                            f"{', '.join(FORMS)}, got {name!r}")
        try:
            dump(json, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise PackError(f"Payload {name!r}: what a codec writes is JSON: {error}") from error
        self.name, self.json = name, json

    def __repr__(self) -> str:
        return f"Payload({self.name!r}, {self.json!r:.60})"


# Keys of a value that mean something else.
FORMS = ("boxes", "classes", "detections", "digest", "file", "keypoints", "list", "masks", "npy", "quads", "sample", "tensors",
         "tuple")
DTYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "float64": "f64", "uint8": "u8", "int8": "i8",
          "int16": "i16", "int32": "i32", "int64": "i64", "bool": "bool"}


def dtype_name(tensor: torch.Tensor, what: str = "a tensor") -> str:
    name = str(tensor.dtype).replace("torch.", "")
    if name not in DTYPES:
        raise PackError(f"{what} is of {name}; gantry knows {', '.join(DTYPES)}")
    return DTYPES[name]


def to_array(value: Any, what: str) -> Any:
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


def is_pil(value: Any) -> bool:
    image = sys.modules.get("PIL.Image")
    return image is not None and isinstance(value, image.Image)


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def parts_of(type_name: str) -> list[str]:
    """["A", "B<C, D>"] of "tuple<A, B<C, D>>"; empty for a type that has none."""
    parts, depth = [""], 0
    for letter in type_name.partition("<")[2][:-1]:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def is_of(value: Any, type_name: str) -> bool:
    """Whether a payload is of the type; of a type that is a host's own, always."""
    parts = parts_of(type_name)
    if type_name.startswith("list<"):
        return isinstance(value, list) and all(is_of(item, parts[0]) for item in value)
    if type_name.startswith("tuple<"):
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(is_of, value, parts))
    known: dict[str, Callable[[Any], bool]] = {
        "Bytes": lambda one: isinstance(one, bytes), "Image": is_pil, "Tensor": is_tensor,
        "Tensors": lambda one: isinstance(one, dict) and all(map(is_tensor, one.values())),
        "Classes": lambda one: isinstance(one, Classes), "Detections": lambda one: isinstance(one, Detections),
        "Boxes": lambda one: isinstance(one, Boxes), "Keypoints": lambda one: isinstance(one, Keypoints),
        "Masks": lambda one: isinstance(one, Masks), "Quads": lambda one: isinstance(one, Quads)}
    return type_name not in known or known[type_name](value)


def describe_value(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if is_pil(value):
        return f"{value.mode} image {value.width}x{value.height}"
    if is_tensor(value):
        return f"tensor {dtype_name(value)}{list(value.shape)}"
    return repr(value) if isinstance(value, Payload) else type(value).__name__


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
