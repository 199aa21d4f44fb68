# SPDX-License-Identifier: Apache-2.0
"""An image's pixels as something else: gray, premultiplied, numbers of a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import to_array

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as PilImage


def to_gray(image: PilImage, reference: str) -> PilImage:
    if image.mode == "L" or reference == "pillow":
        return image.convert("RGB").convert("L") if image.mode != "L" else image
    cv2, numpy = need("cv2", "image.to_gray as OpenCV does"), need("numpy", "image.to_gray")
    return need("PIL.Image", "image.to_gray").fromarray(cv2.cvtColor(numpy.asarray(image.convert("RGB")),
                                                                     cv2.COLOR_RGB2GRAY))


def premultiply(image: PilImage) -> PilImage:
    """Pillow's RGBa has the bytes; it keeps the name RGBA here, as the op's result does."""
    if image.mode != "RGBA":
        return image
    return need("PIL.Image", "image.premultiply").frombytes("RGBA", image.size, image.convert("RGBa").tobytes())


def unpremultiply(image: PilImage) -> PilImage:
    if image.mode != "RGBA":
        return image
    Image = need("PIL.Image", "image.unpremultiply")
    return Image.frombytes("RGBa", image.size, image.tobytes()).convert("RGBA")


def to_tensor(image: PilImage, mode: str, mean: Any, std: Any, scale: float, dtype: str, layout: str,
              reverse_channels: bool) -> torch.Tensor:
    if scale != 1 / 255 and mode not in ("hf_numpy", "scaled"):
        raise PackError("image.to_tensor: scale is for the modes hf_numpy and scaled")
    torch = need("torch", "image.to_tensor")
    pixels = torch.from_numpy(to_array(image, "image").copy()).permute(2, 0, 1).contiguous().to(torch.float32)
    if reverse_channels and len(pixels) > 1:
        pixels = pixels[[2, 1, 0, 3][:len(pixels)]]
    if mode == "torchvision":
        pixels = pixels / 255
    if mode == "hf_numpy":
        pixels = (pixels.to(torch.float64) * scale).to(torch.float32)
    if mode == "scaled":
        pixels = pixels * torch.tensor(scale, dtype=torch.float32)

    def per_channel(numbers: Any, name: str) -> Any:
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if len(numbers) not in (1, pixels.shape[0]):
            raise PackError(f"image.to_tensor: {name} has {len(numbers)} numbers, the image has {pixels.shape[0]} "
                            "channels")
        return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1)
    numbers = (pixels - per_channel(mean, "mean")) / per_channel(std, "std")
    if dtype in ("u8", "i8"):
        numbers = numbers.round().clamp(*((0, 255) if dtype == "u8" else (-128, 127)))
    types = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "u8": torch.uint8, "i8": torch.int8}
    return (numbers.permute(1, 2, 0) if layout == "hwc" else numbers).to(types[dtype]).contiguous()
