#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models that keep state: what is recorded is what Python gives first; models that draw random numbers record nothing.
Run by ctest; or: python tests/pack/state_test.py."""

import unittest
from typing import Dict, List

import numpy
import torch
from torch import nn

from packing import PackingTest, gp, model_of


class Counter(nn.Module):
    """Counts its calls in a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count.add_(1)
        return x * 0 + self.count


class Hidden(Counter):
    """The same, but the buffer is no part of state_dict()."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1), persistent=False)


class InList(nn.Module):
    state: List[torch.Tensor]

    def __init__(self):
        super().__init__()
        self.state = [torch.zeros(1)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.state[0].add_(1)
        return x * 0 + self.state[0]


class InDict(nn.Module):
    state: Dict[str, torch.Tensor]

    def __init__(self):
        super().__init__()
        self.state = {"count": torch.zeros(1)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.state["count"] = self.state["count"] + 1
        return x * 0 + self.state["count"]


class InNumber(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        return x * 0 + float(self.count)


class Silent(nn.Module):
    """Counts, and does not say so."""

    def __init__(self):
        super().__init__()
        self.count = torch.zeros(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        return x * 2


class SumOfLarge(nn.Module):
    """Remembers what is over 5, which the example is not."""

    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.max() > 5):
            self.total.add_(x.max())
        return x + self.total


class StateTest(PackingTest):
    samples = [torch.rand(4), torch.rand(4), torch.rand(4)]

    def answers(self, manifest):
        return [numpy.load(self.package / case["result"]["value"]["npy"]) for case in manifest["golden"]]

    def test_every_case_records_the_first_answer(self):
        models = [Counter(), Hidden(), torch.jit.script(Counter()), torch.jit.script(InList()), torch.jit.script(InDict()),
                  torch.jit.script(InNumber())]
        for model in models:
            with self.subTest(type(model).__name__ + getattr(model, "original_name", "")):
                manifest = self.pack(model, torch.rand(2, 4), self.samples)
                self.assertEqual(manifest["models"]["model"]["inputs"][0]["shape"], ["batch", 4])
                self.assertEqual([answer.tolist() for answer in self.answers(manifest)], [[1.0] * 4] * 3)
                self.assertEqual(manifest["models"]["model"]["engines"][0]["rows"],
                                 {"independent": False, "reason": "the model keeps state"})
                self.assertIn("the model keeps state", self.said.getvalue())
                stored = torch.jit.load(str(self.package / "model.ts"))
                self.assertEqual(stored(torch.rand(1, 4)).tolist(), [[1.0] * 4])  # nothing has counted in the package

    def test_within_a_case_the_calls_follow_each_other(self):
        manifest = self.pack(torch.jit.script(Counter().eval()), torch.rand(1, 4), [torch.rand(4)] * 2,
                             pipeline=["model", "model", "model"])
        self.assertEqual([answer.tolist() for answer in self.answers(manifest)], [[3.0] * 4] * 2)

    def test_the_model_of_the_caller_is_left_as_it_was(self):
        counter = Counter()
        self.pack(counter, torch.rand(2, 4), self.samples)
        self.assertEqual(float(counter.count), 0)

    def test_state_that_no_answer_shows_is_state(self):
        for model in (torch.jit.script(Silent()), Silent()):
            with self.subTest(model):
                self.assertEqual(self.rows(model, torch.rand(2, 4))["reason"], "the model keeps state")
        model = nn.Sequential(nn.BatchNorm1d(4)).eval()
        model[0].train()  # which moves its running mean, and does not use it
        package = gp.pack(self.dir / "norm", model, torch.rand(2, 4), name="norm", version="1", batch=False,
                          engines=("torchscript",))
        self.assertIn("the model keeps state", self.said.getvalue())
        self.assertEqual(float(torch.jit.load(str(package / "model.ts")).state_dict()["0.running_mean"].abs().max()), 0)

    def test_state_that_only_samples_touch_is_found(self):
        samples = [torch.full((4,), 9.0), torch.full((4,), 7.0)]
        manifest = self.pack(torch.jit.script(SumOfLarge().eval()), torch.rand(2, 4), samples)
        self.assertEqual([answer.tolist() for answer in self.answers(manifest)], [[18.0] * 4, [14.0] * 4])
        self.assertEqual(manifest["models"]["model"]["engines"][0]["rows"]["reason"], "the model keeps state")

    def test_a_table_that_is_made_on_the_way_is_no_state(self):
        class Cached(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = None

            def forward(self, x):
                if self.table is None:
                    self.table = torch.arange(4.0)
                return x + self.table
        self.assertTrue(self.rows(Cached(), torch.rand(2, 4), self.samples)["independent"])

    def test_a_model_that_cannot_be_copied_is_packed_if_it_keeps_nothing(self):
        class Attached(nn.Module):
            """Holds a tensor with a history, which deepcopy refuses."""

            def __init__(self, step):
                super().__init__()
                self.weight, self.step = nn.Parameter(torch.ones(4)), step
                self.doubled = self.weight * 2
                self.register_buffer("count", torch.zeros(1))

            def forward(self, x):
                self.count.add_(self.step)
                return x * self.weight + self.count
        self.assertTrue(self.rows(Attached(0), torch.rand(2, 4), self.samples)["independent"])
        with self.assertRaisesRegex(gp.PackError, "keeps state or draws random numbers, and it cannot be copied"):
            self.pack(Attached(1), torch.rand(2, 4), self.samples)

    def test_state_that_tracing_freezes_is_refused(self):
        for model in (InNumber(), InDict()):
            with self.subTest(model), self.assertRaisesRegex(
                    gp.CheckFailed, "differs from the eager one at the second call.*register it as one, or pass torch.jit"):
                self.pack(model, torch.rand(2, 4), self.samples)


class RandomTest(PackingTest):
    def test_random_answers_are_not_recorded(self):
        with self.assertRaisesRegex(gp.PackError, "draws random numbers.*pass no samples"):
            self.pack(model_of(lambda x: x + torch.rand_like(x)), torch.rand(2, 4), [torch.rand(4)])
        model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).eval()
        model[1].train()
        with self.assertRaisesRegex(gp.PackError, r"'1' is in training mode, call eval\(\) on it"):
            gp.pack(self.dir / "x", model, torch.rand(2, 4), name="x", version="1", samples=[torch.rand(4)])
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_random_numbers_that_only_samples_draw_are_found(self):
        class OfLarge(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x + torch.rand_like(x) if bool(x.max() > 5) else x
        with self.assertRaisesRegex(gp.PackError, "draws random numbers"):
            self.pack(torch.jit.script(OfLarge().eval()), torch.rand(2, 4), [torch.full((4,), 9.0)])

    def test_without_samples_such_a_model_is_packed(self):
        manifest = self.pack(model_of(lambda x: x + torch.rand_like(x)), torch.rand(2, 4), batch=True)
        self.assertEqual(manifest["golden"], [])
        self.assertEqual(manifest["models"]["model"]["engines"][0]["rows"]["reason"], "the model draws random numbers")


if __name__ == "__main__":
    unittest.main()
