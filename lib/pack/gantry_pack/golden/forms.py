# SPDX-License-Identifier: Apache-2.0
"""How golden cases keep values: whole, by a digest, or by a sample."""

from __future__ import annotations

import hashlib
import io
import math
import sys
from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import (
    DTYPES,
    Boxes,
    Classes,
    Detection,
    Detections,
    Keypoints,
    Masks,
    Payload,
    Quads,
    RunLengths,
    dtype_name,
    is_pil,
    is_tensor,
    to_array,
)

if TYPE_CHECKING:
    from ..aliases import Json
    from ..directory import Directory


def npy_bytes(array: Any) -> bytes:
    buffer = io.BytesIO()
    need("numpy", "recording golden cases").save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


class Whole:
    """How a golden case keeps a tensor or an image: all of it, in a .npy file."""

    def __call__(self, value: Any, stem: str, directory: Directory) -> Json:
        return {"npy": directory.store(stem + ".npy", npy_bytes(to_array(value, stem)))}


class Digest(Whole):
    """By the SHA-256 of its bytes, for what must be exact."""

    def __call__(self, value: Any, stem: str, directory: Directory) -> Json:
        if is_tensor(value) and dtype_name(value) == "bf16":  # NumPy has none; the bytes are those of int16
            array, dtype = to_array(value.view(sys.modules["torch"].int16), stem), "bf16"
        else:
            array = to_array(value, stem)
            dtype = DTYPES[array.dtype.name]
        return {"digest": {"sha256": hashlib.sha256(array.tobytes()).hexdigest(), "dtype": dtype,
                           "shape": list(array.shape)}}


class Sample(Whole):
    """By every step-th value. The step has no factor in common with a side, so that no row or channel is left out."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    def __call__(self, value: Any, stem: str, directory: Directory) -> Json:
        array = to_array(value, stem)
        step = max(1, -(-array.nbytes // max(self.max_bytes, 64 * array.itemsize)))
        while math.gcd(step, array.size) > 1:
            step += 1
        return {"sample": {"npy": directory.store(stem + ".npy", npy_bytes(array.reshape(-1)[::step].copy())),
                           "step": step, "shape": list(array.shape)}}


WHOLE = Whole()


def _number_to_json(number: float) -> float | None:
    """null for what JSON lacks: the codecs read it as NaN."""
    return number if math.isfinite(number) else None


def _mask_to_json(mask: RunLengths) -> Json:
    return {"size": list(mask.size), "counts": mask.counts}


def _detection_to_json(one: Detection) -> Json:
    kept = {"index": one.index, "label": one.label, "score": _number_to_json(one.score),
            "box": list(map(_number_to_json, one.box))}
    if one.keypoints:
        kept["keypoints"] = [list(map(_number_to_json, point)) for point in one.keypoints]
    if one.mask:
        kept["mask"] = _mask_to_json(one.mask)
    return kept


def value_to_json(value: Any, stem: str, directory: Directory, extension: str = ".bin", keep: Whole = WHOLE) -> Json:
    """The manifest's form of a payload; its tensors and bytes go to files whose names begin with `stem`. Tensors are kept
    as `keep` does."""
    if isinstance(value, bytes):
        return {"file": directory.store(stem + extension, value)}
    if is_tensor(value) or is_pil(value):
        return keep(value, stem, directory)
    if isinstance(value, dict):
        kept = {name: keep(tensor, f"{stem}.{i}", directory) for i, (name, tensor) in enumerate(value.items())}
        return {"tensors": {name: one.get("npy", one) for name, one in kept.items()}}
    if isinstance(value, Classes):
        return {"classes": [{"index": index, "label": label, "score": score} for index, label, score in value]}
    if isinstance(value, Detections):
        return {"detections": [_detection_to_json(one) for one in value]}
    if isinstance(value, Masks):
        return {"masks": [_mask_to_json(mask) for mask in value]}
    if isinstance(value, (Boxes, Keypoints)):
        return {type(value).__name__.lower(): [list(map(_number_to_json, row)) for row in value]}
    if isinstance(value, Quads):
        return {"quads": [{"quad": [list(map(_number_to_json, corner)) for corner in one.quad],
                           "score": _number_to_json(one.score)} for one in value]}
    if isinstance(value, Payload):
        return {value.name: value.json}
    if isinstance(value, (list, tuple)):
        items = [value_to_json(item, f"{stem}-{i}", directory, extension, keep) for i, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    raise PackError(f"{stem}: a golden case cannot hold a {type(value).__name__}; of a type of the host's an op gives "
                    "gantry_pack.Payload(name of its codec, JSON)")


def inputs_to_json(loaded: dict[str, tuple[Any, str]], stem: str, directory: Directory) -> Json:
    """What a case holds of the pipeline's inputs: {"input": value}, or {"inputs": {name: value}} where they have names."""
    if "" in loaded:
        value, extension = loaded[""]
        return {"input": value_to_json(value, stem, directory, extension)}
    return {"inputs": {name: value_to_json(value, f"{stem}.{name}", directory, extension)
                       for name, (value, extension) in loaded.items()}}
