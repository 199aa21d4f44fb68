# SPDX-License-Identifier: Apache-2.0
"""Labelled cases for the accuracy gate."""

from __future__ import annotations

import json
import operator
from typing import TYPE_CHECKING, Any

from ..arguments import is_list_of
from ..errors import CheckFailed, PackError
from ..values import Classes, is_number
from .forms import inputs_to_json

if TYPE_CHECKING:
    from ..aliases import Json
    from ..directory import Directory
    from .recorder import Recorder


def check_eval(evaluation: Any) -> Json:
    """The evaluation with its cases as a list of (sample, class index)."""
    known = {"cases", "metric", "floor"}
    if not isinstance(evaluation, dict) or set(evaluation) - known or not {"cases", "floor"} <= set(evaluation):
        raise PackError('eval: expected {"cases": [(sample, class index), ...], "floor": number, "metric": "top1"}')
    if not is_number(evaluation["floor"]) or not 0 <= evaluation["floor"] <= 1:
        raise PackError(f"eval: floor is a share of the cases, 0 to 1, got {evaluation['floor']!r}")
    if not is_list_of(lambda case: isinstance(case, (list, tuple)) and len(case) == 2)(evaluation["cases"]):
        raise PackError("eval: cases is a list of (sample, class index)")
    cases = []
    for i, (sample, wanted) in enumerate(evaluation["cases"]):
        try:
            index = operator.index(wanted)
        except TypeError:
            index = -1
        if index < 0:
            raise PackError(f"eval: case {i}: expected the index of a class, from 0 on, got {wanted!r}")
        cases.append((sample, index))
    if not cases:
        raise PackError("eval: there are no cases")
    return {**evaluation, "cases": cases}


def write_eval(evaluation: Json, recorder: Recorder, directory: Directory) -> Json:
    """Labelled cases for the accuracy gate; refuses when the Python stack itself is below the floor."""
    metric = evaluation.get("metric", "top1")
    if metric != "top1" or recorder.types[1] not in ("Classes", "Tensor"):
        raise PackError(f"eval: metric '{metric}' of a pipeline that gives {recorder.types[1]} is not known; 'top1' of "
                        "Classes or of a Tensor of scores is")
    cases, hits = [], 0
    for i, (sample, wanted) in enumerate(evaluation["cases"]):
        try:
            _, loaded, result = recorder.result_of(sample)
        except PackError as error:
            raise type(error)(f"eval: case {i}: {error}") from error
        best = result[0][0] if isinstance(result, Classes) else int(result.reshape(-1).argmax())
        hits += best == wanted
        cases.append({**inputs_to_json(loaded, f"eval/{i}", directory), "label": wanted})
    accuracy = hits / len(cases)
    if accuracy < evaluation["floor"]:
        raise CheckFailed(f"eval: the Python stack has {metric} {accuracy:.4f} on {len(cases)} cases, the floor is "
                          f"{evaluation['floor']}")
    directory.store_named("eval/cases.json", (json.dumps(cases, indent=1) + "\n").encode())
    return {"eval": "eval", "metric": metric, "floor": float(evaluation["floor"])}
