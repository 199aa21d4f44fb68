# SPDX-License-Identifier: Apache-2.0
"""What an op decides so closely that rounding may decide otherwise: for Op.close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..values import Classes, Detections, Quads, is_number, is_tensor

if TYPE_CHECKING:
    from ..aliases import Json
    from .op import Close, Op

CLOSE = 2e-5  # of a value: rounding may move it as far


def thresholds(*names: str) -> Close:
    """The parameters of these names near which something lies: a little more or less, and the op chooses otherwise."""
    def close(op: Op, value: Any, given: Any, arguments: Json) -> list[str]:
        return [f"something lies near to the `{name}`" for name in names if any(
            _is_other(op.run(value, **{**arguments, name: moved}), given) for moved in _moved(arguments.get(name)))]
    return close


def _moved(threshold: Any) -> list[Any]:
    """The threshold, or those of the classes, a little less and a little more; none where there is none."""
    factors = (1 - CLOSE, 1 + CLOSE)
    if isinstance(threshold, list):
        return [[one * factor for one in threshold] for factor in factors]
    return [threshold * factor for factor in factors] if is_number(threshold) and threshold else []


def _is_other(one: Any, other: Any) -> bool:
    """Whether something else was chosen; scores aside."""
    if is_tensor(one):
        return not one.equal(other)
    return bool(_chosen(one) != _chosen(other))


def _chosen(given: Any) -> list[Any]:
    if isinstance(given, Detections):
        return [(one.index, one.box) for one in given]
    if isinstance(given, Quads):
        return [one.quad for one in given]
    return [index for index, _, _ in given] if isinstance(given, Classes) else given


def cut(scores: Any, k: int, scale: float | None = None) -> list[str]:
    """Of scores f32[n] whose best `k` are kept: whether the last one kept and the first one left out are almost equal, of
    their own size or of `scale`."""
    if k >= len(scores):
        return []
    ordered = scores.sort(descending=True).values
    kept, left_out = float(ordered[k - 1]), float(ordered[k])
    if kept - left_out > CLOSE * (abs(kept) if scale is None else scale):
        return []
    return [f"`k` cuts between scores that are almost equal, {kept:.9g} and {left_out:.9g}"]
