# SPDX-License-Identifier: Apache-2.0
"""How far each stage of a pipeline may be off, by the ops before it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .ops.boxes import carried_back
from .pipeline import children
from .tolerance import EXACT, Tolerance

if TYPE_CHECKING:
    from .aliases import Json, Steps
    from .ops.frame import Frame
    from .ops.op import Table


DIVIDES_BY_STD = frozenset({"image.to_tensor", "normalize"})
# What these give are bytes of their input, or of a border.
MOVES_PIXELS = frozenset({"image.crop", "image.center_crop", "image.crop_short", "image.five_crop", "image.pad", "image.pad_to",
                          "image.flip", "image.rotate90", "image.to_rgb"})


def carried(op: Json, arguments: Json, incoming: Tolerance) -> Tolerance:
    """What a difference in an op's input may become in what it gives."""
    if incoming.is_exact():
        return incoming
    kind = op["op"]
    if kind in DIVIDES_BY_STD:
        std = arguments["std"] if isinstance(arguments["std"], list) else [arguments["std"]]
        divisor = min(map(abs, std)) * (255 if arguments.get("mode", "affine") != "affine" else 1)
        is_rounded = arguments.get("dtype") in ("u8", "i8")
        return Tolerance(incoming.atol / divisor + is_rounded, incoming.rtol + 1e-6)
    if kind == "interpolate":
        return Tolerance(2 * incoming.atol, incoming.rtol)
    if kind in ("softmax", "sigmoid"):
        return Tolerance(incoming.atol / arguments["temperature"], incoming.rtol / min(arguments["temperature"], 1))
    if kind == "image.unpremultiply":
        return Tolerance(255)  # a colour that nothing is left of may become any
    if kind.startswith("image.") and kind not in MOVES_PIXELS:
        return Tolerance(2 * incoming.atol + 1, incoming.rtol)  # weights of lanczos and bicubic; rounding to bytes
    return incoming


class Tolerances:
    """How far each stage of one case may be off: exact until something rounds differently. `of_model(path, op, incoming,
    share)` is the tolerance of what the model gives for inputs that may be off by `incoming` in `share` of their
    elements; `frames` are the reference's, by path."""

    def __init__(self, recorded: dict[str, Any], of_model: Callable[[str, Json, Tolerance, float], Tolerance],
                 table: Table, frames: dict[str, list[Frame]]) -> None:
        self.recorded, self.of_model, self.table, self.frames = recorded, of_model, table, frames
        self.found: dict[str, Tolerance] = {}  # by path
        self.share = 0.0  # of elements that are off so far

    def of(self, ops: Steps, path: str = "pipeline", incoming: Tolerance = EXACT) -> Tolerance:
        """The tolerance of what `ops` give, which are in found then."""
        for i, op in enumerate(ops):
            here = f"{path}[{i}]"
            if op["op"] == "model":
                incoming = self.of_model(here, op, incoming, self.share)
                self.share = 1.0
            elif op["op"] in self.table:
                incoming = self._of_op(op, here, incoming)
            inner = [self.of(inner_ops, inner_path, incoming) for inner_path, inner_ops in children(op, here)]
            incoming = functools.reduce(Tolerance.wider, inner) if inner else incoming
            self.found[here] = incoming
        return incoming

    def _of_op(self, op: Json, path: str, incoming: Tolerance) -> Tolerance:
        known = self.table[op["op"]]
        arguments = known.arguments(op) if known.params is not None else op
        values = self.recorded.get(path, [])
        own = EXACT
        for value in values if ".do[" in path or ".then[" in path or ".else[" in path or ".branches[" in path \
                else [values]:
            own = own.wider(known.rounding.of(arguments, value))
        if not own.is_exact():
            self.share = max(self.share, known.rounding.share)
        if known.takes_frame and known.carries is None:
            return carried_back(incoming, self.frames.get(path, [])).wider(own)
        passed_on = carried(op, arguments, incoming) if known.carries is None else known.carries(incoming)
        return passed_on.wider(own)
