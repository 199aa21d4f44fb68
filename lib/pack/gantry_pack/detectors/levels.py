# SPDX-License-Identifier: Apache-2.0
"""torchvision's RetinaNet and FCOS: inputs of any size, so the anchors are computed of what the backbone gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from .torchvision_parts import answers_of, features_of, preprocessing

if TYPE_CHECKING:
    from ..aliases import Json

_EXAMPLE = (256, 320)  # height and width: the fifth level has 2 x 3 places, so that no side is one of a single place


def pack_retinanet(model: Any, has_labels: bool) -> Json:
    if tuple(model.box_coder.weights) != (1.0, 1.0, 1.0, 1.0):
        raise PackError(f"model: the RetinaNet's box_coder has the weights {tuple(model.box_coder.weights)}; detect.retinanet "
                        "decodes boxes with ones, as torchvision trains them")
    return _pack(model, has_labels, "detect.retinanet", {"boxes": "bbox_regression", "scores": "cls_logits"})


def pack_fcos(model: Any, has_labels: bool) -> Json:
    if not model.box_coder.normalize_by_size:
        raise PackError("model: the FCOS's box_coder has normalize_by_size=False; detect.fcos decodes distances in sizes of "
                        "anchors, as torchvision trains them")
    return _pack(model, has_labels, "detect.fcos",
                 {"boxes": "bbox_regression", "scores": "cls_logits", "centerness": "bbox_ctrness"})


def _pack(model: Any, has_labels: bool, decoder: str, outputs: dict[str, str]) -> Json:
    torch = need("torch", "packing a detector")
    anchor_utils = need("torchvision.models.detection.anchor_utils", "packing a detector")
    generator = model.anchor_generator
    if type(generator) is not anchor_utils.AnchorGenerator:  # a subclass may place them otherwise
        raise PackError(f"model: its anchors come from {type(generator).__name__}, of which gantry-pack does not know where it "
                        "places them; it knows torchvision's AnchorGenerator")
    example = torch.zeros(1, 3, *_EXAMPLE)
    heads = _heads_of(model, outputs)
    with torch.no_grad():
        given = heads(example)
    shapes: Json = {name: ["batch", "anchors", tensor.shape[-1]] for name, tensor in given.items()}
    shapes |= {"images": ["batch", 3, "height", "width"], "levels": ["batch", given["levels"].shape[-1]]}
    nms = {"op": "detect.nms", "iou": model.nms_thresh, "suppress": "torchvision", "max_count": model.detections_per_img}
    pipeline = [*preprocessing(model.transform), "model",
                {"op": decoder, "score": model.score_thresh, "top": model.topk_candidates}, "detect.clip", nms,
                "detect.to_picture", *(["detect.label"] if has_labels else [])]
    return {"model": heads, "example_inputs": example, "pipeline": pipeline, "shapes": shapes,
            "reference": answers_of(model)}


def _heads_of(model: Any, outputs: dict[str, str]) -> Any:
    """f32[batch, 3, height, width] -> what the heads give for each anchor, the anchors, and how many each level has."""
    import torch

    class Heads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = model.backbone, model.head
            for level, cell in enumerate(model.anchor_generator.cell_anchors):
                self.register_buffer(f"cell{level}", cell.detach().clone())

        def forward(self, images: Any) -> Any:
            features = features_of(self.backbone, images)
            found = self.head(features)
            levels = [_placed(getattr(self, f"cell{level}"), images, feature) for level, feature in enumerate(features)]
            counts = torch.stack([_scalar(level.shape[0]) for level in levels])
            return {**{name: found[key] for name, key in outputs.items()},
                    "anchors": torch.cat(levels).expand(images.shape[0], -1, -1),
                    "levels": counts.expand(images.shape[0], -1)}
    return Heads().eval()


def _scalar(size: Any) -> Any:
    """A size of a tensor as a tensor, which tracing and exporting keep as what is computed of the input."""
    torch = need("torch", "packing a detector")
    return torch.empty((), dtype=torch.int64).fill_(size)


def _placed(cell: Any, images: Any, feature: Any) -> Any:
    """torchvision's AnchorGenerator for one level: the anchors of a cell at each place of the features, f32[n, 4]."""
    torch = need("torch", "packing a detector")
    height, width = feature.shape[-2:]
    down = torch.arange(height, dtype=torch.int32) * _scalar(images.shape[-2] // height)
    across = torch.arange(width, dtype=torch.int32) * _scalar(images.shape[-1] // width)
    y, x = (shifts.reshape(-1) for shifts in torch.meshgrid(down, across, indexing="ij"))
    return (torch.stack((x, y, x, y), 1)[:, None] + cell[None]).reshape(-1, 4)
