# SPDX-License-Identifier: Apache-2.0
"""Plan: what pack() was asked for, looked at before anything is computed or written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .arguments import OF_PACKAGES, check_kinds
from .edges import Edges
from .errors import PackError
from .expansion import default_pipeline, expand
from .golden.evaluation import check_eval
from .labels import LABELS_FILE, read_labels
from .limits import MAX_INPUTS, NAME_PATTERN
from .manifest import check_identity, check_latency, provenance_of
from .model.given import OPTIONS, models_given
from .models import Models
from .ops.op import Op
from .ops.parameters import integer
from .ops.table import LABELLED, OPS
from .pipeline import COMPOUND, check_list, walk
from .signing import signature_of
from .tolerance import Tolerance
from .tool import Tool

if TYPE_CHECKING:
    from .aliases import Steps
    from .ops.op import Table


class Plan:
    """The arguments of pack(), each checked, with the pipeline as ops and the models ready to be run."""

    def __init__(self, **given: Any) -> None:
        for name in ("samples", "labels"):
            given[name] = list(given[name]) if hasattr(given[name], "__next__") else given[name]
        check_kinds(given, OF_PACKAGES)
        self.samples = [] if given["samples"] is None else list(given["samples"])
        self.name, self.version = given["name"], given["version"]
        check_identity(self.name, self.version)
        self.tolerance = Tolerance.of({"atol": 1e-4, "rtol": 1e-4} if given["tolerance"] is None else given["tolerance"])
        self.reference, self.files, self.sign_key = given["reference"], given["files"], given["sign_key"]
        if self.reference is not None and not self.samples:
            raise PackError("reference= needs samples= to be compared on")
        self.labels = None if given["labels"] is None else read_labels(given["labels"])
        self.table = _table_with(given["ops"] or {})
        self.steps, self.origins = expand(default_pipeline(given["pipeline"], self.labels),
                                          LABELS_FILE if self.labels else None)
        check_list(self.steps, "pipeline", self.table)
        if self.labels is not None and not any(LABELS_FILE in op.values() for _, op in walk(self.steps)):
            raise PackError(f"labels: no op of the pipeline takes them; add one of {', '.join(sorted(LABELLED))}, or leave the "
                            "labels out")
        self.eval = None if given["eval"] is None else check_eval(given["eval"])
        self.latency = None if given["latency"] is None else check_latency(given["latency"])
        self.provenance = provenance_of(given["provenance"])
        self.max_stage_bytes = given["max_stage_bytes"]
        problem = integer(0, 1 << 40)(self.max_stage_bytes)
        if problem:
            raise PackError(f"max_stage_bytes: {problem}, got {self.max_stage_bytes!r}")
        models = models_given(given["models"], given["model"], given["example_inputs"],
                              {name: given[name] for name in OPTIONS if name in given})
        _check_used(list(models), self.steps)
        self.models = Models(models, self.tolerance)
        if self.samples:
            self.models.refuse_random()
        self.inputs = _checked_inputs(given["inputs"])
        edges = Edges(self.steps, self.models.signatures(), self.table, self.inputs)
        self.types = edges.types
        self.output_names = {path: self.models.of(op).output_names[0] for path, op in walk(self.steps)
                             if path in edges.as_tensors}
        if self.sign_key is not None:
            signature_of(self.sign_key, self.sign_key)  # of anything: a key that cannot sign is not found out at the end
        self.plugins = list(given["plugins"] or ())
        for plugin in self.plugins:
            if not os.path.isfile(plugin):
                raise PackError(f"plugins: {plugin} is no file")
        if given["tool"]:
            Tool.find(given["tool"])


def _checked_inputs(inputs: Any) -> list[str]:
    names = [] if inputs is None else list(inputs)
    if inputs is not None and not 2 <= len(names) <= MAX_INPUTS:
        raise PackError(f"inputs: names 2..{MAX_INPUTS} inputs of the pipeline, got {len(names)}; one input has no name")
    for name in names:
        if not NAME_PATTERN.fullmatch(name) or names.count(name) > 1:
            raise PackError(f"inputs: expected names, [a-z0-9][a-z0-9._-]* and each another one, got {name!r}")
    return names


def _table_with(own: dict[str, Any]) -> Table:
    """The table of ops with those of the host's own."""
    for name in own:
        if not NAME_PATTERN.fullmatch(name):
            raise PackError(f"ops: {name!r:.80} is no name of an op: [a-z0-9][a-z0-9._-]*, at most 128 characters, as "
                            "\"acme.sharpen\"")
        if name in OPS or name in COMPOUND:
            raise PackError(f"ops: '{name}' is an op of gantry's own; give yours a name of its own, as \"acme.{name}\"")
    return {**OPS, **{name: one if isinstance(one, Op) else Op(None, None, None, one) for name, one in own.items()}}


def _check_used(names: list[str], steps: Steps) -> None:
    """Each model serves somewhere. Which one an op means is checked with the types."""
    named = [op.get("name") for _, op in walk(steps) if op["op"] == "model"]
    for name in names:
        if name in named or None in named:
            continue
        if len(names) > 1:
            raise PackError(f"models: the pipeline never runs '{name}'; add {{\"op\": \"model\", \"name\": \"{name}\"}}, or "
                            "leave it out")
        raise PackError("pipeline: it has no op 'model', so the model would never run; add \"model\", or pack without a model")
