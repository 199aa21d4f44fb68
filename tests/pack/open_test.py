# SPDX-License-Identifier: Apache-2.0
"""The last step of pack(): the package is opened by the gantry tool before it appears. Run by ctest with the tool that was
built; or: python tests/pack/open_test.py [path of gantry]. Without one, tools that are scripts stand for it."""

import os
import re
import stat
import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import numpy  # noqa: E402
import torch  # noqa: E402

from golden_test import picture  # noqa: E402
from packing import PACKER, PackingTest, gp, model_of  # noqa: E402

VERSION_LINE = f"gantry {gp.VERSION} (LibTorch 2.15.0)"


class ScriptedToolTest(PackingTest):
    def tool(self, body, version=VERSION_LINE):
        """A program that answers --version, and runs `body` for `check PKG --junit FILE`: $2 and $4."""
        path = self.dir / "gantry"
        path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit 0; fi\n{body}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def finding(self, kind, message, name="golden with torchscript", type=""):
        return f'''cat >"$4" <<END
<testsuite><testcase name="manifest"><system-out>fine</system-out></testcase>
<testcase name="{name}"><{kind} type="{type}" message="{message}"/></testcase></testsuite>
END
'''

    def pack_with(self, tool, **arguments):
        return self.pack(model_of(lambda x: x * 2), torch.rand(2, 3), [torch.rand(3)], tool=tool, **arguments)

    def test_what_the_tool_refuses_is_not_written(self):
        tool = self.tool(self.finding("failure", "golden[0]: element [1]: expected 2, got 3") + "exit 1")
        with self.assertRaisesRegex(gp.CheckFailed, r"is refused when it is opened \(.*gantry, gantry 0.1.0 with LibTorch "
                                    r"2.15.0\): golden\[0\]: element \[1\]: expected 2, got 3"):
            self.pack_with(tool)
        self.assertEqual([path.name for path in self.dir.iterdir()], ["gantry"])

    def test_a_model_that_cannot_be_loaded_is_not_written(self):
        tool = self.tool(self.finding("error", "unsupported: the model has a Future") + "exit 2")
        with self.assertRaisesRegex(gp.CheckFailed, "the model has a Future"):
            self.pack_with(tool)

    def test_a_limit_that_every_machine_has_refuses(self):
        tool = self.tool(self.finding("error", "the image exceeds max_pixels", type="resource_exhausted.input_too_large") + "exit 2")
        with self.assertRaisesRegex(gp.CheckFailed, "is refused when it is opened .*: the image exceeds max_pixels"):
            self.pack_with(tool)
        self.assertEqual([path.name for path in self.dir.iterdir()], ["gantry"])

    def test_a_tool_that_crashes_refuses(self):
        with self.assertRaisesRegex(gp.CheckFailed, "the tool ends with signal 6, Aborted"):
            self.pack_with(self.tool("kill -6 $$"))

    def test_a_tool_that_lacks_what_the_package_needs_is_not_the_packages_fault(self):
        cases = [
            (self.finding("error", "none of the package's engines is usable here", "golden"), {}, "none of the package's"),
            (self.finding("skipped", "engine 'aoti' is not linked; link gantry::torch"), {}, "is not linked"),
            (self.finding("error", "no memory", type="resource_exhausted.out_of_memory"), {}, "no memory"),
            (self.finding("error", "the disk is full", type="resource_exhausted"), {}, "the disk is full"),
            (self.finding("error", "the device is gone", type="unavailable.unhealthy"), {}, "the device is gone"),
            (self.finding("error", "it needs the operators of 'torch.nn'"), {"libraries": ["torch.nn"]}, "the operators of")]
        for body, arguments, said in cases:
            with self.subTest(said):
                self.pack_with(self.tool(body + "exit 2"), **arguments)
                self.assertRegex(self.said.getvalue(), f"not opened by the gantry tool: golden.*{said}")

    def test_says_why_there_is_no_tool_that_can(self):
        path = self.dir / "gantry"
        cases = [(VERSION_LINE.replace(gp.VERSION, "9.9.9"), f"is version 9.9.9, this is gantry-pack {gp.VERSION}"),
                 ("gantry crane 3", "is another program"),
                 (f"gantry {gp.VERSION} (no engine 'torch': libtorch_cpu.so is missing; install LibTorch 2.15, of pip)",
                  "has no engine for it: no engine 'torch': libtorch_cpu.so is missing; install LibTorch 2.15")]
        for version, message in cases:
            with self.subTest(message):
                self.pack_with(self.tool("exit 1", version))
                self.assertIn(f"not opened by the gantry tool: {path} {message}", self.said.getvalue())
        path.write_text("#!/bin/sh\necho 'libtorch.so: cannot open shared object file' >&2; exit 127\n")
        self.pack_with(path)
        self.assertIn(f"not opened by the gantry tool: {path} does not start: libtorch.so: cannot", self.said.getvalue())
        with self.assertRaisesRegex(gp.PackError, "tool: .*missing is no program"):
            self.pack_with(self.dir / "missing")
        self.pack(model_of(lambda x: x * 2), torch.rand(2, 3), [torch.rand(3)], tool=path,
                  pipeline=["model", "acme.same"], ops={"acme.same": gp.Op("Tensor", "Tensor", None, lambda value: value)})
        self.assertIn("it does not know acme.same; open it with your host", self.said.getvalue())

    def test_starts_a_tool_whose_libtorch_is_not_found_with_that_of_python(self):
        tool = self.dir / "gantry"
        tool.write_text('#!/bin/sh\ncase "$LD_LIBRARY_PATH" in *torch/lib*) ;; *) exit 127;; esac\n'
                        f'if [ "$1" = --version ]; then echo "{VERSION_LINE}"; exit 0; fi\n'
                        + self.finding("skipped", "was started") + "exit 0\n")
        tool.chmod(0o755)
        self.pack_with(tool)
        self.assertIn("was started", self.said.getvalue())

    def test_a_tool_that_starts_without_libtorch_is_given_that_of_python(self):
        tool = self.dir / "gantry"
        tool.write_text(f'#!/bin/sh\ncase "$LD_LIBRARY_PATH" in *torch/lib*) line="{VERSION_LINE}";;\n'
                        f"*) line=\"gantry {gp.VERSION} (no engine 'torch': libtorch_cpu.so is missing)\";; esac\n"
                        'if [ "$1" = --version ]; then echo "$line"; exit 0; fi\n'
                        + self.finding("skipped", "was started") + "exit 0\n")
        tool.chmod(0o755)
        self.pack_with(tool)
        self.assertIn("was started", self.said.getvalue())

    def test_finds_the_tool_that_the_environment_names(self):
        tool = self.tool(self.finding("failure", "no") + "exit 1")
        before = os.environ["GANTRY_TOOL"]
        os.environ["GANTRY_TOOL"] = str(tool)
        self.addCleanup(os.environ.__setitem__, "GANTRY_TOOL", before)
        with self.assertRaisesRegex(gp.CheckFailed, "is refused when it is opened"):
            self.pack_with(None)
        self.pack_with(False)

    def test_the_version_is_that_of_the_project(self):
        header = (PACKER.parents[2] / "include/gantry/version.hpp").read_text()
        numbers = re.findall(r"^#define GANTRY_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.MULTILINE)
        self.assertEqual(gp.VERSION, ".".join(numbers))


@unittest.skipUnless(TOOL, "no gantry tool was given")
class OpenTest(PackingTest):
    """With the tool: what was written once, and refused when it was opened."""

    def pack(self, *arguments, **named):
        manifest = super().pack(*arguments, tool=TOOL, **named)
        self.assertNotIn("not opened by", self.said.getvalue())
        self.assertIn(f"opening the package ({TOOL}", self.said.getvalue())
        return manifest

    def refused(self, message, *arguments, **named):
        with self.assertRaisesRegex(gp.PackError, message):
            self.pack(*arguments, **named)
        self.assertEqual([path.name for path in self.dir.iterdir()], [])

    def test_outputs_of_a_nested_result_have_their_names(self):
        manifest = self.pack(torch.nn.LSTM(4, 8), torch.rand(5, 2, 4), [torch.rand(5, 2, 4)])
        self.assertEqual([spec["name"] for spec in manifest["models"]["model"]["outputs"]], ["0", "1.0", "1.1"])

        class Mixed(torch.nn.Module):
            def forward(self, x):
                return x + 1, {"0": x * 2, "b": x * 3}
        self.pack(Mixed(), torch.rand(2, 3), [torch.rand(3), torch.rand(3)])
        self.pack(model_of(lambda x: (x + 1, x * 2)), torch.rand(2, 3), [torch.rand(3)], output_names=["1", "doubled"])

    def test_shapes_say_where_the_batch_axis_is(self):
        double = model_of(lambda x: x * 2)
        self.pack(double, torch.rand(2, 3), [torch.rand(4, 3), torch.rand(1, 3)],
                  shapes={"x": ["n", 3], "output": ["n", 3]})
        self.pack(model_of(lambda x: x - x.mean()), torch.rand(2, 3), [torch.rand(3), torch.rand(3)],
                  shapes={"x": ["batch", 3], "output": ["batch", 3]})

    def test_script_modules_that_return_dicts(self):
        class Named(torch.nn.Module):
            def forward(self, x):
                return {"b": x * 2, "a": x.sum(-1)}
        manifest = self.pack(torch.jit.script(Named()), torch.rand(2, 3), [torch.rand(3), torch.rand(3)])
        self.assertEqual([spec["name"] for spec in manifest["models"]["model"]["outputs"]], ["b", "a"])

    def test_what_the_signature_refuses_is_refused_with_its_place(self):
        self.refused(r"sample 1: model: output 'output' of a sample is f32\[3\], got .* name the dimensions that vary",
                     model_of(lambda x: x[x > 0]), torch.tensor([1.0, 2, 3, -1]),
                     [torch.tensor([1.0, 2, 3, -1]), torch.tensor([1.0, 2, -3, -1])])
        both = {"a": ["batch", "T"], "b": ["batch", "T"]}

        class Sums(torch.nn.Module):
            def forward(self, a, b):
                return a.sum(1) + b.sum(1)
        self.refused("sample 0: model: input 'b' .*got tensor f32.4.: 'T' is 3 elsewhere in this sample", Sums(),
                     (torch.rand(2, 3), torch.rand(2, 3)), [(torch.rand(3), torch.rand(4))], shapes=both)
        self.refused("sample 0: .*'n' must be 1 or more", model_of(lambda x: x * 2), torch.rand(2, 3), [torch.rand(0)],
                     shapes={"x": ["batch", "n"], "output": ["batch", "n"]})
        rows = {"x": ["n", 3], "output": ["n", 3]}
        self.refused(r"f32\[n, 3\], got tensor f32\[3\]; no batch axis was found, since shapes= does not call the first axis of every input",
                     model_of(lambda x: x * 2), torch.rand(2, 3), [torch.rand(3)], shapes=rows)
        self.refused("batch=True, but with shapes= the first axis of every input is not", model_of(lambda x: x * 2), torch.rand(2, 3), shapes=rows,
                     batch=True)
        self.refused("'x' has 9 dimensions", model_of(lambda x: x * 2), torch.rand([1] * 9))
        self.refused("'ü' is not an identifier", model_of(lambda x: x * 2), torch.rand(2, 3),
                     shapes={"x": ["batch", "ü"], "output": ["batch", "ü"]})

    def test_ops_that_round_are_within_what_was_recorded(self):
        mean = model_of(lambda x: x.mean((2, 3)))
        for op in ({"op": "image.affine", "angle": 17.3, "scale": 0.9, "filter": "bilinear"},
                   {"op": "image.perspective", "start": [0, 0, 199, 0, 199, 199, 0, 199],
                    "end": [9, 4, 180, 11, 190, 170, 3, 199]}):
            self.pack(mean, torch.rand(2, 3, 200, 200), [picture(200, 200, i) for i in range(3)],
                      pipeline=["image.decode", op, "image.to_tensor", "model"])
        for mode in ("bilinear", "bicubic", "nearest"):
            self.pack(mean, torch.rand(2, 3, 50, 60), [torch.rand(3, 33, 47) * 100],
                      pipeline=[{"op": "interpolate", "width": 60, "height": 50, "mode": mode}, "model"])

    def test_digests_and_samples_are_what_cpp_computes(self):
        for dtype in ("f32", "u8", "bf16"):
            self.pack(model_of(lambda x: x.float() * 2), torch.ones(1, 3, 30, 40).to(
                      {"f32": torch.float32, "u8": torch.uint8, "bf16": torch.bfloat16}[dtype]),
                      [picture(40, 30, i) for i in range(2)], max_stage_bytes=100,
                      pipeline=["image.decode", {"op": "image.to_tensor", "mode": "affine", "dtype": dtype}, "model"])

    def test_gray_of_16_bits_is_what_pillow_makes_of_it(self):
        import io
        from PIL import Image
        out = io.BytesIO()
        Image.fromarray(numpy.arange(256, dtype=numpy.uint16).reshape(16, 16) * 3).save(out, "PNG")
        for colour, channels in (("rgb", 3), ("unchanged", 1)):
            self.pack(model_of(lambda x: x * 2), torch.rand(1, channels, 16, 16), [out.getvalue()],
                      pipeline=[{"op": "image.decode", "colour": colour}, "image.to_tensor", "model"])

    def test_channels_last_examples(self):
        model = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        for example in (torch.rand(2, 3, 8, 8).to(memory_format=torch.channels_last), torch.rand(2, 8, 8, 3).permute(0, 3, 1, 2)):
            self.pack(model, example, [torch.rand(3, 8, 8), torch.rand(8, 8, 3).permute(2, 0, 1)])
        self.pack(torch.jit.script(model.eval()), torch.rand(2, 3, 8, 8).to(memory_format=torch.channels_last),
                  [torch.rand(3, 8, 8)])

    def open_models(self, models, pipeline, samples, **arguments):
        gp.pack(self.dir / "several", models=models, pipeline=pipeline, name="p", version="1", samples=samples, tool=TOOL,
                **arguments)
        self.assertNotIn("not opened by", self.said.getvalue())
        self.assertIn(f"opening the package ({TOOL}", self.said.getvalue())

    def test_two_networks_in_a_cascade_from_config_alone(self):
        class Finder(torch.nn.Module):
            def forward(self, picture):
                return {"heat": picture.mean((2, 3)), "mask": (picture > 0.5).float()}

        class Judge(torch.nn.Module):
            def forward(self, picture, mask):
                return (picture * mask).sum((2, 3))
        example = torch.rand(2, 3, 8, 8)
        models = {"finder": gp.Model(Finder().eval(), example, engines="torchscript"),
                  "judge": gp.Model(Judge().eval(), (example, example), engines="torchscript", max_batch=4)}
        steps = ["image.decode", {"op": "image.resize", "width": 8, "height": 8}, "image.to_tensor",
                 {"op": "fork", "branches": [[], [{"op": "model", "name": "finder"}, {"op": "select", "name": "mask"}]]},
                 {"op": "bundle", "names": ["picture", "mask"]}, {"op": "model", "name": "judge"}, "softmax", {"op": "top_k", "k": 2}]
        self.open_models(models, steps, [picture(20, 30, i) for i in range(3)])

    def test_an_encoder_with_a_head_and_two_named_inputs(self):
        class Head(torch.nn.Module):
            def forward(self, code, weight):
                return code * weight
        models = {"encoder": gp.Model(torch.nn.Linear(4, 5).eval(), torch.rand(2, 4), engines="torchscript"),
                  "head": gp.Model(Head().eval(), (torch.rand(2, 5), torch.rand(2, 5)), engines="torchscript")}
        steps = [{"op": "fork", "branches": [[{"op": "select", "name": "row"}, {"op": "model", "name": "encoder"}],
                                             [{"op": "select", "name": "weight"}, "sigmoid"]]},
                 {"op": "bundle", "names": ["code", "weight"]}, {"op": "model", "name": "head"}]
        self.open_models(models, steps, [(torch.rand(4), torch.rand(5)) for _ in range(3)], inputs=["row", "weight"])

    def test_each_crop_of_a_picture_goes_through_a_model_of_its_own(self):
        models = {"whole": gp.Model(model_of(lambda x: x.mean((2, 3))).eval(), torch.rand(2, 3, 8, 8), engines="torchscript"),
                  "crop": gp.Model(model_of(lambda x: {"code": x.flatten(1)[:, :5]}).eval(), torch.rand(2, 3, 4, 4),
                                   engines="torchscript", max_batch=8)}
        steps = ["image.decode", {"op": "image.resize", "width": 8, "height": 8},
                 {"op": "fork", "branches": [["image.to_tensor", {"op": "model", "name": "whole"}],
                                             [{"op": "image.five_crop", "size": 4},
                                              {"op": "each", "do": ["image.to_tensor", {"op": "model", "name": "crop"}]}]]}]
        self.open_models(models, steps, [picture(20, 30, i) for i in range(2)])

    def test_a_package_without_a_model(self):
        self.open_models(None, ["image.decode", {"op": "image.center_crop", "size": 5}, "image.to_tensor"], [picture(20, 30)])

    def test_a_signed_package_is_opened_with_its_key(self):
        keys = self.dir / "key.pem"
        gp.generate_key(keys)
        self.pack(model_of(lambda x: x * 2), torch.rand(2, 3), [torch.rand(3)], sign_key=keys)


if __name__ == "__main__":
    unittest.main(verbosity=1)
