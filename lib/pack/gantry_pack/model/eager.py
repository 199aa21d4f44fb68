# SPDX-License-Identifier: Apache-2.0
"""EagerModel: the model as it was given, its calls, and the state that these leave behind."""

from __future__ import annotations

import copy
import inspect
import io
import math
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ..calls import call_module, flattened, has_names
from ..console import quiet, say
from ..differences import difference
from ..errors import PackError, exit_refused
from ..imports import need
from ..tolerance import rounding
from ..values import describe_value, dtype_name, is_tensor
from .held import content_of, tensors_held

if TYPE_CHECKING:
    from ..aliases import Batch, Json
    from ..libraries import Library
    from ..tolerance import Tolerance


class EagerModel:
    """`module` is the model as it was given and is not run: of a model that keeps state, each recorded case starts with a
    copy of it, so that what is recorded first is what Python gives first. Calls go to `live`."""

    def __init__(self, model: Any, example_inputs: Any, tolerance: Tolerance, arguments: Json | None = None,
                 libraries: Sequence[Library] = ()) -> None:
        torch = need("torch", "packing a model")
        self.torch, self.tolerance, self.libraries = torch, tolerance, list(libraries)
        self.program = model if isinstance(model, torch.export.ExportedProgram) else None
        self.module = model.module() if self.program is not None else model
        if hasattr(model, "_orig_mod"):
            raise PackError("the model comes from torch.compile(), which cannot be exported; pass the one that was given to it")
        self.is_script = isinstance(model, torch.jit.ScriptModule)
        if not isinstance(self.module, torch.nn.Module):
            raise PackError(f"model: expected a torch.nn.Module, ScriptModule or ExportedProgram, got {type(model)}")
        if self.program is None and self.module.training:
            raise PackError("the model is in training mode; call model.eval() first")
        example = tuple(example_inputs) if isinstance(example_inputs, (tuple, list)) else (example_inputs,)
        for value in example:
            if not is_tensor(value):
                raise PackError("example_inputs: expected a tensor, or a tuple of tensors in the order of forward()'s "
                                f"arguments, got {type(value).__name__}"
                                + ("; wrap a model that takes a dict in one that takes its tensors"
                                   if isinstance(value, dict) else ""))
            dtype_name(value, "a tensor of example_inputs")
        # As the C++ side gives them: on the CPU and in C order, whatever the memory format (channels_last).
        self.example = tuple(value.detach().cpu().contiguous() for value in example)
        self.parameters, self.keywords = self._parameters()
        self.arguments = self._checked_arguments(arguments, self.parameters + self.keywords)
        self.parameters_of_tensors = [name for name in self.parameters if name not in self.arguments]
        self.output_keys: list[str] | None = None
        self.is_nested = False
        self.has_state = self.is_random = False
        self.calls: list[tuple[Batch, Batch]] = []  # (inputs, outputs) of samples
        self.rows: dict[str, Json] = {}  # engines[].rows by kind

    def call(self, inputs: Batch) -> Batch:
        """What the model gives, flattened; it may remember the calls before."""
        return self._call(self.live, inputs)

    def first(self, inputs: Batch) -> Batch:
        """What the model gives as its first answer."""
        return self._call(self.fresh() if self.has_state else self.live, inputs)

    def begin_case(self) -> None:
        """What comes now is recorded as if nothing had been before."""
        if self.has_state:
            self.live = self.fresh()

    def fresh(self) -> Any:
        """A copy of the model as it was given."""
        try:
            with quiet():
                return copy.deepcopy(self.module)
        except Exception as error:  # whatever says that it cannot be copied
            raise PackError("the model keeps state or draws random numbers, and it cannot be copied (copy.deepcopy: "
                            f"{error}), so its first answers cannot be recorded") from error

    def _call(self, module: Any, inputs: Batch) -> Batch:
        with self.torch.no_grad(), quiet(), exit_refused("the model"):
            copies = tuple(tensor.clone() for tensor in inputs)
            return tuple(tensor.clone() for tensor in self.flatten(
                call_module(module, self.parameters, copies, self.arguments)))

    def flatten(self, output: Any) -> Batch:
        """A tuple of tensors from what the model returns."""
        found = flattened(output)
        if not found:
            raise PackError("the model returns no tensor")
        for path, tensor in found:
            dtype_name(tensor, f"'{path}' of what the model returns" if path else "what the model returns")
        self.is_nested = has_names(output)
        self.output_keys = [path for path, _ in found] if self.is_nested else None
        return tuple(tensor for _, tensor in found)

    def same(self, got: Any, expected: Any) -> bool:
        """Whether outputs are equal but for rounding."""
        return len(got) == len(expected) and not any(
            difference(one, other, rounding(other), "") for one, other in zip(got, expected))

    def call_example(self) -> Batch:
        """What the model gives for the example, which is its first call."""
        try:
            return self._first_call()
        except PackError:
            raise
        except Exception as error:
            raise PackError(f"the model fails on example_inputs ({', '.join(map(describe_value, self.example))}; "
                            f"forward() takes {self.parameters + self.keywords}): {type(error).__name__}: {error}") from error

    def _first_call(self) -> Batch:
        """Calls the example, and finds out whether calls leave something behind."""
        try:
            self.live = self.fresh()
            is_copied = True
        except PackError:  # no matter as long as nothing changes it
            self.live, is_copied = self.module, False
        before = self._held()
        outputs = self.call(self.example)
        is_changed = self._is_changed(before)
        if not is_changed and self.same(self.call(self.example), outputs):
            return outputs
        if not is_copied:
            self.fresh()  # says why
        self.is_random = not self.same(self._call(self.fresh(), self.example), outputs)
        self.has_state = is_changed or not self.is_random
        if self.has_state:
            say("the model keeps state: each golden case is recorded from a fresh copy, and calls are not merged")
        return outputs

    def _held(self) -> Any:
        if self.is_script:  # its tensors may lie where Python cannot look, but all of them are saved
            buffer = io.BytesIO()
            with quiet():
                self.torch.jit.save(self.live, buffer)
            return zlib.crc32(buffer.getbuffer())
        return {path: (value.data_ptr(), content_of(value)) for path, value in tensors_held(self.live).items()
                if value.layout is self.torch.strided and value.device.type != "meta"}

    def _is_changed(self, before: Any) -> bool:
        """Whether a call wrote to what the model holds. Attributes that are made in a call, such as cached tables, only
        count where answers change."""
        after = self._held()
        if self.is_script:
            return before != after
        return any(path in after and content != after[path][1]
                   and (address == after[path][0] or "_buffers" in path or "_parameters" in path)
                   for path, (address, content) in before.items())

    def forgets(self) -> bool:
        """Whether the samples' inputs give again what they gave. If not, has_state is set, and they must be recorded
        anew; of a model that draws random numbers nothing can be recorded."""
        calls, self.calls = self.calls, []
        if self.has_state:
            return True
        for inputs, outputs in reversed(calls[:16]):
            if self.same(self.call(inputs), outputs):
                continue
            if not self.same(self._call(self.fresh(), inputs), self._call(self.fresh(), inputs)):
                self.refuse_random()
            self.has_state = True
            say("the model keeps state: each golden case is recorded from a fresh copy, and calls are not merged")
            return False
        return True

    def refuse_random(self) -> NoReturn:
        training = [name for name, part in self.module.named_modules() if name and part.training]
        raise PackError("the model draws random numbers: equal inputs give other answers each time, so none can be "
                        "recorded; " + (f"'{training[0]}' is in training mode, call eval() on it"
                                        if training else "take out what is random, or pass no samples"))

    def _parameters(self) -> tuple[list[str], list[str]]:
        """Names of forward's parameters: those by position, those by keyword only."""
        if self.is_script:
            given = self.module.forward.schema.arguments[1:]
            return [a.name for a in given if not a.kwarg_only], [a.name for a in given if a.kwarg_only]
        given = inspect.signature(self.module.forward).parameters.values()
        return ([p.name for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)],
                [p.name for p in given if p.kind is p.KEYWORD_ONLY])

    def _checked_arguments(self, arguments: Json | None, known: Any) -> Json:
        arguments = dict(arguments or {})
        if arguments and self.program is not None:
            raise PackError("arguments: an ExportedProgram has its fixed arguments inside; export it with them")
        if len(arguments) > 64:
            raise PackError(f"arguments: at most 64, got {len(arguments)}")
        for name, value in arguments.items():
            if name not in known:
                raise PackError(f"arguments: forward() has no argument {name!r}; it takes {known}")
            fits = isinstance(value, (bool, str)) or isinstance(value, float) and math.isfinite(value) \
                or isinstance(value, int) and -2 ** 63 <= value < 2 ** 63
            if not fits:
                raise PackError(f"arguments[{name!r}]: expected true, false, an integer of 64 bits, a finite number or "
                                f"a string, got {value!r}; tensors are inputs")
        return arguments
