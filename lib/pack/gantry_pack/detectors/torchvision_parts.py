# SPDX-License-Identifier: Apache-2.0
"""What torchvision's detectors share: their transform as ops, their features, their answers as the reference."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need

if TYPE_CHECKING:
    from ..aliases import Json


def preprocessing(transform: Any) -> list[str | Json]:
    """A GeneralizedRCNNTransform, in eval mode, for one picture. PackError for a subclass, which may do something else."""
    kind = type(transform)
    if (kind.__module__, kind.__name__) != ("torchvision.models.detection.transform", "GeneralizedRCNNTransform"):
        raise PackError(f"model: its transform is a {kind.__qualname__}, not torchvision's GeneralizedRCNNTransform; give "
                        "pipeline= and example_inputs= for what the detector does before and after its network")
    steps: list[str | Json] = ["image.decode", {"op": "image.to_tensor", "mean": list(transform.image_mean),
                                                "std": list(transform.image_std)}]
    if transform.fixed_size is not None:
        width, height = transform.fixed_size
        steps.append({"op": "interpolate", "width": width, "height": height})
    else:
        steps.append({"op": "interpolate", "min_size": transform.min_size[-1], "max_size": transform.max_size})
    return steps if transform.size_divisible == 1 else [*steps, {"op": "pad_to", "multiple": transform.size_divisible}]


def features_of(backbone: Any, images: Any) -> list[Any]:
    features = backbone(images)
    return [features] if need("torch", "packing a detector").is_tensor(features) else list(features.values())


def picture_of(sample: Any) -> Any:
    """The PIL image, in RGB, of a path, its bytes, or a PIL image."""
    Image = need("PIL.Image", "packing a detector")
    opened = sample if isinstance(sample, Image.Image) else \
        Image.open(io.BytesIO(sample) if isinstance(sample, bytes) else sample)
    return opened.convert("RGB")


def answers_of(model: Any) -> Any:
    """The detector's own boxes, labels and scores of a picture."""
    torch = need("torch", "packing a detector")

    def answers(sample: Any) -> Any:
        from torchvision.transforms.functional import to_tensor
        with torch.no_grad():
            return model([to_tensor(picture_of(sample))])[0]
    return answers
