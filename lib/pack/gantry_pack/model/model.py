# SPDX-License-Identifier: Apache-2.0
"""TypedModel: the eager model with the signature that the manifest will hold."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..calls import call_module, flattened
from ..errors import CheckFailed, PackError
from ..libraries import Library
from ..limits import MAX_LIBRARIES, MAX_RANK, SUFFIXES, SYMBOL_PATTERN
from ..ops.parameters import integer
from ..tolerance import Tolerance
from ..values import describe_value, dtype_name
from .batch_axis import BatchedModel
from .sizes import split_examples, varying_shapes

if TYPE_CHECKING:
    from ..aliases import Batch, Json, Steps
    from .given import Model


def check_matching(names: Sequence[str], known: Sequence[str], what: str, of: Any) -> None:
    """An engine matches names if it has them all, and goes by position if it has none. Any other case is ambiguous."""
    common = set(names) & set(known)
    if common and list(names) != list(known):
        raise PackError(f"{what}: {sorted(common)} are among {of}, {list(known)}, but not all names are, or they have "
                        f"another order, got {list(names)}; give the same names in the same order, or all others")


class TypedModel(BatchedModel):
    """The eager model with its signature; runs batches (tuples of tensors) and samples (one Tensor or Tensors). `title`
    says in errors which of a package's models it is."""

    def __init__(self, given: Model, tolerance: Tolerance, title: str = "model") -> None:
        self.title, self.max_batch, self.padding = title, given.max_batch, given.padding
        libraries = [Library(library) for library in given.libraries or ()]
        if len(libraries) > MAX_LIBRARIES:
            raise PackError(f"libraries: at most {MAX_LIBRARIES}, got {len(libraries)}")
        problem = integer(1, 65536)(given.max_batch)
        if problem:
            raise PackError(f"max_batch: {problem}, got {given.max_batch!r}")
        self.has_batch_sizes = given.batch_sizes is not None
        self.batch_sizes = self._checked_batch_sizes(given.batch_sizes)
        tolerance = tolerance if given.tolerance is None else Tolerance.of(given.tolerance)
        example, others = split_examples(given.example_inputs)
        super().__init__(given.module, example, given.batch, tolerance, given.arguments, libraries)
        outputs, shapes = self.first_outputs, given.shapes
        self.input_names = self._input_names(given.input_names)
        self.output_names = self._output_names(given.output_names, len(outputs))
        answers = [self._answer(number, other) for number, other in enumerate(others, 1)]
        known: dict[tuple[int, ...], str] = {}
        found = varying_shapes(self.input_names, [self.example, *others], self.has_batch, shapes, known)
        found.update(varying_shapes(self.output_names, [outputs, *answers], self.has_batch, shapes, known))
        self.signature = {"inputs": self._specs("inputs", self.input_names, self.example, {**found, **(shapes or {})}),
                          "outputs": self._specs("outputs", self.output_names, outputs, {**found, **(shapes or {})})}
        self._check_symbols(shapes)
        self.max_sizes = self._checked_max_sizes(given.max_sizes or {})
        self._take_batch_axis_of_signature(given.batch)
        self._check_examples(others, answers)
        self.engine_kinds = self._checked_engines(given.engines)
        self.engine_order = given.engine_order

    def _checked_batch_sizes(self, sizes: Any) -> list[int]:
        sizes = [1] if sizes is None else list(sizes)
        if not sizes or any(map(integer(1, self.max_batch), sizes)) or len(set(sizes)) != len(sizes):
            raise PackError(f"batch_sizes: expected different integers from 1 to max_batch, {self.max_batch}, got {sizes}")
        return sorted(sizes)

    def _checked_engines(self, engines: Any) -> list[str]:
        if engines is None:
            return ["torchscript"] if self.is_script else ["torchscript", "aoti"]
        engines = [engines] if isinstance(engines, str) else list(engines)
        if not engines or len(set(engines)) != len(engines) or set(engines) - set(SUFFIXES):
            raise PackError(f'engines: expected one or more of "torchscript", "aoti" and "executorch", got {engines}')
        return engines

    def _answer(self, number: int, example: Batch) -> Batch:
        try:
            outputs = self.first(example)
        except PackError:
            raise
        except Exception as error:
            raise PackError(f"the model fails on example_inputs[{number}] ({', '.join(map(describe_value, example))}): "
                            f"{type(error).__name__}: {error}") from error
        if len(outputs) != len(self.output_names):
            raise PackError(f"the model gives {len(outputs)} outputs for example_inputs[{number}], and "
                            f"{len(self.output_names)} for the first")
        return outputs

    def _check_examples(self, examples: list[Batch], answers: list[Batch]) -> None:
        for number, (inputs, outputs) in enumerate(zip(examples, answers), 1):
            sizes: dict[str, int] = {}
            problem = self._misfit("inputs", inputs, sizes, True) or self._misfit("outputs", outputs, sizes, True)
            if problem:
                raise PackError(f"example_inputs[{number}]: {problem}")

    def _input_names(self, names: Any) -> list[str]:
        count, known = len(self.example), self.parameters_of_tensors
        if names is None:
            names = known[:count] if len(known) >= count else [f"input_{i}" for i in range(count)]
        names = self._checked_names(names, count, "input_names")
        check_matching(names, known[:count], "input_names", "the arguments of forward()")
        return names

    def _output_names(self, names: Any, count: int) -> list[str]:
        if names is None:
            names = self.output_keys or (["output"] if count == 1 else [f"output_{i}" for i in range(count)])
        names = self._checked_names(names, count, "output_names")
        if self.is_script:
            check_matching(names, self.output_keys or [], "output_names", "what the model returns")
        return names

    @staticmethod
    def _checked_names(names: Any, count: int, what: str) -> list[str]:
        names = [names] if isinstance(names, str) else list(names)
        if len(names) != count or len(set(names)) != count or not all(isinstance(n, str) and n for n in names):
            raise PackError(f"{what}: expected {count} different names, got {names}")
        return names

    def _specs(self, side: str, names: list[str], tensors: Batch, shapes: dict[str, list[Any]] | None) -> Steps:
        specs = []
        for name, tensor in zip(names, tensors):
            shape = (shapes or {}).get(name)
            if shape is None:
                shape = (["batch"] if self.has_batch else list(tensor.shape[:1])) + list(tensor.shape[1:])
            fits = len(shape) == tensor.dim() and all(isinstance(dim, str) or dim == size
                                                      for dim, size in zip(shape, tensor.shape))
            if not fits:
                raise PackError(f"shapes['{name}'] is {list(shape)}, but the example is {list(tensor.shape)}")
            is_empty = any(not isinstance(dim, str) and dim < 1 for dim in shape)
            if is_empty and side == "inputs":
                raise PackError(f"'{name}' has the shape {list(shape)}; every dimension of an input must be 1 or more: give "
                                "example_inputs of which none is empty")
            if is_empty:
                named = [dim if isinstance(dim, str) or dim > 0 else "found" for dim in shape]
                raise PackError(f"'{name}' has the shape {list(shape)}; every dimension must be 1 or more, or, of an output, "
                                f'have a name: shapes={{"{name}": {json.dumps(named)}}}, where a name that no input has '
                                "is a size of its own, as how many boxes were found")
            if len(shape) > MAX_RANK:
                raise PackError(f"'{name}' has {len(shape)} dimensions; a tensor of gantry has at most {MAX_RANK}")
            specs.append({"name": name, "dtype": dtype_name(tensor, f"'{name}'"), "shape": list(shape)})
        return specs

    def _check_symbols(self, shapes: dict[str, list[Any]] | None) -> None:
        unknown = set(shapes or {}) - set(self.input_names) - set(self.output_names)
        if unknown:
            raise PackError(f"shapes: there is no input or output {sorted(unknown)}; there are "
                            f"{self.input_names + self.output_names}")
        symbols = {side: {dim for spec in self.signature[side] for dim in spec["shape"] if isinstance(dim, str)}
                   for side in ("inputs", "outputs")}
        self.output_symbols = sorted(symbols["outputs"] - symbols["inputs"])
        if "batch" in self.output_symbols:
            raise PackError("shapes: 'batch' is a dimension of an output and of no input; it is the axis along which samples "
                            "are stacked, so call a size of an output's own by another name")
        for dim in symbols["inputs"] | symbols["outputs"]:
            if not SYMBOL_PATTERN.fullmatch(dim):
                raise PackError(f"shapes: '{dim}' is not an identifier (letters a-z, digits and '_')")

    def _checked_max_sizes(self, sizes: dict[str, int]) -> dict[str, int]:
        own = {dim: size for spec, value in zip(self.signature["inputs"], self.example)
               for dim, size in zip(spec["shape"], value.shape) if isinstance(dim, str) and dim != "batch"}
        for dim, size in sizes.items():
            if dim not in own:
                raise PackError(f"max_sizes: no input has a dimension '{dim}' that varies; there are {sorted(own)}")
            if not max(2, own[dim]) <= size <= 1 << 24:
                raise PackError(f"max_sizes: '{dim}' must be {max(2, own[dim])}, as in the example, to {1 << 24}, got {size}")
        return sizes

    def _take_batch_axis_of_signature(self, wanted: bool | None) -> None:
        """The C++ side knows nothing but the signature: there is a batch axis if 'batch' is in front of every input, and
        nowhere else in it; samples share a call if that holds for every output, too. Rows of an output were found if a size
        of its own stands there. `shapes` may say so, or not, whatever was found."""
        def leads(spec: Json) -> bool:
            return spec["shape"][:1] == ["batch"] and "batch" not in spec["shape"][1:]
        has_batch = all(map(leads, self.signature["inputs"]))
        self.has_rows = [leads(spec) for spec in self.signature["outputs"]]
        self.can_share_calls = has_batch and all(self.has_rows)
        self.are_found = [bool(set(spec["shape"][:1]) & set(self.output_symbols)) for spec in self.signature["outputs"]]
        if has_batch != self.has_batch and wanted is not None:
            raise PackError(f"batch={bool(wanted)}, but with shapes= the first axis of every input is "
                            + ("'batch'" if has_batch else "not 'batch' and nothing else: "
                               + ", ".join(f"'{spec['name']}' is {spec['shape']}" for spec in self.signature["inputs"])))
        if self.has_batch and not has_batch:
            self._no_batch("shapes= does not call the first axis of every input, and no other, 'batch'",
                           "without it a sample has all dimensions")
        self.has_batch = has_batch

    def batch_of_one(self, value: Any) -> Batch:
        """The batch that one sample makes, checked against the signature."""
        specs = self.signature["inputs"]
        if isinstance(value, dict):
            if set(value) != {spec["name"] for spec in specs}:
                raise PackError(f"{self.title}: a sample is a dict of {[spec['name'] for spec in specs]}, got one of "
                                f"{list(value)}")
            given = [value[spec["name"]] for spec in specs]
        else:
            given = [value]
        tensors = tuple(tensor.unsqueeze(0) if self.has_batch else tensor for tensor in given)
        problem = self._misfit("inputs", tensors, {})
        if problem:
            raise PackError(f"{self.title}: {problem}")
        return tensors

    def _misfit(self, side: str, tensors: Batch, sizes: dict[str, int], is_whole: bool = False) -> str | None:
        """Why a sample's tensors, as a batch of one, do not fit the signature that will be written, as the C++ side sees
        it; None if they do. `sizes` holds what symbols stand for, and gets those that are new. `is_whole`: they are not
        a sample's, so the message shows the batch axis."""
        least = 1 if side == "inputs" else 0  # a size that only outputs have may be 0
        for position, (spec, tensor) in enumerate(zip(self.signature[side], tensors)):
            wanted, shape = spec["shape"], list(tensor.shape)
            has_rows = self.has_batch and (side == "inputs" or self.has_rows[position])
            first = 1 if has_rows and not is_whole else 0
            whole = f"{side[:-1]} '{spec['name']}'{'' if is_whole else ' of a sample'} is " \
                    f"{spec['dtype']}[{', '.join(map(str, wanted[first:]))}], " \
                    f"got {describe_value(tensor[0] if first and tensor.dim() and len(tensor) else tensor)}"
            if dtype_name(tensor) != spec["dtype"]:
                return whole
            if len(shape) != len(wanted):
                return whole + self._rank_hint(len(wanted), len(shape), side)
            for dim, size in zip(wanted, shape):
                if not isinstance(dim, str):
                    if dim != size:
                        return whole + self._size_hint(spec, shape, side)
                    continue
                if size < least:
                    return f"{whole}: '{dim}' must be 1 or more"
                if sizes.setdefault(dim, size) != size:
                    return f"{whole}: '{dim}' is {sizes[dim]} elsewhere in this sample"
        return None

    def _rank_hint(self, wanted: int, got: int, side: str) -> str:
        if side == "outputs":
            return ""
        if not self.has_batch and got == wanted - 1:
            return f"; no batch axis was found, since {self.why_no_batch}" \
                if self.why_no_batch else "; with batch=False a sample has all dimensions of example_inputs"
        return "; a sample comes without the batch axis" if self.has_batch and got == wanted + 1 else ""

    def _size_hint(self, spec: Json, shape: list[int], side: str) -> str:
        varies = ["batch"] if self.has_batch else []
        varies += [dim if isinstance(dim, str) or dim == size else f"n{axis}" for axis, (dim, size)
                   in enumerate(zip(spec["shape"], shape)) if axis or not self.has_batch]
        hint = f'; name the dimensions that vary: shapes={{"{spec["name"]}": {json.dumps(varies)}}}'
        if side == "outputs":
            hint += ", where a name that no input has is a size of its own, as how many boxes were found"
        elif self.why_no_batch and not self.has_batch:
            hint += f". No batch axis was found, since {self.why_no_batch}"
        return hint

    def call_sample(self, value: Any) -> Any:
        inputs = self.batch_of_one(value)
        try:
            outputs = self.call(inputs)
        except PackError:
            raise
        except Exception as error:
            raise PackError(f"{self.title}: fails on this sample: {error}") from error
        sizes: dict[str, int] = {}
        self._misfit("inputs", inputs, sizes)
        problem = len(outputs) != len(self.output_names) and \
            f"it gives {len(outputs)} outputs, and gave {len(self.output_names)} for the example" \
            or self._misfit("outputs", outputs, sizes)
        if problem:
            raise CheckFailed(f"{self.title}: {problem}")
        self.calls.append((inputs, outputs))
        found = [output[0] if self.has_batch and has_rows else output for output, has_rows in zip(outputs, self.has_rows)]
        return found[0] if len(found) == 1 else dict(zip(self.output_names, found))

    def exportable(self, has_own_names: bool = False) -> tuple[Any, bool]:
        """(module, True if its inputs come as one *args): what returns a tensor or a tuple of tensors, and takes nothing
        else. With `has_own_names` its inputs are called as those of the model instead, and its outputs so that their
        names are those of the signature or none of them."""
        module = self.fresh() if self.has_state else self.module
        depth = self._depth_of_result() if has_own_names else 0
        if not self.is_nested and not self.arguments and depth == 0:
            return module, False
        torch, parameters, arguments = self.torch, self.parameters, self.arguments

        class Flat(torch.nn.Module):  # type: ignore[name-defined]
            def __init__(self, model: Any) -> None:
                super().__init__()
                self.model = model

            def forward(self, *inputs: Any) -> Any:
                outputs: Any = tuple(tensor for _, tensor in flattened(call_module(self.model, parameters, inputs, arguments)))
                outputs = outputs[0] if len(outputs) == 1 else outputs
                for _ in range(depth):
                    outputs = (outputs,)
                return outputs
        if not has_own_names or len(self.parameters_of_tensors) < len(self.example):
            return Flat(module).eval(), True
        names, body = ", ".join(self.parameters_of_tensors[:len(self.example)]), {"Flat": Flat}
        exec(f"class Named(Flat):\n    def forward(self, {names}):\n        return Flat.forward(self, {names})", body)
        return body["Named"](module).eval(), False

    def _depth_of_result(self) -> int:
        """The C++ side calls the parts of a tuple by their indices, and goes by position if no output of the signature is
        called so. Where only some are ("0" and "1.0" of an LSTM), tuples around the result change the indices."""
        depth, count = 0, len(self.output_names)
        names = [str(i) for i in range(count)]
        while count > 1 and names != self.output_names and set(names) & set(self.output_names):
            depth, names = depth + 1, [f"0.{name}" for name in names]
        return depth

    def example_of(self, size: int) -> Batch:
        """The example with `size` samples, for exporters that take a size of 1 as a constant; with one where samples never
        share a call."""
        if not self.can_share_calls:
            return tuple(value[:1] for value in self.example) if self.has_batch else self.example
        torch = self.torch
        return tuple(torch.cat([value] * math.ceil(size / value.shape[0]))[:size].contiguous()
                     for value in self.example)
