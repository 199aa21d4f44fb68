# SPDX-License-Identifier: Apache-2.0
"""torchvision's Faster R-CNN, Mask R-CNN and Keypoint R-CNN: boxes are proposed, cut out of the features and classified, all
of it within the exported network, which needs torchvision's operators. Masks come out as probabilities over each box, before
they are pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..imports import need
from .torchvision_parts import answers_of, preprocessing

if TYPE_CHECKING:
    from ..aliases import Json

_EXAMPLE = (128, 160)  # height and width


def pack_two_stage(model: Any, has_labels: bool) -> Json:
    roi = model.roi_heads
    torch = need("torch", "packing a detector")
    network = _network_of(model)
    example = torch.rand(1, 3, *_EXAMPLE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        given = network(example)
    # Boxes that come out have passed the network's own threshold, suppression and limit.
    boxes: Json = {"op": "detect.boxes", "score": 0, "top": min(65536, max(1, roi.detections_per_img))}
    if "masks" in given:
        boxes["masks"] = "masks"
    if "keypoints" in given:
        boxes.update(keypoints="keypoints", keypoint_scores="keypoints_scores")
    pipeline = [*(op for op in preprocessing(model.transform) if not isinstance(op, dict) or op["op"] != "pad_to"), "model",
                boxes, "detect.paste_masks" if "masks" in given else "detect.to_picture",
                *(["detect.label"] if has_labels else [])]
    found = {name: ["found", *tensor.shape[1:]] for name, tensor in given.items()}
    return {"model": network, "example_inputs": example, "pipeline": pipeline,
            "shapes": {"images": ["batch", 3, "height", "width"], **found},
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
