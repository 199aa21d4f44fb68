# SPDX-License-Identifier: Apache-2.0
"""Samples as users give them, to payloads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..named_tensors import Inputs
from ..values import Payload, describe_value, dtype_name, is_pil, is_tensor, parts_of

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as PilImage

IMAGE_EXTENSIONS = ((b"\x89PNG", ".png"), (b"\xff\xd8", ".jpg"), (b"RIFF", ".webp"))


Loaded = dict[str, tuple[Any, str]]  # {name of an input: (payload, file extension)}; of a pipeline with one input {"": ...}


def load_inputs(sample: Any, type_name: str | None, inputs: list[str], names: list[str] | None) -> tuple[Any, Loaded]:
    """(what the pipeline takes, and what it is made of) of one entry of samples=. `inputs`: the names of the pipeline's
    inputs, where there are several; `names`: those of Tensors, where they are known."""
    if not inputs:
        loaded = load_sample(sample, type_name, names)
        return loaded[0], {"": loaded}
    if isinstance(sample, (list, tuple)) and len(sample) == len(inputs):
        sample = dict(zip(inputs, sample))
    if not isinstance(sample, dict) or set(sample) != set(inputs):
        raise PackError(f"the pipeline has the inputs {', '.join(inputs)}, so a sample is a dict of these, or a tuple in that "
                        f"order, got {list(sample) if isinstance(sample, dict) else describe_value(sample)}")
    types = ["Tensor"] * len(inputs) if type_name == "Tensors" else parts_of(type_name or "")
    found = {name: load_sample(sample[name], one, None) for name, one in zip(inputs, types)}
    values = {name: value for name, (value, _) in found.items()}
    is_tuple = type_name is not None and type_name.startswith("tuple<")
    return tuple(values.values()) if is_tuple else values if type_name == "Tensors" else Inputs(values), found


def load_sample(sample: Any, type_name: str | None, names: list[str] | None) -> tuple[Any, str]:
    """(payload, file extension) of one entry of samples=. `names`: those of Tensors, where they are known."""
    if isinstance(sample, Payload):
        return sample, ".bin"
    if type_name == "Bytes":
        if isinstance(sample, (str, os.PathLike)):
            path = Path(sample)
            try:
                return path.read_bytes(), path.suffix.lower() or ".bin"
            except (OSError, ValueError) as error:  # ValueError: a NUL in the name
                raise PackError(f"sample {path}: {getattr(error, 'strerror', None) or error}") from error
        if isinstance(sample, (bytes, bytearray)):
            data = bytes(sample)
            return data, next((ext for magic, ext in IMAGE_EXTENSIONS if data.startswith(magic)), ".bin")
        raise PackError(f"the pipeline takes Bytes, so a sample is a path or bytes, not {type(sample).__name__}")
    if type_name == "Image":
        return _as_image(sample), ".bin"
    if type_name == "Tensor":
        return _as_tensor(sample), ".bin"
    if type_name == "Tensors":
        return _as_tensors(sample, names), ".bin"
    if type_name and type_name.startswith("list<") and isinstance(sample, (list, tuple)):
        return [load_sample(item, type_name[5:-1], names)[0] for item in sample], ".bin"
    if type_name is None:
        raise PackError("what the pipeline's first op takes is not known; say it, ops={name: gantry_pack.Op(takes, gives, "
                        "None, function)}")
    raise PackError(f"a sample cannot be given to a pipeline that takes {type_name}")


def _as_tensors(sample: Any, names: list[str] | None) -> dict[str, torch.Tensor]:
    if names is None:
        if not isinstance(sample, dict) or not sample:
            raise PackError(f"the pipeline takes tensors by name, so a sample is a dict, {{name: tensor}}, got "
                            f"{describe_value(sample)}")
        names = list(sample)
    if isinstance(sample, (list, tuple)) and len(sample) == len(names):
        sample = dict(zip(names, sample))
    if not isinstance(sample, dict):
        got = f"{len(sample)} of them" if isinstance(sample, (list, tuple)) else describe_value(sample)
        raise PackError(f"the model takes several tensors, so a sample is a dict of {names}, or a tuple in that order, "
                        f"got {got}")
    if set(sample) != set(names):
        raise PackError(f"the model takes several tensors, so a sample is a dict of {names}, got one of {list(sample)}")
    return {name: _as_tensor(value) for name, value in sample.items()}


def _as_image(sample: Any) -> PilImage:
    Image, numpy = need("PIL.Image", "an image sample"), need("numpy", "an image sample")
    if isinstance(sample, (str, bytes, os.PathLike)):
        raise PackError("the pipeline takes an Image: a sample is a PIL image or an array u8[H, W] or u8[H, W, C]; files "
                        "and bytes are for pipelines that begin with image.decode")
    try:
        if not is_pil(sample):
            array = numpy.asarray(sample.detach().cpu() if is_tensor(sample) else sample)
            if array.dtype != numpy.uint8:
                raise PackError(f"an image sample has values of u8, not {array.dtype}; "
                                + ("scale them to 8 bits" if array.dtype.kind in "ui" else "convert them")
                                + ", or let the pipeline take a Tensor")
            if array.ndim not in (2, 3):
                raise ValueError(f"got {array.ndim} dimensions")
            sample = Image.fromarray(array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array)
        sample.load()
    except (TypeError, ValueError, OSError) as error:
        raise PackError(f"an image sample is a PIL image or an array u8[H, W] or u8[H, W, C]: {error}") from error
    if sample.mode not in ("L", "RGB", "RGBA"):
        advice = "scale it to 8 bits, or let the pipeline take a Tensor" if sample.mode[0] in "IF" else \
            'convert it, as your service will: image.convert("RGB"), say'
        raise PackError(f"an image sample is of mode L, RGB or RGBA, not {sample.mode}; {advice}")
    return sample


def _as_tensor(sample: Any) -> torch.Tensor:
    torch, numpy = need("torch", "a tensor sample"), need("numpy", "a tensor sample")
    if isinstance(sample, (str, os.PathLike)):
        try:
            sample = numpy.load(sample, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise PackError(f"sample {sample}: {error}; where the pipeline takes a Tensor, a file is a .npy file") from error
    try:
        if is_tensor(sample):
            tensor = sample.detach().cpu().contiguous().clone()
        elif is_pil(sample):
            raise PackError("the pipeline takes a Tensor, not a PIL image; begin it with image.to_tensor")
        else:
            tensor = torch.from_numpy(numpy.array(sample, order="C"))
    except (TypeError, ValueError, RuntimeError) as error:
        raise PackError(f"a sample of {type(sample).__name__} cannot be made a tensor: {error}") from error
    dtype_name(tensor, "a sample")
    return tensor


def sample_name(sample: Any, index: int) -> str:
    return f"sample {index} ({os.path.basename(sample)})" if isinstance(sample, (str, os.PathLike)) \
        else f"sample {index}"
