# SPDX-License-Identifier: Apache-2.0
"""What a module holds between calls."""

from __future__ import annotations

import sys
import types
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def tensors_held(module: Any) -> dict[tuple[str, ...], torch.Tensor]:
    """{path: tensor} of whatever a module holds: parameters, buffers, and what lies in its attributes."""
    torch = sys.modules["torch"]
    found, seen = {}, set()

    def look_at(value: Any, path: tuple[str, ...]) -> None:
        if id(value) in seen or len(path) > 32:
            return
        seen.add(id(value))
        if isinstance(value, torch.Tensor):
            found[path] = value
        elif isinstance(value, dict):
            for key, item in list(value.items()):
                look_at(item, (*path, str(key)))
        elif isinstance(value, (list, tuple, set)):
            for i, item in enumerate(value):
                look_at(item, (*path, str(i)))
        elif hasattr(value, "__dict__") and not isinstance(value, (type, types.ModuleType, types.FunctionType,
                                                                   types.MethodType, torch.ScriptObject)):
            look_at(vars(value), path)
    look_at(module, ())
    return found


def content_of(tensor: torch.Tensor) -> int:
    """A checksum of a tensor's values; of one whose bytes cannot be had, 0."""
    try:
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        return zlib.crc32(flat.view(sys.modules["torch"].uint8).numpy())
    except (RuntimeError, TypeError, NotImplementedError):  # sparse, quantised, without storage
        return 0
