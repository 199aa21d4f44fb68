# SPDX-License-Identifier: Apache-2.0
"""Recorder: from samples to golden cases."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..console import say
from ..differences import difference, how_far
from ..errors import CheckFailed, PackError, exit_refused
from ..expansion import check_origins
from ..limits import MAX_SIDE
from ..pipeline import stage_before, walk
from ..stage_tolerances import Tolerances
from ..tolerance import Tolerance
from ..values import is_pil
from .forms import inputs_to_json, value_to_json
from .samples import Loaded, load_inputs, sample_name
from .storage import Storage, is_storable, may_be_digested, tensors_in

if TYPE_CHECKING:

    from ..aliases import Case, Json, Origin
    from ..directory import Directory
    from ..models import Models
    from ..reference import Reference


def _check_sides(name: str, values: dict[str, Any]) -> None:
    """The C++ side computes what is seen of an image, but a golden case is compared with all of it."""
    for path, value in values.items():
        for image in filter(is_pil, tensors_in(value)):
            if not 1 <= min(image.size) <= max(image.size) <= MAX_SIDE:
                raise PackError(f"{name}: {path} is an image of {image.width}x{image.height} pixels, and that of a golden "
                                f"case has sides of 1 to {MAX_SIDE}; take another sample")


def _check_storable(name: str, values: dict[str, Any], tolerances: dict[str, Tolerance]) -> None:
    for path, value in values.items():
        if not is_storable(value) and not (path in tolerances and may_be_digested(value, tolerances[path])):
            raise PackError(f"{name}: {path} is bf16, which golden cases (.npy files) cannot hold; wrap the model in one "
                            "that takes and returns f32, or pass no samples")


_DECIDED = 0.01  # of an output's largest value: of rows that were found, only another order moves one by so much


def _moved(answers: Any, expected: Any, are_found: list[bool]) -> float | None:
    """How far floats are from those expected; None if the model decided otherwise: shapes or integers differ, or, in outputs
    whose rows were found, the rows."""
    moved = 0.0
    for one, other, is_found in zip(answers, expected, are_found):
        far = how_far([one], [other])
        if far is None or not other.is_floating_point() and far[0] > 0 or is_found and far[0] > _DECIDED * far[1]:
            return None
        moved = max(moved, far[0])
    return moved


class Recorder:
    """Runs the reference on samples, checks it, and writes golden cases."""

    def __init__(self, reference: Reference, origins: list[Origin], models: Models, inputs: list[str],
                 types: tuple[str | None, str | None], tolerance: Tolerance, compare: Callable[[Any], Any] | None,
                 limit: int) -> None:
        self.reference, self.ops, self.table = reference, reference.ops, reference.table
        self.origins, self.models, self.inputs, self.types = origins, models, inputs, types
        self.compare, self.tolerance = compare, tolerance
        self.storage = Storage(self.ops, limit)
        self.model_inputs: dict[str, list[Any]] = {}  # by the model's name

    def run_all(self, samples: list[Any]) -> list[Case]:
        """The golden case of each sample. Where a model turns out to keep state, all are recorded anew."""
        for _ in range(2):
            self.model_inputs = {name: [] for name in self.models.by_name}
            cases = [self.run(sample, i) for i, sample in enumerate(samples)]
            if self.models.forget():
                break
        return cases

    def result_of(self, sample: Any) -> tuple[Any, Loaded, Any]:
        """(what the pipeline takes, what that is made of, what it gives) of a sample."""
        self.models.begin_case()
        value, loaded = load_inputs(sample, self.types[0], self.inputs, self._input_names())
        return value, loaded, self.reference.run(value)[0]

    def _input_names(self) -> list[str] | None:
        """What the tensors that the pipeline takes are called, where a model takes them."""
        op = next((op for path, op in walk(self.ops) if stage_before(path) is None and op["op"] == "model"), None)
        return self.models.of(op).input_names if op else None

    def run(self, sample: Any, index: int) -> Case:
        """The golden case of one sample, as data: what value_to_json needs."""
        name = sample_name(sample, index)
        try:
            value, loaded, result = self.result_of(sample)
            recorded = self.reference.recorded
        except PackError as error:
            raise type(error)(f"{name}: {error}") from error
        check_origins(self.reference, self.origins, name)
        recorded = dict(recorded)
        _check_sides(name, {"the input": value, **recorded})
        stages = Tolerances(recorded, functools.partial(self._tolerance_of_model, name), self.table,
                            self.reference.frames)
        result_tolerance = stages.of(self.ops)
        _check_storable(name, {"the input": value, **recorded}, stages.found)
        for _, op, given in self.reference.model_calls:
            self.model_inputs[self.models.name_of(op)].append(given)
        if self.compare is not None:
            with exit_refused(f"{name}: your reference"):
                try:
                    wanted = self.compare(sample)
                except Exception as error:
                    raise PackError(f"{name}: your reference raised {type(error).__name__}: {error}") from error
            try:
                problem = difference(wanted, result, result_tolerance.wider(self.tolerance),
                                     f"{name}: your reference (expected: what the ops give)")
            except (TypeError, ValueError, LookupError) as error:
                raise PackError(f"{name}: your reference gives {wanted!r:.80}, which cannot be compared with what the "
                                f"pipeline gives, {self.types[1]}: {error}") from error
            if problem:
                raise CheckFailed(f"the pipeline and your reference disagree: {problem}")
        for path, what in self.reference.close_calls:
            say(f"{name}: {path}: {what}; rounding may decide otherwise, another sample or parameter is safer")
        return loaded, result, recorded, stages.found, result_tolerance

    def _tolerance_of_model(self, name: str, path: str, op: Json, incoming: Tolerance, share: float) -> Tolerance:
        """Of what the model gives where the ops before it may be off by `incoming`: what it was seen to make of that."""
        model = self.models.of(op)
        if incoming.is_exact() or model.has_state or model.is_random:
            return model.tolerance
        torch, random = model.torch, model.torch.Generator().manual_seed(0)

        def disturbed(tensor: Any) -> Any:
            if not tensor.is_floating_point():
                return tensor
            signs = (torch.randint(0, 2, tensor.shape, generator=random) * 2 - 1) * \
                (torch.rand(tensor.shape, generator=random) < share)
            return (tensor.double() + signs * (incoming.atol + incoming.rtol * tensor.double().abs())).to(tensor.dtype)
        moved, decides = 0.0, False
        for given in [given for at, _, given in self.reference.model_calls if at == path]:
            inputs = model.batch_of_one(given)
            expected = model.call(inputs)
            for _ in range(3):
                answers = model.call(tuple(map(disturbed, inputs)))
                far = _moved(answers, expected, model.are_found)
                decides = decides or far is None  # no tolerance of numbers would mean anything
                moved = max(moved, far or 0.0)
        if decides:
            say(f"{name}: an op before {path} may differ by rounding in C++, which was seen to change what the model decides, "
                "such as the order of what it finds; another sample is safer")
        allowed = Tolerance(4 * moved, model.tolerance.rtol).wider(model.tolerance)
        if allowed.atol > model.tolerance.atol:
            say(f"{name}: an op before {path} may differ by rounding in C++, which was seen to move the model's answers by "
                f"{moved:.2g}; the golden case allows {allowed.atol:.2g}")
        return allowed

    def write(self, case: Case, index: int, directory: Directory) -> Json:
        loaded, result, recorded, stage_tolerances, result_tolerance = case
        stem = f"golden/{index}/"
        keep = self.storage.choose(recorded, stage_tolerances)
        entry: Json = {**inputs_to_json(loaded, stem + "input", directory), "stages": []}
        for path, _ in walk(self.ops):
            if path not in recorded:
                continue
            short = path.removeprefix("pipeline").replace("[", ".").replace("]", "").lstrip(".")
            entry["stages"].append({"at": path,
                                    "value": value_to_json(recorded[path], stem + short, directory, keep=keep[path]),
                                    "tolerance": stage_tolerances[path].to_json()})
        entry["result"] = {"value": value_to_json(result, stem + "result", directory,
                                                  keep=keep[f"pipeline[{len(self.ops) - 1}]"]),
                           "tolerance": result_tolerance.to_json()}
        return entry
