# SPDX-License-Identifier: Apache-2.0
"""Chain: the ops that a chain of transforms has become so far, and what an image is at its end."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import PackError
from ..ops.parameters import OF_PILLOW, OF_TORCH

if TYPE_CHECKING:
    from ..aliases import Json, Steps

TRANSLATABLE = (
    "of torchvision: Compose, nn.Sequential, Resize, CenterCrop, FiveCrop, Pad (not symmetric), RandomHorizontalFlip and "
    "RandomVerticalFlip with p=0 or p=1, Grayscale of a PIL image, ToTensor, PILToTensor, ToImage, ToPureTensor, "
    "ToDtype(float32), ConvertImageDtype(float32), Normalize, RGB, Identity, Lambda of a conversion to RGB, and the "
    "ImageClassification, SemanticSegmentation and ObjectDetection presets of weights.transforms(); timm's "
    "create_transform(); open_clip's image_transform(); transformers' image processors that resize, crop, rescale, "
    "normalise and pad")


def _name_of(transform: Any) -> str:
    if inspect.isfunction(transform):
        return f"{transform.__module__}.{transform.__qualname__}"
    transform = transform.func if isinstance(transform, functools.partial) else transform
    kind = transform if inspect.isclass(transform) else type(transform)
    where = kind.__module__.split(".")
    if where[0] != "torchvision":
        return f"{kind.__module__}.{kind.__qualname__}"
    return ".".join(where[:3 if where[:3] == ["torchvision", "transforms", "v2"] else 2]) + f".{kind.__name__}"


def _in_short(transform: Any) -> str:
    text = " ".join(repr(transform).split())
    return text if len(text) <= 100 else text[:97] + "..."


def resize_op(translator: Chain, transform: Any, size: Any, interpolation: Any, max_size: Any = None,
              antialias: bool = True) -> Json:
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


def crop_sides(size: Any) -> Json:
    height, width = (size, size) if isinstance(size, int) else (list(size) * 2)[:2]
    return {"size": int(width)} if width == height else {"width": int(width), "height": int(height)}


def plain_numbers(values: Any) -> float | list[float]:
    values = values.tolist() if hasattr(values, "tolist") else values
    return [float(value) for value in values] if isinstance(values, (list, tuple)) else float(values)


class Chain:
    """The image is first a PIL image, then a u8 tensor, then one of float32 numbers, then normalised (`state`); `numbers`
    is how the numbers come about, as image.to_tensor says it."""

    def __init__(self, is_rgb: bool = True) -> None:
        self.geometry: Steps = []
        self.five_crop: Json | None = None
        self.after_crop: Steps = []
        self.state = "pil"
        self.numbers: Json = {}
        self.tail: Steps = []
        self.is_rgb = is_rgb
        self.frames: list[tuple[str, int, list[Any]]] = []  # (name of the list of steps, index, steps), outer ones first

    def add(self, transform: Any) -> None:
        """Appends what a transform becomes."""
        raise NotImplementedError

    def refuse(self, transform: Any, why: str) -> NoReturn:
        where = ", ".join(f"step {index + 1} of {name}" for name, index, _ in self.frames)
        lines = [f"cannot translate {where}{', ' if where else ''}{_name_of(transform)}: {why}"]
        if done := self.ops():
            lines += ["translated so far, to be pasted into pipeline=[...]:", *(f"  {op!r}," for op in done)]
        left = [step for _, index, steps in reversed(self.frames)
                for step in steps[index + (steps is not self.frames[-1][2]):]]
        if left:
            lines.append("what remains: " + ", ".join(_in_short(step) for step in left))
        raise PackError("\n".join([*lines, "supported: " + TRANSLATABLE]))

    def ops(self) -> Steps:
        tail = list(self.tail)
        if self.state == "u8":
            tail.insert(0, {"op": "image.to_tensor", "mode": "affine", "dtype": "u8"})
        elif self.state != "pil":
            tail.insert(0, {"op": "image.to_tensor", **self.numbers})
        if self.five_crop is None:
            return self.geometry + tail
        inner = self.after_crop + tail
        return [*self.geometry, self.five_crop] + ([{"op": "each", "do": inner}] if inner else [])

    def put(self, transform: Any, op: Json) -> None:
        """An op on images. Geometric ones still commute with image.to_tensor, but no longer after Normalize."""
        if self.state == "normalised":
            self.refuse(transform, "it comes after Normalize; put it before")
        (self.geometry if self.five_crop is None else self.after_crop).append(op)

    def resampling(self, transform: Any, interpolation: Any, antialias: bool = True) -> Json:
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

    def normalise(self, mode: str, mean: Any = 0, std: Any = 1, **more: Any) -> None:
        """u8 -> float, or normalised where there are a mean and a deviation."""
        self.numbers = {"mode": mode, "mean": mean, "std": std, **more}
        self.state = "float"

    def fill_of(self, transform: Any, fill: Any) -> int | list[int]:
        """A border's colour as the op takes it."""
        given = [fill] if isinstance(fill, (int, float)) else list(fill) if isinstance(fill, (list, tuple)) else []
        if len(given) not in (1, 3) or any(isinstance(number, bool) or number not in range(256) for number in given):
            self.refuse(transform, f"fill is {fill!r}, expected a number 0..255, or one for each of three channels")
        numbers = [int(number) for number in given]
        if self.state == "float" and any(numbers):
            self.refuse(transform, "fill other than 0 on a float tensor; put it before ToTensor")
        return numbers[0] if len(set(numbers)) == 1 else numbers

    def to_rgb(self, transform: Any) -> None:
        if self.is_rgb:
            return
        if self.state != "pil":
            self.refuse(transform, "it must come before ToImage")
        self.put(transform, {"op": "image.to_rgb"})
        self.is_rgb = True
