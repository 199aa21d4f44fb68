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


class AotiTest(unittest.TestCase):
    package = Path(sys.argv.pop()) / "tiny-mlp-aoti" / "1"

    def test_requires_this_torch_and_a_cpu_level(self):
        manifest = gp.verify(self.package)
        self.assertEqual([engine["kind"] for engine in manifest["engines"]], ["aoti", "torchscript"])
        engine = manifest["engines"][0]
        version = ".".join(torch.__version__.split(".")[:2])
        self.assertEqual(engine["device"], "cpu")
        self.assertEqual(engine["requires"], {"torch": version, "isa": gp.aoti_target()[2]})

    def test_the_file_says_for_which_cpu_it_was_compiled(self):
        with zipfile.ZipFile(self.package / "model.pt2") as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith("metadata.json")]
        self.assertTrue(texts)
        for text in texts:
            metadata = json.loads(text)
            self.assertEqual(metadata["gantry_march"], gp.aoti_target()[0])
            self.assertEqual(metadata["gantry_torch_version"], ".".join(torch.__version__.split(".")[:2]))
            self.assertNotIn("AVX512", metadata.get("AOTI_CPU_ISA", ""))

    def test_the_file_says_whether_the_model_writes_to_its_inputs(self):
        class InPlace(torch.nn.Module):
            def forward(self, x):
                x.mul_(2)
                return x + 1
        with gp.quiet():
            plain, in_place = (torch.export.export(model, (torch.rand(3),)) for model in (torch.nn.ReLU(), InPlace()))
        self.assertFalse(gp._mutates_inputs(plain))
        self.assertTrue(gp._mutates_inputs(in_place))
        with zipfile.ZipFile(self.package / "model.pt2") as archive:
            name = next(name for name in archive.namelist() if name.endswith("metadata.json"))
            self.assertEqual(json.loads(archive.read(name))["gantry_mutates_inputs"], "false")

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
        with gp.quiet():
            model = torch._inductor.aoti_load_package(str(self.package / "model.pt2"))
        for size in (1, 2, 16):
            rows = torch.arange(size) % len(golden)
            torch.testing.assert_close(model(inputs[rows].contiguous()), wanted[rows], atol=1e-5, rtol=1e-5)


if __name__ == "__main__":
    unittest.main()
