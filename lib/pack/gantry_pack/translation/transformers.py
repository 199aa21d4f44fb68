# SPDX-License-Identifier: Apache-2.0
"""Hugging Face image processors (transformers 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from ..imports import need
from .chain import crop_sides, plain_numbers

if TYPE_CHECKING:
    from ..aliases import Json
    from .chain import Chain

# Methods of transformers' image processors that decide about pixels. A class is translated if all of these are those of
# the backends, or those of a class with a rule in ProcessorTranslator.
_PIXEL_METHODS = ("_preprocess", "resize", "center_crop", "pad", "rescale", "normalize", "rescale_and_normalize",
                  "_fuse_mean_std_and_rescale_factor", "process_image", "convert_to_rgb", "_prepare_image_like_inputs",
                  "_preprocess_image_like_inputs", "preprocess", "__call__", "_standardize_kwargs")
_BACKENDS = ("transformers.image_processing_backends", "transformers.image_processing_utils",
             "transformers.image_processing_base")


class ProcessorTranslator:
    """A Hugging Face image processor (transformers 5), from its configuration. The torchvision backend resizes u8 tensors
    and normalises them in one step; the PIL backend resizes PIL images and calculates with numpy."""

    def __init__(self, translator: Chain, processor: Any) -> None:
        self.translator, self.processor = translator, processor
        self.rule = self._rule()
        self.is_torch = getattr(processor, "backend", None) == "torchvision"

    def refuse(self, why: str) -> NoReturn:
        self.translator.refuse(self.processor, why)

    def get(self, name: str, default: Any = None) -> Any:
        value = getattr(self.processor, name, None)
        return default if value is None else value

    def _rule(self) -> Callable[[], None] | None:
        """The method of this class that knows what the processor's own methods do; None if it has none of its own."""
        kinds = type(self.processor).__mro__
        rule = None
        for method in _PIXEL_METHODS:
            owner = next((kind for kind in kinds if method in vars(kind)), None)
            if owner is None or owner.__module__ in _BACKENDS or owner is object:
                continue
            name = owner.__name__.removesuffix("Pil").removesuffix("ImageProcessor")
            rule = getattr(self, f"_{name}", None)
            if rule is None or not owner.__module__.startswith("transformers.models."):
                self.refuse(f"what its own method {method}() does has no translation")
        return rule

    def add(self) -> None:
        if self.translator.state != "pil" or self.translator.five_crop is not None:
            self.refuse("it must be the first transform")
        is_known = any(kind.__module__ == "transformers.image_processing_backends" for kind in type(self.processor).__mro__)
        if not is_known and self.rule is None:
            self.refuse("only the processors of transformers 5 are known")
        if self.get("do_center_crop") and self.get("crop_size") is None:
            self.refuse("do_center_crop=True without a crop_size")
        if self.get("do_convert_rgb") and not self.translator.is_rgb:
            self.refuse("it blends transparent pixels with white, for which there is no op; put image.decode with colour "
                        '"rgb", or image.to_rgb, in front, if transparency may be left out')
        (self.rule or self._steps)()

    def _steps(self, size: Any = None, crop: bool = True, pad: bool = True) -> None:
        """The backends' own order. `size` instead of the processor's; some processors do not crop or pad, whatever their
        configuration says."""
        if self.get("do_resize"):
            self.resize(self.get("size") if size is None else size)
        if crop and self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))
        if pad:
            self.pad()

    def put(self, op: Json) -> None:
        self.translator.put(self.processor, op)

    def resampling(self) -> Json:
        value = self.get("resample", 2)
        filters = {0: "nearest-exact", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
        name = filters[int(value)] if isinstance(value, int) else str(getattr(value, "value", value))
        self.translator.state = "u8" if self.is_torch else "pil"
        return self.translator.resampling(self.processor, name)

    def resize(self, size: Any) -> None:
        if size is None:
            self.refuse("it has no size")
        how = self.resampling()

        def side(name: str) -> Any:
            return size.get(name, None)
        if side("shortest_edge") and side("longest_edge"):
            self.put({"op": "image.resize_short", "size": side("shortest_edge"), "max_size": side("longest_edge"),
                      "rounding": "round", **how})
        elif side("shortest_edge"):
            self.put({"op": "image.resize_short", "size": side("shortest_edge"), **how})
        elif side("max_height") and side("max_width"):
            self.put({"op": "image.resize_fit", "width": side("max_width"), "height": side("max_height"),
                      "rounding": "truncate", **how})
        elif side("height") and side("width"):
            self.put({"op": "image.resize", "width": side("width"), "height": side("height"), **how})
        else:
            self.refuse(f"size {dict(size)} has no op")

    def center_crop(self, size: Any) -> None:
        self.put({"op": "image.center_crop", **crop_sides((size["height"], size["width"])), "centre": self.centre()})

    def centre(self) -> str:
        return "truncate" if self.is_torch else "floor"

    def to_numbers(self, normalise: bool, **more: Any) -> None:
        """rescale() and normalize(): fused in the torchvision backend, one after the other in the other."""
        self.translator.state = "u8"
        if normalise and (self.get("image_mean") is None or self.get("image_std") is None):
            self.refuse("it normalises without image_mean and image_std")
        mean, std = (plain_numbers(self.get(name)) for name in ("image_mean", "image_std")) if normalise else (0, 1)
        factor, rescale = self.get("rescale_factor"), self.get("do_rescale")
        scale = {"scale": factor} if factor != 1 / 255 else {}
        if rescale and normalise and self.is_torch:
            torch = need("torch", "translating an image processor")
            mean, std = ((torch.tensor(numbers) * (1.0 / factor)).tolist() for numbers in (mean, std))
            self.translator.normalise("affine", mean, std, **more)
        elif rescale:
            self.translator.normalise("scaled" if self.is_torch else "hf_numpy", mean, std, **scale, **more)
        elif normalise:
            self.translator.normalise("affine", mean, std, **more)
        if normalise:
            self.translator.state = "normalised"

    def pad(self) -> None:
        """To a size of its own; to the largest image of a batch, which one image is."""
        size = self.get("pad_size") if self.get("do_pad") else None
        if size is None:
            return
        sides = {"width": size["width"], "height": size["height"]}
        if self.translator.state == "u8":
            self.put({"op": "image.pad_to", **sides, "anchor": "top_left"})
        else:
            self.translator.tail.append({"op": "pad_to", **sides})

    # -- processors with methods of their own, by the names of their classes

    def _labels_too(self) -> None:
        """Its own methods process segmentation maps as well; images go through the backends' steps."""
        self._steps(pad=False)

    _Beit = _MobileNetV2 = _labels_too

    def _Segformer(self) -> None:
        self._steps(crop=False, pad=False)

    def _detection(self) -> None:
        """Boxes and masks are processed as well. The size rules are the backends', but for one."""
        size = self.get("size")
        if self.get("do_resize") and size.get("shortest_edge", None) and not size.get("longest_edge", None):
            self.refuse("size without longest_edge has no op")
        self._steps(crop=False)

    _Detr = _ConditionalDetr = _DeformableDetr = _GroundingDino = _RTDetr = _detection

    def _Sam(self) -> None:
        side = self.get("size").get("longest_edge", None)
        if side is None:
            self.refuse("size without longest_edge has no op")
        if self.get("do_resize"):
            self.put({"op": "image.resize_long", "size": side, "rounding": "half_up", **self.resampling()})
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))
        self.pad()

    def _Levit(self) -> None:
        size = self.get("size")
        self._steps({"shortest_edge": int(256 / 224 * size["shortest_edge"])} if size.get("shortest_edge") else size)

    def _ConvNext(self) -> None:
        side = self.get("size").get("shortest_edge", None)
        if self.get("do_resize") and side is None:
            self.refuse("size without shortest_edge has no op")
        if self.get("do_resize") and side < 384:
            self.resize({"shortest_edge": int(side / self.get("crop_pct"))})
            self.center_crop({"height": side, "width": side})
        elif self.get("do_resize"):
            self.resize({"height": side, "width": side})
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))

    def _PoolFormer(self) -> None:
        size, part = self.get("size"), self.get("crop_pct")
        if part is not None:
            height, width = size.get("height", None), size.get("width", None)
            short = size.get("shortest_edge", None) or (height if height == width else None)
            size = ({"shortest_edge": int(short / part)} if short
                    else {"height": int(height / part), "width": int(width / part)})
        self._steps(size)

    def _Perceiver(self) -> None:
        size, crop = self.get("size"), self.get("crop_size")
        fraction = size["height"] / crop["height"]
        if fraction != size["width"] / crop["width"] or fraction > 1:
            self.refuse("only crop_size from size on, with size's ratio of sides, has an op")
        if self.get("do_center_crop"):
            self.put({"op": "image.crop_short", "fraction": fraction, "centre": self.centre()})
        if self.get("do_resize"):
            self.resize(size)
        self.to_numbers(self.get("do_normalize"))

    def _EfficientNet(self) -> None:
        if self.get("rescale_offset") and self.get("do_rescale"):
            self.refuse("rescale_offset=True has no op")
        if self.get("do_resize"):
            self.resize(self.get("size"))
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))
        if self.get("include_top") and self.translator.state == "u8":
            self.refuse("include_top=True without do_rescale and do_normalize has no op")
        if self.get("include_top"):
            self.translator.tail.append({"op": "normalize", "mean": 0, "std": plain_numbers(self.get("image_std"))})

    def _MobileViT(self) -> None:
        if self.get("do_resize"):
            self.resize(self.get("size"))
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        if not self.get("do_rescale"):
            self.refuse("do_rescale=False has no op")
        self.to_numbers(False, **({"reverse_channels": True} if self.get("do_flip_channel_order") else {}))

    def _DPT(self) -> None:
        size, multiple = self.get("size"), self.get("ensure_multiple_of", 1)
        if self.get("do_pad"):
            self.refuse("do_pad=True has no op")
        if self.get("do_resize") and self.get("keep_aspect_ratio"):
            self.put({"op": "image.resize_fit", "width": size["width"], "height": size["height"], "fit": "nearest",
                      "multiple": multiple, **self.resampling()})
        elif self.get("do_resize"):
            if size["width"] % multiple or size["height"] % multiple:
                self.refuse(f"size {dict(size)} is no multiple of ensure_multiple_of={multiple}")
            self.resize(size)
        if self.is_torch and self.get("do_center_crop"):  # the other backend does not crop, whatever it is told
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))

    def _Llava(self) -> None:
        if self.get("do_pad"):
            self.put({"op": "image.pad_to", "square": True, "value": [int(x * 255) for x in self.get("image_mean")]})
        if self.get("do_resize"):
            self.resize(self.get("size"))
        if self.get("do_center_crop"):
            self.center_crop(self.get("crop_size"))
        self.to_numbers(self.get("do_normalize"))

    def _TimmWrapper(self) -> None:
        self.translator.add(self.processor.val_transforms)
