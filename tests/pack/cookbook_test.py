# SPDX-License-Identifier: Apache-2.0
"""The Python of the cookbook's pages, run as it stands, with small models for those that a reader has, and TorchScript alone,
since AOTInductor's compiling takes a minute. The packages that it makes are opened by the gantry tool. Run by ctest; or:
python tests/pack/cookbook_test.py GANTRY"""

import functools
import json
import os
import re
import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import torch  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402

from detect_test import CLASSES, ssdlite  # noqa: E402
from golden_test import picture  # noqa: E402
from packing import PackingTest, gp  # noqa: E402

COOKBOOK = Path(__file__).resolve().parents[2] / "examples" / "cookbook"


def snippets(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (COOKBOOK / page).read_text(encoding="utf-8"), re.M | re.S)


class Yolo(torch.nn.Module):
    """A head of 5 classes on a grid of 20 x 20: boxes as large as their cells are bright."""

    def __init__(self):
        super().__init__()
        self.shrink = torch.nn.AvgPool2d(32)
        self.mix = torch.nn.Conv2d(3, 7, 1)
        places = torch.arange(20) * 32.0 + 16
        self.register_buffer("centres", torch.stack(torch.meshgrid(places, places, indexing="xy")))

    def forward(self, image):
        cells = self.mix(self.shrink(image) - 0.5)
        centres = self.centres.expand(image.shape[0], 2, 20, 20)
        sizes = cells[:, :2].sigmoid() * 200
        return torch.cat([centres, sizes, (cells[:, 2:] * 30).sigmoid()], 1).flatten(2)


class TextMap(torch.nn.Module):
    """Finds what is dark."""

    def __init__(self):
        super().__init__()
        self.smooth = torch.nn.AvgPool2d(5, 1, 2, count_include_pad=False)

    def forward(self, image):
        return 0.5 - self.smooth(image).mean(1, keepdim=True) / 2


def page(name, size, lines):
    drawn = Image.new("RGB", size, (240, 250, 245))
    for *ends, thickness in lines:
        ImageDraw.Draw(drawn).line(ends, (20, 10, 30), thickness)
    drawn.save(name)


@unittest.skipIf(TOOL is None, "needs the gantry tool")
class CookbookTest(PackingTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.dir)
        for name, size in (("street.png", (320, 200)), ("yard.png", (90, 240))):
            Path(name).write_bytes(picture(*size))
        tool = os.environ.get("GANTRY_TOOL")
        self.addCleanup(os.environ.__setitem__, "GANTRY_TOOL", tool or "")
        os.environ["GANTRY_TOOL"] = str(TOOL)
        self.addCleanup(setattr, gp, "pack", gp.pack)
        gp.pack = functools.partial(gp.pack, engines=("torchscript",))

    def test_detection(self):
        torch.manual_seed(3)
        alone, python, recipe = snippets("detect.md", "python")
        exec(alone, {"model": ssdlite(), "LABELS": CLASSES})
        names = {"model": Yolo().eval(), "LABELS": CLASSES}
        for code in (python, recipe):
            exec(code, names)
        manifest = json.loads(Path("yolo/1/gantry.json").read_text())
        self.assertGreater(len(manifest["golden"][0]["result"]["value"]["detections"]), 1)

    def test_text_detection(self):
        page("street.png", (500, 400), [(40, 60, 300, 60, 20), (60, 300, 400, 200, 30)])
        page("page.png", (640, 720), [(50, 100 + 90 * i, 500, 90 + 95 * i, 25) for i in range(6)])
        python, recipe = snippets("text_detection.md", "python")
        names = {"model": TextMap().eval()}
        for code in (python, recipe):
            exec(code, names)
        manifest = json.loads(Path("text/1/gantry.json").read_text())
        self.assertEqual([len(case["result"]["value"]["quads"]) for case in manifest["golden"]], [2, 6])

    def test_the_cascades_pipelines_are_some(self):
        for page_name in ("detect.md", "text_detection.md"):
            text, = snippets(page_name, "json")
            gp.check_pipeline(json.loads(text))


if __name__ == "__main__":
    unittest.main()
