# SPDX-License-Identifier: Apache-2.0
"""An exported model against the eager one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..differences import difference, how_far
from ..errors import CheckFailed, PackError
from ..running.children import run_engine
from ..running.trial import assemble
from ..values import describe_value
from .rows import rows_of

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from ..aliases import Batch
    from ..model.model import TypedModel
    from ..running.trial import Trial
    from .trials import Trials


def check_engine(kind: str, files: Mapping[int | None, Path], model: TypedModel, trials: Trials) -> None:
    """The model's files give what the eager model gives, or CheckFailed says where they do not. `files`: by the number of
    samples that each computes, or {None: the one}. What was found out about rows is in model.rows[kind] then, as
    engines[].rows holds it."""
    runs = ["engine", "saved"] if model.is_script and kind == "torchscript" else ["engine"]
    results = run_engine(kind, files, model, trials.pool, trials.trials, runs, model.has_state)
    is_stable = not any(trial.of is not None and trial.is_again() and result and "engine" in result
                        and not model.same(result["engine"], results[trial.of].get("engine", []))
                        for trial, result in zip(trials.trials, results))
    for trial, result in zip(trials.trials, results):
        if trial.of is not None and not trial.goes_on or trial.size and not is_stable:
            continue
        inputs = assemble(model.torch, trials.pool, trial.rows)
        at = f" at batch {trial.size}" if trial.size else " at the second call" if trial.goes_on else \
            f" {trial.where}" if trial.where else ""
        what = f"the {kind} model differs from the eager one{at}"
        if "error" in result:
            raise CheckFailed(f"the {kind} model fails (inputs {', '.join(map(describe_value, inputs))}): "
                              f"{result['error']}{_fixed_sizes_hint(trial)}")
        expected = result["saved"] if "saved" in runs else _eager(model, inputs, trial)
        problem = _outputs_differ(model, result["engine"], expected)
        if problem:
            hint = _fixed_sizes_hint(trial) or hint_of(kind, model, trial, result["engine"], expected)
            raise CheckFailed(f"{what}: {problem}{hint}")
    model.rows[kind] = rows_of(model, trials, results)


def _eager(model: TypedModel, inputs: Batch, trial: Trial) -> Batch:
    """What Python gives. The second call of a model that keeps state comes from a copy that has had the first."""
    try:
        if trial.goes_on:
            copied = model.fresh()
            model._call(copied, inputs)
            return model._call(copied, inputs)
        return model.first(inputs)
    except PackError:
        raise
    except Exception as error:
        size = f" at a batch of {trial.size}" if trial.size else ""
        raise CheckFailed(f"the eager model fails{size} (inputs {', '.join(map(describe_value, inputs))}): {error}") \
            from error


def _outputs_differ(model: TypedModel, got: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> str | None:
    if len(got) != len(expected):
        return f"it gives {len(got)} outputs, expected {len(expected)}"
    if model.is_random:
        got, expected = ([one.new_zeros(one.shape) for one in side] for side in (got, expected))
    return difference(dict(zip(model.output_names, got)), dict(zip(model.output_names, expected)), model.tolerance,
                      "output")


def _fixed_sizes_hint(trial: Trial) -> str:
    return "; torch compiled it for these sizes, and wrongly: give fixed sizes in shapes=, or use " \
        'engines=("torchscript",)' if trial.where else ""


def hint_of(kind: str, model: TypedModel, trial: Trial, got: Sequence[torch.Tensor],
            expected: Sequence[torch.Tensor]) -> str:
    far = how_far(got, expected)
    if far is not None and far[0] <= ROUNDING_ERROR * far[1]:
        off, largest = far
        return (f"; they are off by {off:.2g} at most, where values reach {largest:.3g}: that is rounding, which "
                f'tolerance={{"atol": {2 * off:.1g}, "rtol": {model.tolerance.rtol:g}}} would allow')
    if kind != "torchscript" or model.is_script:
        return ""
    if trial.goes_on:
        return "; tracing freezes state that is not a buffer: register it as one, or pass torch.jit.script(model)"
    return "; tracing freezes control flow that depends on the data: pass torch.jit.script(model) instead"


ROUNDING_ERROR = 1e-3  # of the largest value: more is another computation
