# SPDX-License-Identifier: Apache-2.0
"""select and bundle: taking tensors apart and together by name, so that what one model gives becomes what the next takes.
select also takes one of the named inputs of a pipeline that has several, and an item of a tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import PackError
from .values import describe_value, is_tensor

if TYPE_CHECKING:
    from .aliases import Json

MAX_NAMES = 64
MAX_ITEMS = 16  # of a tuple: as many as a fork has branches


class Inputs(dict):
    """{name: payload}: all inputs of a pipeline that names them."""


def check_select(op: Json, path: str) -> None:
    keys = set(op) - {"op"}
    if keys == {"item"}:
        if not isinstance(op["item"], int) or isinstance(op["item"], bool) or not 0 <= op["item"] < MAX_ITEMS:
            raise PackError(f"{path}.item: expected 0..{MAX_ITEMS - 1}, got {op['item']!r}")
        return
    if keys == {"name"}:
        if not isinstance(op["name"], str) or not op["name"]:
            raise PackError(f"{path}.name: expected the name of a tensor, got {op['name']!r}")
        return
    if keys not in ({"names"}, {"names", "as"}):
        raise PackError(f"{path}: 'select' takes name, or names and as, or item, got {sorted(keys)}")
    names = _checked_list(op["names"], f"{path}.names", may_repeat="as" in op)
    if "as" in op and len(_checked_list(op["as"], f"{path}.as")) != len(names):
        raise PackError(f"{path}.as: needs a name for each of the {len(names)} names, got {len(op['as'])}")


def check_bundle(op: Json, path: str) -> None:
    if set(op) != {"op", "names"}:
        raise PackError(f"{path}: 'bundle' takes exactly the keys ['names'], got {sorted(set(op) - {'op'})}")
    _checked_list(op["names"], f"{path}.names")


def _checked_list(names: Any, path: str, may_repeat: bool = False) -> list[str]:
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_NAMES:
        raise PackError(f"{path}: expected 1..{MAX_NAMES} names, got {names!r:.80}")
    for name in names:
        if not isinstance(name, str) or not name:
            raise PackError(f"{path}: expected names of tensors, got {name!r}")
        if names.count(name) > 1 and not may_repeat:
            raise PackError(f"{path}: '{name}' appears twice")
    return names


def select(value: Any, op: Json, path: str) -> Any:
    if "item" in op:
        if not isinstance(value, tuple) or op["item"] >= len(value):
            raise PackError(f"{path}: there is no item {op['item']} of {describe_value(value)}")
        return value[op["item"]]
    if not isinstance(value, dict):
        raise PackError(f"{path}: 'select' takes tensors by name, got {describe_value(value)}")
    names = [op["name"]] if "name" in op else op["names"]
    for name in names:
        if name not in value:
            what = "input" if isinstance(value, Inputs) else "tensor"
            raise PackError(f"{path}: there is no {what} '{name}'; there are {', '.join(map(repr, value))}")
    return value[op["name"]] if "name" in op else dict(zip(op.get("as") or names, (value[name] for name in names)))


def bundle(value: Any, op: Json, path: str) -> dict[str, Any]:
    if not isinstance(value, (list, tuple)) or not all(map(is_tensor, value)):
        raise PackError(f"{path}: 'bundle' takes a tuple or list of tensors, got {describe_value(value)}")
    if len(value) != len(op["names"]):
        raise PackError(f"{path}: expected {len(op['names'])} tensors, got {len(value)}")
    return dict(zip(op["names"], value))
