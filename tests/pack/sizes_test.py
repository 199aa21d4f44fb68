# SPDX-License-Identifier: Apache-2.0
"""Sizes that vary, those that follow from the input among them. Run by ctest with the tool that was built, which opens what
is packed; or: python tests/pack/sizes_test.py [path of gantry]."""

import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import numpy  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from packing import PackingTest, gp, model_of  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine" / "torch"))
from gantry_pack.engines.bounds import bounds_of  # noqa: E402
from models_with_sizes import FullyConvolutional, Suppression, boxes  # noqa: E402

SIZE = "L['x'].size()[2]"
PICTURES = [(48, 64), (48, 64), (13, 27), (12, 12)]


def strided():
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 2, 3, stride=2))


class SizesTest(PackingTest):
    def packed(self, *arguments, **named):
        """What the manifest says of the model; all of it is self.manifest."""
        self.manifest = self.pack(*arguments, **{"tool": TOOL or False, **named})
        return self.manifest["models"]["model"]

    def shapes(self, manifest, side):
        return [spec["shape"] for spec in manifest[side]]

    def test_a_fully_convolutional_network_runs_at_every_size(self):
        manifest = self.packed(FullyConvolutional(), torch.rand(2, 3, 40, 40), [torch.rand(3, *size) for size in PICTURES],
                               shapes={"image": ["batch", 3, "H", "W"], "faces": ["batch", 2, "h", "w"],
                                       "boxes": ["batch", 4, "h", "w"]}, output_names=["faces", "boxes"])
        self.assertEqual(self.shapes(manifest, "outputs"), [["batch", 2, "h", "w"], ["batch", 4, "h", "w"]])
        self.assertTrue(manifest["engines"][0]["rows"]["independent"])

    def test_several_examples_tell_what_varies_and_what_is_equal(self):
        manifest = self.packed(FullyConvolutional(), [(torch.rand(2, 3, 40, 50),), (torch.rand(1, 3, 13, 31),)],
                               [torch.rand(3, *size) for size in PICTURES], output_names=["faces", "boxes"])
        self.assertEqual(self.shapes(manifest, "inputs"), [["batch", 3, "image_2", "image_3"]])
        self.assertEqual(self.shapes(manifest, "outputs"), [["batch", 2, "faces_2", "faces_3"], ["batch", 4, "faces_2", "faces_3"]])

    def test_examples_leave_alone_what_shapes_names(self):
        manifest = self.packed(model_of(lambda x: x[:, ::2]), [(torch.rand(2, 8),), (torch.rand(2, 11),)],
                               [torch.rand(5), torch.rand(6)], shapes={"x": ["batch", "T"]}, output_names="half")
        self.assertEqual(self.shapes(manifest, "inputs"), [["batch", "T"]])
        self.assertEqual(self.shapes(manifest, "outputs"), [["batch", "half_1"]])
        manifest = self.packed(model_of(lambda x: x * 2), [(torch.rand(2, 8),), (torch.rand(2, 11),)],
                               [torch.rand(5), torch.rand(6)], shapes={"x": ["batch", "T"]})
        self.assertEqual(self.shapes(manifest, "outputs"), [["batch", "T"]], "a size of the input is no size of its own")

    def test_examples_that_do_not_fit_together_are_refused(self):
        twice = model_of(lambda x: x * 2)
        for second, message in (((torch.rand(2, 3, 1),), r"example_inputs\[1\]: expected tensor f32\[2, 3\] but for sizes"),
                                ((torch.rand(2, 3, dtype=torch.float64),), r"example_inputs\[1\]: expected"),
                                ((torch.rand(2, 3), torch.rand(2)), r"example_inputs\[1\]: expected")):
            with self.assertRaisesRegex(gp.PackError, message):
                self.packed(twice, [(torch.rand(2, 3),), second])
        with self.assertRaisesRegex(gp.PackError, r"example_inputs\[1\]: input 'x' is f32\[batch, 3\], got tensor f32\[2, 4\]"):
            self.packed(twice, [(torch.rand(2, 3),), (torch.rand(2, 4),)], shapes={"x": ["batch", 3]})
        with self.assertRaisesRegex(gp.PackError, r"the model fails on example_inputs\[1\]"):
            self.packed(nn.Linear(3, 2), [(torch.rand(2, 3),), (torch.rand(2, 4),)])

    def test_suppression_inside_is_a_call_for_each_sample(self):
        samples = [value[0] for value in boxes().values()]
        manifest = self.packed(torch.jit.script(Suppression().eval()), boxes()["some"], samples, output_names=["kept", "scores"],
                               shapes={"boxes": ["batch", "n", 5], "kept": ["found", 4], "scores": ["found"]})
        self.assertEqual(manifest["engines"][0]["rows"],
                         {"independent": False, "reason": "output 'kept' has no row for each sample"})
        values = [numpy.load(self.package / case["result"]["value"]["tensors"]["kept"]).shape for case in self.manifest["golden"]]
        self.assertEqual(values[1:], [(1, 4), (0, 4)])
        self.assertNotIn("not be merged", self.said.getvalue())

    def test_outputs_of_one_call_must_agree(self):
        class Two(nn.Module):
            def forward(self, x):
                return x[0][x[0] > 0], x[0][x[0] < 0]
        with self.assertRaisesRegex(gp.CheckFailed, "output 'b' of a sample is f32.n., got tensor f32.1.: 'n' is 2 elsewhere"):
            self.packed(torch.jit.script(Two().eval()), torch.tensor([[1.0, -1.0]]), [torch.tensor([1.0, 2, -1])],
                        output_names=["a", "b"], shapes={"x": ["batch", "T"], "a": ["n"], "b": ["n"]})

    def test_what_cannot_be_said_is_refused(self):
        twice = model_of(lambda x: x * 2)
        with self.assertRaisesRegex(gp.PackError, "shapes: 'batch' is a dimension of an output and of no input"):
            self.packed(twice, torch.rand(2, 3), shapes={"x": ["n", 3], "output": ["batch", 3]})
        with self.assertRaisesRegex(gp.PackError, r"\['w'\] of the outputs are no sizes of an input"):
            self.packed(model_of(lambda x: x[:, ::2]), torch.rand(2, 8), padding={"dim": "T"},
                        shapes={"x": ["batch", "T"], "output": ["batch", "w"]})
        with self.assertRaisesRegex(gp.PackError, "the model has no batch axis in an output, so nothing shares a batch"):
            self.packed(model_of(lambda x: x.sum(0)), torch.rand(1, 8), padding={"dim": "T"},
                        shapes={"x": ["batch", "T"], "output": ["T"]})
        with self.assertRaisesRegex(gp.PackError, r'or, of an output, have a name: shapes=\{"output": \["found", 4\]\}'):
            self.packed(model_of(lambda x: x[:0]), torch.rand(2, 4))

    def test_torch_export_gets_the_bounds_that_it_asks_for(self):
        manifest = self.packed(strided(), [(torch.rand(2, 3, 48, 64),), (torch.rand(1, 3, 31, 13),)],
                               [torch.rand(3, *size) for size in PICTURES], engines=("aoti",), batch_sizes=[4])
        self.assertIn("aoti: 'input_2' must be at least 11", self.said.getvalue())
        self.assertTrue(manifest["engines"][0]["rows"]["independent"])


class BoundsTest(unittest.TestCase):
    def bounds(self, *guards, sizes=None):
        text = "".join(f"  - Not all values of {name} = L['x'].size()[2] in the specified range satisfy the generated guard "
                       f"{guard.replace('SIZE', SIZE)}{end}\n" for name, guard, end in guards)
        return bounds_of(f"Constraints violated (H)!\n{text}Suggested fixes:\n  H = 2*_H\n", sizes or {"H": 48, "W": 50})

    def test_takes_what_holds_around_the_example(self):
        self.assertEqual(self.bounds(("H", "(((-3) + SIZE) // 4) != 1", ".")), {"H": (11, None)})
        self.assertEqual(self.bounds(("H", "7 <= SIZE", "."), ("H", "SIZE <= 100", ".")), {"H": (7, 100)})
        self.assertEqual(self.bounds(("H", "7 <= SIZE and SIZE <= IntInfinity()", "")), {"H": (7, None)})

    def test_tries_what_it_cannot_prove(self):
        self.assertEqual(self.bounds(("H", "2*(((-3) + SIZE) // 2) < (-2) + SIZE", ".")), {"H": (1, None)})

    def test_gives_up_on_all_else(self):
        self.assertEqual(self.bounds(("H", "SIZE % 2 == 0", ".")), {}, "even sizes")
        self.assertEqual(self.bounds(("H", "SIZE == 48", ".")), {}, "one size")
        self.assertEqual(self.bounds(("H", "SIZE < other", ".")), {}, "another dimension")
        self.assertEqual(self.bounds(("X", "SIZE < 100", ".")), {}, "an unknown dimension")
        self.assertEqual(self.bounds(("H", "SIZE > 60", ".")), {}, "the example itself")
        self.assertEqual(bounds_of("  - Not all values of H = L['x'].size()[2] in the specified range are valid because H was "
                                   "inferred to be a constant (48).\n", {"H": 48}), {})


if __name__ == "__main__":
    unittest.main(verbosity=1)
