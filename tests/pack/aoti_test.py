# SPDX-License-Identifier: Apache-2.0
"""The AOTInductor side of gantry-pack, on the package that make_packages.py --aoti made: aoti_test.py DIR."""

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import numpy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib" / "pack"))
import gantry_pack as gp  # noqa: E402
from gantry_pack.console import quiet  # noqa: E402
from gantry_pack.engines.aoti import exported  # noqa: E402
from gantry_pack.engines.compiled_for import compiled_for  # noqa: E402
from gantry_pack.engines.guest_code import aoti_target  # noqa: E402
from gantry_pack.engines.program import functional_form, has_state, mutates_inputs, strict_as_eager  # noqa: E402
from gantry_pack.model.model import TypedModel  # noqa: E402


class AotiTest(unittest.TestCase):
    package = Path(sys.argv.pop()) / "tiny-mlp-aoti" / "1"

    def test_requires_this_torch_and_a_cpu_level(self):
        manifest = gp.verify(self.package)
        self.assertEqual([engine["kind"] for engine in manifest["models"]["model"]["engines"]], ["aoti", "torchscript"])
        engine = manifest["models"]["model"]["engines"][0]
        version = ".".join(torch.__version__.split(".")[:2])
        self.assertEqual(engine["device"], "cpu")
        self.assertEqual(engine["requires"], {"torch": version, "isa": aoti_target()[2]})

    def test_the_file_says_for_which_cpu_it_was_compiled(self):
        with zipfile.ZipFile(self.package / "model.pt2") as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith("metadata.json")]
        self.assertTrue(texts)
        for text in texts:
            metadata = json.loads(text)
            self.assertEqual(metadata["gantry_march"], aoti_target()[0])
            self.assertEqual(metadata["gantry_torch_version"], ".".join(torch.__version__.split(".")[:2]))
            self.assertNotIn("AVX512", metadata.get("AOTI_CPU_ISA", ""))

    def test_the_file_says_whether_the_model_writes_to_its_inputs(self):
        class InPlace(torch.nn.Module):
            def forward(self, x):
                x.mul_(2)
                return x + 1
        with quiet():
            plain, in_place = (torch.export.export(model, (torch.rand(3),)) for model in (torch.nn.ReLU(), InPlace()))
            plain, in_place = functional_form(plain), functional_form(in_place)
        self.assertFalse(mutates_inputs(plain))
        self.assertTrue(mutates_inputs(in_place))
        with zipfile.ZipFile(self.package / "model.pt2") as archive:
            name = next(name for name in archive.namelist() if name.endswith("metadata.json"))
            self.assertEqual(json.loads(archive.read(name))["gantry_mutates_inputs"], "false")

    def metadata(self):
        with zipfile.ZipFile(self.package / "model.pt2") as archive:
            name = next(name for name in archive.namelist() if name.endswith("metadata.json"))
            return json.loads(archive.read(name))

    def test_the_file_says_what_it_was_compiled_for(self):
        metadata = self.metadata()
        self.assertEqual(metadata["gantry_threads"], "1")
        self.assertEqual(metadata["gantry_has_state"], "false")
        batch = {"symbol": "batch", "min": 1, "max": 16}
        self.assertEqual(json.loads(metadata["gantry_inputs"]),
                         [{"name": "features", "dtype": "f32", "dims": [batch, {"size": 4}], "strides": None}])
        self.assertEqual(json.loads(metadata["gantry_outputs"]),
                         [{"name": "scores", "dtype": "f32", "dims": [batch, {"size": 3}], "strides": None}])

    def test_the_code_has_no_parallel_region_and_does_not_print(self):
        with zipfile.ZipFile(self.package / "model.pt2") as archive:
            sources = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".cpp")}
        self.assertTrue(any("AOTInductorModelContainerRun" in source for source in sources.values()))
        for name, source in sources.items():
            self.assertNotIn("omp parallel", source, name)
            self.assertNotIn("std::cerr", source, name)

    @unittest.skipUnless(platform.machine() == "x86_64" and shutil.which("objdump"), "needs objdump on x86-64")
    def test_the_code_has_no_avx512_instruction_whatever_this_cpu_has(self):
        with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(self.package / "model.pt2") as archive:
            for name in archive.namelist():
                if name.endswith(".so"):
                    library = archive.extract(name, work)
            done = subprocess.run(["objdump", "-d", library], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        code = done.stdout
        self.assertIn("%xmm0", code)
        self.assertIsNone(re.search(r"%zmm|%k[0-7]|%[xy]mm(1[6-9]|2\d|3[01])", code))

    def test_gives_the_recorded_answers_at_every_batch_size(self):
        golden = gp.verify(self.package)["golden"]
        load = lambda value: torch.from_numpy(numpy.load(self.package / value["npy"]))  # noqa: E731
        inputs = torch.stack([load(case["input"]) for case in golden])
        wanted = torch.stack([load(case["result"]["value"]) for case in golden])
        with quiet():
            model = torch._inductor.aoti_load_package(str(self.package / "model.pt2"))
        for size in (1, 2, 16):
            rows = torch.arange(size) % len(golden)
            torch.testing.assert_close(model(inputs[rows].contiguous()), wanted[rows], atol=1e-5, rtol=1e-5)


class CompiledForTest(unittest.TestCase):
    """What is recorded of exported programs; nothing is compiled."""

    @staticmethod
    def export(forward, *example, dims=None, buffer=None):
        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("state", buffer)
        Model.forward = forward
        with quiet():
            return torch.export.export(Model().eval(), example, dynamic_shapes=dims)

    def tensors(self, program):
        metadata = compiled_for(program)
        return json.loads(metadata["gantry_inputs"]), json.loads(metadata["gantry_outputs"])

    def test_ranges_are_those_of_the_program(self):
        program = self.export(lambda self, x, y: x.sum(0) + y, torch.rand(5, 7), torch.rand(7),
                              dims=({0: torch.export.Dim("n", min=4, max=64), 1: torch.export.Dim("m")},
                                    {0: torch.export.Dim("m")}))
        (x, y), (out,) = self.tensors(program)
        n, m = x["dims"]
        self.assertEqual((n["min"], n["max"], m["max"]), (4, 64, None))
        self.assertLessEqual(m["min"], 2)
        self.assertEqual(y["dims"], [m])
        self.assertEqual(out["dims"], [m])

    def test_a_size_of_one_is_allowed_where_torch_forbids_it_by_habit(self):
        program = self.export(lambda self, x: x + 1, torch.rand(3), dims=({0: torch.export.Dim("n", min=2, max=8)},))
        least = lambda **how: json.loads(compiled_for(program, **how)["gantry_inputs"])[0]["dims"][0]["min"]  # noqa: E731
        self.assertEqual((least(), least(takes_one=True)), (2, 1))

    def test_nested_results_go_by_their_path_and_none_keeps_its_place(self):
        program = self.export(lambda self, x: (x + 1, None, {"a": [x, (x * 2,)]}), torch.rand(3))
        _, outputs = self.tensors(program)
        self.assertEqual([output and output["name"] for output in outputs], ["0", None, "2.a.0", "2.a.1.0"])

    def test_flat_results_have_no_names(self):
        program = self.export(lambda self, x: (x + 1, x * 2), torch.rand(3))
        self.assertEqual([output["name"] for output in self.tensors(program)[1]], ["", ""])

    def test_arguments_that_are_no_tensors_are_left_out(self):
        program = self.export(lambda self, x, factor: x * factor, torch.rand(3), 3)
        self.assertEqual([value["name"] for value in self.tensors(program)[0]], ["x"])

    def test_layouts_that_no_call_brings_are_refused(self):
        program = self.export(lambda self, x: x + 1, torch.rand(3, 4).t())
        with self.assertRaisesRegex(gp.PackError, "contiguous"):
            compiled_for(program)

    def test_sizes_that_follow_others_are_refused(self):
        n = torch.export.Dim("n", min=2, max=8)
        program = self.export(lambda self, x, y: torch.cat([x, x]) + y, torch.rand(2), torch.rand(4),
                              dims=({0: n}, {0: 2 * n}))
        with self.assertRaisesRegex(gp.PackError, "a dimension of input 'y'"):
            compiled_for(program)

    def test_a_buffer_that_is_written_to_is_state(self):
        def count(self, x):
            self.state.add_(1)
            return x + self.state
        keeps = lambda program: has_state(functional_form(program))  # noqa: E731
        self.assertTrue(keeps(self.export(count, torch.rand(3), buffer=torch.zeros(1))))
        self.assertFalse(keeps(self.export(lambda self, x: x + self.state, torch.rand(3), buffer=torch.zeros(1))))
        self.assertTrue(has_state(None))
        self.assertTrue(mutates_inputs(None))

    def test_state_that_the_export_would_lose_is_refused(self):
        class Lost(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.calls = torch.zeros(1)

            def forward(self, x):
                self.calls = self.calls + 1
                return x + self.calls
        model = TypedModel(gp.Model(Lost().eval(), torch.rand(2, 3), max_batch=4), gp.Tolerance(1, 1))
        with self.assertRaisesRegex(gp.PackError, "register_buffer"):
            exported(model)

    def test_ops_that_aotinductor_checks_less_than_torch_become_stricter(self):
        def forward(self, x, i):
            return x.index_select(0, i), torch.index_add(x, 0, i, x), torch.index_copy(x, 0, i, x), \
                torch.div(i, i, rounding_mode="trunc"), x[i]
        program = self.export(forward, torch.rand(3), torch.tensor([0, 1, 2]))
        strict = strict_as_eager(program, functional_form(program))
        module = strict.module()
        x, fine = torch.rand(3), torch.tensor([2, 0, 1])
        for got, wanted in zip(module(x, torch.tensor([2, 1, 1])), forward(None, x, torch.tensor([2, 1, 1]))):
            torch.testing.assert_close(got, wanted)
        targets = [str(node.target) for node in strict.graph.nodes]
        self.assertEqual(targets.count("aten.masked_fill.Scalar"), 3)  # not x[i], where eager counts from the end, too
        self.assertNotIn("aten.div.Tensor_mode", targets)
        plain = self.export(lambda self, x, i: x[i], x, fine)
        self.assertIs(strict_as_eager(plain, functional_form(plain)), plain)


if __name__ == "__main__":
    unittest.main()
