# SPDX-License-Identifier: Apache-2.0
"""Running a pipeline in Python, which is what golden cases record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from .edges import check_pipeline
from .errors import PackError, exit_refused
from .named_tensors import bundle, select
from .ops.frame import Frame
from .ops.frames import Known, known_after, known_of_items
from .ops.table import OPS, PREDICATES
from .pipeline import children
from .values import describe_value, is_of

if TYPE_CHECKING:
    from .aliases import Json, Steps
    from .ops.op import Op, Table

Call = Callable[[Any], Any]
Models = Union[Call, dict[str, Call]]


class Reference:
    """Runs a pipeline in Python and keeps what every op gave."""

    def __init__(self, ops: Steps, call_model: Callable[[Json, Any], Any] | None = None,
                 files: dict[str, Any] | None = None, table: Table = OPS,
                 watch: dict[str, str] | None = None, output_names: dict[str, str] | None = None) -> None:
        self.ops, self.call_model, self.files, self.table = ops, call_model, files or {}, table
        self.output_names = output_names or {}  # {path of a model op: name of its one output}, where it gives Tensors
        self.watch = watch or {}  # {path of a first op: path of the last op}: keep what goes in and comes out

    def run(self, value: Any) -> tuple[Any, dict[str, Any]]:
        """Returns the result and {path: value, or list of values inside compound ops}."""
        self.recorded: dict[str, Any] = {}
        self.model_calls: list[tuple[str, Json, Any]] = []  # (path, op, value in)
        self.watched: list[tuple[str, Any, Any]] = []  # (path of the first op, value in, value out)
        self.close_calls: dict[tuple[str, str], None] = {}  # in order: (path, what an op decides so closely), as Op.close
        self.known = Known()  # of the value now: the picture that it comes from
        self.frames: dict[str, list[Frame]] = {}  # by path, of what ops were given that need it
        return self._run_list(self.ops, "pipeline", value, inside=False), self.recorded

    def _run_list(self, ops: Steps, path: str, value: Any, inside: bool) -> Any:
        start = value_in = None
        for i, op in enumerate(ops):
            here = f"{path}[{i}]"
            if here in self.watch:
                start, value_in = here, value
            value = self._run_op(op, here, value)
            if start is not None and self.watch[start] == here:
                self.watched.append((start, value_in, value))
                start = None
            if inside:
                self.recorded.setdefault(here, []).append(value)
            else:
                self.recorded[here] = value
        return value

    def _run_op(self, op: Json, path: str, value: Any) -> Any:
        kind = op["op"]
        if kind == "model":
            self.model_calls.append((path, op, value))
            if self.call_model is None:
                raise PackError(f"{path}: there is no model to call")
            given = self.call_model(op, value)
            self.known = self.known.after(None)
            return {self.output_names[path]: given} if path in self.output_names else given
        known = self.known
        if kind == "each":
            ran = [self._run_within(known.element(i), op["do"], f"{path}.do", item) for i, item in enumerate(value)]
            self.known = known.as_list([after for _, after in ran])
            return [given for given, _ in ran]
        if kind == "fork":
            ran = [self._run_within(known, inner, where, value) for where, inner in children(op, path)]
            self.known = known_of_items([after for _, after in ran])
            return tuple(given for given, _ in ran)
        if kind == "select":
            given = select(value, op, path)
            if "item" in op:
                self.known = known.element(op["item"])
                return given
            taken = [known.element(list(value).index(name)) for name in op.get("names", [op.get("name")])]
            self.known = known_of_items(taken) if "names" in op else taken[0]
            return given
        if kind == "bundle":
            return bundle(value, op, path)  # the same items in the same order
        if kind == "when":
            side = "then" if PREDICATES[op["if"]["predicate"]][1](value) else "else"
            return self._run_list(op[side], f"{path}.{side}", value, True)
        return self._run_table_op(self.table[kind], op, path, value)

    def _run_within(self, known: Known, ops: Steps, path: str, value: Any) -> tuple[Any, Known]:
        self.known = known
        return self._run_list(ops, path, value, True), self.known

    def _run_table_op(self, known: Op, op: Json, path: str, value: Any) -> Any:
        kind = op["op"]
        arguments = known.arguments(op) if known.params is not None else {k: v for k, v in op.items() if k != "op"}
        for key in known.files:
            if key in arguments:
                arguments[key] = self.files[arguments[key]]
        framed = arguments
        if known.takes_frame:
            is_beside = known.takes is not None and known.takes.startswith("tuple<Image")
            frame = self.known.element(0).own if is_beside else self.known.own
            framed = {**arguments, "frame": frame}
            self.frames.setdefault(path, []).extend([frame] if frame else [])
        try:
            with exit_refused(f"'{kind}'"):
                given = known.run(value, **framed)
        except PackError as error:
            raise PackError(f"{path}: {error}") from error
        except Exception as error:  # an op of somebody's own, or a value that none was made for
            raise PackError(f"{path}: '{kind}' fails on {describe_value(value)}: {type(error).__name__}: {error}") \
                from error
        if known.gives is not None and not is_of(given, known.gives):
            raise PackError(f"{path}: '{kind}' gives {describe_value(given)}, not the {known.gives} that it says")
        if known.close is not None:
            self.close_calls.update({(path, what): None for what in known.close(known, value, given, framed)})
        self.known = known_after(kind, arguments, self.known, value, given)
        return given


def run_pipeline(ops: Steps, value: Any, call_model: Models | None = None,
                 files: dict[str, Any] | None = None) -> Any:
    """The result of the ops' Python reference for one value. `call_model` takes and gives one sample; of several models,
    {name: function that does}. `files`: what files that ops name hold, label names or a tensor."""
    check_pipeline(ops)

    def call(op: Json, given: Any) -> Any:
        if callable(call_model):
            return call_model(given)
        function = (call_model or {}).get(op.get("name", ""))
        if function is None:
            raise PackError(f"there is no model '{op.get('name', '')}' to call; there are {', '.join(call_model or ())}")
        return function(given)
    return Reference(ops, None if call_model is None else call, files).run(value)[0]
