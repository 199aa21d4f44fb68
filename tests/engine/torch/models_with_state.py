# SPDX-License-Identifier: Apache-2.0
"""Models that write to what outlives a run, and models that only look as if they did. All take x: f32[batch, 2] unless
their comment says otherwise."""

from typing import Dict, List, Tuple

import torch
from torch import Tensor


class CountsInList(torch.nn.Module):
    """Adds how often it was called, in a list that it holds."""

    calls: List[Tensor]

    def __init__(self):
        super().__init__()
        self.calls = [torch.zeros(1)]

    def forward(self, x: Tensor) -> Tensor:
        self.calls[0].add_(1)
        return x + self.calls[0]


class CountsInDict(torch.nn.Module):
    calls: Dict[str, Tensor]

    def __init__(self):
        super().__init__()
        self.calls = {"calls": torch.zeros(1)}

    def forward(self, x: Tensor) -> Tensor:
        self.calls["calls"].add_(1)
        return x + self.calls["calls"]


class CountsInTuple(torch.nn.Module):
    calls: Tuple[Tensor, int]

    def __init__(self):
        super().__init__()
        self.calls = (torch.zeros(1), 0)

    def forward(self, x: Tensor) -> Tensor:
        self.calls[0].add_(1)
        return x + self.calls[0]


class CountsByAppending(torch.nn.Module):
    calls: List[int]

    def __init__(self):
        super().__init__()
        self.calls = [0]

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(1)
        return x + sum(self.calls)


@torch.jit.script
class Tally:
    def __init__(self):
        self.calls = torch.zeros(1)

    def add(self) -> Tensor:
        self.calls = self.calls + 1
        return self.calls


class CountsInObject(torch.nn.Module):
    """The object is made as the model is loaded: __setstate__ does."""

    def __init__(self):
        super().__init__()
        self.tally = Tally()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.tally.add()


class Counter(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)
        return x + self.calls


class CountsInFork(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.counter = Counter()

    def forward(self, x: Tensor) -> Tensor:
        return torch.jit.wait(torch.jit.fork(self.counter, x))


@torch.jit.interface
class Step(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


class CountsBehindInterface(torch.nn.Module):
    step: Step

    def __init__(self):
        super().__init__()
        self.step = Counter()

    def forward(self, x: Tensor) -> Tensor:
        return self.step.forward(x)


class CountsBehindIndex(torch.nn.Module):
    """Which module runs is known in the call only."""

    def __init__(self):
        super().__init__()
        self.steps = torch.nn.ModuleList([Counter(), Counter()])

    def forward(self, x: Tensor) -> Tensor:
        step: Step = self.steps[int(x[0, 0])]
        return step.forward(x)


class CountsInView(torch.nn.Module):
    """Counts in a buffer, and reads a view of it that is a buffer too."""

    def __init__(self):
        super().__init__()
        calls = torch.zeros(3)
        self.register_buffer("calls", calls)
        self.register_buffer("last", calls[2:])

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)
        return x + self.last


class CountsInStatistics(torch.nn.Module):
    """Batch statistics of a layer that was left in training mode on purpose: half the way to 2, then to 3, ..."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("var", torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        ones = torch.ones(2, 2)
        torch.nn.functional.batch_norm(ones, self.mean, self.var, training=True, momentum=0.5)
        return x + self.mean


class WritesConstant(torch.nn.Module):
    """Frozen in Python, so that the list is a constant of its code."""

    def __init__(self):
        super().__init__()
        self.inner = CountsInList()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Same(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Keeps(torch.nn.Module):
    """No state, though it writes to fresh tensors, in lists and dicts too, forks, and has layers with buffers."""

    step: Step

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(2)
        self.drop = torch.nn.Dropout(0.5)
        self.relu = torch.nn.ReLU(inplace=True)
        self.rate = 2
        self.step = Same()
        self.scales = [1.0, 2.0]
        self.register_buffer("offset", torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        parts: List[Tensor] = []
        named: Dict[str, Tensor] = {}
        for scale in self.scales:
            parts.append(x * scale)
        parts.append(self.offset.expand(x.size(0), 2))
        parts[0] = parts[0] + 1
        named["sum"] = torch.zeros_like(x)
        total = torch.zeros_like(x)
        for part in parts:
            total += part
        y = self.relu(self.drop(self.norm(self.step.forward(total))))
        y[:, 0] = y[:, 0] * self.rate
        y.add_(self.offset)
        forked = torch.jit.fork(torch.neg, y)
        return torch.cat([y, self.offset.expand(1, 2)])[: x.size(0)] - torch.jit.wait(forked)


class KeepsInput(torch.nn.Module):
    """Remembers what it was given last: y = x - the x before."""

    def __init__(self):
        super().__init__()
        self.before = torch.zeros(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        before = self.before
        self.before = x
        return x - before


class KeepsInputs(torch.nn.Module):
    """Remembers all: y = the sum of what it was given."""

    seen: List[Tensor]

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x[:, 0:2])
        return torch.stack(self.seen).sum(0)


class WritesThroughAttribute(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.held = torch.zeros(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        self.held = x
        self.held.add_(1)
        return self.held * 1


class CountsInEinsum(torch.nn.Module):
    """An operator that gives a view of its operand, which its schema does not say."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        view = torch.einsum("i->i", self.count)
        view.add_(1)
        return x + view


class Attends(torch.nn.Module):
    """No state and nothing random, though attention has a dropout, of 0, and einsum of several operands is new."""

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum("bi,bj->bij", x, x)
        scores.mul_(0.5)
        heads = scores[:, None]
        y = torch.nn.functional.scaled_dot_product_attention(heads, heads, heads, None, 0.0)
        return torch.nn.functional.dropout(y[:, 0, 0], 0.5, False)


MODELS = {"keeps-input": KeepsInput, "keeps-inputs": KeepsInputs, "writes-through-attribute": WritesThroughAttribute,
          "attends": Attends, "keeps": Keeps, "counts-in-list": CountsInList, "counts-in-dict": CountsInDict,
          "counts-in-tuple": CountsInTuple, "counts-by-appending": CountsByAppending,
          "counts-in-object": CountsInObject, "counts-in-fork": CountsInFork,
          "counts-behind-interface": CountsBehindInterface, "counts-behind-index": CountsBehindIndex,
          "counts-in-view": CountsInView, "counts-in-einsum": CountsInEinsum,
          "counts-in-statistics": CountsInStatistics}
