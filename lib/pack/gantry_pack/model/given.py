# SPDX-License-Identifier: Apache-2.0
"""Model: one of the models of a package, as a user gives it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..arguments import OF_MODELS, check_kinds
from ..errors import PackError
from ..limits import MAX_MODELS, NAME_PATTERN, ONLY_MODEL

if TYPE_CHECKING:
    from ..aliases import FilePath, Json


class Model:
    """One model of a package, and how it is exported: pack(models={"detector": Model(module, example_inputs)}).

    module          a torch.nn.Module in eval mode, a ScriptModule, or a torch.export.ExportedProgram
    example_inputs  a tensor or a tuple of tensors, with the batch axis in front if the model has one; or a list of several
                    such tuples, of which the first is what is exported, and which tell the dimensions that vary: sizes
                    that are equal in all of them are one symbol. An ExportedProgram brings its own
    engines         any of "torchscript", "aoti", "executorch"; default: the first two, of a
                    ScriptModule: torchscript
    engine_order    "measured": the gantry tool measures the engines on this machine, and the manifest lists the fastest
                    first, TorchScript's with its fastest plan; of equal ones (3 %), and without a tool, the order of
                    `engines`. "given": the order of `engines`, TorchScript as it is frozen
    max_batch       samples in one engine call at most
    batch_sizes     the numbers of samples that an engine of fixed sizes computes in one call, 1 aside: executorch, and aoti;
                    default: none, so that executorch, and aoti with convolutions, compute one by one, which is as fast
                    for convolutional networks; aoti computes any number with all other models
    max_sizes       {"T": 256}: the largest size of a dimension of `shapes` that varies, where an engine plans its memory for
                    that: executorch, which takes one such dimension, and then one sample a call
    padding         {"dim": "T", "lengths": [32, 128], "values": {"input_ids": 0}}: sequences of different lengths share
                    batches, padded along a dimension of `shapes`; the model must mask what is padded
    input_names, output_names   of its tensors; default: those of forward()'s arguments and of what it returns
    shapes          {input or output name: [dimensions]}, where a string is a dimension that may vary. One that no input has
                    is a size of the outputs' own (boxes that were found, a side that was divided), and may be 0. "batch" in
                    front of all inputs, and not of all outputs: each sample is a call of its own
    batch           True or False overrides the detection of the batch axis
    arguments       {"sr": 16000}: fixed values of forward()'s arguments that are not tensors
    libraries       with operators that the model needs: paths of shared libraries, which go into the package, or bare
                    names ("torchvision") for what the host must give
    tolerance       of its outputs, {"atol": 1e-4, "rtol": 1e-4}; default: the package's
    """

    def __init__(self, module: Any, example_inputs: Any = None, *, engines: Any = None, engine_order: str = "measured",
                 max_batch: int = 16, batch_sizes: Any = None, max_sizes: dict[str, int] | None = None,
                 padding: Json | None = None, input_names: Any = None, output_names: Any = None,
                 shapes: dict[str, list[Any]] | None = None, batch: bool | None = None, arguments: Json | None = None,
                 libraries: Sequence[FilePath] = (), tolerance: Any = None) -> None:
        self.module, self.example_inputs = module, example_inputs
        self.engines, self.max_batch, self.batch_sizes, self.padding = engines, max_batch, batch_sizes, padding
        self.max_sizes = max_sizes
        self.input_names, self.output_names, self.shapes, self.batch = input_names, output_names, shapes, batch
        self.arguments, self.libraries, self.tolerance = arguments, libraries, tolerance
        self.engine_order = engine_order

    def options(self) -> Json:
        """What was given but the module and its example."""
        return {name: getattr(self, name) for name in OPTIONS}

    def with_engines(self, engines: Any) -> Model:
        return Model(self.module, self.example_inputs, **{**self.options(), "engines": engines})


OPTIONS = {name: parameter.default for name, parameter in inspect.signature(Model).parameters.items()
           if parameter.kind is parameter.KEYWORD_ONLY}


def models_given(models: Any, model: Any, example_inputs: Any, options: Json) -> dict[str, Model]:
    """{name: Model} of what pack() was given: the one `model` with its `options`, or `models`, or none at all."""
    if models is None and model is not None:
        check_kinds(options, OF_MODELS)
        return {ONLY_MODEL: _with_example(Model(model, example_inputs, **options), "")}
    if example_inputs is not None or model is not None:
        raise PackError("models: takes the place of model and example_inputs; give the one or the other" if models else
                        "model: expected a torch.nn.Module, ScriptModule or ExportedProgram, got None")
    changed = [name for name, default in OPTIONS.items() if options[name] is not default]
    if changed:
        raise PackError(f"{changed[0]}: is of one model; where there are models=, pass it to its Model(..., {changed[0]}=...)")
    if len(models or ()) > MAX_MODELS:
        raise PackError(f"models: at most {MAX_MODELS}, got {len(models)}")
    return {name: _one_of(name, one) for name, one in (models or {}).items()}


def _one_of(name: str, one: Any) -> Model:
    where = f"models['{name}']"
    if not NAME_PATTERN.fullmatch(name):
        raise PackError(f"{where}: a model's name is [a-z0-9][a-z0-9._-]*, at most 128 characters")
    given = one if isinstance(one, Model) else Model(one)
    try:
        check_kinds(given.options(), OF_MODELS)
    except PackError as error:
        raise PackError(f"{where}.{error}") from error
    return _with_example(given, where)


def _with_example(given: Model, where: str) -> Model:
    if given.example_inputs is not None:
        return given
    example = getattr(given.module, "example_inputs", None)  # of an ExportedProgram: (positional, by keyword)
    if isinstance(example, tuple) and len(example) == 2 and example[0] and not example[1]:
        return Model(given.module, example[0], **given.options())
    raise PackError(f"{where}: needs example inputs: Model(module, example_inputs)" if where else
                    "example_inputs: expected a tensor, or a tuple of tensors in the order of forward()'s arguments")
