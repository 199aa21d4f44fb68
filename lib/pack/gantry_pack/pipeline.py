# SPDX-License-Identifier: Apache-2.0
"""The pipeline as data: its ops and those inside of them, their parameters and types."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .errors import PackError
from .named_tensors import check_bundle, check_select
from .ops.table import PREDICATES

if TYPE_CHECKING:
    from .aliases import Json, Steps
    from .ops.op import Op, Table

# Ops whose types depend on what is around them, with their keys; select, bundle and the name of a model are looked at apart.
COMPOUND = {"model": set(), "each": {"do"}, "fork": {"branches"}, "when": {"if", "then", "else"}, "select": set(),
            "bundle": {"names"}}
MAX_BRANCHES = 16


def children(op: Json, path: str) -> list[tuple[str, Steps]]:
    """The lists of ops inside a compound op, as (path, list)."""
    if op["op"] == "each":
        return [(f"{path}.do", op["do"])]
    if op["op"] == "fork":
        return [(f"{path}.branches[{i}]", branch) for i, branch in enumerate(op["branches"])]
    if op["op"] == "when":
        return [(f"{path}.then", op["then"]), (f"{path}.else", op["else"])]
    return []


def walk(ops: Steps, path: str = "pipeline") -> Iterator[tuple[str, Json]]:
    """Every op with its path, outer ones first."""
    for i, op in enumerate(ops):
        here = f"{path}[{i}]"
        yield here, op
        for inner_path, inner in children(op, here):
            yield from walk(inner, inner_path)


def stage_before(path: str) -> str | None:
    """The op whose value goes into the op at `path`; None where that is the pipeline's input. What goes into the first op
    of an inner list is what goes into the op that holds it."""
    while True:
        stem, _, index = path.removesuffix("]").rpartition("[")
        if int(index) > 0:
            return f"{stem}[{int(index) - 1}]"
        if stem == "pipeline":
            return None
        path = re.sub(r"\.(do|then|else|branches\[\d+\])$", "", stem)


def check_list(ops: Steps, path: str, table: Table, may_be_empty: bool = False) -> None:
    if not isinstance(ops, list):
        raise PackError(f"{path}: expected a list of ops, got {type(ops).__name__}")
    if not ops and not may_be_empty:
        raise PackError(f"{path}: needs at least one op")
    for i, op in enumerate(ops):
        here = f"{path}[{i}]"
        if not isinstance(op, dict) or not isinstance(op.get("op"), str):
            raise PackError(f'{here}: expected {{"op": name, ...}}, got {op!r}')
        if op["op"] in COMPOUND:
            _check_compound(op, here, table)
        elif op["op"] in table:
            _check_params(op, table[op["op"]], here)
        else:
            near = difflib.get_close_matches(op["op"], [*COMPOUND, *table], 5)
            raise PackError(f"{here}.op: unknown op '{op['op']}'; " + (f"near it are {', '.join(near)}; " if near else "")
                            + "`gantry ops` lists those of gantry, ops= adds your own")


def _check_compound(op: Json, path: str, table: Table) -> None:
    if op["op"] in ("select", "bundle"):
        return check_select(op, path) if op["op"] == "select" else check_bundle(op, path)
    keys = set(op) - {"op"}
    if op["op"] == "model":
        keys -= {"name"}
        if not isinstance(op.get("name", ""), str):
            raise PackError(f"{path}.name: expected the name of a model, got {op['name']!r}")
    if keys != COMPOUND[op["op"]]:
        raise PackError(f"{path}: '{op['op']}' takes exactly the keys {sorted(COMPOUND[op['op']])}, got {sorted(keys)}")
    if op["op"] == "fork" and not (isinstance(op["branches"], list) and 1 <= len(op["branches"]) <= MAX_BRANCHES):
        raise PackError(f"{path}.branches: needs 1..{MAX_BRANCHES} lists of ops")
    if op["op"] == "when":
        condition = op["if"]
        if not isinstance(condition, dict) or set(condition) != {"predicate"}:
            raise PackError(f'{path}.if: expected {{"predicate": name}}, got {condition!r}')
        if condition["predicate"] not in PREDICATES:
            raise PackError(f"{path}.if.predicate: unknown predicate {condition['predicate']!r}; known are "
                            f"{', '.join(PREDICATES)}")
    for inner_path, inner in children(op, path):
        check_list(inner, inner_path, table, may_be_empty=op["op"] in ("when", "fork"))


def _check_params(op: Json, known: Op, path: str) -> None:
    for key, value in op.items():
        if key == "op":
            continue
        if known.params is None:
            continue
        if key not in known.params:
            raise PackError(f"{path}.{key}: unknown key; '{op['op']}' takes {', '.join(known.params) or 'none'}")
        problem = known.params[key][0](value)
        if problem:
            raise PackError(f"{path}.{key}: {problem}, got {value!r}")
    for name, (_, default) in (known.params or {}).items():
        if default is ... and name not in op:
            raise PackError(f"{path}.{name}: required")
    choices = {key for keys in known.one_of or () for key in keys}
    if known.one_of and not any(set(op) & choices == set(keys) for keys in known.one_of):
        raise PackError(f"{path}: '{op['op']}' takes {' or '.join(' and '.join(keys) for keys in known.one_of)}")
