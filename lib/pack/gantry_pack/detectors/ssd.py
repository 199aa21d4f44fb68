# SPDX-License-Identifier: Apache-2.0
"""torchvision's SSD and SSDLite: inputs of one size, so the anchors are a constant of what is exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from .torchvision_parts import answers_of, features_of, preprocessing

if TYPE_CHECKING:
    from ..aliases import Json

_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def pack_ssd(model: Any, has_labels: bool) -> Json:
    torch = need("torch", "packing a detector")
    if tuple(model.box_coder.weights) != _WEIGHTS:
        raise PackError(f"model: the SSD's box_coder has the weights {tuple(model.box_coder.weights)}; detect.ssd decodes "
                        f"boxes with {_WEIGHTS}, as torchvision trains them")
    width, height = model.transform.fixed_size
    multiple = model.transform.size_divisible
    example = torch.zeros(1, 3, -(-height // multiple) * multiple, -(-width // multiple) * multiple)
    pipeline = [
        *preprocessing(model.transform),
        "model",
        {"op": "detect.ssd", "score": model.score_thresh, "top": model.topk_candidates},
        "detect.clip",
        {"op": "detect.nms", "iou": model.nms_thresh, "suppress": "torchvision", "max_count": model.detections_per_img},
        "detect.to_picture",
        *(["detect.label"] if has_labels else [])]
    return {"model": _heads_of(model, example), "example_inputs": example, "pipeline": pipeline,
            "reference": answers_of(model)}


def _heads_of(model: Any, example: Any) -> Any:
    """f32[batch, 3, h, w] -> what the heads give for each anchor, and the anchors."""
    import torch
    from torchvision.models.detection.image_list import ImageList

    class Heads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = model.backbone, model.head
            with torch.no_grad():
                anchors = model.anchor_generator(ImageList(example, [tuple(example.shape[-2:])]),
                                                 features_of(model.backbone, example))[0]
            self.register_buffer("anchors", anchors)

        def forward(self, images: Any) -> Any:
            found = self.head(features_of(self.backbone, images))
            return {"boxes": found["bbox_regression"], "scores": found["cls_logits"],
                    "anchors": self.anchors.expand(images.shape[0], -1, -1)}
    return Heads().eval()
