# SPDX-License-Identifier: Apache-2.0
"""Packages of several models, of one, and of none: what is exported and recorded of each, ops of a host's own between them,
and what is refused. Run by ctest; or: python tests/pack/models_test.py."""

import io
import json
import subprocess
import sys
import unittest

import numpy
import torch
from PIL import Image
from torch import nn

from packing import PACKER, PackingTest, gp, model_of


class Counter(nn.Module):
    """Keeps state: counts its calls."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x):
        self.count.add_(1)
        return x * 0 + self.count


class SumOfLarge(nn.Module):
    """Remembers what is over 5, which the example is not."""

    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.max() > 5):
            self.total.add_(x.max())
        return x + self.total


class Detector(nn.Module):
    """Two outputs for each picture: where to look, and a score."""

    def forward(self, picture):
        return {"corner": picture.flatten(1)[:, :2], "score": picture.mean((1, 2, 3))}


def encoder():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh()).eval()


def head():
    torch.manual_seed(2)
    return nn.Linear(6, 3).eval()


class ModelsTest(PackingTest):
    ENCODE_AND_JUDGE = [{"op": "model", "name": "encoder"}, {"op": "model", "name": "head"}]
    SAMPLES = [torch.arange(4.0), torch.ones(4), torch.tensor([0.5, -1, 2, 0])]

    def pack_models(self, models, pipeline, samples=(), **arguments):
        """The manifest of a package of several models, which is self.package."""
        self.count += 1
        self.package = gp.pack(self.dir / str(self.count), models=models, pipeline=pipeline, name="p", version="1",
                               samples=samples, **arguments)
        return json.loads((self.package / "gantry.json").read_text())

    def pack_two(self, **of_head):
        models = {"encoder": gp.Model(encoder(), torch.rand(2, 4), engines="torchscript"),
                  "head": gp.Model(head(), torch.rand(2, 6), engines="torchscript", **of_head)}
        return self.pack_models(models, self.ENCODE_AND_JUDGE, self.SAMPLES,
                                reference=lambda sample: head()(encoder()(sample)).detach())

    def refused(self, message, models, pipeline, *arguments, **named):
        with self.assertRaisesRegex(gp.PackError, message):
            self.pack_models(models, pipeline, *arguments, **named)
        self.assertEqual(list(self.dir.iterdir()), [])

    # -- what is written

    def test_each_model_has_its_entry_its_files_and_its_proof(self):
        manifest = self.pack_two(max_batch=5, output_names=["scores"], tolerance={"atol": 1e-3, "rtol": 0})
        self.assertEqual(list(manifest["models"]), ["encoder", "head"])
        for name, sizes in (("encoder", [2, 9, 16]), ("head", [2, 3, 5])):
            entry = manifest["models"][name]
            self.assertEqual([engine["file"] for engine in entry["engines"]], [f"{name}.ts"])
            self.assertEqual(entry["max_batch"], sizes[-1])
            self.assertEqual(entry["engines"][0]["rows"]["sizes"], sizes)
            self.assertTrue((self.package / f"{name}.ts").is_file())
        self.assertEqual(manifest["models"]["head"]["outputs"], [{"name": "scores", "dtype": "f32", "shape": ["batch", 3]}])
        self.assertIn("encoder: torchscript; head: torchscript", self.said.getvalue())

    def test_every_model_op_is_recorded_with_what_goes_in_and_comes_out(self):
        manifest = self.pack_two(tolerance={"atol": 1e-3, "rtol": 0})
        for case, sample in zip(manifest["golden"], self.SAMPLES):
            stages = {stage["at"]: stage for stage in case["stages"]}
            between = numpy.load(self.package / stages["pipeline[0]"]["value"]["npy"])
            numpy.testing.assert_array_equal(between, encoder()(sample[None])[0].detach().numpy())
            answer = numpy.load(self.package / stages["pipeline[1]"]["value"]["npy"])
            numpy.testing.assert_array_equal(answer, head()(torch.from_numpy(between)[None])[0].detach().numpy())
            self.assertEqual(stages["pipeline[0]"]["tolerance"], {"atol": 1e-4, "rtol": 1e-4})
            self.assertGreaterEqual(stages["pipeline[1]"]["tolerance"]["atol"], 1e-3)  # the model's own, at least

    def test_one_model_is_called_model_and_need_not_be_named(self):
        for pipeline in (["model"], [{"op": "model", "name": "model"}]):
            manifest = self.pack(encoder(), torch.rand(2, 4), [torch.rand(4)], pipeline=pipeline)
            self.assertEqual(list(manifest["models"]), ["model"])
        one = {"encoder": gp.Model(encoder(), torch.rand(2, 4), engines="torchscript")}
        self.assertEqual(list(self.pack_models(one, ["model"], [torch.rand(4)])["models"]), ["encoder"])

    def test_an_exported_program_brings_its_example(self):
        program = torch.export.export(encoder(), (torch.rand(1, 4),))
        manifest = self.pack_models({"encoder": gp.Model(program, engines="torchscript")}, ["model"], [torch.rand(1, 4)])
        self.assertEqual(manifest["models"]["encoder"]["inputs"][0]["shape"], [1, 4])

    def test_each_model_has_its_own_padding_arguments_and_batch_axis(self):
        class Scaled(nn.Module):
            def forward(self, x: torch.Tensor, by: int) -> torch.Tensor:
                return x * by
        script = torch.jit.script(Scaled().eval())
        models = {"long": gp.Model(model_of(lambda x: x * 2).eval(), torch.rand(2, 4), engines="torchscript",
                                   shapes={"x": ["batch", "T"], "output": ["batch", "T"]}, padding={"dim": "T", "lengths": [8]}),
                  "scaled": gp.Model(script, torch.rand(1, 4), arguments={"by": 3}, batch=False,
                                     shapes={"x": [1, "T"], "output": [1, "T"]})}
        manifest = self.pack_models(models, [{"op": "model", "name": "long"}, "acme.row", {"op": "model", "name": "scaled"}],
                                    [torch.rand(4), torch.rand(6)], tool=False,
                                    ops={"acme.row": gp.Op("Tensor", "Tensor", None, lambda value: value[None])})
        self.assertEqual(manifest["models"]["long"]["padding"], {"dim": "T", "lengths": [8]})
        self.assertNotIn("padding", manifest["models"]["scaled"])
        self.assertNotIn("arguments", manifest["models"]["long"])
        self.assertIn('"by": 3', json.dumps(manifest["models"]["scaled"]))
        self.assertIn("no batch axis", manifest["models"]["scaled"]["engines"][0]["rows"]["reason"])

    def test_a_package_may_hold_no_model(self):
        manifest = self.pack_models(None, [{"op": "normalize", "mean": 1, "std": 2}, "softmax"], [torch.rand(2, 3, 4)])
        self.assertEqual(manifest["models"], {})
        self.assertEqual(len(manifest["golden"][0]["stages"]), 2)
        self.assertIn("p 1, no model", self.said.getvalue())

    def test_where_one_model_keeps_state_every_case_is_its_first(self):
        models = {"counter": gp.Model(torch.jit.script(Counter().eval()), torch.rand(2, 4)),
                  "encoder": gp.Model(encoder(), torch.rand(2, 4), engines="torchscript")}
        manifest = self.pack_models(models, [{"op": "model", "name": "counter"}, {"op": "model", "name": "encoder"}], self.SAMPLES)
        for case in manifest["golden"]:
            self.assertEqual(numpy.load(self.package / case["stages"][0]["value"]["npy"]).tolist(), [1.0] * 4)
        self.assertEqual(manifest["models"]["counter"]["engines"][0]["rows"]["reason"], "the model keeps state")
        self.assertTrue(manifest["models"]["encoder"]["engines"][0]["rows"]["independent"])
        self.assertIn("model 'counter': the model keeps state", self.said.getvalue())

    def test_state_that_only_samples_touch_in_one_of_the_models_is_found(self):
        models = {"total": gp.Model(torch.jit.script(SumOfLarge().eval()), torch.rand(2, 4)),
                  "double": gp.Model(model_of(lambda x: x * 2).eval(), torch.rand(2, 4), engines="torchscript")}
        manifest = self.pack_models(models, [{"op": "model", "name": "total"}, {"op": "model", "name": "double"}],
                                    [torch.full((4,), 9.0), torch.full((4,), 7.0)])
        answers = [numpy.load(self.package / case["result"]["value"]["npy"]).tolist() for case in manifest["golden"]]
        self.assertEqual(answers, [[36.0] * 4, [28.0] * 4])
        self.assertEqual(manifest["models"]["total"]["engines"][0]["rows"]["reason"], "the model keeps state")

    # -- ops of a host's own, and branches

    def cascade(self, **arguments):
        """A detector, a crop at the whole pixel that it found by a host's op, and a classifier of each crop."""
        models = {"detector": gp.Model(Detector().eval(), torch.rand(2, 1, 8, 8), engines="torchscript"),
                  "classifier": gp.Model(model_of(lambda x: x.flatten(1) * 2).eval(), torch.rand(2, 1, 4, 4), engines="torchscript")}
        pipeline = [{"op": "fork", "branches": [[], [{"op": "model", "name": "detector"}]]},
                    {"op": "acme.crops", "size": 4}, {"op": "each", "do": [{"op": "model", "name": "classifier"}]}]

        def crops(value, size):
            picture, found = value
            top = int(found["corner"][0] * 4)
            return [picture[:, top:top + size, left:left + size] for left in (0, 2, 4)]
        op = gp.Op("tuple<Tensor, Tensors>", "list<Tensor>", None, crops, carries=lambda incoming: gp.EXACT)
        return self.pack_models(models, pipeline, [torch.rand(1, 8, 8), torch.rand(1, 8, 8)], ops={"acme.crops": op}, **arguments)

    def test_a_host_op_between_models_is_recorded_by_its_function(self):
        case = self.cascade()["golden"][0]
        stages = {stage["at"]: stage for stage in case["stages"]}
        picture = numpy.load(self.package / case["input"]["npy"])
        passed, found = stages["pipeline[0]"]["value"]["tuple"]
        numpy.testing.assert_array_equal(numpy.load(self.package / passed["npy"]), picture)
        self.assertEqual(list(found["tensors"]), ["corner", "score"])
        crops = [numpy.load(self.package / one["npy"]) for one in stages["pipeline[1]"]["value"]["list"]]
        self.assertEqual([crop.shape for crop in crops], [(1, 4, 4)] * 3)
        answers = stages["pipeline[2].do[0]"]["value"]["list"]
        for crop, answer in zip(crops, answers):
            numpy.testing.assert_array_equal(numpy.load(self.package / answer["npy"]), crop.reshape(-1) * 2)
        self.assertEqual(len(case["result"]["value"]["list"]), 3)

    def test_an_op_says_what_it_carries_on(self):
        stages = {stage["at"]: stage["tolerance"] for stage in self.cascade()["golden"][0]["stages"]}
        self.assertEqual(stages["pipeline[0]"], {"atol": 1e-4, "rtol": 1e-4})
        self.assertEqual(stages["pipeline[1]"], "exact")
        self.assertEqual(stages["pipeline[2]"], {"atol": 1e-4, "rtol": 1e-4})  # of the classifier alone

    def test_a_fork_may_be_off_by_what_its_branches_may(self):
        ops = {"acme.rough": gp.Op("Tensor", "Tensor", None, lambda value: value, gp.Tolerance(1)),
               "acme.whole": gp.Op("Tensor", "Tensor", None, torch.round, carries=lambda incoming: gp.EXACT)}
        for branches, expected in (([["acme.whole"]], "exact"), ([["acme.whole"], []], {"atol": 1, "rtol": 0})):
            case = self.pack_models(None, ["acme.rough", {"op": "fork", "branches": branches}], [torch.rand(3)], ops=ops)["golden"][0]
            self.assertEqual(case["result"]["tolerance"], expected)

    def test_the_tool_that_does_not_know_an_op_is_not_asked(self):
        tool = self.dir / "gantry"
        tool.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "gantry {gp.VERSION} (LibTorch 2.15.0)"\n')
        tool.chmod(0o755)
        self.cascade(tool=tool)
        self.assertIn("not opened by the gantry tool: it does not know acme.crops; open it with your host, or pass plugins=",
                      self.said.getvalue())

    def test_the_tool_is_given_the_plugins_of_the_host(self):
        tool, plugin = self.dir / "gantry", self.dir / "libacme.so"
        plugin.write_bytes(b"")
        tool.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "gantry {gp.VERSION} (LibTorch 2.15.0)" && exit\n'
                        'case "$*" in *"--plugin ") exit 3;; *"--plugin /"*"/libacme.so"*) ;; *) exit 4;; esac\n'
                        'echo "<testsuite><testcase name=\'golden\'/></testsuite>" >"$4"\n')
        tool.chmod(0o755)
        self.cascade(tool=tool, plugins=[plugin])
        self.assertIn("opening the package", self.said.getvalue())
        self.assertNotIn("not opened", self.said.getvalue())
        with self.assertRaisesRegex(gp.PackError, "plugins: .*missing.so is no file"):
            self.cascade(plugins=[self.dir / "missing.so"])

    def test_a_function_will_do_where_types_need_no_checking(self):
        self.pack(encoder(), torch.rand(2, 4), [torch.rand(4)], pipeline=["model", "acme.half"],
                  ops={"acme.half": lambda value: value / 2})

    def test_what_a_host_op_gives_is_of_the_type_that_it_says(self):
        for gives, value in (("list<Tensor>", [1]), ("list<Tensor>", torch.rand(2)), ("tuple<Tensor, list<Tensor>>", (1, [])),
                             ("tuple<Tensor, Tensor>", (torch.rand(1),)), ("Tensors", {"a": 1}), ("Bytes", "text"),
                             ("Classes", [1])):
            with self.subTest(gives):
                with self.assertRaisesRegex(gp.PackError, f"'acme.x' gives .*, not the {gives} that it says"):
                    self.pack(encoder(), torch.rand(2, 4), [torch.rand(4)], pipeline=["model", "acme.x"],
                              ops={"acme.x": gp.Op("Tensor", gives, None, lambda _, value=value: value)})

    def test_types_of_branches(self):
        empty = {"op": "fork", "branches": [[], [{"op": "image.to_tensor"}]]}
        self.assertEqual(gp.check_pipeline([empty]), ("Image", "tuple<Image, Tensor>"))
        self.assertEqual(gp.check_pipeline([{"op": "image.decode"}, empty]), ("Bytes", "tuple<Image, Tensor>"))
        self.assertEqual(gp.run_pipeline([{"op": "fork", "branches": [[], [{"op": "softmax"}]]}], torch.zeros(2))[0].tolist(),
                         [0, 0])
        with self.assertRaisesRegex(gp.PackError, r"pipeline\[0\]: the branches take Image, Tensor"):
            gp.check_pipeline([{"op": "fork", "branches": [[{"op": "image.flip"}], [{"op": "softmax"}]]}])
        two = [{"op": "model", "name": "a"}, {"op": "model", "name": "b"}]
        self.assertEqual(float(gp.run_pipeline(two, torch.ones(1), {"a": lambda x: x + 1, "b": lambda x: x * 3})), 6)
        with self.assertRaisesRegex(gp.PackError, "there is no model 'b' to call; there are a"):
            gp.run_pipeline(two, torch.ones(1), {"a": lambda x: x})

    # -- what is refused

    def test_models_that_the_pipeline_does_not_mean(self):
        two = {"encoder": gp.Model(encoder(), torch.rand(2, 4)), "head": gp.Model(head(), torch.rand(2, 6))}
        self.refused(r"pipeline\[0\]: which model\? There are encoder, head", two, ["model", *self.ENCODE_AND_JUDGE])
        self.refused(r"pipeline\[1\].name: there is no model 'tail'; there are encoder, head", two,
                     [*self.ENCODE_AND_JUDGE[:1], {"op": "model", "name": "tail"}, *self.ENCODE_AND_JUDGE[1:]])
        self.refused("models: the pipeline never runs 'head'; add", two, self.ENCODE_AND_JUDGE[:1])
        self.refused("pipeline: it has no op 'model', so the model would never run", {"encoder": two["encoder"]}, ["softmax"])
        self.refused(r"pipeline\[0\]: there is no model; pass model= or models=", None, ["model"])
        self.refused(r"pipeline\[0\].name: expected the name of a model, got 3", two, [{"op": "model", "name": 3}])
        self.refused(r"takes exactly the keys \[\], got \['batch'\]", two, [{"op": "model", "batch": 3}])
        with self.assertRaisesRegex(gp.PackError, "it has no op 'model', so the model would never run"):
            self.pack(encoder(), torch.rand(2, 4), pipeline=["softmax"])

    def test_arguments_of_models_that_are_none(self):
        one = gp.Model(encoder(), torch.rand(2, 4))
        self.refused(r"models\['Big'\]: a model's name is", {"Big": one}, ["model"])
        self.refused(r"models\['a'\]: needs example inputs: Model\(module, example_inputs\)", {"a": encoder()}, ["model"])
        self.refused(r"models\['a'\].shapes: expected", {"a": gp.Model(encoder(), torch.rand(2, 4), shapes=5)}, ["model"])
        self.refused("models: at most 16, got 17", {f"m{i}": one for i in range(17)}, ["model"])
        self.refused("max_batch: is of one model; where there are models=, pass it to its Model", {"a": one}, ["model"], max_batch=3)
        self.refused("models: takes the place of model and example_inputs", {"a": one}, ["model"], model=encoder())
        self.refused("files: 'a.pt2' is a name of gantry-pack's own", {"a": one}, ["model"], files={"a.pt2": b""})

    def test_errors_name_the_model(self):
        def two(**of_head):
            return {"encoder": gp.Model(encoder(), torch.rand(2, 4), engines="torchscript"),
                    "head": gp.Model(**{"module": head(), "example_inputs": torch.rand(2, 6), "engines": "torchscript", **of_head})}
        for of_head, message in (({"max_batch": 0}, "model 'head': max_batch: expected 1..65536"),
                                 ({"engines": "onnx"}, "model 'head': engines: expected one or more"),
                                 ({"padding": {"dim": "T"}}, r"model 'head': padding\['dim'\]: no input"),
                                 ({"module": nn.Linear(6, 3)}, "model 'head': the model is in training mode"),
                                 ({"example_inputs": torch.rand(2, 5)}, "model 'head': the model fails on example_inputs"),
                                 ({"module": head().double(), "example_inputs": torch.rand(2, 6).double()},
                                  r"sample 0: model 'head': input 'input' of a sample is f64\[6\], got tensor f32")):
            with self.subTest(message):
                self.refused(message, two(**of_head), self.ENCODE_AND_JUDGE, self.SAMPLES)
        frozen = model_of(lambda x: x * 2 if bool(x.min() >= 0) else x * 3)
        self.refused("model 'head': the torchscript model differs from the eager one", two(module=frozen.eval()),
                     self.ENCODE_AND_JUDGE, [torch.zeros(4) - 1, *self.SAMPLES])


class Both(nn.Module):
    def forward(self, features, mask):
        return features * mask


class NamedTensorsTest(PackingTest):
    """select, bundle and the named inputs of a pipeline."""

    def pack_models(self, *arguments, **named):
        return ModelsTest.pack_models(self, *arguments, **named)

    def value(self, value):
        return numpy.load(self.package / value["npy"])

    def test_outputs_of_one_model_become_inputs_of_the_next(self):
        models = {"detector": gp.Model(Detector().eval(), torch.rand(2, 1, 2, 2), engines="torchscript"),
                  "both": gp.Model(Both().eval(), (torch.rand(2, 2), torch.rand(2, 2)), engines="torchscript"),
                  "encoder": gp.Model(nn.Linear(2, 2).eval(), torch.rand(2, 2), engines="torchscript", output_names="code")}
        pipeline = [{"op": "model", "name": "detector"},
                    {"op": "fork", "branches": [[{"op": "select", "name": "corner"}],
                                                [{"op": "select", "names": ["corner"], "as": ["features"]}, {"op": "select", "name": "features"},
                                                 {"op": "model", "name": "encoder"}, {"op": "select", "name": "code"}, "softmax"]]},
                    {"op": "bundle", "names": ["features", "mask"]}, {"op": "model", "name": "both"}]
        case = self.pack_models(models, pipeline, [torch.rand(1, 2, 2)])["golden"][0]
        stages = {stage["at"]: stage["value"] for stage in case["stages"]}
        self.assertEqual(list(stages["pipeline[1].branches[1][2]"]["list"][0]["tensors"]), ["code"])  # one output, by its name
        self.assertEqual(list(stages["pipeline[2]"]["tensors"]), ["features", "mask"])
        parts = [self.value(one) for one in stages["pipeline[1]"]["tuple"]]
        numpy.testing.assert_allclose(self.value(case["result"]["value"]), parts[0] * parts[1], rtol=1e-6)

    def test_an_encoder_with_a_head_that_also_sees_the_input(self):
        models = {"encoder": gp.Model(nn.Linear(4, 4).eval(), torch.rand(2, 4), engines="torchscript"),
                  "both": gp.Model(Both().eval(), (torch.rand(2, 4), torch.rand(2, 4)), engines="torchscript")}
        pipeline = [{"op": "fork", "branches": [[{"op": "model", "name": "encoder"}], []]},
                    {"op": "bundle", "names": ["features", "mask"]}, {"op": "model", "name": "both"}]
        case = self.pack_models(models, pipeline, [torch.rand(4), torch.rand(4)])["golden"][0]
        code, passed = [self.value(one) for one in case["stages"][0]["value"]["tuple"]]
        numpy.testing.assert_array_equal(passed, self.value(case["input"]))
        numpy.testing.assert_allclose(self.value(case["result"]["value"]), code * passed, rtol=1e-6)

    def test_a_pipeline_with_several_inputs_takes_each_by_its_name(self):
        one = {"both": gp.Model(Both().eval(), (torch.rand(2, 4), torch.rand(2, 4)), engines="torchscript")}
        pipeline = [{"op": "fork", "branches": [[{"op": "select", "name": "picture"}, "image.decode", "image.to_tensor", "acme.mean"],
                                                [{"op": "select", "name": "mask"}, "sigmoid"]]},
                    {"op": "bundle", "names": ["features", "mask"]}, "model"]
        picture, mask = torch.randint(0, 256, (2, 2), dtype=torch.uint8), torch.rand(4)
        encoded = io.BytesIO()
        Image.fromarray(picture.numpy()).save(encoded, "PNG")
        ops = {"acme.mean": gp.Op("Tensor", "Tensor", None, lambda value: value.mean(0).flatten())}
        for sample in ({"mask": mask, "picture": encoded.getvalue()}, (encoded.getvalue(), mask)):
            manifest = self.pack_models(one, pipeline, [sample], inputs=["picture", "mask"], ops=ops)
            self.assertEqual(manifest["inputs"], [{"name": "picture"}, {"name": "mask"}])
            case = manifest["golden"][0]
            self.assertNotIn("input", case)
            self.assertEqual((self.package / case["inputs"]["picture"]["file"]).read_bytes(), encoded.getvalue())
            numpy.testing.assert_array_equal(self.value(case["inputs"]["mask"]), mask.numpy())
            expected = picture.flatten().float() / 255 * mask.sigmoid()
            numpy.testing.assert_allclose(self.value(case["result"]["value"]), expected.numpy(), rtol=1e-5)

    def test_inputs_that_the_first_op_takes_as_they_are(self):
        both = {"both": gp.Model(Both().eval(), (torch.rand(2, 4), torch.rand(2, 4)), engines="torchscript")}
        sample = {"features": torch.rand(4), "mask": torch.ones(4)}
        case = self.pack_models(both, ["model"], [sample], inputs=["features", "mask"])["golden"][0]
        numpy.testing.assert_array_equal(self.value(case["result"]["value"]), sample["features"].numpy())
        bundled = [{"op": "bundle", "names": ["mask", "features"]}, "model"]
        case = self.pack_models(both, bundled, [(torch.ones(4), torch.rand(4))], inputs=["a", "b"])["golden"][0]
        self.assertEqual(list(case["inputs"]), ["a", "b"])
        self.refused(r"pipeline\[0\]: takes tuple<Tensor, Tensor>, but the pipeline has the inputs a, b, c", both, bundled,
                     inputs=["a", "b", "c"])

    def refused(self, message, *arguments, **named):
        with self.assertRaisesRegex(gp.PackError, message):
            self.pack_models(*arguments, **named)

    def test_inputs_that_are_none(self):
        one = {"encoder": gp.Model(encoder(), torch.rand(2, 4))}
        pick = [{"op": "select", "name": "a"}, "model"]
        self.refused("inputs: names 2..16 inputs of the pipeline, got 1; one input has no name", one, pick, inputs=["a"])
        self.refused("inputs: expected names, .* got 'A'", one, pick, inputs=["a", "A"])
        self.refused("inputs: expected names, .* got 'a'", one, pick, inputs=["a", "a"])
        self.refused("inputs: no op selects 'b'", one, pick, inputs=["a", "b"])
        self.refused(r"pipeline\[0\].name: the pipeline has no input 'c'; it has a, b", one, [{"op": "select", "name": "c"}, "model"],
                     inputs=["a", "b"])
        both = [{"op": "fork", "branches": [[{"op": "select", "name": name}, "softmax"] for name in "ab"]},
                {"op": "bundle", "names": ["x", "y"]}, {"op": "select", "name": "x"}, "model"]
        for sample, got in (({"a": torch.rand(4)}, r"\['a'\]"), (torch.rand(4), "tensor"), ((torch.rand(4),), "tuple")):
            self.refused(f"sample 0: the pipeline has the inputs a, b, so a sample is a dict of these, or a tuple .*got {got}", one,
                         both, [sample], inputs=["a", "b"])

    def test_mistakes_of_select_and_bundle_are_named_with_their_path(self):
        fork = {"op": "fork", "branches": [[{"op": "softmax"}], [{"op": "sigmoid"}]]}
        cases = [([{"op": "select"}], r"pipeline\[0\]: 'select' takes name, or names and as, or item, got \[\]"),
                 ([{"op": "select", "name": "a", "as": ["b"]}], "'select' takes name, or names and as"),
                 ([{"op": "select", "name": ""}], r"pipeline\[0\].name: expected the name of a tensor"),
                 ([{"op": "select", "names": []}], r"names: expected 1..64 names"),
                 ([{"op": "select", "names": ["a", "a"]}], "names: 'a' appears twice"),
                 ([{"op": "select", "names": ["a"], "as": ["b", "c"]}], r"as: needs a name for each of the 1 names, got 2"),
                 ([{"op": "select", "names": ["a", "a"], "as": ["b", "b"]}], "as: 'b' appears twice"),
                 ([{"op": "bundle"}], r"'bundle' takes exactly the keys \['names'\], got \[\]"),
                 ([{"op": "bundle", "names": [3]}], "names: expected names of tensors, got 3"),
                 ([{"op": "softmax"}, {"op": "bundle", "names": ["a"]}], "takes a tuple or list of Tensor, but .* gives Tensor"),
                 ([fork, {"op": "bundle", "names": ["a"]}], r"has 2 branches, but tuple<Tensor> is wanted"),
                 ([{"op": "select", "item": 16}], r"item: expected 0..15, got 16"),
                 ([{"op": "select", "item": 0}], "takes a tuple, but it is given what nobody states"),
                 ([{"op": "image.decode"}, {"op": "select", "item": 0}], "takes a tuple, but it is given Image"),
                 ([fork, {"op": "select", "item": 1}], r"pipeline\[1\]: 'select' of an item takes a tuple whose types are known"),
                 ([fork, {"op": "fork", "branches": [[{"op": "select", "item": 1}], [{"op": "select", "item": 0}]]}],
                  r"branches\[0\]\[0\]: 'select' of an item takes a tuple whose types are known"),
                 ([fork, {"op": "fork", "branches": [[{"op": "bundle", "names": ["a", "b"]}], [{"op": "select", "item": 2}]]}],
                  r"item: must be 0..1 of tuple<Tensor, Tensor>, got 2"),
                 ([{"op": "image.decode"}, {"op": "select", "name": "a"}], "'select' takes Tensors, but .* gives it Image")]
        for ops, message in cases:
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                gp.check_pipeline(ops)
        self.assertEqual(gp.check_pipeline([{"op": "select", "names": ["a", "a"], "as": ["b", "c"]}]), ("Tensors", "Tensors"))
        self.assertEqual(gp.check_pipeline([{"op": "bundle", "names": ["a", "b"]}]), ("tuple<Tensor, Tensor>", "Tensors"))
        self.assertEqual(gp.run_pipeline([{"op": "select", "names": ["a", "a"], "as": ["b", "c"]}], {"a": torch.ones(1)}).keys(),
                         {"b", "c"})
        for ops, value, message in (([{"op": "select", "name": "b"}], {"a": torch.ones(1)}, "there is no tensor 'b'; there are 'a'"),
                                    ([{"op": "bundle", "names": ["a", "b"]}], (torch.ones(1),), "expected 2 tensors, got 1"),
                                    ([{"op": "bundle", "names": ["a"]}], [3], "'bundle' takes a tuple or list of tensors")):
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                gp.run_pipeline(ops, value)


class OwnOpsTest(PackingTest):
    def test_names_that_an_own_op_cannot_have(self):
        for name, message in (("softmax", "'softmax' is an op of gantry's own; give yours a name of its own, as \"acme.softmax\""),
                              ("each", "'each' is an op of gantry's own"), ("", "'' is no name of an op"),
                              ("acme crop", "'acme crop' is no name of an op"), ("a" * 129, "is no name of an op")):
            with self.subTest(name), self.assertRaisesRegex(gp.PackError, f"ops: .*{message}"):
                self.pack(encoder(), torch.rand(2, 4), ops={name: gp.Op("Tensor", "Tensor", None, lambda value: value)})


def leave(*_):
    raise SystemExit(0)


class ExitTest(PackingTest):
    """exit() in code of the user is an error, and not a package that was made."""

    def refused(self, message, *arguments, **named):
        with self.assertRaisesRegex(gp.PackError, message):
            self.pack(*arguments, **named)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_in_a_model(self):
        self.refused(r"the model calls exit\(0\); nothing was made", model_of(leave), torch.rand(2, 4))
        later = model_of(lambda x: leave() if float(x.max()) > 5 else x)
        self.refused(r"the model calls exit\(0\)", later, torch.rand(2, 4), [torch.full((4,), 9.0)])

    def test_in_a_reference_and_in_an_op(self):
        double = model_of(lambda x: x * 2)
        self.refused(r"sample 0: your reference calls exit\(0\)", double, torch.rand(2, 4), [torch.rand(4)], reference=leave)
        self.refused(r"sample 0: pipeline.1.: 'acme.x' calls exit\(0\)", double, torch.rand(2, 4), [torch.rand(4)],
                     pipeline=["model", "acme.x"], ops={"acme.x": leave})
        with self.assertRaisesRegex(gp.PackError, "sample 0: what the pipeline's first op takes is not known; "):
            self.pack(double, torch.rand(2, 4), [torch.rand(4)], pipeline=["acme.x", "model"], ops={"acme.x": leave})

    def test_on_the_command_line(self):
        (self.dir / "recipe.py").write_text(
            "import torch\nclass Leaves(torch.nn.Module):\n  def forward(self, x): raise SystemExit(0)\n"
            "def recipe(): return dict(name='p', version='1', model=Leaves().eval(), example_inputs=torch.rand(1, 2))\n")
        done = subprocess.run([sys.executable, PACKER, "build", "recipe.py"], cwd=self.dir, capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr),
                         (2, "gantry-pack: the model calls exit(0); nothing was made\n"))


RECIPE = """
import torch
from gantry_pack import Model
def recipe():
    models = {{"a": Model(torch.nn.Linear(2, 2).eval(), torch.rand(1, 2)), "b": Model(torch.nn.Linear(2, 2).eval(), torch.rand(1, 2))}}
    return dict(name="two", version="1", models=models, pipeline=[{{"op": "model", "name": n}} for n in "ab"], {extra})
"""


class CommandLineTest(PackingTest):
    def build(self, extra, *options, code=0):
        (self.dir / "recipe.py").write_text(RECIPE.format(extra=extra))
        done = subprocess.run([sys.executable, PACKER, "build", "recipe.py", *options], cwd=self.dir, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def test_a_recipe_of_several_models_whose_engines_are_replaced(self):
        self.assertIn("wrote two/1: two 1, a: torchscript; b: torchscript", self.build("", "--engine", "torchscript"))
        manifest = json.loads((self.dir / "two" / "1" / "gantry.json").read_text())
        self.assertEqual([engine["kind"] for name in "ab" for engine in manifest["models"][name]["engines"]], ["torchscript"] * 2)

    def test_a_recipe_with_both_is_refused(self):
        self.assertIn("models: takes the place of model", self.build("model=torch.nn.Linear(2, 2)", code=2))


if __name__ == "__main__":
    unittest.main(verbosity=1)
