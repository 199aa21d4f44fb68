# SPDX-License-Identifier: Apache-2.0
"""Models that pack() knows: what they do around their network becomes ops, and their own answers are the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .detectors.detr import detr, is_detr
from .detectors.levels import pack_fcos, pack_retinanet
from .detectors.ready import ReadyPipeline
from .detectors.ssd import pack_ssd
from .detectors.two_stage import pack_two_stage
from .errors import PackError
from .segmenters import pack_lraspp, pack_segmenter

if TYPE_CHECKING:
    from .aliases import Json

_DETECTORS: dict[tuple[str, str], Callable[[Any, bool], Json]] = {
    ("detection.ssd", "SSD"): pack_ssd,
    ("detection.retinanet", "RetinaNet"): pack_retinanet,
    ("detection.fcos", "FCOS"): pack_fcos,
    ("detection.faster_rcnn", "FasterRCNN"): pack_two_stage,
    ("detection.mask_rcnn", "MaskRCNN"): pack_two_stage,
    ("detection.keypoint_rcnn", "KeypointRCNN"): pack_two_stage,
}
_SEGMENTERS: dict[tuple[str, str], Callable[[Any, Any], Json]] = {
    ("segmentation.deeplabv3", "DeepLabV3"): pack_segmenter,
    ("segmentation.fcn", "FCN"): pack_segmenter,
    ("segmentation.lraspp", "LRASPP"): pack_lraspp,
}

_REPLACED = ("model", "example_inputs", "pipeline")


def with_known_model(given: Json) -> Json:
    """The arguments of pack(), where the model is one that is known and the pipeline is not given, or given as its transform
    alone, or where the pipeline is a ready one: those that stand for it. Its own answers are the reference, unless another
    one is given."""
    known = _arguments_of(given, given["pipeline"])
    if known is None:
        return given
    if not given["samples"]:
        known["reference"] = None  # there is nothing to compare
    return {**given, **{name: value for name, value in known.items() if name in _REPLACED or not given[name]}}


def _arguments_of(given: Json, pipeline: Any) -> Json | None:
    model, has_labels = given["model"], given["labels"] is not None
    if isinstance(pipeline, ReadyPipeline):
        if model is None:
            raise PackError("pipeline: a ready pipeline is for one model; pass it as model, not in models=")
        return pipeline.arguments(model, given["example_inputs"], has_labels)
    kind = type(model)  # a subclass may do something else around its network
    name = (kind.__module__.removeprefix("torchvision.models."), kind.__name__)
    if name in _DETECTORS or name in _SEGMENTERS or is_detr(model, pipeline):
        _need_eval(model)
    if name in _DETECTORS and (pipeline is None or _is_preset(pipeline, "ObjectDetection")):
        return _DETECTORS[name](model, has_labels)
    if name in _SEGMENTERS and (pipeline is None or _is_preset(pipeline, "SemanticSegmentation")):
        return _SEGMENTERS[name](model, pipeline)
    if is_detr(model, pipeline):
        return detr(pipeline).arguments(model, given["example_inputs"], has_labels)
    return None


def _need_eval(model: Any) -> None:
    if any(module.training for module in model.modules()):
        raise PackError("model: is in training mode, in which it gives losses and its normalisation moves; call model.eval() "
                        "first")


def _is_preset(transform: Any, name: str) -> bool:
    """Whether it is what weights.transforms() gives of torchvision."""
    kind = type(transform)
    return (kind.__module__, kind.__name__) == ("torchvision.transforms._presets", name)
