# SPDX-License-Identifier: Apache-2.0
"""Running a pipeline in Python, which is what golden cases record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from .edges import check_pipeline
from .errors import PackError, exit_refused
from .named_tensors import bundle, select
from .ops.frames import Frame, frame_after, frames_of_elements
from .ops.table import OPS, PREDICATES
from .ops.tensors import segment_logits
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
                 label_files: dict[str, list[str]] | None = None, table: Table = OPS,
                 watch: dict[str, str] | None = None, output_names: dict[str, str] | None = None) -> None:
        self.ops, self.call_model, self.label_files, self.table = ops, call_model, label_files or {}, table
        self.output_names = output_names or {}  # {path of a model op: name of its one output}, where it gives Tensors
        self.watch = watch or {}  # {path of a first op: path of the last op}: keep what goes in and comes out

    def run(self, value: Any) -> tuple[Any, dict[str, Any]]:
        """Returns the result and {path: value, or list of values inside compound ops}."""
        self.recorded: dict[str, Any] = {}
        self.model_calls: list[tuple[str, Json, Any]] = []  # (path, op, value in)
        self.watched: list[tuple[str, Any, Any]] = []  # (path of the first op, value in, value out)
        self.cuts: list[tuple[float, float]] = []  # per top_k that left something out: (last score kept, first score left out)
        self.ties: list[int] = []  # per segment: how many pixels have two classes that are almost equally good
        self.frame: Frame | None = None  # of the value now
        self.element_frames: list[Frame | None] | None = None  # of the list that the last op gave, where they differ
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
            return {self.output_names[path]: given} if path in self.output_names else given
        element_frames, self.element_frames = self.element_frames, None
        if kind == "each":
            own = self.frame
            frames = element_frames or [own] * len(value)
            gives = [self._run_within(frame, op["do"], f"{path}.do", element) for frame, element in zip(frames, value)]
            self.frame = own
            return gives
        if kind == "fork":
            own = self.frame
            branches = [(self._run_within(own, inner, where, value), self.frame) for where, inner in children(op, path)]
            self.frame = own or next((frame for _, frame in branches if frame), None)
            return tuple(given for given, _ in branches)
        if kind == "select":
            return select(value, op, path)
        if kind == "bundle":
            return bundle(value, op, path)
        if kind == "when":
            side = "then" if PREDICATES[op["if"]["predicate"]][1](value) else "else"
            return self._run_list(op[side], f"{path}.{side}", value, True)
        return self._run_table_op(self.table[kind], op, path, value)

    def _run_within(self, frame: Frame | None, ops: Steps, path: str, value: Any) -> Any:
        self.frame = frame
        return self._run_list(ops, path, value, True)

    def _run_table_op(self, known: Op, op: Json, path: str, value: Any) -> Any:
        kind = op["op"]
        arguments = known.arguments(op) if known.params is not None else {k: v for k, v in op.items() if k != "op"}
        if kind in ("top_k", "label") and "labels" in arguments:
            arguments["labels"] = self.label_files[arguments["labels"]]
        if kind == "top_k" and arguments["k"] < value.numel():
            ordered = value.reshape(-1).sort(descending=True).values
            self.cuts.append((float(ordered[arguments["k"] - 1]), float(ordered[arguments["k"]])))
        if kind == "segment" and value.dim() == 3 and len(value) > 1:
            best = segment_logits(value, **arguments).topk(2, 0).values
            self.ties.append(int((best[0] - best[1] <= 2e-5 * best[0].abs()).sum()))
        framed = arguments
        if known.takes_frame:
            framed = {**arguments, "frame": self.frame}
            self.frames.setdefault(path, []).extend([self.frame] if self.frame else [])
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
        self.element_frames = frames_of_elements(kind, self.frame, value, given)
        self.frame = frame_after(kind, arguments, self.frame, value, given)
        return given


def run_pipeline(ops: Steps, value: Any, call_model: Models | None = None,
                 label_files: dict[str, list[str]] | None = None) -> Any:
    """The result of the ops' Python reference for one value. `call_model` takes and gives one sample; of several models,
    {name: function that does}."""
    check_pipeline(ops)

    def call(op: Json, given: Any) -> Any:
        if callable(call_model):
            return call_model(given)
        function = (call_model or {}).get(op.get("name", ""))
        if function is None:
            raise PackError(f"there is no model '{op.get('name', '')}' to call; there are {', '.join(call_model or ())}")
        return function(given)
    return Reference(ops, None if call_model is None else call, label_files).run(value)[0]
