#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows: gantry-pack finds out whether an answer depends on who shares a batch, and runs no model at a size that ends the
process. Run by ctest; or: python tests/pack/rows_test.py."""

import unittest

import torch
from torch import nn

from packing import PackingTest, gp, model_of


class EndsTheProcess(nn.Module):
    """Doubles up to `most` rows of values up to `largest`; beyond that it writes where no memory is."""

    def __init__(self, most: int, largest: float = 1e30):
        super().__init__()
        self.most, self.largest = most, largest

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] > self.most or bool(x.max() > self.largest):
            nowhere = torch.full([1, 1], 1 << 40)
            return torch.ops.aten._sparse_coo_tensor_unsafe(nowhere, x.reshape(-1)[:1], [4]).to_dense()
        return x * 2


class IndependentRowsTest(PackingTest):
    def test_the_record_says_what_was_compared(self):
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        samples = [torch.rand(4) for _ in range(3)]
        rows = self.rows(model, torch.rand(2, 4), samples)
        self.assertEqual(set(rows), {"independent", "sizes", "samples", "atol", "rtol"})
        self.assertTrue(rows["independent"])
        self.assertEqual(rows["sizes"], [2, 9, 16])
        self.assertEqual(rows["samples"], 5)  # two are the example's
        self.assertTrue(0 < rows["atol"] <= 1e-4)
        self.assertEqual(rows["rtol"], 1e-4)
        self.assertNotIn("not be merged", self.said.getvalue())
        self.assertEqual(self.rows(model, torch.rand(1, 4), samples, max_batch=3)["sizes"], [2, 3])
        self.assertEqual(self.rows(model, torch.rand(1, 4), samples, max_batch=2)["sizes"], [2])

    def test_models_that_treat_each_row_alone_are_proven(self):
        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.tokens = nn.Embedding(50, 8)
                self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

            def forward(self, ids):
                return self.layer(self.tokens(ids)).mean(1)
        batch_norm = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

        class Recurrent(nn.Module):  # the states have the batch second, so they are left out
            def __init__(self):
                super().__init__()
                self.lstm = nn.LSTM(8, 16, batch_first=True)

            def forward(self, x):
                return self.lstm(x)[0]
        for model, example in ((batch_norm, torch.rand(2, 3, 9, 9)), (Attention(), torch.randint(0, 50, (2, 6))),
                               (Recurrent(), torch.rand(2, 5, 8)), (model_of(lambda x: x.softmax(-1)), torch.rand(2, 5)),
                               (model_of(lambda x: (x > 0.5)), torch.rand(2, 5)),
                               (nn.Linear(4, 4).half(), torch.rand(2, 4).half()),
                               (model_of(lambda x: x * 0), torch.rand(2, 5))):
            with self.subTest(model):
                rows = self.rows(model, example, tolerance={"atol": 1e-3, "rtol": 1e-3})
                self.assertTrue(rows["independent"], rows)

    def test_a_batch_that_computes_across_rows_is_named(self):
        cases = {
            "the mean": lambda x: x - x.mean(0, keepdim=True),
            "a softmax": lambda x: x.softmax(0),
            "a sum": lambda x: x.cumsum(0),
            "a sort": lambda x: x.sort(0).values,
            "the largest": lambda x: x / x.abs().max(),
            "the size": lambda x: x / x.shape[0],
            "the place": lambda x: x + torch.arange(x.shape[0]).unsqueeze(1),
            "the neighbour": lambda x: x + x.roll(1, 0),
            "a small part of the mean": lambda x: x + 1e-5 * x.mean(0, keepdim=True),
        }
        for name, function in cases.items():
            with self.subTest(name):
                rows = self.rows(model_of(function), torch.rand(2, 5), [torch.rand(5) for _ in range(3)], batch=True)
                self.assertFalse(rows["independent"])
                self.assertRegex(rows["reason"], r"^batch of \d+: output 'output', rows .*values differ")
                self.assertIn("calls will not be merged", self.said.getvalue())

    def test_batch_statistics_are_found(self):
        model = nn.BatchNorm2d(3, track_running_stats=False)
        rows = self.rows(model, torch.rand(2, 3, 4, 4), batch=True)
        self.assertIn("batch of 2: output 'output'", rows["reason"])

    def test_dynamic_quantisation_is_found_whatever_the_tolerance(self):
        mlp = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 8)).eval()
        model = torch.ao.quantization.quantize_dynamic(mlp, {nn.Linear}, dtype=torch.qint8)
        for tolerance in (None, {"atol": 0.05, "rtol": 0.05}):
            rows = self.rows(model, torch.rand(2, 64), [torch.rand(64) for _ in range(3)], tolerance=tolerance, batch=True)
            self.assertFalse(rows["independent"], rows)
        # With one sample, the example's rows are the others.
        self.assertFalse(self.rows(model, torch.rand(2, 64), [torch.rand(64)])["independent"])

    def test_what_only_larger_values_show_is_found(self):
        model = model_of(lambda x: x / x.abs().max().clamp(min=1))  # of samples up to 1 none is scaled
        rows = self.rows(model, torch.rand(2, 5), [torch.rand(5) for _ in range(3)], batch=True)
        self.assertRegex(rows["reason"], "batch of 2: output 'output', rows in other company")

    def test_token_models_are_compared_in_the_company_of_other_samples(self):
        class Scaled(nn.Module):  # of integers nothing can be made larger
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(9, 4)

            def forward(self, ids):
                found = self.table(ids).sum(1)
                return found + 1e-5 * found.abs().max()  # within the tolerance
        rows = self.rows(Scaled(), torch.randint(0, 9, (2, 3)), [torch.randint(0, 9, (3,)) for _ in range(3)], batch=True)
        self.assertRegex(rows["reason"], "rows in other company")

    def test_what_only_a_nan_or_an_infinity_shows_is_found(self):
        class Experts(nn.Module):  # each row goes to one expert, by a matrix that is 0 for all others
            def __init__(self):
                super().__init__()
                self.gate = nn.Linear(4, 3)
                self.weights = nn.Parameter(torch.rand(3, 4, 4))

            def forward(self, x):
                chosen = nn.functional.one_hot(self.gate(x).argmax(-1), 3).to(x.dtype)
                place = ((chosen.cumsum(0) - 1) * chosen).sum(-1, keepdim=True).unsqueeze(-1)
                to = chosen.unsqueeze(-1) * (place == torch.arange(x.shape[0])).to(x.dtype)
                inside = torch.einsum("bec,bd->ecd", to, x)
                return torch.einsum("bec,ecd->bd", to, torch.einsum("ecd,edf->ecf", inside, self.weights))
        for model in (model_of(lambda x: x * 2 + 0 * x.sum(0, keepdim=True)), Experts(),
                      model_of(lambda x: x + 0 * x[-1:]), model_of(lambda x: x + 0 * x[:1])):
            with self.subTest(model):
                rows = self.rows(model, torch.rand(2, 4), [torch.randn(4) for _ in range(6)], batch=True)
                self.assertFalse(rows["independent"], rows)
                self.assertRegex(rows["reason"], "^batch of 2: a NaN in one sample changes others: output 'output': .*differ")

        class Guarded(nn.Module):  # as 16-bit models clamp once there is an infinity; a NaN is no number that is larger
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x.clamp(max=0.5) if bool((x > 1e6).any()) else x * 1.0
        rows = self.rows(torch.jit.script(Guarded().eval()), torch.rand(2, 4), [torch.rand(4) + 0.5], batch=True)
        self.assertRegex(rows["reason"], "^batch of 2: an infinity in one sample changes others: ")

    def test_a_failure_for_nan_alone_says_nothing_unless_it_ends_the_process(self):
        class Refuses(nn.Module):  # the call that fails is computed again without the others
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                if bool(x.isnan().any()):
                    raise RuntimeError("not a number")
                return x * 2
        self.assertTrue(self.rows(torch.jit.script(Refuses().eval()), torch.rand(2, 4), [torch.rand(4)])["independent"])

        class Ends(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                if bool(x.isnan().any()):
                    nowhere = torch.full([1, 1], 1 << 40)
                    return torch.ops.aten._sparse_coo_tensor_unsafe(nowhere, x.reshape(-1)[:1], [4]).to_dense()
                return x * 2
        rows = self.rows(torch.jit.script(Ends().eval()), torch.rand(2, 4), [torch.rand(4)])
        self.assertRegex(rows["reason"], "^batch of 2: a NaN in one sample ends the process of all: .*signal")

    def test_integer_inputs_have_no_company_that_is_not_finite(self):
        class Tokens(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(9, 4)

            def forward(self, ids, mask):
                return (self.table(ids) * mask.unsqueeze(-1)).sum(1)
        samples = [(torch.randint(0, 9, (3,)), torch.rand(3)) for _ in range(3)]
        rows = self.rows(Tokens(), (torch.randint(0, 9, (2, 3)), torch.rand(2, 3)), samples)
        self.assertTrue(rows["independent"], rows)

    def test_random_numbers_are_no_proof(self):
        rows = self.rows(model_of(lambda x: x + torch.rand_like(x)), torch.rand(2, 5), batch=True)
        self.assertEqual(rows["reason"], "the model draws random numbers")

        class InBatches(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x + torch.rand_like(x) if x.shape[0] > 1 else x
        rows = self.rows(torch.jit.script(InBatches().eval()), torch.rand(1, 5), [torch.rand(5)], batch=True)
        self.assertRegex(rows["reason"], "batch of 2: output 'output', run twice")

    def test_fewer_than_two_different_samples_are_no_proof(self):
        one = torch.rand(1, 4)
        rows = self.rows(nn.Linear(4, 3), one.repeat(2, 1), [one[0], one[0].clone()])
        self.assertEqual(rows, {"independent": False, "reason": "fewer than two different samples"})
        self.assertIn("pass two or more different samples=", self.said.getvalue())
        self.assertTrue(self.rows(nn.Linear(4, 3), one, [torch.rand(4)])["independent"])  # the example is another one

    def test_samples_of_different_lengths_are_compared_padded(self):
        class Total(nn.Module):
            def forward(self, ids):
                return ids.sum(1, keepdim=True)
        options = {"shapes": {"ids": ["batch", "T"]}, "output_names": ["total"]}
        samples = [torch.arange(1.0, length + 1) for length in (3, 5, 6)]
        rows = self.rows(Total(), torch.zeros(1, 4), samples, **options)
        self.assertEqual(rows["reason"], "fewer than two different samples")  # no two are of one length
        rows = self.rows(Total(), torch.zeros(1, 4), samples, padding={"dim": "T", "lengths": [8]}, **options)
        self.assertTrue(rows["independent"])
        self.assertEqual(rows["samples"], 4)

    def test_what_cannot_be_merged_says_so_and_nothing_larger_is_tried(self):
        class OnlyOne(nn.Module):
            def forward(self, x):
                assert x.shape[0] <= 1
                return x
        script = torch.jit.script(OnlyOne().eval())
        rows = self.rows(script, torch.rand(1, 4), [torch.rand(1, 4)])
        self.assertEqual(rows, {"independent": False, "reason": "the model has no batch axis"})
        rows = self.rows(nn.Linear(4, 3), torch.rand(1, 4), [torch.rand(4)], max_batch=1)
        self.assertEqual(rows, {"independent": False, "reason": "max_batch is 1"})

    def test_made_up_inputs_that_a_model_refuses_say_nothing(self):
        class Strict(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                if bool(x.max() > 30):
                    raise RuntimeError("too large")
                return x * 2
        rows = self.rows(torch.jit.script(Strict().eval()), torch.rand(2, 4), [torch.rand(4)])
        self.assertTrue(rows["independent"])

        class StrictMean(Strict):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                if bool(x.max() > 30):
                    raise RuntimeError("too large")
                return x + 1e-5 * x.mean()
        rows = self.rows(torch.jit.script(StrictMean().eval()), torch.rand(2, 4), [torch.rand(4)], batch=True)
        self.assertRegex(rows["reason"], "rows in other company")


class SizesTest(PackingTest):
    def test_a_model_of_one_batch_size_gets_no_batch_axis(self):
        script = torch.jit.script(EndsTheProcess(1).eval())
        manifest = self.pack(script, torch.rand(1, 4), [torch.rand(1, 4)])
        self.assertEqual(manifest["models"]["model"]["inputs"][0]["shape"], [1, 4])
        self.assertRegex(self.said.getvalue(), r"ends the process at a batch of 2 \(signal .*without a batch axis")
        with self.assertRaisesRegex(gp.CheckFailed, r"batch=True, but the model takes no batch of 2: .*ends the process"):
            self.pack(script, torch.rand(1, 4), batch=True)

    def test_a_model_that_ends_the_process_at_max_batch_is_refused(self):
        script = torch.jit.script(EndsTheProcess(8).eval())
        with self.assertRaisesRegex(gp.CheckFailed, r"the torchscript model ends the process at a batch of 9 \(signal 11"
                                    r".*made for one batch size.*max_batch=1"):
            self.pack(script, torch.rand(1, 4), [torch.rand(4)])
        self.assertEqual(list(self.dir.iterdir()), [])
        self.assertTrue(self.rows(script, torch.rand(1, 4), [torch.rand(4)], max_batch=8)["independent"])
        rows = self.rows(torch.jit.script(EndsTheProcess(2).eval()), torch.rand(1, 4), [torch.rand(4)], max_batch=1)
        self.assertEqual(rows["reason"], "max_batch is 1")  # nothing larger was tried

    def test_a_model_that_ends_the_process_on_its_example_is_refused(self):
        with self.assertRaisesRegex(gp.CheckFailed, r"ends the process on inputs tensor f32\[16, 4\] \(signal 11"):
            self.pack(torch.jit.script(EndsTheProcess(2).eval()), torch.rand(16, 4))

    def test_made_up_inputs_that_end_the_process_say_nothing(self):
        rows = self.rows(torch.jit.script(EndsTheProcess(16, 30.0).eval()), torch.rand(2, 4) + 1, [torch.rand(4)])
        self.assertTrue(rows["independent"], rows)
        self.assertEqual(rows["sizes"], [2, 9, 16])


if __name__ == "__main__":
    unittest.main()
