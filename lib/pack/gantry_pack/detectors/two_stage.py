# SPDX-License-Identifier: Apache-2.0
"""torchvision's Faster R-CNN and its kin: boxes are proposed, cut out of the features and classified, all of it within the
exported network, which needs torchvision's operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from .torchvision_parts import answers_of, preprocessing

if TYPE_CHECKING:
    from ..aliases import Json

_EXAMPLE = (128, 160)  # height and width


def pack_faster_rcnn(model: Any, has_labels: bool) -> Json:
    roi = model.roi_heads
    if roi.has_mask() or roi.has_keypoint():
        raise PackError("model: this Faster R-CNN has a mask or keypoint head; gantry-pack packs one that gives boxes")
    torch = need("torch", "packing a detector")
    network = _network_of(model)
    # Boxes that come out have passed the network's own threshold, suppression and limit.
    pipeline = [*(op for op in preprocessing(model.transform) if not isinstance(op, dict) or op["op"] != "pad_to"), "model",
                {"op": "detect.boxes", "score": 0, "top": min(65536, max(1, roi.detections_per_img))},
                "detect.to_picture", *(["detect.label"] if has_labels else [])]
    found = {"boxes": ["found", 4], "labels": ["found"], "scores": ["found"]}
    return {"model": network, "example_inputs": torch.rand(1, 3, *_EXAMPLE, generator=torch.Generator().manual_seed(0)),
            "pipeline": pipeline, "shapes": {"images": ["batch", 3, "height", "width"], **found},
            "libraries": ["torchvision"], "reference": answers_of(model)}


def _network_of(model: Any) -> Any:
    """f32[1, 3, height, width], normalised and resized -> what is found in it, in its pixels. It pads the picture itself: boxes
    end where the picture does, not where the padding does."""
    import torch
    from torchvision.models.detection.image_list import ImageList

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.rpn, self.roi_heads = model.backbone, model.rpn, model.roi_heads
            self.multiple: int = model.transform.size_divisible

        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            height, width = images.shape[-2], images.shape[-1]
            padded = torch.nn.functional.pad(images, [0, -width % self.multiple, 0, -height % self.multiple])
            features = self.backbone(padded)
            if isinstance(features, torch.Tensor):
                features = {"0": features}
            proposals, _ = self.rpn(ImageList(padded, [(height, width)]), features)
            detections, _ = self.roi_heads(features, proposals, [(height, width)])
            found: dict[str, torch.Tensor] = detections[0]
            return found
    return torch.jit.script(Network().eval())
