# SPDX-License-Identifier: Apache-2.0
"""The example of a host that detects: it prints and draws what a package finds, as the gantry tool does. The package's
model is made up: it "finds" what is bright. Run by ctest; or: python detect_test.py EXAMPLE GANTRY"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib" / "pack"))
import gantry_pack  # noqa: E402

EXAMPLE, GANTRY = sys.argv[1:3]
GREEN = (30, 205, 60)  # of class 1
PIPELINE = ["image.decode", {"op": "image.letterbox", "size": 64}, {"op": "image.to_tensor"}, "model",
            {"op": "detect.boxes", "score": 0.5}, "detect.nms", "detect.to_picture", "detect.label"]


class Bright(torch.nn.Module):
    """The box around what is bright, of class 1, and one of class 0 that is not sure enough."""

    def forward(self, image: torch.Tensor):
        is_bright = (image[:, 0] > 0.8).float()
        across = torch.arange(1, 65, dtype=torch.float32)
        columns, rows = is_bright.amax(1), is_bright.amax(2)
        left, top = 65 - ((65 - across) * columns).amax(1), 65 - ((65 - across) * rows).amax(1)
        right, bottom = (across * columns).amax(1), (across * rows).amax(1)
        box = torch.stack([left - 1, top - 1, right, bottom], 1)
        scores = torch.tensor([[0.0, 0.75], [0.25, 0.0]]) + 0 * left[:, None, None]
        return {"boxes": torch.stack([box, box * 0.5], 1), "scores": scores}


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, check=False)


class Detect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.tmp = Path(holder.name)
        cls.photo = cls.tmp / "photo.png"
        image = Image.new("RGB", (320, 160), (40, 50, 60))
        image.paste((255, 250, 240), (80, 40, 240, 120))  # multiples of 5: whole pixels of the model's input
        image.save(cls.photo)
        cls.package = gantry_pack.pack(cls.tmp / "bright" / "1", Bright().eval(), torch.rand(1, 3, 64, 64), name="bright",
                                       version="1", engines=("torchscript",), pipeline=PIPELINE, labels=["dark", "bright"],
                                       samples=[str(cls.photo)], tool=GANTRY)

    def test_prints_and_draws_what_is_found(self):
        out = self.tmp / "out.png"
        done = run(EXAMPLE, self.package, self.photo, out)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^1 found\n 75\.00 %  bright +80\.0, +40\.0 +240\.0, +120\.0\n$")
        drawn = numpy.asarray(Image.open(out))
        self.assertEqual(drawn.shape, (160, 320, 3))
        for edge in (drawn[60:110, 80], drawn[60:110, 239], drawn[119, 90:230]):
            self.assertTrue((edge == GREEN).all())

    def test_the_tool_finds_and_draws_the_same(self):
        out, tools = self.tmp / "out.png", self.tmp / "tools.png"
        run(EXAMPLE, self.package, self.photo, out)
        done = run(GANTRY, "run", self.package, self.photo, "--draw", tools)
        self.assertEqual(done.returncode, 0, done.stderr)
        found, = json.loads(done.stdout)["result"]["detections"]
        self.assertEqual((found["index"], found["label"], found["score"], found["box"]), (1, "bright", 0.75, [80, 40, 240, 120]))
        self.assertEqual(out.read_bytes(), tools.read_bytes())

    def test_says_what_is_wrong(self):
        self.assertEqual(run(EXAMPLE).returncode, 64)
        for words, message in {(self.tmp, self.photo, "out.png"): "holds no gantry.json|not_found",
                               (self.package, self.tmp / "none.png", "out.png"): "not_found",
                               (self.package, self.photo, self.tmp / "none" / "out.png"): "cannot write"}.items():
            with self.subTest(message):
                done = run(EXAMPLE, *words)
                self.assertEqual((done.returncode, done.stdout if message != "cannot write" else ""), (1, ""))
                self.assertRegex(done.stderr, message)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
