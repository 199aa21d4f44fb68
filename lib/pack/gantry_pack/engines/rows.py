# SPDX-License-Identifier: Apache-2.0
"""Rows: does an answer depend on who shares a batch?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..differences import difference
from ..running.trial import NAN
from ..tolerance import EXACT, Tolerance, magnitude, rounding

if TYPE_CHECKING:
    from ..aliases import Json
    from ..model.model import TypedModel
    from ..running.trial import Trial
    from .trials import Trials


MAX_BATCH_IS_1 = "max_batch is 1"
ONE_SAMPLE = "it was exported for one sample alone"
NOT_MERGED = (MAX_BATCH_IS_1, ONE_SAMPLE)  # as the user asked for it


def rows_of(model: TypedModel, trials: Trials, results: list[Any]) -> Json:
    """engines[].rows: whether each row of a batch is the sample's answer alone, and if not, why."""
    def refused(reason: str, **known: Any) -> Json:
        return {"independent": False, **known, "reason": reason}
    if not model.has_batch:
        return refused("the model has no batch axis")
    if not model.can_share_calls:
        name = model.output_names[model.has_rows.index(False)]
        return refused(f"output '{name}' has no row for each sample")
    if model.has_state:
        return refused("the model keeps state")
    if model.is_random:
        return refused("the model draws random numbers")
    if not trials.sizes:
        return refused(MAX_BATCH_IS_1 if model.max_batch == 1 else ONE_SAMPLE)
    if len(trials.group) < 2:
        return refused("fewer than two different samples")
    answers = {trial.rows[0][0]: result["engine"] for trial, result in zip(trials.trials, results)
               if len(trial.rows) == 1}
    alone = [answers[i] for i in trials.group]
    bounds = []
    for outputs in zip(*alone):
        largest = magnitude(outputs)
        atol = max(1e-3, model.tolerance.rtol) * largest or model.tolerance.atol
        bounds.append(model.tolerance.within(Tolerance(atol, model.tolerance.rtol))
                      if outputs[0].dtype.is_floating_point else EXACT)
    known: Json = {"sizes": [], "samples": len(trials.group), "atol": max(bound.atol for bound in bounds),
             "rtol": max(bound.rtol for bound in bounds)}
    by_kind = sorted(zip(trials.trials, results), key=lambda pair: not pair[0].is_again())  # random numbers first
    for trial, result in by_kind:
        if len(trial.rows) == 1 or result is None or "error" in result and _says_nothing(trial, result):
            continue
        reason = _row_differs(model, trials, trial, result, answers, bounds, results)
        if reason:
            return refused(reason, **known)
        if trial.of is None:
            known["sizes"].append(trial.size)
    return {"independent": True, **known}


def _says_nothing(trial: Trial, result: Json) -> bool:
    """Of a trial that failed. A call whose batch fails is computed again without the others, which then have their
    answers; only a process that has ended answers nobody. open() would end, too, since it repeats the trial with NaN."""
    return trial.may_fail and not ("ended" in result and trial.company == NAN)


def _row_differs(model: TypedModel, trials: Trials, trial: Trial, result: Json, answers: dict[int, Any],
                 bounds: list[Tolerance], results: list[Any]) -> str | None:
    """Why the rows of one batch are not those of the samples alone or, in other company, not those of the same batch."""
    torch, size = model.torch, len(trial.rows)
    if "error" in result and trial.company:
        return f"batch of {size}: {trial.company} in one sample ends the process of all: {result['error']}"
    if "error" in result:
        return f"batch of {size}: with other rows it fails: {result['error']}"
    for position, (name, got) in enumerate(zip(model.output_names, result["engine"])):
        if trial.of is None:
            what = f"batch of {size}: output '{name}', rows against the samples alone"
            expected, bound = torch.cat([answers[i][position] for i, _ in trial.rows]), bounds[position]
        else:
            what = f"batch of {size}: output '{name}', "
            what += "run twice" if trial.is_again() else "rows in other company"
            if trial.company:
                what = f"batch of {size}: {trial.company} in one sample changes others: output '{name}'"
            whole = results[trial.of]["engine"][position]
            if len(got) != len(whole):
                return f"{what}: {len(got)} rows, expected {len(whole)}"
            expected, got = whole[trial.kept], got[trial.kept]
            bound = rounding(expected)
        problem = difference(got, expected, bound, what)
        if problem:
            return problem
    return None
