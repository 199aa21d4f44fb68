# SPDX-License-Identifier: Apache-2.0
"""Modules with hooks. All take x: f32[batch, 2] unless their comment says otherwise."""

from typing import Tuple

import torch
from torch import Tensor

from models_with_state import Counter


class Double(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2


def add_hundred(self, args: Tuple[Tensor], result: Tensor) -> Tensor:
    return result + 100


def add_input(self, args: Tuple[Tensor], result: Tensor) -> Tensor:
    return result + args[0] * 1000


def watch(self, args: Tuple[Tensor], result: Tensor) -> None:
    print("a hook")


def negate(self, args: Tuple[Tensor]) -> Tuple[Tensor]:
    return (-args[0],)


def add_one(self, args: Tuple[Tensor]) -> Tensor:
    return args[0] + 1


def watch_before(self, args: Tuple[Tensor]) -> None:
    print("a pre-hook")


def swap(self, args: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tensor]:
    return (args[1], args[0])


def pair(self, args: Tuple[Tensor, Tensor], result: Tensor) -> Tuple[Tensor, Tensor]:
    return result, args[0]


class Less(torch.nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x - y


class Around(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) * 3


def hooked(model, pre_hooks=(), hooks=()):
    for hook in pre_hooks:
        model.register_forward_pre_hook(hook)
    for hook in hooks:
        model.register_forward_hook(hook)
    return model


HOOKED = {"hook": lambda: hooked(Double(), hooks=[add_hundred]),
          "pre-hook": lambda: hooked(Double(), [negate]),
          "hooks": lambda: hooked(Double(), [watch_before, negate, add_one], [add_hundred, add_input, watch]),
          "hooks-inside": lambda: hooked(Around(hooked(Double(), [add_one], [add_input])), [negate], [add_hundred]),
          "hooks-state": lambda: hooked(Counter(), [add_one], [add_hundred])}


def make_hooked(directory):
    """The models and what Python answers: NAME.txt has the values for x = [[1, 2]]."""
    for name, make in HOOKED.items():
        path = directory / f"{name}.ts"
        torch.jit.script(make().eval()).save(path)
        answer = torch.jit.load(path)(torch.tensor([[1.0, 2.0]]))
        (directory / f"{name}.txt").write_text(" ".join(str(value) for value in answer.flatten().tolist()))
    torch.jit.script(hooked(Less().eval(), [swap], [pair])).save(directory / "hook-pair.ts")
