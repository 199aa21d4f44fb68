# SPDX-License-Identifier: Apache-2.0
"""The transforms that timm and open_clip have of their own."""

from __future__ import annotations

from typing import Any

from .chain import crop_sides
from .torchvision import TorchvisionTransforms

# Classes that are not torchvision's, by module, and the method that translates each.
KNOWN_CLASSES = {
    "timm.data.transforms": {"MaybeToTensor": "maybe_to_tensor", "MaybePILToTensor": "PILToTensor",
                             "ToTensor": "numbers_of_bytes", "ResizeKeepRatio": "ResizeKeepRatio",
                             "CenterCropOrPad": "CenterCropOrPad"},
    "open_clip.transform": {"MaybeToTensor": "maybe_to_tensor", "MaybeConvertMode": "MaybeConvertMode",
                            "ResizeKeepRatio": "ResizeKeepRatio", "CenterCropOrPad": "CenterCropOrPad"},
}


class TimmTransforms(TorchvisionTransforms):
    """The methods that KNOWN_CLASSES names."""

    def _MaybeConvertMode(self, transform: Any) -> None:
        if transform.mode != "RGB":
            self.refuse(transform, f"only mode RGB has an op, not {transform.mode}")
        if self.state == "pil":
            self.to_rgb(transform)

    def _ResizeKeepRatio(self, transform: Any) -> None:
        if getattr(transform, "random_scale_prob", 0) or getattr(transform, "random_aspect_prob", 0):
            self.refuse(transform, "it is random; serve without augmentation")
        if self.state != "pil" or transform.longest not in (0, 1) or isinstance(transform.interpolation, (tuple, list)):
            self.refuse(transform, "only longest=0 and longest=1 of a PIL image with one interpolation have an op")
        height, width = transform.size
        self.put(transform, {"op": "image.resize_fit", "width": int(width), "height": int(height),
                             "fit": "inside" if transform.longest else "cover",
                             **self.resampling(transform, transform.interpolation)})

    def _CenterCropOrPad(self, transform: Any) -> None:
        if getattr(transform, "padding_mode", "constant") != "constant":
            self.refuse(transform, f"padding_mode '{transform.padding_mode}' has no op; constant has")
        fill = self.fill_of(transform, transform.fill)
        self.put(transform, {"op": "image.center_crop", **crop_sides(transform.size), **({"value": fill} if fill else {})})

    def _maybe_to_tensor(self, transform: Any) -> None:
        if self.state == "pil":
            self._ToTensor(transform)

    def _numbers_of_bytes(self, transform: Any) -> None:
        if str(transform.dtype) != "torch.float32":
            self.refuse(transform, f"only float32 has an op, not {transform.dtype}")
        self._plain_tensor(transform, "u8")
        self.normalise("affine")
