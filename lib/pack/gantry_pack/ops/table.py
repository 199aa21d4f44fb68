# SPDX-License-Identifier: Apache-2.0
"""The table of ops, which tests/pack/table_test.py compares with the library's, and the predicates of `when`."""

from __future__ import annotations

import math

from ..limits import MAX_SIDE
from ..tolerance import EXACT, Tolerance
from .area import area_to_tensor, pyramid
from .boxes import unletterbox
from .classes import above, close_cut, label, top_k
from .closeness import thresholds
from .conversion import premultiply, to_gray, to_tensor, unpremultiply
from .cropping import center_crop, crop, crop_short, five_crop, letterbox, pad, pad_to
from .decoding import RAW_FORMATS, decode, from_raw, raw_to_tensor
from .detect.crop import crop as crop_detections
from .detect.masks import masks_of, paste_masks
from .detect.nms import nms, soft_nms
from .detect.picture import back_to_picture, clip
from .detect.selection import boxes_of, filter_detections
from .detect.selection import label as label_detections
from .detect.table import CASCADES, DECODERS, LEVELS, QUADS
from .drawing import draw, draw_quads
from .embeddings import close_neighbours, l2_normalize, nearest
from .encoding import encode, exact_only
from .keypoints import points_to_picture
from .op import (
    AREA,
    ENCODED,
    MASKED,
    NEAREST,
    NMS,
    RELATIVE,
    RESAMPLED,
    SEGMENTED,
    THRESHOLDED,
    UNRECORDED,
    WARPED,
    Op,
    doubled,
    unchanged,
)
from .parameters import (
    FILTERS,
    OF_PILLOW,
    SIDE,
    boolean,
    box,
    channel_numbers,
    choice,
    colour,
    factor,
    file_name,
    finite,
    fraction,
    indices,
    integer,
    list_of_numbers,
    not_negative,
    number_of,
    numbers_of,
    positive,
    reducing_gap,
    whole_numbers,
)
from .resizing import resize, resize_fit, resize_long, resize_short, thumbnail
from .segmenting import (
    binary,
    close_binary,
    close_classes,
    close_classes_at_input,
    label_masks,
    overlay,
    segment,
    segment_input,
    to_image,
)
from .tensors import interpolate, normalize, pad_planes, sigmoid, softmax
from .warping import affine, flip, perspective, rotate90

_FILTER = (choice(*FILTERS), "bilinear")
_RESAMPLING = {"filter": _FILTER, "reference": (choice("pillow", "torch_u8", "opencv"), "pillow"),
               "antialias": (boolean, True)}
_CROP = {"size": (SIDE, None), "width": (SIDE, None), "height": (SIDE, None)}
_CROP_KEYS = (("size",), ("width", "height"))
_MARGIN = (integer(0, MAX_SIDE), 0)
_CENTRE = (choice("half_even", "floor", "truncate"), "half_even")
_SHARE = number_of(0, 1)
_AREA_NORMALIZE = {"mean": (channel_numbers(True), 0), "std": (channel_numbers(False), 1)}
_ROUNDING = choice("truncate", "round")
_MAX_LABEL = (1 << 31) - 1
_LABELS = {"height": (integer(0, MAX_SIDE), 0), "width": (integer(0, MAX_SIDE), 0),
           "size": (choice("given", "picture"), "given"), "stride": (SIDE, 1), "outside": (integer(-1, _MAX_LABEL), -1)}
OPS = {
    "image.decode": Op("Bytes", "Image", {
        "colour": (choice("rgb", "unchanged"), "rgb"), "exif_orientation": (boolean, False),
        "max_pixels": (integer(1, 1 << 31), 178956970), "max_bytes": (integer(1, 1 << 31), 268435456),
        "max_scans": (integer(1, 1 << 31), 500), "truncated": (choice("refuse", "accept"), "refuse"),
        "approx_size": (integer(0, MAX_SIDE), 0)}, decode),
    "image.encode": Op("Image", "Bytes", {"format": (choice("png", "jpeg"), "png"), "quality": (integer(1, 95), 75)},
                       encode, ENCODED, carries=exact_only),
    "image.from_raw": Op("Bytes", "Image", {"format": (choice(*RAW_FORMATS), ...), "width": (SIDE, ...),
                                            "height": (SIDE, ...), "row_stride": (integer(0, 1 << 31), 0)}, from_raw),
    "image.raw_to_tensor": Op("Bytes", "Tensor", {
        "sample": (choice("u8", "u16", "f32"), ...), "width": (SIDE, ...), "height": (SIDE, ...),
        "channels": (SIDE, 1), "layout": (choice("chw", "hwc"), "hwc"), "scale": (finite, 1)}, raw_to_tensor),
    "image.resize": Op("Image", "Image", {"width": (SIDE, ...), "height": (SIDE, ...), **_RESAMPLING,
                                          "box": (box, None), "reducing_gap": (reducing_gap, 0)}, resize),
    "image.resize_short": Op("Image", "Image", {"size": (SIDE, ...), **_RESAMPLING,
                                                "max_size": (integer(0, MAX_SIDE), 0),
                                                "rounding": (_ROUNDING, "truncate")}, resize_short),
    "image.resize_long": Op("Image", "Image", {"size": (SIDE, ...), **_RESAMPLING,
                                               "rounding": (choice("truncate", "half_up"), "truncate")}, resize_long),
    "image.resize_fit": Op("Image", "Image", {
        "width": (SIDE, ...), "height": (SIDE, ...), "fit": (choice("inside", "cover", "nearest"), "inside"),
        "rounding": (_ROUNDING, "round"), "multiple": (integer(0, MAX_SIDE), 0), **_RESAMPLING}, resize_fit),
    "image.thumbnail": Op("Image", "Image", {
        **_CROP, "filter": (choice(*OF_PILLOW), "bicubic"), "reducing_gap": (reducing_gap, 2)}, thumbnail, one_of=_CROP_KEYS),
    "image.letterbox": Op("Image", "Image", {
        **_CROP, **_RESAMPLING, "reference": (_RESAMPLING["reference"][0], "opencv"), "value": (colour, 114),
        "scale_up": (boolean, True)}, letterbox, one_of=_CROP_KEYS),
    "image.unletterbox": Op("Tensor", "Tensor", {"clip": (boolean, True)}, unletterbox, takes_frame=True),
    "image.crop": Op("Image", "Image", {"left": (integer(-MAX_SIDE, MAX_SIDE), ...),
                                        "top": (integer(-MAX_SIDE, MAX_SIDE), ...),
                                        "width": (SIDE, ...), "height": (SIDE, ...)}, crop),
    "image.center_crop": Op("Image", "Image", {**_CROP, "centre": _CENTRE, "value": (colour, 0)}, center_crop,
                            one_of=_CROP_KEYS),
    "image.crop_short": Op("Image", "Image", {"fraction": (fraction, 1), "centre": _CENTRE}, crop_short),
    "image.five_crop": Op("Image", "list<Image>", _CROP, five_crop, one_of=_CROP_KEYS),
    "image.pad": Op("Image", "Image", {"left": _MARGIN, "top": _MARGIN, "right": _MARGIN, "bottom": _MARGIN,
                                       "value": (colour, 0),
                                       "mode": (choice("constant", "edge", "reflect"), "constant")}, pad),
    "image.pad_to": Op("Image", "Image", {
        **_CROP, "multiple": (integer(0, MAX_SIDE), 0), "square": (boolean, False),
        "anchor": (choice("centre", "top_left"), "centre"), "value": (colour, 0)}, pad_to,
        one_of=(*_CROP_KEYS, ("multiple",), ("square",))),
    "image.flip": Op("Image", "Image", {"axis": (choice("horizontal", "vertical"), "horizontal")}, flip),
    "image.affine": Op("Image", "Image", {
        **dict.fromkeys(("angle", "translate_x", "translate_y"), (finite, 0)), "scale": (positive, 1),
        "shear_x": (finite, 0), "shear_y": (finite, 0), "centre": (numbers_of(2), None),
        "filter": (choice("bilinear", "nearest"), "nearest"), "fill": (integer(0, 255), None)}, affine, WARPED),
    "image.perspective": Op("Image", "Image", {
        "start": (numbers_of(8), ...), "end": (numbers_of(8), ...),
        "filter": (choice("bilinear", "nearest"), "bilinear"), "fill": (integer(0, 255), None)}, perspective, WARPED),
    "image.rotate90": Op("Image", "Image", {"turns": (integer(0, 3), 1)}, rotate90),
    "image.to_gray": Op("Image", "Image", {"reference": (choice("pillow", "opencv"), "pillow")}, to_gray),
    "image.to_rgb": Op("Image", "Image", {}, lambda image: image.convert("RGB")),
    "image.premultiply": Op("Image", "Image", {}, premultiply),
    "image.unpremultiply": Op("Image", "Image", {}, unpremultiply),
    "image.to_tensor": Op("Image", "Tensor", {
        "mode": (choice("torchvision", "affine", "hf_numpy", "scaled"), "torchvision"),
        "mean": (channel_numbers(True), 0), "std": (channel_numbers(False), 1), "scale": (factor, 1 / 255),
        "dtype": (choice("f32", "f16", "bf16", "u8", "i8"), "f32"), "layout": (choice("chw", "hwc"), "chw"),
        "reverse_channels": (boolean, False)}, to_tensor),
    "image.area_to_tensor": Op("Image", "Tensor", {"width": (SIDE, ...), "height": (SIDE, ...), **_AREA_NORMALIZE},
                               area_to_tensor, AREA),
    "image.pyramid": Op("Image", "list<Tensor>", {**LEVELS, **_AREA_NORMALIZE}, pyramid, AREA),
    **DECODERS,
    **QUADS,
    **CASCADES,
    "l2_normalize": Op("Tensor", "Tensor", {"eps": (number_of(1e-37, math.inf), 1e-12)}, l2_normalize, RELATIVE,
                       carries=doubled),
    "embeddings.nearest": Op("Tensor", "Classes", {
        "table": (file_name, ...), "metric": (choice("cosine", "dot", "l2"), "cosine"), "k": (integer(1, 65536), ...),
        "labels": (file_name, None)}, nearest, NEAREST,
        carries=lambda incoming: Tolerance(32 * incoming.atol, incoming.rtol), close=close_neighbours),
    "segment": Op("Tensor", "Tensor", _LABELS, segment, SEGMENTED, carries=unchanged, takes_frame=True, close=close_classes),
    "segment.input": Op("tuple<Tensor, Tensor>", "Tensor", {}, segment_input, SEGMENTED, close=close_classes_at_input),
    "segment.binary": Op("Tensor", "Tensor", {
        "threshold": (finite, 0.5), "values": (choice("logits", "probabilities"), "logits"), **_LABELS}, binary, THRESHOLDED,
        carries=unchanged, takes_frame=True, close=close_binary),
    "segment.masks": Op("Tensor", "Masks", {"classes": (whole_numbers(0, _MAX_LABEL), None)}, label_masks),
    "segment.to_image": Op("Tensor", "Image", {"colours": (choice("numbers", "palette"), "numbers"),
                                               "background": (integer(-1, _MAX_LABEL), 0)}, to_image),
    "segment.overlay": Op("tuple<Image, Tensor>", "Image", {"alpha": (_SHARE, 0.5), "background": (integer(-1, _MAX_LABEL), 0)},
                          overlay),
    "interpolate": Op("Tensor", "Tensor", {
        **dict.fromkeys(("width", "height", "min_size", "max_size"), (SIDE, None)),
        "antialias": (boolean, False), "align_corners": (boolean, False),
        "mode": (choice("nearest", "nearest_exact", "bilinear", "bicubic"), "bilinear")}, interpolate, RESAMPLED,
        one_of=(("width", "height"), ("min_size", "max_size"))),
    "normalize": Op("Tensor", "Tensor", {"mean": (list_of_numbers(True), ...), "std": (list_of_numbers(False), ...)},
                    normalize),
    "pad_to": Op("Tensor", "Tensor", {**dict.fromkeys(("width", "height", "multiple"), (SIDE, None)), "value": (finite, 0)},
                 pad_planes, one_of=(("width", "height"), ("multiple",))),
    "softmax": Op("Tensor", "Tensor", {"temperature": (positive, 1)}, softmax, RELATIVE),
    "sigmoid": Op("Tensor", "Tensor", {"temperature": (positive, 1)}, sigmoid, RELATIVE),
    "detect.clip": Op("Detections", "Detections", {}, clip, carries=unchanged, takes_frame=True),
    "detect.to_picture": Op("Detections", "Detections", {"clip": (boolean, True)}, back_to_picture, takes_frame=True),
    "detect.nms": Op("Detections", "Detections", {
        "iou": (_SHARE, 0.5), "suppress": (choice("per_class", "any", "torchvision"), "per_class"),
        "max_count": (integer(1, 65536), 300), "overlap": (choice("union", "smaller"), "union"),
        "inclusive": (boolean, False)}, nms, NMS, close=thresholds("iou")),
    "detect.soft_nms": Op("Detections", "Detections", {
        "decay": (choice("linear", "gaussian"), "gaussian"), "iou": (_SHARE, 0.3), "sigma": (positive, 0.5),
        "score": (_SHARE, 0.001), "suppress": (choice("per_class", "any"), "per_class"),
        "max_count": (integer(1, 65536), 300)}, soft_nms, RELATIVE, close=thresholds("score", "iou")),
    "detect.filter": Op("Detections", "Detections", {
        "score": (finite, None), "class_scores": (list_of_numbers(True), None), "classes": (indices, None),
        "min_side": (not_negative, 0),
        "max_count": (integer(0, 65536), 0)}, filter_detections, close=thresholds("score", "class_scores", "min_side")),
    "detect.label": Op("Detections", "Detections", {"labels": (file_name, ...)}, label_detections),
    "detect.crop": Op("tuple<Image, Detections>", "list<Image>", {
        "margin": (number_of(-0.45, 10), 0), "square": (boolean, False),
        "rounding": (choice("nearest", "facenet"), "nearest")}, crop_detections,
        carries=lambda incoming: EXACT, takes_frame=True),
    "keypoints.to_picture": Op("Keypoints", "Keypoints", {"clip": (boolean, True)}, points_to_picture, takes_frame=True),
    "detect.paste_masks": Op("Detections", "Detections", {"threshold": (_SHARE, 0.5)}, paste_masks, MASKED, takes_frame=True),
    "detect.masks_of": Op("Detections", "Masks", {}, masks_of),
    "detect.boxes_of": Op("Detections", "Boxes", {}, boxes_of),
    "top_k": Op("Tensor", "Classes", {"k": (integer(1, 65536), ...), "labels": (file_name, None)}, top_k,
                close=close_cut),
    "above": Op("Tensor", "Classes", {"threshold": (list_of_numbers(True), 0.5), "max_count": (integer(0, 65536), 0),
                                      "labels": (file_name, None)}, above, close=thresholds("threshold")),
    "detect.draw": Op("tuple<Image, Detections>", "Image", {
        "line_width": (integer(0, 256), 0), "text_scale": (integer(0, 64), 0), "labels": (boolean, True),
        "scores": (boolean, True), "keypoint_score": (finite, 0), "mask_alpha": (_SHARE, 0.5)}, draw, UNRECORDED),
    "detect.draw_quads": Op("tuple<Image, Quads>", "Image", {"line_width": (integer(0, 256), 0)}, draw_quads, UNRECORDED),
    "label": Op("Classes", "Classes", {"labels": (file_name, ...)}, label),
}
# Ops with a file of labels, which the packer writes.
LABELLED = frozenset(kind for kind, op in OPS.items() if "labels" in op.files)
PREDICATES = {"image.is_gray": ("Image", lambda image: image.mode == "L")}
