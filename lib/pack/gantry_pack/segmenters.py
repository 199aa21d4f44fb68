# SPDX-License-Identifier: Apache-2.0
"""torchvision's segmentation networks: what they compute before their last interpolation is exported, and segment_input makes
labels at the size of the input of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .detectors.torchvision_parts import picture_of
from .imports import need

if TYPE_CHECKING:
    from .aliases import Json

_EXAMPLE = (160, 224)  # height and width
_RESIZE = 520  # what torchvision's weights were evaluated with, all of them


def pack_segmenter(model: Any, transform: Any) -> Json:
    """DeepLabV3 and FCN. `transform`: that of the weights; None: what all of torchvision's weights have."""
    return _pack(model, transform, lambda images: model.classifier(model.backbone(images)["out"]))


def pack_lraspp(model: Any, transform: Any) -> Json:
    return _pack(model, transform, lambda images: model.classifier(model.backbone(images)))


def _pack(model: Any, transform: Any, logits_of: Any) -> Json:
    torch = need("torch", "packing a segmentation network")
    presets = need("torchvision.transforms._presets", "packing a segmentation network")
    transform = transform or presets.SemanticSegmentation(resize_size=_RESIZE)

    class Logits(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.classifier = model.backbone, model.classifier

        def forward(self, images: Any) -> Any:
            return logits_of(images)
    example = torch.zeros(1, 3, *_EXAMPLE)
    logits = Logits().eval()
    with torch.no_grad():
        classes = logits(example).shape[1]
    shapes = {"images": ["batch", 3, "height", "width"], "logits": ["batch", classes, "rows", "columns"]}
    pipeline = ["image.decode", transform, {"op": "fork", "branches": [[], ["model"]]}, "segment.input"]
    return {"model": logits, "example_inputs": example, "pipeline": pipeline, "shapes": shapes, "output_names": ["logits"],
            "reference": _labels_of(model, transform)}


def _labels_of(model: Any, transform: Any) -> Any:
    """i32[height, width] of a picture, at the size of the network's input."""
    torch = need("torch", "packing a segmentation network")

    def labels(sample: Any) -> Any:
        with torch.no_grad():
            return model(transform(picture_of(sample))[None])["out"][0].argmax(0).int()
    return labels
