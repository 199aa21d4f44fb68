# SPDX-License-Identifier: Apache-2.0
"""What gantry-pack says when something is wrong: the reason, and what to do. Run by ctest; or:
python tests/pack/messages_test.py."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

import numpy
import torch
from PIL import Image

from packing import PACKER, PackingTest, gp, model_of
from gantry_pack.arguments import OF_MODELS, OF_PACKAGES
from gantry_pack.engines.check import hint_of
from gantry_pack.labels import read_labels
from gantry_pack.model.model import TypedModel
from gantry_pack.running.trial import Trial


class MessagesTest(PackingTest):
    def refused(self, message, *arguments, **named):
        with self.assertRaisesRegex(gp.PackError, message):
            self.pack(*arguments, **named)

    # -- the batch axis, and sizes that vary

    def test_says_why_no_batch_axis_was_found(self):
        mean = model_of(lambda x: x - x.mean())
        self.refused(r"f32\[2, 4\], got tensor f32\[4\]; no batch axis was found, since one more sample changes what the others "
                     "give; pass batch=True if", mean, torch.rand(2, 4), [torch.rand(4)])
        self.refused("no batch axis was found, since with 2 instead of 1 in front it fails: .*invalid for input of size 24; take "
                     "sizes from the input", model_of(lambda x: x.reshape(1, 12) * 2), torch.rand(1, 3, 4), [torch.rand(3, 4)])
        self.refused(r"since output 1 is tensor f32\[1, 2, 8\], where the inputs have 2 in front; wrap the model",
                     torch.nn.LSTM(4, 8, batch_first=True), torch.rand(2, 5, 4), [torch.rand(5, 4)])
        self.refused(r"batch=True, but output 1 is tensor f32\[1, 2, 8\], where the inputs have 2 in front; wrap",
                     torch.nn.LSTM(4, 8, batch_first=True), torch.rand(2, 5, 4), [torch.rand(5, 4)], batch=True)
        self.refused("with batch=False a sample has all dimensions of example_inputs", model_of(lambda x: x * 2),
                     torch.rand(2, 4), [torch.rand(4)], batch=False)
        self.refused("a sample comes without the batch axis", model_of(lambda x: x * 2), torch.rand(2, 4), [torch.rand(1, 4)])

    def test_names_the_dimensions_that_vary(self):
        words = torch.nn.Sequential(torch.nn.Embedding(9, 4), model_of(lambda x: x.mean(1)))
        self.refused(r'sample 1: model: input .input. of a sample is i64\[7\], got tensor i64\[9\]; name the dimensions that vary: '
                     r'shapes=\{"input": \["batch", "n1"\]\}', words, torch.ones(2, 7, dtype=torch.int64),
                     [torch.ones(7, dtype=torch.int64), torch.ones(9, dtype=torch.int64)])

    # -- samples

    def test_an_input_of_no_elements_is_not_told_to_have_a_size_that_outputs_have(self):
        for shapes in (None, {"x": [0, 4]}):
            with self.assertRaisesRegex(gp.PackError, r"'x' has the shape \[0, 4\]; every dimension of an input must be 1 or "
                                        "more: give example_inputs of which none is empty") as refusal:
                self.pack(model_of(lambda x: x * 2), torch.rand(0, 4), batch=False, shapes=shapes)
            self.assertNotIn("shapes=", str(refusal.exception))

    def test_samples_of_several_inputs_are_dicts(self):
        class Both(torch.nn.Module):
            def forward(self, a, b):
                return a + b
        example = (torch.rand(2, 3), torch.rand(2, 3))
        for sample, got in ((torch.rand(3), r"got tensor f32\[3\]"), ((torch.rand(3),), "got 1 of them"),
                            ({"a": torch.rand(3)}, r"got one of \['a'\]")):
            self.refused(rf"sample 0: the model takes several tensors, so a sample is a dict of \['a', 'b'\], .*{got}",
                         Both(), example, [sample])

    def test_images_that_an_image_is_not_made_of(self):
        steps = {"pipeline": ["image.to_tensor", "model"]}
        model, example = model_of(lambda x: x * 2), torch.rand(1, 3, 4, 4)
        gray = numpy.zeros((4, 4), numpy.uint8)
        cases = [(Image.fromarray(gray.astype(numpy.uint16)), "not I;16; scale it to 8 bits"),
                 (Image.fromarray(gray.astype(numpy.float32)), "not F; scale it"),
                 (Image.fromarray(gray.astype(numpy.int32)), "not I; scale it"),
                 (Image.fromarray(gray).convert("P"), r'not P; convert it, as your service will: image.convert\("RGB"\)'),
                 (Image.fromarray(gray).convert("LA"), "not LA; convert it"), (Image.new("CMYK", (4, 4)), "not CMYK"),
                 (Image.new("1", (4, 4)), "not 1; convert"), (gray.astype(numpy.uint16), "values of u8, not uint16; scale"),
                 (gray.astype(numpy.float32), "values of u8, not float32; convert"), (gray[0], "an array u8"),
                 (numpy.zeros((4, 4, 5), numpy.uint8), "an array u8"), ("cat.png", "begin with image.decode"),
                 (b"cat", "begin with image.decode")]
        for sample, message in cases:
            with self.subTest(message):
                self.refused("sample 0.*: .*" + message, model, example, [sample], **steps)
        self.pack(model_of(lambda x: x * 2), torch.rand(1, 1, 4, 4), [gray[:, :, None]], **steps)

    def test_images_that_a_golden_case_cannot_hold(self):
        resize = ["image.decode", {"op": "image.resize_short", "size": 256}, {"op": "image.center_crop", "size": 4},
                  "image.to_tensor", "model"]
        Image.new("RGB", (257, 1)).save(self.dir / "strip.png")
        self.refused(r"sample 0 \(strip.png\): pipeline\[1\] is an image of 65792x256 pixels.*sides of 1 to 65535; take another",
                     model_of(lambda x: x * 2), torch.rand(1, 3, 4, 4), [self.dir / "strip.png"], pipeline=resize)
        self.refused("sample 0: the input is an image of 0x0 pixels", model_of(lambda x: x * 2), torch.rand(1, 3, 4, 4),
                     [numpy.zeros((0, 0, 3), numpy.uint8)],
                     pipeline=[{"op": "image.resize", "width": 4, "height": 4}, "image.to_tensor", "model"])

    def test_bf16_is_refused_before_the_model_is_exported(self):
        for model, example, at in ((model_of(lambda x: x * 2), torch.rand(2, 4).bfloat16(), "the input"),
                                   (model_of(lambda x: x.bfloat16()), torch.rand(2, 4), r"pipeline\[0\]")):
            self.refused(rf"sample 0: {at} is bf16, .*returns f32", model, example, [example[0]])
            self.assertNotIn("tracing", self.said.getvalue())

    def test_tensors_that_a_tensor_is_not_made_of(self):
        cases = [(numpy.array(["a"] * 4), "cannot be made a tensor"), (numpy.array([1j] * 4), "a sample is of complex128"),
                 (numpy.zeros(4, numpy.uint16), "a sample is of uint16; gantry knows"), (Image.new("L", (2, 2)), "not a PIL image"),
                 ("no.npy", "No such file")]
        for sample, message in cases:
            with self.subTest(message):
                self.refused("sample 0.*: .*" + message, model_of(lambda x: x * 2), torch.rand(2, 4), [sample])

    def test_dtypes_that_gantry_does_not_know(self):
        self.refused("what the model returns is of complex64; gantry knows", model_of(torch.fft.rfft), torch.rand(2, 4))
        self.refused("a tensor of example_inputs is of uint16", model_of(lambda x: x.float()), torch.zeros(2, 4, dtype=torch.uint16))
        self.refused("example_inputs: expected a tensor, or a tuple of tensors .* got dict", model_of(lambda x: x), {"x": 1})

    def test_a_model_that_fails_says_on_what(self):
        self.refused(r"the model fails on example_inputs \(tensor f32\[2, 5\]; forward\(\) takes \['input'\]\): RuntimeError: .*mat1",
                     torch.nn.Linear(4, 2), torch.rand(2, 5))
        broken = gp.Op("Tensor", "Tensor", None, lambda value: value.nothing)
        self.refused(r"sample 0: pipeline\[0\]: 'acme.x' fails on tensor f32\[4\]: AttributeError", torch.nn.Linear(4, 2),
                     torch.rand(2, 4), [torch.rand(4)], pipeline=["acme.x", "model"], ops={"acme.x": broken})

    # -- differences

    def test_rounding_is_not_blamed_on_control_flow(self):
        torch.manual_seed(1)
        large = torch.nn.Sequential(torch.nn.Linear(300, 300), torch.nn.BatchNorm1d(300), torch.nn.Linear(300, 5)).eval()
        large[0].weight.data *= 1e4
        example = torch.rand(2, 300)
        exported = torch.jit.trace(large, example)
        model = TypedModel(gp.Model(large, example), gp.Tolerance(1e-9, 1e-9))
        got, expected = (exported(example) + 0.01,), (large(example),)
        trial = Trial([[0, 1]])
        hint = hint_of("torchscript", model, trial, got, expected)
        self.assertRegex(hint, r"off by 0.01\d* at most, where values reach [\d.e+]+: that is rounding, which "
                               r'tolerance=\{"atol": 0.02, "rtol": 1e-09\} would allow')
        self.assertIn("control flow", hint_of("torchscript", model, trial, (expected[0] * 1.1,), expected))
        self.assertIn("control flow", hint_of("torchscript", model, trial, (expected[0] * torch.nan,), expected))

    # -- files and directories

    def test_an_argument_that_is_something_else_altogether_is_named(self):
        model, example = model_of(lambda x: x * 2), torch.rand(2, 4)
        wrong = {"out": (5, "", ".", "..", "/", "a\0b"), "reference": (5,), "samples": (5, "cat.png", self.dir, {"x": 1}, torch.tensor(1)),
                 "labels": (5, {0: "cat"}), "engines": (5, [["torchscript"]]), "input_names": (5,), "output_names": (5,),
                 "shapes": (5, ["batch"], {"x": 4}, {"x": "batch"}, {"x": [None, 4]}), "batch": ("yes", 2),
                 "files": (["a"], {"a": 5}, {5: b""}), "ops": ([1], {"acme.x": 5}, {"acme.x": Path}), "provenance": ("me", ["me"]),
                 "arguments": ([1],), "libraries": (5, "torchvision", [5]), "sign_key": (5,), "tool": (5, True), "models": (5, [model], {5: model}),
                 "inputs": (5, "image", [5]), "plugins": (5, "x.so", [5]), "batch_sizes": (5, "2", [2.0], [True]),
                 "max_sizes": (5, "T", {"T": 2.5}, {"T": True}), "engine_order": (5, ["measured"], "fastest")}
        self.assertEqual(set(wrong), {*OF_PACKAGES, *OF_MODELS})
        for name, values in wrong.items():
            for value in values:
                with self.subTest(name=name, value=value), self.assertRaisesRegex(gp.PackError, f"{name}: expected"):
                    gp.pack(**{"out": self.dir / "wrong", "model": model.eval(), "example_inputs": example, "name": "p",
                               "version": "1", "engines": ("torchscript",), "samples": [torch.rand(4)], name: value})

    def test_what_a_function_of_the_user_gives_is_looked_at(self):
        model, example, samples = model_of(lambda x: x * 2), torch.rand(2, 4), [torch.rand(4)]
        classes = {"pipeline": ["model", "softmax", {"op": "top_k", "k": 2}], "labels": list("abcd")}
        for given, more in (([[1], [2, 3]], {}), ([("a",), ("b",)], classes), ([("a", "x"), ("b", "y")], classes)):
            with self.subTest(given):
                self.refused("sample 0: your reference gives .*cannot be compared with what the pipeline gives", model, example,
                             samples, reference=lambda sample, given=given: given, **more)
        op = gp.Op("Tensor", "Tensor", None, lambda value: None)
        self.refused(r"pipeline\[0\]: 'acme.x' gives NoneType, not the Tensor that it says", model, example, samples,
                     ops={"acme.x": op}, pipeline=["acme.x", "model"])

    def test_names_of_files_that_cannot_be_are_refused(self):
        model, example = model_of(lambda x: x * 2), torch.rand(2, 4)
        for name in ("gantry.json", "gantry.json.sig", "model.ts", "golden/0/input.npy", "eval/cases.json", "ops/x.so"):
            self.refused(f"files: '{name}' is a name of gantry-pack's own", model, example, files={name: b"x"})
        self.refused("300 bytes, at most 255", model, example, files={"a" * 300: b""})
        self.refused("no UTF-8", model, example, files={"\udcff": b""})
        self.refused("two files of the package would be called a/b, or one", model, example, files={"a": b"x", "a/b": b"y"})

    def test_an_evaluation_that_is_none_is_named(self):
        model, example, one = model_of(lambda x: x * 2), torch.rand(2, 4), torch.rand(4)
        for given, message in ((5, "expected"), ({"cases": [(one, 0)]}, "expected"), ({"cases": None, "floor": 0}, "cases is"),
                               ({"cases": [(one, 0)], "floor": "high"}, "floor is"), ({"cases": [(one, 0)], "floor": -2}, "floor is"),
                               ({"cases": [one], "floor": 0}, "cases is"), ({"cases": [], "floor": 0}, "there are no cases"),
                               ({"cases": [(one, "cat")], "floor": 0}, "case 0: expected the index"),
                               ({"cases": [(one, -1)], "floor": 0}, "case 0: expected the index"),
                               ({"cases": [(one[:2], 0)], "floor": 0}, "case 0: model: input")):
            self.refused(f"eval: {message}", model, example, [one], eval=given)
        self.refused("latency: expected", model, example, [one], latency={"p99_ms": -5})
        self.refused("tolerance: expected", model, example, [one], tolerance={"atol": None})

    def test_a_key_or_a_tool_that_is_none_is_refused_before_the_work(self):
        model, example = model_of(lambda x: x * 2), torch.rand(2, 4)
        self.refused("is not a private key", model, example, [torch.rand(4)], sign_key=__file__)
        self.refused("tool: /no/gantry is no program", model, example, [torch.rand(4)], tool="/no/gantry")
        self.assertEqual(self.said.getvalue(), "")

    def test_models_that_have_to_be_given_otherwise(self):
        self.refused("comes from torch.compile.*pass the one that was given to it", torch.compile(torch.nn.Linear(4, 2)),
                     torch.rand(2, 4))
        self.refused("got dict; wrap a model that takes a dict", model_of(lambda x: x["a"]), ({"a": torch.rand(2, 4)},))
        self.refused("sample 0.*embedded null byte", model_of(lambda x: x * 2), torch.rand(1, 3, 4, 4), ["a\0b.png"],
                     pipeline=["image.decode", "image.to_tensor", "model"])

    def test_what_no_image_is_and_what_softmax_takes(self):
        self.refused("Pillow cannot read this sample: it is no image$", model_of(lambda x: x * 2), torch.rand(1, 3, 4, 4),
                     [b"hello"], pipeline=["image.decode", "image.to_tensor", "model"])
        self.refused(r"softmax: takes f32, got tensor f16\[4\]; let the model return .float\(\)", model_of(lambda x: x.half()),
                     torch.rand(2, 4), [torch.rand(4)], pipeline=["model", "softmax"])

    def test_a_pipeline_may_begin_with_raw_values(self):
        self.pack(model_of(lambda x: x * 2), torch.rand(1, 1, 2, 3), [bytes(range(6))], pipeline=[
            {"op": "image.raw_to_tensor", "sample": "u8", "width": 3, "height": 2}, "model"])

    def test_samples_may_be_a_batch_or_a_generator(self):
        model, example = model_of(lambda x: x * 2), torch.rand(2, 4)
        for samples in (torch.rand(2, 4), (torch.rand(4) for _ in range(2))):
            self.assertEqual(len(self.pack(model, example, samples, reference=lambda x: x * 2)["golden"]), 2)

    def test_files_that_are_not_there_are_named(self):
        model = torch.nn.Linear(4, 2)
        self.refused("labels: cannot read no.txt: No such file", model, torch.rand(2, 4), labels="no.txt")
        self.refused(r"files\['x'\]: cannot read no.bin: No such file", model, torch.rand(2, 4), files={"x": "no.bin"})
        (self.dir / "latin1").write_bytes(b"caf\xe9\n")
        self.refused("labels: .*latin1 is not UTF-8", model, torch.rand(2, 4), labels=self.dir / "latin1")
        (self.dir / "odd").write_bytes("a\u2028b\r\nc\x0bd\n".encode())
        self.assertEqual(read_labels(self.dir / "odd"), ["a\u2028b", "c\x0bd"])  # as C++ reads lines

    def test_labels_that_no_op_takes_are_refused(self):
        model, example = torch.nn.Linear(4, 2), torch.rand(2, 4)
        for pipeline in (None, ["model", {"op": "top_k", "k": 1, "labels": "own.txt"}]):
            self.refused("labels: no op of the pipeline takes them; add one of above, detect.label, ", model, example,
                         labels=["a", "b"], files={"own.txt": b"a\nb\n"}, pipeline=pipeline)
        reads = gp.Op("Tensor", "Tensor", {"names": (lambda value: None, ...)}, lambda value, names: value)
        self.pack(model, example, labels=["a", "b"], ops={"acme.reads": reads}, tool=False,
                  pipeline=["model", {"op": "acme.reads", "names": "labels.txt"}])

    def test_a_place_that_cannot_be_written_is_named(self):
        (self.dir / "file").write_text("")
        with self.assertRaisesRegex(gp.PackError, "cannot make .*file/package: .*(Not a directory|File exists)"):
            gp.pack(self.dir / "file" / "package", torch.nn.Linear(4, 2).eval(), torch.rand(2, 4), name="p", version="1")

    def test_a_directory_that_is_no_package(self):
        (self.dir / "file").write_text("")
        with self.assertRaisesRegex(gp.PackError, "there is no package directory .*nowhere"):
            gp.verify(self.dir / "nowhere")
        with self.assertRaisesRegex(gp.PackError, "file is a file; a package is the directory with gantry.json"):
            gp.verify(self.dir / "file")
        self.pack(torch.nn.Linear(4, 2), torch.rand(2, 4))
        with self.assertRaisesRegex(gp.PackError, "it has no gantry.json; there are packages in it: 1"):
            gp.verify(self.dir)

    @unittest.skipIf(os.geteuid() != 0, "needs to become another user")
    def test_what_cannot_be_read_is_not_called_changed(self):
        self.pack(torch.nn.Linear(4, 2), torch.rand(2, 4), [torch.rand(4)])
        os.chmod(self.dir, 0o755)
        holder = self.dir / "holder"
        holder.mkdir()
        self.package = self.package.rename(holder / "package")
        for path, name in ((self.package / "model.ts", "model.ts"), (self.package / "gantry.json", "gantry.json"),
                           (self.package, "gantry.json"), (self.package / "golden", "golden/0/0.npy"), (holder, "package")):
            mode = path.stat().st_mode & 0o777
            path.chmod(0)
            code = (f"import os, sys; sys.path.insert(0, {str(PACKER.parent)!r}); import gantry_pack, encodings.idna\n"
                    "os.seteuid(65534); sys.exit(gantry_pack.main(sys.argv[1:]))")
            done = subprocess.run([sys.executable, "-c", code, "verify", self.package], capture_output=True, text=True,
                                  check=False)
            path.chmod(mode)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, f"gantry-pack: .*{name} cannot be read: Permission denied\n$")


if __name__ == "__main__":
    unittest.main(verbosity=1)
