# SPDX-License-Identifier: Apache-2.0
"""What ops do to the frames of values: as lib/ops/image/frames.cpp, in doubles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..values import is_pil
from .cropping import centre_offset, letterbox_ratio, offset_in_larger
from .detect.crop import parts_of
from .frame import Frame

if TYPE_CHECKING:
    from ..aliases import Json


@dataclass(frozen=True)
class Known:
    """What is known of a value: its picture, and those of what it is made of. As SlotFrames in include/gantry/frame.hpp."""

    own: Frame | None = None
    elements: tuple[Known, ...] | None = None  # of a list, tuple or named tensors, in order, where they differ from `own`
    are_elements_unknown: bool = False  # they differ from `own`, and nobody knows how

    @property
    def have_elements_others(self) -> bool:
        return self.elements is not None or self.are_elements_unknown

    def element(self, index: int) -> Known:
        if self.elements is not None:
            return self.elements[index]
        return Known() if self.are_elements_unknown else Known(self.own)

    def as_list(self, items: list[Known]) -> Known:
        """Of a list whose elements `each` has run through: it keeps its own."""
        if all(item == Known(self.own) for item in items):
            return Known(self.own)
        if all(item == Known() for item in items):
            return Known(self.own, are_elements_unknown=True)
        return Known(self.own, tuple(items))

    def after(self, gives: Any) -> Known:
        """Of what is made of the whole by an op that moves no picture."""
        if not self.have_elements_others:
            return self
        return Known(self.own, are_elements_unknown=True) if isinstance(gives, list) else Known(self._common())

    def _common(self) -> Frame | None:
        """The one picture of those that have one, such as the image beside a prompt, if it is the same."""
        pictures = {item.own for item in self.elements or () if item.own is not None}
        is_known = not any(item.have_elements_others for item in self.elements or ())
        return pictures.pop() if is_known and len(pictures) == 1 else None


def known_of_items(items: list[Known]) -> Known:
    """Of a tuple or named tensors: what all have; where they differ, each its own."""
    plain = Known(items[0].own)
    return plain if all(item == plain for item in items) else Known(None, tuple(items))


def known_after(kind: str, arguments: Json, known: Known, given: Any, gives: Any) -> Known:
    """Of what an op gives, from what is known of what it was given."""
    if kind == "detect.crop":
        return _known_of_crops(arguments, known.element(0).own, given)
    if kind == "detect.crop_quads":  # pictures of their own
        return Known(known.element(0).own, tuple(Known() for _ in gives) or None)
    if kind == "detect.sliding_window":
        return Known(known.element(0).own or Frame(*given[0].size))
    if kind in ("detect.refine", "detect.classify"):
        return Known(known.element(0).own)
    if known.have_elements_others:
        return known.after(gives)  # no other op that moves a picture takes a list or tuple
    own = frame_after(kind, arguments, known.own, given, gives)
    elements = frames_of_elements(kind, known.own, given, gives)
    return Known(own, tuple(map(Known, elements)) if elements else None)


def frame_after(kind: str, arguments: Json, frame: Frame | None, given: Any, gives: Any) -> Frame | None:
    """The frame of what an op gives, from the frame of what it was given."""
    if kind == "image.decode":
        return Frame(*gives.size)
    if kind in ("image.from_raw", "image.raw_to_tensor"):
        return Frame(arguments["width"], arguments["height"])
    if kind in ("image.affine", "image.perspective"):
        return None  # a picture of its own
    if kind in ("detect.to_picture", "detect.paste_masks", "detect.quads_to_picture",
                "keypoints.to_picture") and frame is not None:
        return Frame(frame.width, frame.height)
    if kind in ("segment", "segment.binary") and arguments["size"] == "picture" and frame is not None:
        return Frame(frame.width, frame.height)
    if kind == "interpolate" and frame is not None:
        return frame.scaled(gives.shape[-1] / given.shape[-1], gives.shape[-2] / given.shape[-2])
    if not is_pil(given) or not (kind in _MOVES or kind in ("image.to_tensor", "image.five_crop", "image.pyramid")):
        return frame
    if 0 in given.size:
        return None  # no golden case can hold it: the recorder says so
    frame = frame or Frame(*given.size)
    return _MOVES[kind](frame, arguments, given, gives) if kind in _MOVES else frame


def frames_of_elements(kind: str, frame: Frame | None, given: Any, gives: Any) -> list[Frame | None] | None:
    """Of each element of the list that an op gives; None: all have the list's."""
    if kind == "image.pyramid":
        frame = frame or Frame(*given.size)
        return [frame.scaled(level.shape[2] / given.width, level.shape[1] / given.height) for level in gives]
    if kind != "image.five_crop":
        return None
    frame = frame or Frame(*given.size)
    width, height = gives[0].size
    right, bottom = given.width - width, given.height - height
    corners = [(x, y) for y in (0, bottom) for x in (0, right)]
    return [frame.shifted(-x, -y) for x, y in [*corners, centre_offset(given.size, (width, height), "half_even")]]


def _known_of_crops(arguments: Json, frame: Frame | None, given: Any) -> Known:
    image, detections = given
    own = frame or Frame(*image.size)
    parts = parts_of(image.size, detections, frame=frame, **{key: arguments[key] for key in ("margin", "square", "rounding")})
    return Known(own, tuple(Known(own.shifted(-left, -top)) for left, top, _, _ in parts) or None)


def _resized(frame: Frame, arguments: Json, given: Any, gives: Any) -> Frame:
    if not arguments.get("box"):
        return frame.scaled(gives.width / given.width, gives.height / given.height)
    left, top, right, bottom = arguments["box"]
    return frame.shifted(-left, -top).scaled(gives.width / (right - left), gives.height / (bottom - top))


def _letterboxed(frame: Frame, arguments: Json, given: Any, gives: Any) -> Frame:
    ratio, _, left, top = letterbox_ratio(given.size, gives.size, arguments["scale_up"])
    return frame.scaled(ratio, ratio).shifted(left, top)


def _centred(frame: Frame, arguments: Json, given: Any, gives: Any) -> Frame:
    left, top = centre_offset(given.size, gives.size, arguments["centre"])
    return frame.shifted(-left, -top)


def _padded_to(frame: Frame, arguments: Json, given: Any, gives: Any) -> Frame:
    return frame.shifted(*offset_in_larger(given.size, gives.size, arguments["anchor"]))


def _flipped(frame: Frame, arguments: Json, given: Any, _: Any) -> Frame:
    if arguments["axis"] == "horizontal":
        return replace(frame, x=frame.x.mirrored(given.width))
    return replace(frame, y=frame.y.mirrored(given.height))


def _turned(frame: Frame, arguments: Json, given: Any, _: Any) -> Frame:
    """Quarter turns counterclockwise, one after the other: what was at the right is at the top."""
    width, height = given.size
    for _ in range(arguments["turns"]):
        frame = replace(frame, x=frame.y, y=frame.x.mirrored(width), is_turned=not frame.is_turned)
        width, height = height, width
    return frame


_MOVES: dict[str, Any] = {
    **dict.fromkeys(("image.resize", "image.resize_short", "image.resize_long", "image.resize_fit", "image.thumbnail"),
                    _resized),
    "image.letterbox": _letterboxed,
    "image.area_to_tensor": lambda frame, arguments, given, _: frame.scaled(
        arguments["width"] / given.width, arguments["height"] / given.height),
    "image.crop": lambda frame, arguments, *_: frame.shifted(-arguments["left"], -arguments["top"]),
    "image.center_crop": _centred,
    "image.crop_short": _centred,
    "image.pad": lambda frame, arguments, *_: frame.shifted(arguments["left"], arguments["top"]),
    "image.pad_to": _padded_to,
    "image.flip": _flipped,
    "image.rotate90": _turned,
}
