# SPDX-License-Identifier: Apache-2.0
"""Detectors that are packed from the model object alone: their heads become the model of the package, and what they do
before and after it ops of its pipeline."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from .errors import PackError
from .imports import need

if TYPE_CHECKING:
    from .aliases import Json

_SSD_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def with_detector(given: Json) -> Json:
    """The arguments of pack(), where `model` is a detector that is known and no pipeline is given: those that stand for
    it. Its own answers are the reference, unless another one is given."""
    model = given["model"]
    kind = type(model)  # a subclass may do something else around its heads
    if given["pipeline"] is not None or (kind.__module__, kind.__name__) != ("torchvision.models.detection.ssd", "SSD"):
        return given
    reference = given["reference"] or (_answers_of(model) if given["samples"] else None)
    return {**given, **_of_ssd(model, given["labels"] is not None), "reference": reference}


def _of_ssd(model: Any, has_labels: bool) -> Json:
    torch = need("torch", "packing a detector")
    if tuple(model.box_coder.weights) != _SSD_WEIGHTS:
        raise PackError(f"model: the SSD's box_coder has the weights {tuple(model.box_coder.weights)}; detect.ssd decodes "
                        f"boxes with {_SSD_WEIGHTS}, as torchvision trains them")
    width, height = model.transform.fixed_size
    example = torch.zeros(1, 3, height, width)
    pipeline = [
        "image.decode",
        {"op": "image.to_tensor", "mean": list(model.transform.image_mean), "std": list(model.transform.image_std)},
        {"op": "interpolate", "width": width, "height": height},
        "model",
        {"op": "detect.ssd", "score": model.score_thresh, "top": model.topk_candidates},
        "detect.clip",
        {"op": "detect.nms", "iou": model.nms_thresh, "suppress": "torchvision", "max_count": model.detections_per_img},
        "detect.to_picture",
        *(["detect.label"] if has_labels else [])]
    return {"model": _heads_of(model, example), "example_inputs": example, "pipeline": pipeline}


def _heads_of(model: Any, example: Any) -> Any:
    """f32[batch, 3, h, w] -> what the heads give for each anchor, and the anchors."""
    import torch
    from torchvision.models.detection.image_list import ImageList

    def features_of(images: Any) -> list[Any]:
        features = model.backbone(images)
        return [features] if torch.is_tensor(features) else list(features.values())

    class Heads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = model.backbone, model.head
            with torch.no_grad():
                anchors = model.anchor_generator(ImageList(example, [tuple(example.shape[-2:])]), features_of(example))[0]
            self.register_buffer("anchors", anchors)

        def forward(self, images: Any) -> Any:
            found = self.head(features_of(images))
            return {"boxes": found["bbox_regression"], "scores": found["cls_logits"],
                    "anchors": self.anchors.expand(images.shape[0], -1, -1)}
    return Heads().eval()


def _answers_of(model: Any) -> Any:
    """The detector's own boxes, labels and scores of a picture: a path, its bytes, or a PIL image."""
    torch = need("torch", "packing a detector")

    def answers(sample: Any) -> Any:
        from PIL import Image
        from torchvision.transforms.functional import to_tensor
        picture = Image.open(io.BytesIO(sample) if isinstance(sample, bytes) else sample)
        with torch.no_grad():
            return model([to_tensor(picture.convert("RGB"))])[0]
    return answers
