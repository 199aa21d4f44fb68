# SPDX-License-Identifier: Apache-2.0
"""Calling a module, and what it returns as a flat list of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .errors import PackError
from .values import is_tensor

if TYPE_CHECKING:
    import torch

    from .aliases import Json


def flattened(value: Any, path: str = "") -> list[tuple[str, torch.Tensor]]:
    """[(path, tensor)] of what a model returns. A path is made of the keys of dicts, the fields of named tuples, and else
    of indices, joined by "."; None gives nothing, and a tensor alone has the path ""."""
    if is_tensor(value):
        return [(path, value)]
    if value is None:
        return []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (tuple, list)):
        items = list(zip(getattr(value, "_fields", range(len(value))), value))
    else:
        raise PackError("the model must return tensors, alone or in tuples, lists and dicts; "
                        + (f"'{path}' of what it returns is" if path else "it returns") + f" a {type(value).__name__}")
    found = []
    for key, item in items:
        found += flattened(item, f"{path}.{key}" if path else str(key))
    return found


def has_names(output: Any) -> bool:
    """Whether what a model returns is more than a tensor, or a flat tuple or list of tensors, which go by position."""
    is_plain = isinstance(output, (tuple, list)) and not hasattr(output, "_fields") and all(map(is_tensor, output))
    return not is_tensor(output) and not is_plain


def call_module(module: Any, parameters: list[str], inputs: Sequence[torch.Tensor], arguments: Json) -> Any:
    """module.forward's `parameters` in order, without those that have fixed values, take the inputs. It may write to what
    it gets."""
    if not arguments:
        return module(*inputs)
    first = next((i for i, name in enumerate(parameters) if name in arguments), len(parameters))
    behind = [name for name in parameters[first:] if name not in arguments]
    return module(*inputs[:first], **dict(zip(behind, inputs[first:])), **arguments)
