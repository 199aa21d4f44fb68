# SPDX-License-Identifier: Apache-2.0
"""Op: what an op takes, gives and computes, and how far it may be from its reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..tolerance import EXACT, Tolerance, magnitude
from .parameters import file_name

if TYPE_CHECKING:
    from ..aliases import Json


def unchanged(incoming: Tolerance) -> Tolerance:
    """For `carries`: a difference stays as large."""
    return incoming


def doubled(incoming: Tolerance) -> Tolerance:
    """For `carries`: of what is made of two numbers, or of a number and a length of it."""
    return Tolerance(2 * incoming.atol, 2 * incoming.rtol)


class Rounding:
    """How far an op may be from its reference. `text` is what the library says of the op (`gantry ops`);
    `of(arguments, value)` is what a golden case allows for a recorded value, and `share` how many of its elements are
    expected to be off at all."""

    def __init__(self, text: str, of: Callable[[Json, Any], Tolerance], share: float = 1.0) -> None:
        self.text, self.of, self.share = text, of, share

    @classmethod
    def fixed(cls, tolerance: Tolerance) -> Rounding:
        return cls("exact" if tolerance.is_exact() else str(tolerance), lambda arguments, value: tolerance)


RELATIVE = Rounding("1e-6 relative", lambda arguments, value: Tolerance(1e-7, 2e-6))  # on either side
WARPED = Rounding("bilinear: 1 in at most 0.2 % of the bytes, or in four",
                  lambda arguments, value: Tolerance(1) if arguments["filter"] == "bilinear" else EXACT, share=0.002)
RESAMPLED = Rounding("nearest: exact; the others 4e-5 of the largest value, on sides up to 256",
                     lambda arguments, value: EXACT if arguments["mode"].startswith("nearest")
                     else Tolerance(4e-5 * magnitude([value])))
SEGMENTED = Rounding("exact but where the two best logits differ by rounding", lambda arguments, value: EXACT)
THRESHOLDED = Rounding("exact but where a value is within rounding of the threshold", lambda arguments, value: EXACT)
MASKED = Rounding("exact but where a value is within rounding of the threshold",
                  lambda arguments, value: Tolerance(1e-6))  # at least a pixel of each mask
NMS = Rounding("exact; equal scores in order of index, which `batched_nms` leaves open above 1000 boxes",
               lambda arguments, value: EXACT)
AREA = Rounding("exact, for areas of up to 65793 pixels", lambda arguments, value: EXACT)
NEAREST = Rounding("1e-6 of the product of both lengths",
                   lambda arguments, value: Tolerance(2e-6 * max([1.0, *(abs(score) for _, _, score in value)])))
ENCODED = Rounding("jpeg: exact; png: the pixels", lambda arguments, value: EXACT)
UNRECORDED = Rounding("none", lambda arguments, value: EXACT)  # what no golden case holds


Close = Callable[["Op", Any, Any, "Json"], list[str]]


class Op:
    """One op: its types, its parameters and its reference in Python.

    takes, gives  type names: "Image", "Tensor", "list<Image>", "tuple<Tensor, list<Tensors>>"; None: not known
    params        {name: (check, default)}; a default of ... means required, None: optional. None: any, unchecked
    run           the op in Python, run(value, **parameters)
    tolerance     how far what it computes may be off: a Tolerance, or a Rounding where it depends on parameters or values
    one_of        of these groups of parameters one is given
    carries       what a difference in its input becomes in what it gives; default: for an op of your own, the same. An op
                  that rounds such differences away (it crops at whole pixels) says `lambda incoming: EXACT`
    takes_frame   run(value, frame=..., **parameters) is given the Frame of the value, or None
    close         close(op, value, what it gives, parameters): what it decides so closely that rounding may decide otherwise,
                  a line for each; closeness.py has those of thresholds. None: nothing"""

    def __init__(self, takes: str | None, gives: str | None, params: Any, run: Callable[..., Any],
                 tolerance: Tolerance | Rounding = EXACT, one_of: Sequence[Sequence[str]] | None = None,
                 carries: Callable[[Tolerance], Tolerance] | None = None, takes_frame: bool = False,
                 close: Close | None = None) -> None:
        self.takes, self.gives, self.params, self.run = takes, gives, params, run
        self.rounding = tolerance if isinstance(tolerance, Rounding) else Rounding.fixed(tolerance)
        self.one_of, self.carries, self.takes_frame, self.close = one_of, carries, takes_frame, close

    @property
    def files(self) -> list[str]:
        """The parameters that name a file of the package; the op is run with what the file holds."""
        return [name for name, (check, _) in (self.params or {}).items() if check is file_name]

    def arguments(self, op: Json) -> Json:
        """Parameters with the defaults filled in."""
        given = {name: default for name, (_, default) in self.params.items() if default is not None}
        given.update({key: value for key, value in op.items() if key != "op"})
        return given


Table = dict[str, Op]
