# SPDX-License-Identifier: Apache-2.0
"""Models whose arguments, results or deeds are out of the ordinary. All take x: f32[batch, 2] unless their comment says otherwise."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor


class LongMemory(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(2, 3, batch_first=True)

    def forward(self, x: Tensor):
        return self.lstm(x.unsqueeze(1))


class CallsItself(torch.nn.Module):
    """An error inside a method that forward() calls: freezing inlines it, and the error's traceback names it."""

    def pick(self, x: Tensor) -> Tensor:
        return torch.index_select(x, 1, x[0, :1].long())

    def forward(self, x: Tensor) -> Tensor:
        return self.pick(x).expand(x.shape[0], x.shape[1]) + 1


class Three(torch.nn.Module):
    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        return x * 1, x * 2, x * 3


class Forks(torch.nn.Module):
    """Eight parts of work at a time, forks in a fork, a part that fails above 100."""

    def part(self, x: Tensor, i: int) -> Tensor:
        if bool((x > 100).any()):
            raise ValueError("too hot to fork")
        inner = torch.jit.fork(torch.mul, x, float(i))
        return torch.jit.wait(inner)

    def forward(self, x: Tensor) -> Tensor:
        parts: List[torch.jit.Future[Tensor]] = []
        for i in range(8):
            parts.append(torch.jit.fork(self.part, x, i))
        total = torch.zeros_like(x)
        for part in parts:
            total = total + torch.jit.wait(part)
        return total


def talk(x: Tensor) -> Tensor:
    print("a free function", x)
    return x


class Talker(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        print("a submodule")
        return torch.jit.wait(torch.jit.fork(talk, x))


class Talks(torch.nn.Module):
    """Prints from everywhere."""

    def __init__(self):
        super().__init__()
        self.talker = Talker()

    def forward(self, x: Tensor) -> Tensor:
        if x.size(0) > 0:
            print("forward")
        return talk(self.talker(x)) * 2


class Noisy(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.rand_like(x) + torch.randn([2]) + torch.bernoulli(torch.ones(2))


class Found(NamedTuple):
    boxes: Tensor
    scores: Tensor


class NamedFields(torch.nn.Module):
    def forward(self, x: Tensor) -> Found:
        return Found(boxes=x + 1, scores=x + 2)


class Nested(torch.nn.Module):
    """A bit of everything that has a place in the code."""

    def forward(self, x: Tensor):
        return (x, [{"boxes": x + 1, "score": x + 2}, {"boxes": x + 3, "score": x + 4}], Found(x + 5, x + 6), None, 7)


class NestedAtRunTime(torch.nn.Module):
    """What the result has depends on the input: one entry for each whole number below its first."""

    def forward(self, x: Tensor) -> List[Dict[str, Tensor]]:
        found: List[Dict[str, Tensor]] = []
        for i in range(int(x[0, 0])):
            found.append({"boxes": x + i, "a.b": x - i})
        return found


class Maybe(torch.nn.Module):
    """The second output is None unless the first input is above 100."""

    def forward(self, x: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        extra: Optional[Tensor] = None
        if bool((x > 100).any()):
            extra = x + 1
        return x, extra


class Either(torch.nn.Module):
    """A tensor, or two of them in a tuple, or one in a dict, by the sign of the first input."""

    def forward(self, x: Tensor) -> Any:
        first = float(x[0, 0])
        if first > 0:
            return x
        if first < 0:
            return {"a": x + 1}
        return (x, x + 2)


class WritesToMaybe(torch.nn.Module):
    """Writes to what was None first, which is a constant."""

    def forward(self, x: Tensor) -> Tensor:
        total: Optional[Tensor] = None
        for i in range(3):
            if total is None:
                total = x * i
            else:
                total.add_(x)
        assert total is not None
        return total


class Settings(torch.nn.Module):
    def forward(self, x: Tensor, rate: int, scale: float, is_negative: bool, mode: str = "sum",
                limit: Optional[int] = None) -> Tensor:
        y = x * rate * scale
        if is_negative:
            y = -y
        if mode == "square":
            y = y * y
        if limit is not None:
            y = y.clamp(max=limit)
        return y


MODELS = {"lstm": LongMemory, "calls-itself": CallsItself, "three": Three, "forks": Forks,
          "talks": Talks, "noisy": Noisy, "named-fields": NamedFields, "nested": Nested,
          "nested-at-run-time": NestedAtRunTime, "maybe": Maybe, "either": Either, "writes-to-maybe": WritesToMaybe,
          "settings": Settings}
