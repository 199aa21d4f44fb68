#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a model is called: names of what it takes and gives, hooks, fixed arguments, libraries of operators, and which values
around it are recorded. Run by ctest; or: python tests/pack/calls_test.py."""

import unittest
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy
import torch
import torchvision
from torch import nn

from packing import PackingTest, gp, model_of
from gantry_pack.calls import flattened
from gantry_pack.pipeline import stage_before


class Found(NamedTuple):
    boxes: torch.Tensor
    scores: torch.Tensor


class Named(nn.Module):
    def forward(self, x: torch.Tensor) -> Found:
        return Found(boxes=x + 1, scores=x * 2)


class InDict(nn.Module):
    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        return {"sum": x + 1, "double": x * 2}


class Nested(nn.Module):
    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, Tuple[torch.Tensor, torch.Tensor]]:
        return x, (x + 1, x * 2)


class Listed(nn.Module):
    def forward(self, x: torch.Tensor) -> List[Dict[str, torch.Tensor]]:
        return [{"boxes": x}, {"boxes": x + 1}]


class WithNone(nn.Module):
    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, Optional[torch.Tensor], Dict[str, torch.Tensor]]:
        return x, None, {"y": x + 1}


class TwoInputs(nn.Module):
    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return left - right


class Rated(nn.Module):
    """A fixed argument between two tensors, one with a default, and one by keyword only."""

    def forward(self, x: torch.Tensor, rate: int, y: torch.Tensor, mode: str = "add", scale: float = 1.0) -> torch.Tensor:
        return scale * (x * rate + y if mode == "add" else x * rate - y)


def hook(self, args: Tuple[torch.Tensor], result: torch.Tensor) -> torch.Tensor:
    return result + 100


def pre_hook(self, args: Tuple[torch.Tensor]) -> torch.Tensor:
    return args[0] * 2


class NamesTest(PackingTest):
    def outputs(self, model, **arguments):
        """Names of the outputs, as written for a Python module and for its script."""
        sample = torch.rand(4)
        found = []
        for form in (model, torch.jit.script(model.eval())):
            manifest = self.pack(form, torch.rand(2, 4), [sample, torch.rand(4)], **arguments)
            names = [spec["name"] for spec in manifest["models"]["model"]["outputs"]]
            value = manifest["golden"][0]["result"]["value"]["tensors"]
            expected = [tensor for _, tensor in flattened(model(sample[None]))]
            for name, tensor in zip(names, expected):
                numpy.testing.assert_array_equal(numpy.load(self.package / value[name]), tensor[0].numpy())
            self.assertTrue(manifest["models"]["model"]["engines"][0]["rows"]["independent"])
            found.append(names)
        self.assertEqual(*found)
        return found[0]

    def test_outputs_are_called_by_their_path(self):
        for model, names in ((Named(), ["boxes", "scores"]), (InDict(), ["sum", "double"]), (Nested(), ["0", "1.0", "1.1"]),
                             (Listed(), ["0.boxes", "1.boxes"]), (WithNone(), ["0", "2.y"])):
            with self.subTest(model):
                self.assertEqual(self.outputs(model), names)

    def test_a_flat_tuple_goes_by_position(self):
        class Flat(nn.Module):
            def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
                return x, x + 1
        self.assertEqual(self.outputs(Flat()), ["output_0", "output_1"])
        self.assertEqual(self.outputs(Flat(), output_names=["a", "b"]), ["a", "b"])

    def test_the_lstm_of_torch_is_flattened(self):
        manifest = self.pack(nn.LSTM(8, 16, batch_first=True), torch.rand(2, 5, 8), [torch.rand(2, 5, 8)], batch=False)
        self.assertEqual([spec["name"] for spec in manifest["models"]["model"]["outputs"]], ["0", "1.0", "1.1"])

    def test_what_is_no_tensor_is_named_with_its_path(self):
        with self.assertRaisesRegex(gp.PackError, "'1.n' of what it returns is a int"):
            self.pack(model_of(lambda x: (x, {"n": 3})), torch.rand(2, 4))
        with self.assertRaisesRegex(gp.PackError, "returns no tensor"):
            self.pack(model_of(lambda x: (None, [])), torch.rand(2, 4))

    def test_all_names_match_or_none_does(self):
        example = (torch.rand(2, 4), torch.rand(2, 4))
        for names in (["left", "right"], ["a", "b"]):
            inputs = self.pack_model(TwoInputs(), example, input_names=names)["inputs"]
            self.assertEqual([spec["name"] for spec in inputs], names)
        for names in (["left", "b"], ["right", "left"], ["right", "a"]):
            with self.subTest(names), self.assertRaisesRegex(gp.PackError, "input_names: .*are among the arguments of"):
                self.pack(TwoInputs(), example, input_names=names)
        named = torch.jit.script(Named().eval())
        self.pack(named, torch.rand(2, 4), output_names=["a", "b"])
        for names in (["boxes", "b"], ["scores", "boxes"]):
            with self.subTest(names), self.assertRaisesRegex(gp.PackError, "output_names: .*are among what the model"):
                self.pack(named, torch.rand(2, 4), output_names=names)

    def test_the_traced_model_takes_inputs_by_their_names(self):
        class Inner(nn.Module):
            def forward(self, q, k):
                return q - k

        class Crossed(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = Inner()

            def forward(self, left, right):
                return {"difference": self.inner(right, left)}

        class Unused(nn.Module):
            def forward(self, left, right):
                return {"double": left * 2}
        for model in (Crossed(), Unused()):
            self.pack(model, (torch.rand(2, 4), torch.rand(2, 4)))
            schema = torch.jit.load(str(self.package / "model.ts")).forward.schema
            self.assertEqual([argument.name for argument in schema.arguments[1:]], ["left", "right"])


class CallsTest(PackingTest):
    def test_hooks_of_a_script_module_are_in_the_answers(self):
        model = nn.Linear(4, 2).eval()
        plain, sample = torch.jit.script(model), torch.rand(4)
        for add, expected in ((model.register_forward_hook, lambda: plain(sample) + 100),
                              (model.register_forward_pre_hook, lambda: plain(sample * 2) + 100)):
            add(hook if add == model.register_forward_hook else pre_hook)
            manifest = self.pack(torch.jit.script(model), torch.rand(2, 4), [sample])
            answer = numpy.load(self.package / manifest["golden"][0]["result"]["value"]["npy"])
            numpy.testing.assert_allclose(answer, expected().detach().numpy(), rtol=1e-6)
            self.assertTrue(manifest["models"]["model"]["engines"][0]["rows"]["independent"])

    def test_a_model_that_writes_to_its_inputs_gets_copies(self):
        class Doubles(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x.mul_(2)
        for model in (Doubles(), torch.jit.script(Doubles().eval())):
            example, sample = torch.ones(2, 4), torch.tensor([1.0, 2, 3, 4])
            manifest = self.pack(model, example, [sample])
            golden = manifest["golden"][0]
            self.assertEqual(numpy.load(self.package / golden["input"]["npy"]).tolist(), [1, 2, 3, 4])
            self.assertEqual(numpy.load(self.package / golden["result"]["value"]["npy"]).tolist(), [2, 4, 6, 8])
            self.assertTrue(manifest["models"]["model"]["engines"][0]["rows"]["independent"])
            self.assertEqual(example.tolist(), [[1.0] * 4] * 2)

    def test_fixed_arguments_are_bound_or_written(self):
        example, fixed = (torch.rand(2, 4), torch.rand(2, 4)), {"rate": 3, "mode": "sub", "scale": 0.5}
        sample = (torch.rand(4), torch.rand(4))
        expected = 0.5 * (sample[0] * 3 - sample[1])
        for model in (Rated(), torch.jit.script(Rated().eval())):
            manifest = self.pack(model, example, [sample], arguments=fixed)
            self.assertEqual([spec["name"] for spec in manifest["models"]["model"]["inputs"]], ["x", "y"])
            answer = numpy.load(self.package / manifest["golden"][0]["result"]["value"]["npy"])
            numpy.testing.assert_allclose(answer, expected.numpy(), rtol=1e-6)
            stored = torch.jit.load(str(self.package / "model.ts"))
            if isinstance(model, torch.jit.ScriptModule):
                self.assertEqual(manifest["models"]["model"]["engines"][0]["options"]["arguments"], fixed)
            else:
                self.assertNotIn("options", manifest["models"]["model"]["engines"][0])
                torch.testing.assert_close(stored(*sample), expected)

    def test_mistakes_in_fixed_arguments_are_named(self):
        example = (torch.rand(2, 4), torch.rand(2, 4))
        for fixed, message in (({"speed": 1}, "forward.. has no argument 'speed'; it takes"),
                               ({"rate": torch.tensor(1)}, r"arguments\['rate'\]: expected true, false"),
                               ({"rate": 2 ** 63}, r"arguments\['rate'\]"), ({"scale": float("nan")}, "finite number")):
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                self.pack(torch.jit.script(Rated().eval()), example, arguments=fixed)

    def test_libraries_are_named_or_stored_and_loaded(self):
        class Kept(nn.Module):
            def forward(self, boxes: torch.Tensor) -> torch.Tensor:
                return boxes[torchvision.ops.nms(boxes, boxes.sum(1), 0.5)]
        model, boxes = torch.jit.script(Kept().eval()), torch.rand(6, 4)
        arguments = {"batch": False, "samples": [boxes]}
        with self.assertRaisesRegex(gp.CheckFailed, r"needs the operator torchvision::nms; .*libraries=\[\"torchvision\"\]"):
            self.pack(model, boxes, **arguments)
        options = self.pack_model(model, boxes, libraries=["torchvision"], **arguments)["engines"][0]["options"]
        self.assertEqual(options["libraries"], ["torchvision"])
        library = next(Path(torchvision.__file__).parent.glob("_C*.so"))
        manifest = self.pack(model, boxes, libraries=[library], **arguments)
        self.assertEqual(manifest["models"]["model"]["engines"][0]["options"]["libraries"], [f"ops/{library.name}"])
        self.assertIn(f"ops/{library.name}", [entry["path"] for entry in manifest["files"]])
        self.assertEqual((self.package / "ops" / library.name).read_bytes(), library.read_bytes())
        for wrong, message in (("lib/absent.so", "'lib/absent.so' is no file"), ("nothing_of_that_name", "cannot be loaded")):
            with self.subTest(wrong), self.assertRaisesRegex(gp.PackError, message):
                self.pack(model, boxes, libraries=[wrong], **arguments)


class BoundariesTest(PackingTest):
    def test_what_goes_into_the_model_is_always_recorded(self):
        soft = {"op": "softmax"}
        cases = (([soft, "model"], {"pipeline[0]"}),
                 ([soft, {"op": "fork", "branches": [["model"], [soft, "model"]]}, ],
                  {"pipeline[0]", "pipeline[1].branches[0][0]", "pipeline[1].branches[1][0]", "pipeline[1].branches[1][1]"}),
                 (["model", "model"], {"pipeline[0]", "pipeline[1]"}))
        for pipeline, wanted in cases:
            with self.subTest(pipeline):
                manifest = self.pack(nn.Linear(64, 64), torch.rand(2, 64), [torch.rand(64)], pipeline=pipeline,
                                     max_stage_bytes=0)
                self.assertLessEqual(wanted, {stage["at"] for stage in manifest["golden"][0]["stages"]})

    def test_the_stage_before_an_inner_model_is_that_before_its_list(self):
        for path, before in (("pipeline[0]", None), ("pipeline[3]", "pipeline[2]"), ("pipeline[3].do[1]", "pipeline[3].do[0]"),
                             ("pipeline[3].do[0]", "pipeline[2]"), ("pipeline[3].then[0]", "pipeline[2]"),
                             ("pipeline[0].else[0]", None), ("pipeline[2].branches[1][0]", "pipeline[1]"),
                             ("pipeline[2].branches[1][0].do[0]", "pipeline[1]"),
                             ("pipeline[2].branches[1][1].do[0]", "pipeline[2].branches[1][0]")):
            self.assertEqual(stage_before(path), before)


if __name__ == "__main__":
    unittest.main()
