# SPDX-License-Identifier: Apache-2.0
"""What the tests of gantry-pack share: a directory of their own, and small packages in it."""

import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import torch

PACKER = Path(__file__).resolve().parents[2] / "lib" / "pack" / "gantry_pack"
sys.path.insert(0, str(PACKER.parent))
import gantry_pack as gp  # noqa: E402

warnings.simplefilter("ignore")
os.environ.setdefault("GANTRY_TOOL", "")  # most tests say nothing of the last step, which open_test.py is for


class PackingTest(unittest.TestCase):
    tool = None  # the gantry tool, of tests that run their packages

    def setUp(self):
        torch.manual_seed(0)
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = Path(holder.name)
        self.said = io.StringIO()
        stderr, sys.stderr = sys.stderr, self.said
        self.addCleanup(setattr, sys, "stderr", stderr)
        self.count = 0

    def pack(self, model, example, samples=(), **arguments):
        """The manifest of a package with the one engine torchscript, whose plans are not measured, which takes seconds with
        convolutions; the package is self.package."""
        self.count += 1
        given = {"engines": ("torchscript",), "engine_order": "given", "max_batch": 16, **arguments}
        self.package = gp.pack(self.dir / str(self.count), model.eval(), example, name="p", version="1",
                               samples=samples, **given)
        return json.loads((self.package / "gantry.json").read_text())

    def run_tool(self, *arguments):
        """What `gantry run` prints of the package."""
        ran = subprocess.run([self.tool, "run", self.package, *arguments], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def result(self, *arguments):
        """What it finds, as JSON."""
        return json.loads(self.run_tool(*arguments))["result"]

    def pack_model(self, *arguments, **named):
        """What the manifest of such a package says of its model."""
        return self.pack(*arguments, **named)["models"]["model"]

    def rows(self, *arguments, **named):
        """engines[0].rows of such a package."""
        return self.pack_model(*arguments, **named)["engines"][0]["rows"]


def model_of(function):
    """A module without parameters that computes `function`."""
    class Computes(torch.nn.Module):
        def forward(self, x):
            return function(x)
    return Computes()
