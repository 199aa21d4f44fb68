#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine executorch: what is exported, what is refused, and that the C++ side opens it. Run by ctest; or:
python tests/pack/executorch_test.py [GANTRY]."""

import sys
import unittest

import torch
from torch import nn

from packing import PackingTest, gp, model_of

TOOL = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None


class ExecutorchTest(PackingTest):
    def executorch(self, model, example, samples=(), **given):
        return self.pack_model(model, example, samples, engines=("executorch",), **given)

    def test_one_method_computes_one_sample(self):
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
        entry = self.executorch(model, torch.rand(1, 3, 16, 16), [torch.rand(3, 16, 16)], tool=TOOL)["engines"][0]
        self.assertEqual(entry["kind"], "executorch")
        self.assertEqual(entry["file"], "model.pte")
        self.assertEqual(entry["device"], "cpu")
        self.assertRegex(entry["requires"]["executorch"], r"^\d+\.\d+$")
        self.assertEqual(entry["rows"]["reason"], "it was exported for one sample alone")
        self.assertNotIn("not be merged", self.said.getvalue())
        self.assertNotIn("own kernels", self.said.getvalue())
        if TOOL is not None:
            self.assertRegex(self.said.getvalue(), r"opening the package \(.* with ExecuTorch \d")
            self.assertNotIn("not opened by the gantry tool", self.said.getvalue())

    def test_several_batch_sizes_are_methods_whose_rows_are_proven(self):
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        entry = self.executorch(model, torch.rand(2, 4), [torch.rand(4) for _ in range(3)], max_batch=8, batch_sizes=[2, 8],
                                tool=TOOL)
        rows = entry["engines"][0]["rows"]
        self.assertTrue(rows["independent"], rows)
        self.assertEqual(rows["sizes"], [2, 8])
        size = (self.package / "model.pte").stat().st_size
        self.executorch(model, torch.rand(2, 4), [torch.rand(4)])
        self.assertLess((self.package / "model.pte").stat().st_size, size)
        with self.assertRaisesRegex(gp.PackError, "batch_sizes: expected different integers from 1 to max_batch, 8"):
            self.executorch(model, torch.rand(2, 4), max_batch=8, batch_sizes=[16])

    def test_attention_is_delegated_and_lengths_are_methods(self):
        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.tokens = nn.Embedding(50, 8)
                self.project = nn.Linear(8, 24)

            def forward(self, ids, mask):
                query, key, value = self.project(self.tokens(ids)).chunk(3, -1)
                allowed = mask.bool().unsqueeze(1)
                return nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed) * mask.unsqueeze(-1)
        shape = ["batch", "T"]
        example = (torch.randint(0, 50, (2, 8)), torch.ones(2, 8))
        samples = [{"ids": torch.randint(0, 50, (length,)), "mask": torch.ones(length)} for length in (3, 4, 7)]
        shapes = {"ids": shape, "mask": shape, "output": ["batch", "T", 8]}
        padding = {"dim": "T", "lengths": [4, 8], "values": {"ids": 0, "mask": 0}}
        self.executorch(Attention(), example, samples, shapes=shapes, padding=padding, tool=TOOL)
        self.assertNotIn("logical_not", self.said.getvalue())  # of the safe softmax
        with self.assertRaisesRegex(gp.PackError, r"\['T'\] of the inputs vary; give the largest in max_sizes="):
            self.executorch(Attention(), example, samples, shapes=shapes)
        del padding["lengths"]
        with self.assertRaisesRegex(gp.PackError, "say which in padding="):
            self.executorch(Attention(), example, samples, shapes=shapes, padding=padding)

    def test_one_dimension_may_vary(self):
        class Sequence(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 3)

            def forward(self, x):
                return self.second(torch.relu(self.first(x)))
        shapes = {"x": ["batch", "T", 4], "output": ["batch", "T", 3]}
        samples = [torch.rand(length, 4) for length in (3, 6, 11)]
        given = {"shapes": shapes, "input_names": ["x"], "max_sizes": {"T": 24}}
        self.executorch(Sequence(), torch.rand(2, 6, 4), samples, tool=TOOL, **given)

        def refused(text, **changed):
            with self.assertRaisesRegex(gp.PackError, text):
                self.executorch(Sequence(), torch.rand(2, 6, 4), samples, **{**given, **changed})
        refused("computes one sample a call", batch_sizes=[4])
        refused("no input has a dimension 'H' that varies; there are \\['T'\\]", max_sizes={"H": 24})
        refused("'T' must be 6, as in the example, to", max_sizes={"T": 5})
        refused("ends the process|exported for|differs|fails", max_sizes={"T": 8})  # the sample of 11

    def test_what_is_not_delegated_is_said(self):
        self.executorch(model_of(lambda x: torch.topk(x, 2)[0]), torch.rand(1, 4), [torch.rand(4)], tool=TOOL)
        self.assertIn("own kernels compute what XNNPACK does not: aten.topk.values", self.said.getvalue())

    def test_what_it_cannot_run_is_refused(self):
        def refused(model, example, text, **given):
            with self.assertRaisesRegex(gp.PackError, text):
                self.executorch(model, example, **given)

        class Recurrent(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = nn.LSTM(4, 4, batch_first=True)

            def forward(self, x):
                return self.lstm(x)[0]

        class Counts(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("calls", torch.zeros(()))

            def forward(self, x):
                self.calls.add_(1)
                return x + self.calls
        refused(Recurrent(), torch.rand(1, 5, 4), r"recurrent layer \(aten::lstm\) would be unrolled")
        refused(Counts(), torch.rand(1, 4), "keeps state")
        refused(torch.jit.script(nn.Linear(4, 4).eval()), torch.rand(1, 4), "not a ScriptModule")
        refused(model_of(lambda x: torch.sort(x)[0]), torch.rand(1, 4), "needs aten::sort.values, which ExecuTorch has no kernel for")


if __name__ == "__main__":
    unittest.main()
