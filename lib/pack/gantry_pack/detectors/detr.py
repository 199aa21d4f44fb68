# SPDX-License-Identifier: Apache-2.0
"""transformers' DETR and its kin, with the image processor that comes with each: its preprocessing becomes ops, its
post_process_object_detection() is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import PackError
from ..imports import need
from .ready import ReadyPipeline
from .torchvision_parts import picture_of

if TYPE_CHECKING:
    from ..aliases import Json


class _Rule(NamedTuple):
    """What post_process_object_detection() of an image processor does: candidates are the best `top` of all scores; None: as
    many as there are queries."""

    activation: str
    top: int | None


_RULES = {"Detr": _Rule("softmax", None), "ConditionalDetr": _Rule("sigmoid", 100), "DeformableDetr": _Rule("sigmoid", 100),
          "RTDetr": _Rule("sigmoid", None)}
_EXAMPLE = (256, 320)  # height and width, where pictures have sizes of their own


def detr(processor: Any, *, score: float = 0.5) -> ReadyPipeline:
    """The pipeline of a model ...ForObjectDetection of transformers 5 with its image processor: that of DETR (also Table
    Transformer), Conditional DETR, Deformable DETR, or RT-DETR (also RT-DETRv2, D-FINE). `score`: its threshold."""
    rule = _rule_of(processor)
    if rule is None:
        raise PackError(f"detr: expected an image processor of transformers for {', '.join(_RULES)}, got "
                        f"{type(processor).__name__}")
    torch = need("torch", "packing a detector")
    sizes = _sizes_of(processor)
    is_fixed = len(sizes) == 1
    example = torch.zeros(1, 3, *(sizes.pop() if is_fixed else _EXAMPLE))

    def steps(network: Any) -> list[Any]:
        with torch.no_grad():
            queries = network(example)["pred_boxes"].shape[1]
        decoder: Json = {"op": "detect.detr", "activation": rule.activation, "boxes": "pred_boxes", "scores": "logits",
                         "score": score, "top": rule.top or queries}
        return ["image.decode", processor, "model", decoder, {"op": "detect.to_picture", "clip": False}]
    return ReadyPipeline(steps, example, lambda model, labels: _network_of(model),
                         lambda model, sample: _answers(model, processor, score, sample),
                         None if is_fixed else {"pixel_values": ["batch", 3, "height", "width"]})


def is_detr(model: Any, processor: Any) -> bool:
    """Whether the two are known to detr()."""
    kind = type(model)
    return (kind.__module__.startswith("transformers.models.") and kind.__name__.endswith("ForObjectDetection")
            and _rule_of(processor) is not None)


def _rule_of(processor: Any) -> _Rule | None:
    """By the class whose post_process_object_detection() it has."""
    owner = next((kind for kind in type(processor).__mro__ if "post_process_object_detection" in vars(kind)), None)
    if owner is None or not owner.__module__.startswith("transformers.models."):
        return None
    return _RULES.get(owner.__name__.removesuffix("Pil").removesuffix("ImageProcessor"))


def _sizes_of(processor: Any) -> set[tuple[int, int]]:
    """Of the network's input, for a wide and a tall picture."""
    Image = need("PIL.Image", "packing a detector")
    shapes = [processor(images=Image.new("RGB", size), return_tensors="pt")["pixel_values"].shape
              for size in ((120, 80), (70, 130))]
    return {(int(shape[-2]), int(shape[-1])) for shape in shapes}


def _network_of(model: Any) -> Any:
    torch = need("torch", "packing a detector")

    class Network(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: Any) -> Any:
            found = self.model(pixel_values=pixel_values)
            return {"logits": found.logits, "pred_boxes": found.pred_boxes}
    return Network().train(model.training)


def _answers(model: Any, processor: Any, score: float, sample: Any) -> Json:
    torch = need("torch", "packing a detector")
    picture = picture_of(sample)
    with torch.no_grad():
        outputs = model(**processor(images=picture, return_tensors="pt"))
    found = processor.post_process_object_detection(outputs, threshold=score, target_sizes=[(picture.height, picture.width)])[0]
    order = found["scores"].sort(descending=True, stable=True).indices
    return {name: found[name][order] for name in ("boxes", "scores", "labels")}
