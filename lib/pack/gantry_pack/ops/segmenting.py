# SPDX-License-Identifier: Apache-2.0
"""segment, segment.input, segment.binary, segment.masks, segment.to_image, segment.overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..run_lengths import of_pixels
from ..values import Masks, describe_value
from .boxes import need_frame
from .closeness import CLOSE, thresholds
from .palette import colours_of
from .planes import logit_gate, picture_plane
from .tensors import float_only

if TYPE_CHECKING:
    import torch

    from ..aliases import Json
    from .frame import Frame
    from .op import Op


def segment(value: Any, outside: int, frame: Frame | None, **size: Any) -> torch.Tensor:
    torch = need("torch", "segment")
    _check_outside("segment", outside, **size)
    logits, is_shown = segment_logits(value, frame=frame, **size)
    return torch.where(is_shown, logits.argmax(0), outside).to(torch.int32)


def _check_outside(op: str, outside: int, size: str, stride: int, **sides: Any) -> None:
    if size == "given" and (stride != 1 or outside != -1):
        raise PackError(f"{op}: stride and outside are for size=picture")


def segment_input(value: tuple[Any, Any]) -> torch.Tensor:
    torch = need("torch", "segment.input")
    return _at_input(value)[0].argmax(0).to(torch.int32)


def _at_input(value: tuple[Any, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits at the size of the model's input, which stands before them."""
    planes, logits = value
    if planes.dim() < 2 or planes.numel() == 0:
        raise PackError("segment.input: takes the model's input, [.., height, width], beside its logits, got "
                        f"{describe_value(planes)}")
    return segment_logits(logits, int(planes.shape[-2]), int(planes.shape[-1]), "given", 1, None)


def close_classes(op: Op, value: Any, given: torch.Tensor, arguments: Json) -> list[str]:
    size = {key: each for key, each in arguments.items() if key != "outside"}
    return _almost_equal(segment_logits(value, **size)[0])


def close_classes_at_input(op: Op, value: Any, given: torch.Tensor, arguments: Json) -> list[str]:
    return _almost_equal(_at_input(value)[0])


def _almost_equal(logits: torch.Tensor) -> list[str]:
    """Whether there are pixels of which two classes are so nearly as good that rounding may exchange them."""
    if len(logits) < 2:
        return []
    best = logits.topk(2, 0).values
    pixels = int((best[0] - best[1] <= CLOSE * best[0].abs()).sum())
    return [f"two classes are almost equally good in {pixels} pixels"] if pixels else []


def segment_logits(value: Any, height: int, width: int, size: str, stride: int,
                   frame: Frame | None) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits at the size of the labels, and which of these pixels they show."""
    torch = need("torch", "segment")
    float_only(value, "segment")
    if value.dim() != 3:
        raise PackError(f"segment: takes f32[classes, height, width], got {describe_value(value)}")
    if bool(height) != bool(width):
        raise PackError("segment: takes both height and width, or neither")
    if size == "picture":
        if height:
            raise PackError("segment: height and width are for size=given, not for size=picture")
        return picture_plane(value, need_frame(frame, "labels"), stride)
    if height:
        value = torch.nn.functional.interpolate(value[None], (height, width), mode="bilinear", align_corners=False)[0]
    return value, torch.ones(value.shape[1:], dtype=torch.bool)


def binary(value: Any, threshold: float, values: str, outside: int, frame: Frame | None, **size: Any) -> torch.Tensor:
    torch = need("torch", "segment.binary")
    if value.dim() not in (2, 3) or value.dim() == 3 and len(value) != 1:
        raise PackError(f"segment.binary: takes f32[height, width] or f32[1, height, width], got {describe_value(value)}")
    _check_outside("segment.binary", outside, **size)
    plane, is_shown = segment_logits(value.reshape(1, *value.shape[-2:]), frame=frame, **size)
    gate = threshold
    if values == "logits":
        if not 0 <= threshold <= 1:
            raise PackError(f"segment.binary: threshold must be 0..1, got {threshold}")
        gate = logit_gate(threshold)
    return torch.where(is_shown, (plane[0] > gate).long(), outside).to(torch.int32)


def close_binary(op: Op, value: Any, given: torch.Tensor, arguments: Json) -> list[str]:
    is_open = arguments["values"] == "probabilities" or 0 < arguments["threshold"] < 1
    return thresholds("threshold")(op, value, given, arguments) if is_open else []


def label_masks(value: Any, classes: Any = None) -> Masks:
    labels = _labels(value, "segment.masks")
    if classes is None:
        classes = [label for label in labels.unique().tolist() if label >= 0]
    return Masks(of_pixels(labels == label) for label in (classes if isinstance(classes, list) else [classes]))


def to_image(value: Any, colours: str, background: int) -> Any:
    image, numpy = need("PIL.Image", "segment.to_image"), need("numpy", "segment.to_image")
    labels = numpy.asarray(_labels(value, "segment.to_image"))
    if colours == "numbers" and background:
        raise PackError("segment.to_image: background is for colours=palette")
    if colours == "palette":
        return image.fromarray(numpy.where(_is_left_out(labels, background), 0, colours_of(labels)).astype(numpy.uint8))
    if labels.size and not (labels.min() >= 0 and labels.max() <= 255):
        raise PackError("segment.to_image: a label is no gray value 0..255; colours=palette shows any")
    return image.fromarray(labels.astype(numpy.uint8))


def overlay(value: Any, alpha: float, background: int) -> Any:
    """As torchvision's draw_segmentation_masks() blends."""
    image, numpy = need("PIL.Image", "segment.overlay"), need("numpy", "segment.overlay")
    picture, given = value
    labels = numpy.asarray(_labels(given, "segment.overlay"))
    if labels.shape != (picture.height, picture.width):
        raise PackError(f"segment.overlay: labels are {list(labels.shape)}, the image is {picture.width}x{picture.height}")
    pixels, share = numpy.asarray(picture.convert("RGB")), numpy.float32(alpha)
    mixed = pixels.astype(numpy.float32) * numpy.float32(1 - alpha) + colours_of(labels).astype(numpy.float32) * share
    return image.fromarray(numpy.where(_is_left_out(labels, background), pixels, mixed.astype(numpy.uint8)))


def _labels(value: Any, op: str) -> torch.Tensor:
    torch = need("torch", op)
    if value.dtype != torch.int32 or value.dim() != 2:
        raise PackError(f"{op}: takes labels as i32[height, width], got {describe_value(value)}")
    return value


def _is_left_out(labels: Any, background: int) -> Any:
    return ((labels < 0) | (labels == background))[..., None]
