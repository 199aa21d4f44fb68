# SPDX-License-Identifier: Apache-2.0
"""The types of what passes between the ops of a pipeline, checked as the C++ reader does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from .errors import PackError
from .ops.table import OPS, PREDICATES
from .pipeline import check_list, children
from .values import parts_of

if TYPE_CHECKING:
    from .aliases import Json, Steps
    from .ops.op import Table

TypeName = Optional[str]  # None: whatever is given, or not known
INPUTS = "inputs<>"       # all inputs of a pipeline that names them


class OpenType(str):
    """The type of a tuple that nothing behind its fork tells, or of a list of them: to C++ it is no certain tuple."""


def check_pipeline(ops: Steps, signatures: dict[str, Json] | None = None, table: Table = OPS,
                   inputs: Sequence[str] = ()) -> tuple[TypeName, TypeName]:
    """Checks ops, parameters and types as the C++ reader does; returns (In, Out) type names. `signatures`: of the models
    by name; None: of models nothing is known, and each takes and gives one tensor. `inputs`: the names of the pipeline's
    inputs, where there are several; In then is "inputs<Bytes, Tensor>", or what the first op takes as it is."""
    return Edges(ops, signatures, table, inputs).types


class Edges:
    """`types`: (In, Out). `as_tensors`: the paths of `model` ops whose one output is passed on by its name, since what is
    behind takes Tensors."""

    def __init__(self, ops: Steps, signatures: dict[str, Json] | None = None, table: Table = OPS,
                 inputs: Sequence[str] = ()) -> None:
        check_list(ops, "pipeline", table)
        self.signatures, self.table, self.inputs = signatures, table, list(inputs)
        self.input_types: dict[str, TypeName] = dict.fromkeys(inputs)
        self.as_tensors: set[str] = set()
        self.types = self._of_list(ops, "pipeline", self._taken_inputs(ops), None)
        if self.inputs and self.types[0] == INPUTS:
            self.types = (self._type_of_inputs(), self.types[1])

    def _taken_inputs(self, ops: Steps) -> TypeName:
        """What a pipeline that names its inputs takes: a tuple of them or Tensors where its first op does, or else each by
        a `select`."""
        if not self.inputs:
            return None
        taken = self._taken_by(ops[0], "pipeline[0]") if ops[0]["op"] not in ("select", "fork") else None
        if taken is None or taken != "Tensors" and not taken.startswith("tuple<"):
            return INPUTS
        if taken != "Tensors" and len(parts_of(taken)) != len(self.inputs):
            raise PackError(f"pipeline[0]: takes {taken}, but the pipeline has the inputs {', '.join(self.inputs)}")
        return taken

    def _type_of_inputs(self) -> str:
        for name, found in self.input_types.items():
            if found is None:
                raise PackError(f"inputs: no op selects '{name}', {{\"op\": \"select\", \"name\": \"{name}\"}}, or what is "
                                "behind it does not say what it takes")
        return "inputs<" + ", ".join(map(str, self.input_types.values())) + ">"

    def _of_list(self, ops: Steps, path: str, given: TypeName, wanted: TypeName) -> tuple[TypeName, TypeName]:
        first = given
        for i, op in enumerate(ops):
            here = f"{path}[{i}]"
            behind = wanted if i + 1 == len(ops) else self._taken_by(ops[i + 1], f"{path}[{i + 1}]")
            takes, gives = self._of_op(op, here, given, behind)
            if given is not None and takes is not None and takes != given:
                before = "the pipeline" if i == 0 else "the op before it"
                raise PackError(f"{here}: '{op['op']}' takes {takes}, but {before} gives it {given}")
            first = takes if first is None and i == 0 else first
            given = gives
        return first, given

    def _taken_by(self, op: Json, path: str) -> TypeName:
        """What an op takes, as far as that can be told without what is before it: `each` and `when` are not looked into, and of
        a fork only the first op of each branch is."""
        kind = op["op"]
        if kind == "fork":
            told = (self._taken_by(branch[0], path) for branch in op["branches"] if branch)
            return next((takes for takes in told if takes is not None), None)
        if kind in ("each", "when") or (kind == "select" and "item" in op):
            return None
        if kind == "model":
            return "Tensors" if len(self._signature_of(op, path)["inputs"]) != 1 else "Tensor"
        if kind == "bundle":
            return "tuple<" + ", ".join(["Tensor"] * len(op["names"])) + ">"
        return "Tensors" if kind == "select" else self.table[kind].takes

    def _of_op(self, op: Json, path: str, given: TypeName, wanted: TypeName) -> tuple[TypeName, TypeName]:
        kind = op["op"]
        if kind == "model":
            return self._of_model(op, path, given, wanted)
        if kind == "each":
            return self._of_each(op, path, given, wanted)
        if kind == "fork":
            return self._of_fork(op, path, given, wanted)
        if kind == "when":
            takes = PREDICATES[op["if"]["predicate"]][0]
            outs = [self._of_list(inner, where, takes, wanted)[1] for where, inner in children(op, path)]
            if outs[0] != outs[1]:
                raise PackError(f"{path}: 'then' gives {outs[0]}, 'else' gives {outs[1]}")
            return takes, outs[0]
        if kind == "select":
            return self._of_select(op, path, given, wanted)
        if kind == "bundle":
            return self._of_bundle(op, path, given), "Tensors"
        return self.table[kind].takes, self.table[kind].gives

    def _of_each(self, op: Json, path: str, given: TypeName, wanted: TypeName) -> tuple[TypeName, TypeName]:
        if given is not None and not given.startswith("list<"):
            raise PackError(f"{path}: 'each' takes a list, but it is given {given}")
        element = type(given)(parts_of(given)[0]) if given else None
        wanted_element = parts_of(wanted)[0] if wanted and wanted.startswith("list<") else None
        takes, gives = self._of_list(op["do"], f"{path}.do", element, wanted_element)
        return f"list<{takes}>", (OpenType if isinstance(gives, OpenType) else str)(f"list<{gives}>")

    def _of_fork(self, op: Json, path: str, given: TypeName, wanted: TypeName) -> tuple[TypeName, TypeName]:
        """An empty branch passes on what the fork is given, which the other branches know."""
        parts: list[TypeName] = [None] * len(op["branches"])
        if wanted is not None and wanted.startswith("tuple<"):
            parts[:] = parts_of(wanted)
            if len(parts) != len(op["branches"]):
                raise PackError(f"{path}: has {len(op['branches'])} branches, but {wanted} is wanted")
        types = [self._of_list(inner, where, given, part) for (where, inner), part in zip(children(op, path), parts)]
        taken = {takes for takes, _ in types if takes is not None}
        if len(taken) > 1:
            raise PackError(f"{path}: the branches take {', '.join(str(takes) for takes, _ in types)}")
        takes = next(iter(taken), None)
        gives = [out if branch else takes for branch, (_, out) in zip(op["branches"], types)]
        given_on = "tuple<" + ", ".join(map(str, gives)) + ">"
        return takes, given_on if wanted else OpenType(given_on)

    def _of_select(self, op: Json, path: str, given: TypeName, wanted: TypeName) -> tuple[TypeName, TypeName]:
        if "item" in op:
            return self._of_item(op, path, given)
        if given != INPUTS:
            return "Tensors", "Tensor" if "name" in op else "Tensors"
        name = op.get("name")
        if name not in self.input_types:
            raise PackError(f"{path}.name: the pipeline has no input {name!r}; it has {', '.join(self.inputs)}")
        if self.input_types[name] is None:
            self.input_types[name] = wanted
        return INPUTS, self.input_types[name]

    def _of_item(self, op: Json, path: str, given: TypeName) -> tuple[TypeName, TypeName]:
        if given is None or not given.startswith("tuple<"):
            raise PackError(f"{path}: 'select' of an item takes a tuple, but it is given {given or 'what nobody states'}")
        if isinstance(given, OpenType):
            raise PackError(f"{path}: 'select' of an item takes a tuple whose types are known: those of a fork are told by "
                            "the op behind it, or by the first op of a branch behind it. If one item is all you want, put the "
                            "ops of its branch in the place of the fork")
        parts = parts_of(given)
        if op["item"] >= len(parts):
            raise PackError(f"{path}.item: must be 0..{len(parts) - 1} of {given}, got {op['item']}")
        return given, parts[op["item"]]

    def _of_bundle(self, op: Json, path: str, given: TypeName) -> TypeName:
        if given is None:
            given = self._taken_by(op, path)
        parts = parts_of(given or "")
        if set(parts) != {"Tensor"} or not (given or "").startswith(("tuple<", "list<")):
            raise PackError(f"{path}: 'bundle' takes a tuple or list of Tensor, but the op before it gives {given}")
        if (given or "").startswith("tuple<") and len(parts) != len(op["names"]):
            raise PackError(f"{path}.names: has {len(op['names'])} names, but the tuple has {len(parts)} tensors")
        return given

    def _of_model(self, op: Json, path: str, given: TypeName, wanted: TypeName) -> tuple[TypeName, TypeName]:
        signature = self._signature_of(op, path)
        many_in, many_out = (len(signature[side]) != 1 for side in ("inputs", "outputs"))
        if not many_out and wanted == "Tensors":
            self.as_tensors.add(path)
        return ("Tensors" if many_in or given == "Tensors" else "Tensor",
                "Tensors" if many_out or wanted == "Tensors" else "Tensor")

    def _signature_of(self, op: Json, path: str) -> Json:
        known = self.signatures
        if known is None:
            return {"inputs": [None], "outputs": [None]}
        if not known:
            raise PackError(f"{path}: there is no model; pass model= or models=")
        if "name" not in op and len(known) > 1:
            raise PackError(f"{path}: which model? There are {', '.join(known)}: {{\"op\": \"model\", \"name\": ...}}")
        name = op.get("name", next(iter(known)))
        if name not in known:
            raise PackError(f"{path}.name: there is no model '{name}'; there are {', '.join(known)}")
        return known[name]
