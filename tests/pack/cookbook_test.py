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


class Scene(torch.nn.Module):
    """Logits of three classes in bands, of which the image moves the edges, named as torchvision's models name them."""

    def forward(self, image):
        bright = image.mean((1, 2, 3))[:, None, None, None]
        down = torch.linspace(-1, 1, 160)[None, None, :, None] + bright * 0.1 + torch.zeros(1, 1, 160, 224)
        across = torch.linspace(-1, 1, 224)[None, None, None, :] + 0 * down
        return {"out": torch.cat([8 * down, 8 * across - 1, 4 - 8 * down], 1)}


class Things(torch.nn.Module):
    """Three boxes, one of them below the threshold, with discs in them."""

    def forward(self, image):
        nothing = image.mean((1, 2, 3))[:, None] * 0
        boxes = torch.tensor([[20.0, 16, 130, 120], [90, 40, 210, 150], [0, 0, 50, 50]])
        y, x = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
        disc = (8 * (0.8 - (x * x + y * y).sqrt())).sigmoid()
        return {"boxes": boxes + nothing[..., None], "scores": torch.tensor([0.9, 0.75, 0.25]) + nothing,
                "labels": torch.tensor([[1, 2, 1]]) + nothing.long(),
                "masks": torch.stack([disc, disc * 0.9, disc])[None, :, None] + nothing[..., None, None, None]}


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

    def test_segmentation(self):
        labels, scene, instances, things = snippets("segment.md", "python")
        names = {"model": Scene().eval()}
        for code in (labels, scene):
            exec(code, names)
        names = {"model": Things().eval()}
        for code in (instances, things):
            exec(code, names)
        manifest = json.loads(Path("things/1/gantry.json").read_text())
        found = manifest["golden"][0]["result"]["value"]["detections"]
        self.assertEqual([one["mask"]["size"] for one in found], [[200, 320]] * 2)

    def test_the_pipelines_in_json_are_some(self):
        for page in ("detect.md", "segment.md"):
            text, = snippets(page, "json")
            with self.subTest(page):
                gp.check_pipeline(json.loads(text))


if __name__ == "__main__":
    unittest.main()
