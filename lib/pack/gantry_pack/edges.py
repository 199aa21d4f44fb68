# SPDX-License-Identifier: Apache-2.0
"""The types of what passes between the ops of a pipeline, checked as the C++ reader does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .errors import PackError
from .ops.table import OPS, PREDICATES
from .pipeline import check_list, children

if TYPE_CHECKING:
    from .aliases import Json, Steps
    from .ops.op import Table

TypeName = Optional[str]  # None: whatever is given, or not known


def check_pipeline(ops: Steps, signatures: dict[str, Json] | None = None, table: Table = OPS) -> tuple[TypeName, TypeName]:
    """Checks ops, parameters and types as the C++ reader does; returns (In, Out) type names. `signatures`: of the models
    by name; None: of models nothing is known, and each takes and gives one tensor."""
    check_list(ops, "pipeline", table)
    return _Edges(signatures, table).of_list(ops, "pipeline", None)


class _Edges:
    def __init__(self, signatures: dict[str, Json] | None, table: Table) -> None:
        self.signatures, self.table = signatures, table

    def of_list(self, ops: Steps, path: str, given: TypeName) -> tuple[TypeName, TypeName]:
        first = given
        for i, op in enumerate(ops):
            here = f"{path}[{i}]"
            takes, gives = self._of_op(op, here, given)
            if given is not None and takes is not None and takes != given:
                before = "the pipeline" if i == 0 else "the op before it"
                raise PackError(f"{here}: '{op['op']}' takes {takes}, but {before} gives it {given}")
            first = takes if first is None and i == 0 else first
            given = gives
        return first, given

    def _of_op(self, op: Json, path: str, given: TypeName) -> tuple[TypeName, TypeName]:
        kind = op["op"]
        if kind == "model":
            return self._of_model(op, path, given)
        if kind == "each":
            if given is not None and not given.startswith("list<"):
                raise PackError(f"{path}: 'each' takes a list, but it is given {given}")
            element = given[5:-1] if given else None
            takes, gives = self.of_list(op["do"], f"{path}.do", element)
            return f"list<{takes}>", f"list<{gives}>"
        if kind == "fork":
            return self._of_fork(op, path, given)
        if kind == "when":
            takes = PREDICATES[op["if"]["predicate"]][0]
            outs = [self.of_list(inner, where, takes)[1] for where, inner in children(op, path)]
            if outs[0] != outs[1]:
                raise PackError(f"{path}: 'then' gives {outs[0]}, 'else' gives {outs[1]}")
            return takes, outs[0]
        return self.table[kind].takes, self.table[kind].gives

    def _of_fork(self, op: Json, path: str, given: TypeName) -> tuple[TypeName, TypeName]:
        """An empty branch passes on what the fork is given, which the other branches know."""
        types = [self.of_list(inner, where, given) for where, inner in children(op, path)]
        taken = {takes for takes, _ in types if takes is not None}
        if len(taken) > 1:
            raise PackError(f"{path}: the branches take {', '.join(str(takes) for takes, _ in types)}")
        takes = next(iter(taken), None)
        gives = [out if branch else takes for branch, (_, out) in zip(op["branches"], types)]
        return takes, "tuple<" + ", ".join(map(str, gives)) + ">"

    def _of_model(self, op: Json, path: str, given: TypeName) -> tuple[TypeName, TypeName]:
        signature: Json = {"inputs": [None], "outputs": [None]}
        if self.signatures is not None:
            signature = self._signature_of(op, path)
        many_in, many_out = (len(signature[side]) != 1 for side in ("inputs", "outputs"))
        return ("Tensors" if many_in or given == "Tensors" else "Tensor"), ("Tensors" if many_out else "Tensor")

    def _signature_of(self, op: Json, path: str) -> Json:
        known = self.signatures or {}
        if not known:
            raise PackError(f"{path}: there is no model; pass model= or models=")
        if "name" not in op and len(known) > 1:
            raise PackError(f"{path}: which model? There are {', '.join(known)}: {{\"op\": \"model\", \"name\": ...}}")
        name = op.get("name", next(iter(known)))
        if name not in known:
            raise PackError(f"{path}.name: there is no model '{name}'; there are {', '.join(known)}")
        return known[name]
