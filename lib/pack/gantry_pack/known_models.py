# SPDX-License-Identifier: Apache-2.0
"""Models that pack() knows: what they do around their network becomes ops, and their own answers are the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .arguments import OF_MODELS, OF_PACKAGES, check_kinds
from .detectors.detr import detr, is_detr
from .detectors.levels import pack_fcos, pack_retinanet
from .detectors.ready import ReadyPipeline
from .detectors.ssd import pack_ssd
from .detectors.two_stage import pack_two_stage
from .errors import PackError
from .labels import read_labels
from .segmenters import pack_lraspp, pack_segmenter

if TYPE_CHECKING:
    from .aliases import Json

    Make = Callable[[Any], Json]  # of the labels, a list or None: the arguments of pack() that stand for the model

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
    one is given; libraries that are given come behind those that it needs."""
    make = _found(given, given["pipeline"])
    if make is None:
        return given
    given = {**given, "labels": list(given["labels"]) if hasattr(given["labels"], "__next__") else given["labels"]}
    check_kinds(given, {"labels": OF_PACKAGES["labels"], "libraries": OF_MODELS["libraries"]})
    labels = None if given["labels"] is None else read_labels(given["labels"])
    known = make(labels)
    if not given["samples"]:
        known["reference"] = None  # there is nothing to compare
    needed = known.pop("libraries", [])
    added = [library for library in given["libraries"] or () if library not in needed]
    return {**given, **{name: value for name, value in known.items() if name in _REPLACED or not given[name]},
            "labels": labels, "libraries": [*needed, *added]}


def _found(given: Json, pipeline: Any) -> Make | None:
    model, example = given["model"], given["example_inputs"]
    if isinstance(pipeline, ReadyPipeline):
        if model is None:
            raise PackError("pipeline: a ready pipeline is for one model; pass it as model, not in models=")
        _need_eval(model)
        return lambda labels: pipeline.arguments(model, example, labels)
    kind = type(model)  # a subclass may do something else around its network
    name = (kind.__module__.removeprefix("torchvision.models."), kind.__name__)
    if name in _DETECTORS and (pipeline is None or _is_preset(pipeline, "ObjectDetection")):
        _refuse_example(kind, example)
        _need_eval(model)
        return lambda labels: _DETECTORS[name](model, labels is not None)
    if name in _SEGMENTERS and (pipeline is None or _is_preset(pipeline, "SemanticSegmentation")):
        _refuse_example(kind, example)
        if given["labels"] is not None:
            raise PackError(f"labels: {kind.__name__} gives a number for each pixel, and nothing in the package has names for "
                            "them; leave them out")
        _need_eval(model)
        return lambda labels: _SEGMENTERS[name](model, pipeline)
    if is_detr(model, pipeline):
        _need_eval(model)
        return lambda labels: detr(pipeline).arguments(model, example, labels)
    return None


def _refuse_example(kind: type, example: Any) -> None:
    if example is not None:
        raise PackError(f"example_inputs: of torchvision's {kind.__name__} what is exported has an example of its own; leave "
                        "it out, or give a pipeline")


def _need_eval(model: Any) -> None:
    if not hasattr(model, "modules"):
        raise PackError(f"model: expected a torch.nn.Module, got {type(model).__name__}")
    if any(module.training for module in model.modules()):
        raise PackError("model: is in training mode, in which it gives losses and its normalisation moves; call model.eval() "
                        "first")


def _is_preset(transform: Any, name: str) -> bool:
    """Whether it is what weights.transforms() gives of torchvision."""
    kind = type(transform)
    return (kind.__module__, kind.__name__) == ("torchvision.transforms._presets", name)
