# SPDX-License-Identifier: Apache-2.0
"""BatchedModel: whether the model has a batch axis."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import quiet, say
from ..differences import difference
from ..errors import CheckFailed, PackError
from ..running.children import run_engine
from ..running.trial import Trial
from ..values import describe_value
from .eager import EagerModel

if TYPE_CHECKING:
    from ..aliases import Batch, Json
    from ..libraries import Library
    from ..tolerance import Tolerance


class BatchedModel(EagerModel):
    """`has_batch`, and `why_no_batch`, the reason if no batch axis was found."""

    def __init__(self, model: Any, example_inputs: Any, batch: bool | None, tolerance: Tolerance,
                 arguments: Json | None = None, libraries: Sequence[Library] = ()) -> None:
        super().__init__(model, example_inputs, tolerance, arguments, libraries)
        self.why_no_batch: str | None = None
        probed = self._probe() if self.is_script else None
        self.first_outputs = self.call_example()
        self.has_batch = self._find_batch(self.first_outputs, batch, probed)

    def _one_more(self) -> Batch | None:
        """The example with one more sample, or None where it cannot have a batch axis."""
        sizes = {value.shape[0] if value.dim() else 0 for value in self.example}
        if len(sizes) != 1 or 0 in sizes:
            return None
        return tuple(self.torch.cat([value, value[:1]]) for value in self.example)

    def _probe(self) -> list[Any]:
        """Runs a ScriptModule in a process of its own, which it may end: on the example, on one more sample, and on one
        alone. Returns the outputs of each or, as a string, why there are none."""
        larger = self._one_more()
        pool = [self.example] + ([larger, tuple(value[:1] for value in self.example)] if larger is not None else [])
        with tempfile.TemporaryDirectory(prefix="gantry-pack-") as work:
            path = Path(work) / "model.ts"
            with quiet():
                self.torch.jit.save(self.module, str(path))
            trials = [Trial([[i, 1]], size=len(one[0]) if i > 0 else None, may_fail=i > 0)
                      for i, one in enumerate(pool)]
            results = run_engine("torchscript", {None: path}, self, pool, trials, ["saved"], is_fresh=True)
        if "error" in results[0]:
            raise PackError(f"the model fails on example_inputs: {results[0]['error']}")
        return [result.get("saved", result.get("error")) for result in results]

    def _find_batch(self, outputs: Batch, wanted: bool | None, probed: list[Any] | None) -> bool:
        """True if one more sample in every input makes one more in every output, and changes no other row."""
        larger = self._one_more()
        if probed is not None and len(probed) == 3:
            for size, result in ((self.example[0].shape[0] + 1, probed[1]), (1, probed[2])):
                if not isinstance(result, str):
                    continue
                if wanted:
                    raise CheckFailed(f"batch=True, but the model takes no batch of {size}: {result}")
                if wanted is None and "ends the process" in result:
                    say(f"{result}; it is packed without a batch axis, for the example's shapes only")
                return self._no_batch(f"it takes no batch of {size}: {result}")
        if wanted is False:
            return False
        if larger is None:
            why = "the inputs of the example have no first axis of one size"
            if wanted:
                raise PackError(f"batch=True, but {why}: {', '.join(map(describe_value, self.example))}")
            return self._no_batch(why, "give an example with the batch axis in front of every input")
        size = self.example[0].shape[0]
        for i, value in enumerate(outputs):
            if value.dim() == 0 or value.shape[0] != size:
                why = f"output {i} is {describe_value(value)}, where the inputs have {size} in front"
                advice = "wrap the model in one whose inputs and outputs all have it there, or say in shapes= that it is " \
                    "'batch' in front of the inputs alone, where each sample is to be a call of its own"
                if wanted:
                    raise CheckFailed(f"batch=True, but {why}; {advice}")
                return self._no_batch(why, advice)
        if wanted:
            return True
        try:
            more = probed[1] if probed is not None else self.first(larger)
        except PackError:
            raise
        except Exception as error:  # whatever a model says when it cannot take another batch size
            return self._no_batch(f"with {size + 1} instead of {size} in front it fails: "
                                  f"{(str(error).strip() or type(error).__name__).splitlines()[-1]}",
                                  "take sizes from the input where the model has fixed ones")
        if len(more) != len(outputs) or any(value.shape[:1] != (size + 1,) for value in more):
            return self._no_batch(f"with {size + 1} instead of {size} in front it gives "
                                  f"{', '.join(map(describe_value, more))}")
        for i, (value, one) in enumerate(zip(more, outputs)):
            problem = difference(value, self.torch.cat([one, one[:1]]), self.tolerance, f"output {i}")
            if problem is not None:
                say(f"one more sample changes what the others give ({problem}), so it is packed without a batch axis, for "
                    "the example's shapes; pass batch=True if the first axis is one")
                return self._no_batch("one more sample changes what the others give")
        return True

    def _no_batch(self, why: str, advice: str = "pass batch=True if the first axis is one") -> bool:
        self.why_no_batch = f"{why}; {advice}"
        return False
