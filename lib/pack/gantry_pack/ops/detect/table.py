# SPDX-License-Identifier: Apache-2.0
"""The decoders' rows of the table of ops."""

from __future__ import annotations

from typing import Any

from ...limits import MAX_SIDE
from ...tolerance import EXACT, Tolerance
from ...values import Detections
from ..closeness import thresholds
from ..keypoints import close_peaks, heatmaps, points
from ..op import Op, Rounding, Table, doubled, unchanged
from ..parameters import SIDE, above, boolean, choice, file_name, integer, not_negative, number_of, text, unit, whole_numbers
from .anchors import fcos, retinanet, ssd
from .boxes import boxes, detr
from .cascade import classify, refine, sliding_window, square
from .centernet import centernet
from .picodet import picodet
from .quads import crop_quads, db, quads_to_picture
from .yolo import yolov5, yolov8, yolov8_raw, yolov8_seg, yolox

_MAX_CLASS = (1 << 31) - 1
_STEP = 2e-6  # on either side 1e-6, since exp() is another


def _of_boxes(found: Detections) -> Tolerance:
    largest = max((abs(side) for one in found for side in one.box if abs(side) < float("inf")), default=0.0)
    return Tolerance(_STEP * min(largest, 1e300), _STEP)


_ROUNDED = Rounding("2e-6 relative, of a box to its largest number", lambda arguments, value: _of_boxes(value))
_ACTIVATED = Rounding("exact; with softmax or sigmoid 2e-6 relative",
                      lambda arguments, value: EXACT if arguments["activation"] == "none" else _of_boxes(value))


_PEAK = Rounding("exact; scores with sigmoid 2e-6 relative",
                 lambda arguments, value: EXACT if arguments["activation"] == "none" else Tolerance(_STEP, _STEP))


_SIDE = 1024  # pixels of a usual input: boxes of one side are differences of such numbers, or shares of it


def _moved(incoming: Tolerance) -> Tolerance:
    """What a difference in a head of pixels becomes."""
    return Tolerance(2 * incoming.atol + _SIDE * incoming.rtol, 2 * incoming.rtol)


def _scaled(incoming: Tolerance) -> Tolerance:
    """What a difference in a head of shares, or of sizes of anchors and cells, becomes."""
    return Tolerance(_SIDE * (incoming.atol + incoming.rtol), 2 * incoming.rtol)


def _candidates(score: float, top: int) -> dict[str, Any]:
    return {"score": (unit, score), "top": (integer(1, 65536), top), "classes": (whole_numbers(0, _MAX_CLASS), None)}


def _tensor(name: str) -> tuple[Any, str]:
    return text, name


def _grid(strides: list[int]) -> dict[str, Any]:
    return {"width": (SIDE, ...), "height": (SIDE, ...), "strides": (whole_numbers(1, MAX_SIDE, 16), strides)}


_ANCHORS = {"boxes": _tensor("boxes"), "scores": _tensor("scores"), "anchors": (file_name, None)}
_LEVELS = {"levels": (whole_numbers(1, _MAX_CLASS), None)}
_PICTURE = {"width": (integer(0, MAX_SIDE), 0), "height": (integer(0, MAX_SIDE), 0)}
_CLASSES = {"multi_label": (boolean, False), "class_count": (integer(0, 65536), 0)}
_SCORE = thresholds("score")
_LAYOUT = {"layout": (choice("channels_first", "channels_last"), "channels_first")}

DECODERS: Table = {
    "detect.ssd": Op("Tensors", "Detections", {**_ANCHORS, **_candidates(0.01, 400)}, ssd, _ROUNDED, carries=_scaled,
                     close=_SCORE),
    "detect.retinanet": Op("Tensors", "Detections", {**_ANCHORS, **_LEVELS, **_candidates(0.05, 1000)}, retinanet,
                           _ROUNDED, carries=_scaled, close=_SCORE),
    "detect.fcos": Op("Tensors", "Detections", {**_ANCHORS, **_LEVELS, "centerness": _tensor("centerness"),
                                                **_candidates(0.2, 1000)}, fcos, _ROUNDED, carries=_scaled, close=_SCORE),
    "detect.detr": Op("Tensors", "Detections", {
        **_PICTURE, "activation": (choice("softmax", "sigmoid"), "softmax"), "boxes": _tensor("boxes"),
        "scores": _tensor("scores"), **_candidates(0.5, 300)}, detr, _ROUNDED, carries=_scaled, takes_frame=True,
        close=_SCORE),
    "detect.boxes": Op("Tensors", "Detections", {
        **_PICTURE, "format": (choice("xyxy", "xywh", "cxcywh"), "xyxy"), "relative": (boolean, False),
        "boxes": _tensor("boxes"), "scores": _tensor("scores"), "labels": _tensor("labels"),
        "activation": (choice("none", "softmax", "sigmoid"), "none"), "background": (integer(-1, _MAX_CLASS), -1),
        "multi_label": (boolean, False), "keypoints": (text, ""), "keypoint_scores": (text, ""), "masks": (text, None),
        **_candidates(0.25, 30000)}, boxes, _ACTIVATED, carries=_scaled, takes_frame=True, close=_SCORE),
    "detect.yolov5": Op("Tensor", "Detections", {**_CLASSES, **_candidates(0.25, 30000)}, yolov5, carries=_moved,
                        close=_SCORE),
    "detect.yolov8": Op("Tensor", "Detections", {
        **_LAYOUT, **_CLASSES, "keypoints": (integer(0, 1024), 0), "keypoint_scores": (boolean, True),
        **_candidates(0.25, 30000)}, yolov8, carries=_moved, close=_SCORE),
    "detect.yolov8_seg": Op("Tensors", "Detections", {
        **_LAYOUT, "multi_label": (boolean, False), "stride": (SIDE, 4), "head": _tensor("output0"),
        "prototypes": _tensor("output1"), **_candidates(0.25, 30000)}, yolov8_seg, carries=_moved, close=_SCORE),
    "detect.yolov8_raw": Op("Tensor", "Detections", {
        **_grid([8, 16, 32]), "bins": (integer(2, 256), 16), **_LAYOUT, **_CLASSES, **_candidates(0.25, 30000)},
        yolov8_raw, _ROUNDED, carries=_scaled, close=_SCORE),
    "detect.yolox": Op("Tensor", "Detections", {**_grid([8, 16, 32]), **_CLASSES, **_candidates(0.1, 30000)}, yolox,
                       _ROUNDED, carries=_scaled, close=_SCORE),
    "detect.centernet": Op("Tensors", "Detections", {
        "stride": (SIDE, 4), "activation": (choice("sigmoid", "none"), "sigmoid"), "heatmap": _tensor("heatmap"),
        "sizes": _tensor("wh"), "offset": _tensor("offset"), **_candidates(0.3, 100)}, centernet, _ROUNDED, carries=_scaled,
        close=_SCORE),
    "detect.picodet": Op("Tensors", "Detections", {
        **_grid([8, 16, 32, 64]), "activation": (choice("none", "sigmoid"), "none"), "multi_label": (boolean, True),
        **_candidates(0.4, 1000)}, picodet, _ROUNDED, carries=_scaled, close=_SCORE),
    "keypoints.heatmaps": Op("Tensor", "Keypoints", {
        "stride": (SIDE, 4), "refine": (choice("quarter", "none"), "quarter"),
        "activation": (choice("none", "sigmoid"), "none")}, heatmaps, _PEAK, carries=_moved, close=close_peaks),
    "keypoints.points": Op("Tensor", "Keypoints", {**_PICTURE, "relative": (boolean, False), "y_first": (boolean, False)},
                           points, carries=_scaled, takes_frame=True),
}

_WINDOW = 512  # pixels of a large window, a share of whose side it moves


def _windows(incoming: Tolerance) -> Tolerance:
    """What a difference in shares of a window becomes."""
    return Tolerance(_WINDOW * (incoming.atol + incoming.rtol))


def _refined(incoming: Tolerance) -> Tolerance:
    """Of the boxes and of what a model said of them the larger difference comes in. Behind a decoder that is the boxes',
    which are in pixels already; a smaller one than theirs can be is the model's, in shares."""
    return incoming if incoming.atol >= _LEAST_OF_PIXELS else _windows(incoming)


_LEAST_OF_PIXELS = 2e-3
LEVELS: dict[str, Any] = {"scale": (above(0, 4), 0.6), "factor": (number_of(0.05, 0.95), 0.709), "min_side": (SIDE, 12)}
_FOREGROUND = {"foreground": (integer(0, MAX_SIDE), 1)}
_HEAD = {"scores": _tensor("scores"), "boxes": _tensor("boxes")}
CASCADES: Table = {
    "detect.sliding_window": Op("tuple<Image, list<Tensors>>", "Detections", {
        **LEVELS, "window": (SIDE, 12), "stride": (SIDE, 2), "score": (unit, 0.6), "level_iou": (unit, 0.5),
        "iou": (unit, 0.7), "top": (integer(1, 65536), 30000), **_FOREGROUND, **_HEAD}, sliding_window, carries=_windows,
        close=thresholds("score", "level_iou", "iou")),
    "detect.refine": Op("tuple<Detections, list<Tensors>>", "Detections", {
        "score": (unit, 0.7), "iou": (unit, None), "inclusive": (boolean, False), **_FOREGROUND, **_HEAD,
        "points": (text, None)}, refine, carries=_refined, close=thresholds("score", "iou")),
    "detect.square": Op("Detections", "Detections", {}, square, carries=doubled),
    "detect.classify": Op("tuple<Detections, list<Classes>>", "Detections", {
        "score": (choice("class", "detection", "product"), "class")}, classify, carries=unchanged),
}


_TEXT = Rounding("corners exact, scores 1e-6", lambda arguments, value: Tolerance(1e-3))  # of pixels; OpenCV 4 rounds otherwise
_WARPED_QUADS = Rounding("1 in at most 2 % of the bytes, or in four", lambda arguments, value: Tolerance(1), share=0.02)


def _cropped(incoming: Tolerance) -> Tolerance:
    """What a difference in the places of quads becomes in bytes: as much as a cubic of them may change on the way."""
    return EXACT if incoming.is_exact() else Tolerance(min(255.0, 800 * (incoming.atol + _SIDE * incoming.rtol)))


QUADS: Table = {
    "detect.db": Op("Tensor", "Quads", {
        "threshold": (unit, 0.3), "dilate": (boolean, True), "box_threshold": (unit, 0.5),
        "unclip_ratio": (number_of(0.5, 16), 1.6), "min_side": (number_of(1, 1024), 3),
        "max_candidates": (integer(1, 65536), 1000)}, db, _TEXT, carries=_scaled,
        close=thresholds("threshold", "box_threshold", "min_side")),
    "detect.quads_to_picture": Op("Quads", "Quads", {
        "round": (boolean, False), "clip": (boolean, True), "min_side": (not_negative, 0)}, quads_to_picture,
        takes_frame=True),
    "detect.crop_quads": Op("tuple<Image, Quads>", "list<Image>", {
        "width": (integer(0, MAX_SIDE), 0), "height": (integer(0, MAX_SIDE), 0), "turn_from": (not_negative, 1.5),
        "max_pixels": (integer(1, 1 << 31), 1 << 24), "bad": (choice("refuse", "skip"), "refuse")}, crop_quads,
        _WARPED_QUADS, carries=_cropped, takes_frame=True),
}
