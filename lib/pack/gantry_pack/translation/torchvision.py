# SPDX-License-Identifier: Apache-2.0
"""torchvision's transforms, v1 and v2."""

from __future__ import annotations

from typing import Any

from .chain import Chain, crop_sides, plain_numbers, resize_op
from .functions import IDENTITY, TO_RGB, instructions


class TorchvisionTransforms(Chain):
    """A method for each class, of its name with an underscore."""

    def _Resize(self, transform: Any) -> None:
        self.put(transform, resize_op(self, transform, transform.size, transform.interpolation, transform.max_size,
                                       getattr(transform, "antialias", True)))

    def _CenterCrop(self, transform: Any) -> None:
        self.put(transform, {"op": "image.center_crop", **crop_sides(transform.size)})

    def _FiveCrop(self, transform: Any) -> None:
        if self.state != "pil" or self.five_crop is not None:
            self.refuse(transform, "one FiveCrop is possible, before ToTensor or ToImage")
        self.five_crop = {"op": "image.five_crop", **crop_sides(transform.size)}

    def _Pad(self, transform: Any) -> None:
        mode = transform.padding_mode
        if mode not in ("constant", "edge", "reflect"):
            self.refuse(transform, f"padding_mode '{mode}' has no op; constant, edge and reflect have, and reflect does "
                                   "not repeat the pixels at the edge")
        fill = self.fill_of(transform, 0 if mode != "constant" or transform.fill is None else transform.fill)
        sides = transform.padding
        sides = [sides] if isinstance(sides, int) else list(sides)
        sides = sides * 4 if len(sides) == 1 else sides * 2 if len(sides) == 2 else sides
        if any(side < 0 for side in sides):
            self.refuse(transform, "negative padding has no op; use CenterCrop")
        how = {"value": fill} if mode == "constant" else {"mode": mode}
        self.put(transform, {"op": "image.pad", **dict(zip(("left", "top", "right", "bottom"), map(int, sides))), **how})

    def _flip(self, transform: Any, axis: str) -> None:
        if transform.p not in (0, 1):
            self.refuse(transform, f"it is random (p={transform.p}); serve without augmentation")
        if transform.p == 1:
            self.put(transform, {"op": "image.flip", "axis": axis})

    def _RandomHorizontalFlip(self, transform: Any) -> None:
        self._flip(transform, "horizontal")

    def _RandomVerticalFlip(self, transform: Any) -> None:
        self._flip(transform, "vertical")

    def _Grayscale(self, transform: Any) -> None:
        if self.state != "pil":
            self.refuse(transform, "on a tensor its rounding depends on the CPU; put it before ToTensor or ToImage")
        self.put(transform, {"op": "image.to_gray"})
        self.is_rgb = transform.num_output_channels == 3
        if self.is_rgb:
            self.put(transform, {"op": "image.to_rgb"})

    def _to(self, transform: Any, state: str) -> None:
        if self.state != "pil":
            self.refuse(transform, "the image is a tensor already")
        self.state = state

    def _plain_tensor(self, transform: Any, state: str) -> None:
        if self.five_crop is not None:  # v1 cannot do it, and v2 goes on with the first of several plain tensors only
            self.refuse(transform, "after FiveCrop use torchvision.transforms.v2.ToImage")
        self._to(transform, state)

    def _ToTensor(self, transform: Any) -> None:
        self._plain_tensor(transform, "u8")
        self.normalise("torchvision")

    def _PILToTensor(self, transform: Any) -> None:
        self._plain_tensor(transform, "u8")

    def _ToImage(self, transform: Any) -> None:
        self._to(transform, "u8")

    def _ToDtype(self, transform: Any) -> None:
        self._to_dtype(transform, transform.dtype, transform.scale)

    def _ConvertImageDtype(self, transform: Any) -> None:
        self._to_dtype(transform, transform.dtype, True)

    def _to_dtype(self, transform: Any, dtype: Any, scale: bool) -> Any:
        if self.state == "pil":
            self.refuse(transform, "it comes before ToImage or PILToTensor, where it does nothing")
        if str(dtype) == f"torch.{'uint8' if self.state == 'u8' else 'float32'}":
            return  # has it already
        if str(dtype) != "torch.float32" or self.state != "u8":
            self.refuse(transform, f"only float32 has an op, not {dtype} with scale={scale}")
        if not scale:
            return self.normalise("affine")
        is_v2 = "v2" in type(transform).__module__.split(".")  # it multiplies by float32(1/255) where v1 divides by 255
        self.normalise("scaled" if is_v2 else "torchvision")

    def _Normalize(self, transform: Any) -> None:
        mean, std = plain_numbers(transform.mean), plain_numbers(transform.std)
        if self.state in ("pil", "u8"):
            self.refuse(transform, "it must come after ToTensor or ToDtype")
        if self.state == "normalised":
            self.tail.append({"op": "normalize", "mean": mean, "std": std})
        else:
            self.numbers.update(mean=mean, std=std)
        self.state = "normalised"

    def _ImageClassification(self, transform: Any) -> None:
        self._preset(transform)
        self.put(transform, resize_op(self, transform, transform.resize_size, transform.interpolation))
        self.put(transform, {"op": "image.center_crop", **crop_sides(transform.crop_size)})
        self.normalise("torchvision", plain_numbers(transform.mean), plain_numbers(transform.std))
        self.state = "normalised"

    def _SemanticSegmentation(self, transform: Any) -> None:
        self._preset(transform)
        if transform.resize_size is not None:
            self.put(transform, resize_op(self, transform, transform.resize_size, transform.interpolation))
        self.normalise("torchvision", plain_numbers(transform.mean), plain_numbers(transform.std))
        self.state = "normalised"

    def _ObjectDetection(self, transform: Any) -> None:
        self._preset(transform)
        self.normalise("torchvision")

    def _preset(self, transform: Any) -> None:
        if self.state != "pil" or self.five_crop is not None:
            self.refuse(transform, "it must be the first transform")

    def _OpticalFlow(self, transform: Any) -> None:
        self.refuse(transform, "it takes two images; translate [ToTensor(), Normalize(0.5, 0.5)] for each of two branches "
                               "of a fork")

    def _VideoClassification(self, transform: Any) -> None:
        self.refuse(transform, "it takes the frames of a video as one tensor, and a pipeline takes one image")

    def _RGB(self, transform: Any) -> None:
        self.to_rgb(transform)

    def _Identity(self, transform: Any) -> None:
        pass

    def _ToPureTensor(self, transform: Any) -> None:
        if self.state == "pil" or self.five_crop is not None:
            self.refuse(transform, "it comes before ToImage or after FiveCrop")

    def _Lambda(self, transform: Any) -> None:
        self._function(transform.lambd)

    def _function(self, function: Any) -> None:
        does = instructions(function)
        if does in TO_RGB and self.state == "pil":
            self.to_rgb(function)
        elif does is None or does != IDENTITY:
            self.refuse(function, "what it does is not known: only conversions to RGB are, lambda image: "
                                  'image.convert("RGB"); image.decode gives RGB, so leave it out if that is what it does')
