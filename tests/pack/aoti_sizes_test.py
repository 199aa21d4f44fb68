# SPDX-License-Identifier: Apache-2.0
"""What gantry-pack does to programs and samples before and after AOTInductor compiles: padding that becomes part of
convolutions, batch sizes, inputs of other sizes, and packed weights. Nothing is compiled but in the last two tests."""

import os
import subprocess
import sys
import unittest

import torch
from torch import nn
from torch.nn import functional

from packing import PackingTest, gp, model_of  # first: it finds gantry_pack
from gantry_pack.console import quiet
from gantry_pack.engines import aoti
from gantry_pack.engines.fold_pads import fold_pads
from gantry_pack.engines.other_sizes import other_sizes
from gantry_pack.engines.program import functional_form
from gantry_pack.model.model import TypedModel


class FoldPadsTest(unittest.TestCase):
    def folded(self, module, *example):
        """(whether it changed, the program, how many paddings are left)."""
        with quiet():
            program = functional_form(torch.export.export(module.eval(), example))
        is_changed = fold_pads(program)
        left = sum(".pad." in str(node.target) or "constant_pad_nd" in str(node.target) for node in program.graph.nodes)
        wanted, got = module(*example), program.module()(*example)
        torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-5)
        return is_changed, program, left

    def test_zeros_on_both_sides_become_the_convolution_s_own(self):
        for module, example in ((nn.Sequential(nn.ZeroPad2d((2, 2, 1, 1)), nn.Conv2d(3, 4, 5, padding=(0, 1))), torch.rand(2, 3, 9, 8)),
                                (nn.Sequential(nn.ConstantPad1d(1, 0.0), nn.Conv1d(3, 4, 3, stride=2)), torch.rand(2, 3, 9)),
                                (nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(4, 4, 3, dilation=2, groups=2, bias=False)),
                                 torch.rand(1, 4, 9, 9)),
                                (nn.Sequential(nn.ZeroPad2d((1, 1, 0, 0)), nn.Conv2d(3, 4, 3)), torch.rand(3, 9, 9))):
            is_changed, program, left = self.folded(module, example)
            self.assertTrue(is_changed)
            self.assertEqual(left, 0)
            program.graph_module.graph.lint()

    def test_all_convolutions_that_read_it_pad_by_themselves(self):
        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3, padding=1)

            def forward(self, x):
                x = functional.pad(x, (1, 1, 1, 1))
                return self.a(x), self.b(x)
        self.assertEqual(self.folded(Two(), torch.rand(1, 3, 8, 8))[::2], (True, 0))

    def test_what_would_change_an_answer_stays(self):
        class AlsoRead(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Conv2d(3, 3, 3)

            def forward(self, x):
                x = functional.pad(x, (1, 1, 1, 1))
                return self.a(x), x * 2
        picture = torch.rand(1, 3, 8, 8)
        for module in (nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, stride=2)),
                       nn.Sequential(nn.ConstantPad2d(1, 0.5), nn.Conv2d(3, 4, 3)),
                       nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(3, 4, 3)),
                       nn.Sequential(nn.ZeroPad2d(-1), nn.Conv2d(3, 4, 3)),
                       nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(2)),
                       nn.Sequential(nn.ZeroPad2d(1), nn.ConvTranspose2d(3, 4, 3)),
                       nn.Sequential(nn.ZeroPad2d(3), nn.Conv2d(3, 4, 3)),  # more than the kernel sees
                       nn.Sequential(model_of(lambda x: functional.pad(x, (1, 1, 1, 1, 1, 1))), nn.Conv2d(5, 4, 3)),
                       AlsoRead()):
            with quiet():
                program = functional_form(torch.export.export(module.eval(), (picture,)))
            self.assertFalse(fold_pads(program), module)

    def test_a_convolution_whose_weight_was_padded_stays(self):
        class Weight(nn.Module):
            def forward(self, x, weight):
                return functional.conv2d(x, functional.pad(weight, (1, 1, 1, 1)))
        self.assertEqual(self.folded(Weight(), torch.rand(1, 3, 8, 8), torch.rand(4, 3, 1, 1))[0], False)


class BatchSizesTest(PackingTest):
    def sizes(self, module, example, **how):
        model = TypedModel(gp.Model(module.eval(), example, **{"max_batch": 8, **how}), gp.Tolerance(1e-5, 1e-5))
        return list(aoti.programs_of(model))

    def test_are_fixed_for_convolutions_and_free_for_all_else(self):
        self.assertEqual(self.sizes(nn.Conv1d(2, 3, 3), torch.rand(2, 2, 8)), [1])
        self.assertEqual(self.sizes(nn.Conv1d(2, 3, 3), torch.rand(2, 2, 8), batch_sizes=[4, 8]), [1, 4, 8])
        self.assertEqual(self.sizes(nn.Linear(4, 2), torch.rand(2, 4)), [None])
        self.assertEqual(self.sizes(nn.Linear(4, 2), torch.rand(2, 4), batch_sizes=[1, 2]), [1, 2])

    def test_of_a_model_that_keeps_state_cannot_be_told_apart(self):
        class Counts(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("calls", torch.zeros(1))
                self.body = nn.Conv1d(2, 3, 3)

            def forward(self, x):
                self.calls.add_(1)
                return self.body(x) + self.calls
        self.assertEqual(self.sizes(Counts(), torch.rand(2, 2, 8)), [None])
        with self.assertRaisesRegex(gp.PackError, "batch_sizes: the model keeps state"):
            self.sizes(Counts(), torch.rand(2, 2, 8), batch_sizes=[1, 2])


class OtherSizesTest(PackingTest):
    def tried(self, module, example, ranges, shapes):
        model = TypedModel(gp.Model(module.eval(), example, max_batch=4, shapes=shapes), gp.Tolerance(1e-5, 1e-5))
        return other_sizes(model, ranges, tuple(value[:1] for value in model.example))

    def test_are_odd_and_even_and_within_the_range(self):
        tried = self.tried(nn.Conv2d(3, 2, 3), torch.rand(2, 3, 8, 10), {"H": (6, 12), "W": (3, None)},
                           {"input": ["batch", 3, "H", "W"], "output": ["batch", 2, "h", "w"]})
        sizes = [tuple(batch[0].shape[2:]) for batch in tried.values()]
        for axis, own in ((0, 8), (1, 10)):
            self.assertEqual({size[axis] % 2 for size in sizes}, {0, 1})
            self.assertNotIn(own, {size[axis] for size in sizes})
        self.assertTrue(all(6 <= height <= 12 for height, _ in sizes))
        self.assertIn("where H is", next(iter(tried)))

    def test_that_the_eager_model_refuses_leave_nothing_to_compare_with(self):
        with self.assertRaisesRegex(gp.PackError, "'T' of the inputs varies, and the eager model computes no odd size near 8"):
            self.tried(model_of(lambda x: x.reshape(x.shape[0], -1, 2).sum(2)), torch.rand(2, 8), {"T": (2, None)},
                       {"x": ["batch", "T"], "output": ["batch", "half"]})

    def test_at_which_the_code_is_wrong_are_refused(self):
        """As ceil-mode pooling that was compiled at an even size: right at even ones, another shape at odd ones."""
        class Pool(nn.Module):
            def __init__(self, ceil_mode):
                super().__init__()
                self.ceil_mode = ceil_mode

            def forward(self, x):
                return functional.max_pool2d(x * 2, 2, ceil_mode=self.ceil_mode)
        original = aoti.exported
        self.addCleanup(setattr, aoti, "exported", original)

        def wrong(model, size=None):
            model.module.ceil_mode = False
            try:
                return original(model, size)
            finally:
                model.module.ceil_mode = True
        aoti.exported = wrong
        with self.assertRaisesRegex(gp.CheckFailed, "the aoti model differs from the eager one where H is .*give fixed sizes in shapes="):
            self.pack(Pool(True), torch.rand(2, 3, 8, 8), [torch.rand(3, 8, 8), torch.rand(3, 12, 6)], engines=("aoti",),
                      shapes={"x": ["batch", 3, "H", "W"], "output": ["batch", 3, "h", "w"]}, tool=False)


RUNS_TWICE = """
import sys
import torch
torch.set_num_threads(1)
model = torch._inductor.aoti_load_package(sys.argv[1], run_single_threaded=True)
x = torch.rand(1, 240, 1, 1)
model(x)
print("second", flush=True)
model(x)
"""


class PackedWeightsTest(PackingTest):
    def test_are_in_the_blocks_that_one_thread_reads(self):
        """In others oneDNN would pack them in each call; two threads choose others for this convolution."""
        threads = torch.get_num_threads()
        self.addCleanup(torch.set_num_threads, threads)
        torch.set_num_threads(2)
        model = nn.Sequential(nn.Conv2d(240, 960, 1), nn.Hardsigmoid(), nn.Conv2d(960, 240, 1))
        self.pack(model, torch.rand(1, 240, 1, 1), [torch.rand(240, 1, 1)], engines=("aoti",), tool=False)
        self.assertEqual(torch.get_num_threads(), 2)
        ran = subprocess.run([sys.executable, "-c", RUNS_TWICE, self.package / "model.pt2"], capture_output=True, text=True,
                             env={**os.environ, "ONEDNN_VERBOSE": "1"}, check=True)
        second = [line for line in ran.stdout.split("second")[1].splitlines() if ",exec," in line]
        self.assertEqual(sum(",convolution," in line for line in second), 2, ran.stdout)
        self.assertEqual([line for line in second if ",reorder," in line], [])


if __name__ == "__main__":
    unittest.main(verbosity=1)
