# SPDX-License-Identifier: Apache-2.0
"""Which form each stage of a golden case is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..limits import MAX_SAMPLE_BYTES
from ..pipeline import stage_before, walk
from ..values import LISTS, dtype_name, is_pil, is_tensor
from .forms import WHOLE, Digest, Sample

if TYPE_CHECKING:
    from ..aliases import Steps
    from ..tolerance import Tolerance
    from .forms import Whole


def tensors_in(value: Any) -> list[Any]:
    """The tensors and images of a payload."""
    if is_tensor(value) or is_pil(value):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, LISTS):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


def size_of(value: Any) -> int:
    """Bytes that the tensors of a payload take."""
    return sum(one.numel() * one.element_size() if is_tensor(one) else one.width * one.height * len(one.getbands())
               for one in tensors_in(value))


def may_be_digested(value: Any, tolerance: Tolerance) -> bool:
    """A digest holds what must be exact. NaN equals NaN whatever its bits, which a digest cannot know."""
    return tolerance.is_exact() and not any(is_tensor(one) and one.is_floating_point() and bool(one.isnan().any())
                                            for one in tensors_in(value))


def is_storable(value: Any) -> bool:
    """NumPy, and so .npy files, have no bf16."""
    return not any(is_tensor(one) and dtype_name(one) == "bf16" for one in tensors_in(value))


class Storage:
    """What a golden case keeps of each stage. Values are stored whole up to `limit` bytes: first the result, then what
    goes into models and comes out, then the smaller ones. Beyond it, what must be exact is held by a digest, which
    proves as much, and anything else by a sample of its values."""

    def __init__(self, ops: Steps, limit: int) -> None:
        self.ops, self.limit = ops, limit
        self.shortened: dict[str, tuple[str, int]] = {}  # {path: (form, bytes)} of what was not stored whole, over all cases

    def choose(self, recorded: dict[str, Any], tolerances: dict[str, Tolerance]) -> dict[str, Whole]:
        """{path: Whole, Digest or Sample} of the stages."""
        around_models = {near for path, op in walk(self.ops) if op["op"] == "model" for near in (path, stage_before(path))}
        last = f"pipeline[{len(self.ops) - 1}]"  # is the result
        order = sorted(recorded, key=lambda path: (path != last, path not in around_models, size_of(recorded[path])))
        chosen, stored, sampled = {}, 0, []
        for path in order:
            value, size = recorded[path], size_of(recorded[path])
            if is_storable(value) and stored + size <= self.limit:
                chosen[path] = WHOLE
                stored += size
            elif may_be_digested(value, tolerances[path]):
                chosen[path] = Digest()
                self._note(path, "by a digest", size)
            else:
                sampled.append(path)
                self._note(path, "by a sample of values", size)
        count = sum(len(tensors_in(recorded[path])) for path in sampled)
        chosen.update({path: Sample(min(MAX_SAMPLE_BYTES, self.limit) // count) for path in sampled})
        return chosen

    def _note(self, path: str, form: str, size: int) -> None:
        self.shortened[path] = (form, max(size, self.shortened.get(path, ("", 0))[1]))

    def report(self, argument: str = "max_stage_bytes") -> str | None:
        """What was not stored whole, to be said."""
        if not self.shortened:
            return None
        stages = ", ".join(f"{path} ({size / 1e6:.1f} MB) {form}" for path, (form, size) in sorted(self.shortened.items()))
        return (f"golden cases store {self.limit / 1e6:.1f} MB of stages whole ({argument}={self.limit}); beyond that, "
                f"exact stages are held by a digest and others by a sample of their values: {stages}")
