# SPDX-License-Identifier: Apache-2.0
"""Models that pack() knows: what they do around their network becomes ops, and their own answers are the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .detectors.levels import pack_fcos, pack_retinanet
from .detectors.ssd import pack_ssd

if TYPE_CHECKING:
    from .aliases import Json

_DETECTION = "torchvision.models.detection"
_KNOWN: dict[tuple[str, str], Callable[[Any, bool], Json]] = {
    (f"{_DETECTION}.ssd", "SSD"): pack_ssd,
    (f"{_DETECTION}.retinanet", "RetinaNet"): pack_retinanet,
    (f"{_DETECTION}.fcos", "FCOS"): pack_fcos,
}


def with_known_model(given: Json) -> Json:
    """The arguments of pack(), where `model` is one that is known and no pipeline is given: those that stand for it. Its own
    answers are the reference, unless another one is given."""
    kind = type(given["model"])  # a subclass may do something else around its network
    pack_known = _KNOWN.get((kind.__module__, kind.__name__))
    if given["pipeline"] is not None or pack_known is None:
        return given
    known = pack_known(given["model"], given["labels"] is not None)
    reference = given["reference"] or (known["reference"] if given["samples"] else None)
    return {**given, **known, "reference": reference}
