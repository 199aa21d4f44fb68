# SPDX-License-Identifier: Apache-2.0
"""ReadyPipeline: what stands around the network of a detector, as ops and in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..aliases import Json


class ReadyPipeline:
    """For pack(..., model, pipeline=this): the ops, and the same in Python, which the package is compared with unless
    another reference is given.

    steps_of        the pipeline, without names of classes, of what network_of gives
    example         what the network is exported with
    network_of      the module that is exported, of the model that pack() is given and the number of labels, None without
    answers_of      (model, sample) -> {"boxes", "scores", "labels"} in the pixels of the picture
    shapes          of the network's tensors, where they vary"""

    def __init__(self, steps_of: Callable[[Any], list[Any]], example: Any, network_of: Callable[[Any, int | None], Any],
                 answers_of: Callable[[Any, Any], Json], shapes: Json | None = None) -> None:
        self.example, self.shapes = example, shapes
        self.steps_of, self.network_of, self.answers_of = steps_of, network_of, answers_of

    def arguments(self, model: Any, example: Any, labels: list[str] | None) -> Json:
        """Those of pack() that it stands for."""
        network = self.network_of(model, None if labels is None else len(labels))
        return {"model": network, "example_inputs": self.example if example is None else example, "shapes": self.shapes,
                "pipeline": [*self.steps_of(network), *(["detect.label"] if labels else [])],
                "reference": lambda sample: self.answers_of(model, sample)}
