# SPDX-License-Identifier: Apache-2.0
"""From a transform or an image processor to ops."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .timm import KNOWN_CLASSES, TimmTransforms
from .transformers import ProcessorTranslator

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

    from ..aliases import Steps


class _Translator(TimmTransforms):
    """Walks a transform in order."""

    def add(self, transform: Any) -> Any:
        steps = self._steps_of(transform)
        if steps is None:
            return self._method_of(transform)(transform)
        for index, step in enumerate(steps):
            self.frames.append((type(transform).__name__, index, steps))
            self.add(step)
            self.frames.pop()
        return None

    def _steps_of(self, transform: Any) -> list[Any] | None:
        kind = type(transform)
        if kind.__module__.startswith("torchvision.transforms") and kind.__name__ == "Compose":
            return list(transform.transforms)
        is_sequential = kind.__module__.startswith("torch.nn.") and kind.__name__ == "Sequential"
        return list(transform) if is_sequential else None

    def _method_of(self, transform: Any) -> Callable[[Any], None]:
        kind = type(transform)
        if inspect.isclass(transform) or isinstance(transform, functools.partial):
            self.refuse(transform, "it makes a transform and is none; call it, as in weights.transforms()")
        if inspect.isfunction(transform):
            return self._function
        if kind.__module__ in KNOWN_CLASSES and kind.__name__ in KNOWN_CLASSES[kind.__module__]:
            return getattr(self, "_" + KNOWN_CLASSES[kind.__module__][kind.__name__])
        if any(base.__module__ == "transformers.image_processing_utils" for base in kind.__mro__):
            return lambda processor: ProcessorTranslator(self, processor).add()
        method = getattr(self, f"_{kind.__name__}", None)
        if method is not None and kind.__module__.startswith("torchvision.transforms"):
            return method
        if hasattr(transform, "image_processor"):
            self.refuse(transform, "it processes more than images; pass its .image_processor")
        base = next((base.__name__ for base in kind.__mro__[1:] if base.__module__.startswith("torchvision.transforms.")
                     and hasattr(self, f"_{base.__name__}")), None)
        self.refuse(transform, "there is no op for it, write the pipeline as a list of ops with an op of your own"
                    + (f"; it is a subclass of {base}, which may do something else" if base else ""))


def translate(transform: Any, is_rgb: bool = True) -> Steps:
    """The ops (Image -> ...) that do what a transform does to a PIL image, bit for bit. `is_rgb` says that the image is
    known to be RGB. PackError names what cannot be translated, and says how far it came."""
    translator = _Translator(is_rgb)
    translator.add(transform)
    return translator.ops()


def apply_transform(transform: Any, image: PilImage) -> Any:
    """What the translated ops must give: for an image processor, the one tensor of its batch."""
    if any(kind.__module__ == "transformers.image_processing_utils" for kind in type(transform).__mro__):
        return transform(images=image, return_tensors="pt")["pixel_values"][0]
    return transform(image)
