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

import numpy  # noqa: E402
import torch  # noqa: E402
from torchvision.transforms._presets import SemanticSegmentation  # noqa: E402
from transformers import RTDetrImageProcessor  # noqa: E402

from detect_test import CLASSES, ssdlite  # noqa: E402
from golden_test import picture  # noqa: E402
from packing import PackingTest, gp  # noqa: E402
from ready_test import CLASSES as DETR_CLASSES  # noqa: E402
from ready_test import rt_detr  # noqa: E402
from segment_test import deeplab, with_numbers_of_a_trained_one  # noqa: E402

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


class Pose(torch.nn.Module):
    """Heat maps of 17 joints, each where a mix of the picture's colours is the brightest; or a head of `boxes`."""

    def __init__(self, boxes=0):
        super().__init__()
        self.boxes = boxes
        self.shrink = torch.nn.AvgPool2d(16 if boxes else 4)
        self.mix = torch.nn.Conv2d(3, 17, 5, padding=2)
        self.code = torch.nn.Conv2d(3, 56, 1)

    def forward(self, image):
        if not self.boxes:
            return self.mix(self.shrink(image) - 0.5).sigmoid()
        cells = (self.code(self.shrink(image) - 0.5) * 4).sigmoid().flatten(2)
        found = cells[:, :, 800:800 + self.boxes]  # in the middle of the picture
        return torch.cat([found[:, :4] * 300, found[:, 4:5] / 2 + 0.4, found[:, 5:] * 300], 1)


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
        alone, python, recipe, ready, *_ = snippets("detect.md", "python")
        exec(alone, {"model": ssdlite(), "LABELS": CLASSES})
        names = {"model": Yolo().eval(), "LABELS": CLASSES}
        found = []
        for version, code in enumerate((python + recipe, ready), 1):
            exec(code, names)
            found.append(self.result_of(f"yolo/{version}")["detections"])
        self.assertGreater(len(found[0]), 1)
        self.assertEqual(found[0], found[1])

    @staticmethod
    def result_of(package):
        return json.loads((Path(package) / "gantry.json").read_text())["golden"][0]["result"]["value"]

    def test_detr(self):
        python, recipe = snippets("detect.md", "python")[4:]
        torch.manual_seed(6)
        model = rt_detr().eval()
        with torch.no_grad():
            for layer in model.model.decoder.class_embed:
                layer.bias.zero_()  # about half of all scores are above 0.5
        processor = RTDetrImageProcessor(size={"height": 96, "width": 96})
        names = {"model": model, "processor": processor, "LABELS": DETR_CLASSES}
        exec(python + recipe, names)
        found = self.result_of("detr/1")["detections"]
        self.assertGreater(len(found), 1)
        self.assertEqual(len(found), len(names["detect"]("street.png")["scores"]))

    def test_segmentation(self):
        python, recipe = snippets("segment.md", "python")
        torch.manual_seed(4)
        names = {"model": with_numbers_of_a_trained_one(deeplab()), "transform": SemanticSegmentation(resize_size=72)}
        exec(python + recipe, names)
        labels = numpy.load(Path("segmenter/1") / self.result_of("segmenter/1")["npy"])
        self.assertTrue((labels == names["segment"]("street.png").numpy()).all())
        text, = snippets("segment.md", "json")
        gp.check_pipeline(json.loads(text))

    def test_keypoints(self):
        torch.manual_seed(3)
        python, recipe, people = snippets("keypoints.md", "python")
        names = {"model": Pose().eval(), "gantry_pack": gp}
        for code in (python, recipe):
            exec(code, names)
        self.assertEqual(len(json.loads(Path("pose/1/gantry.json").read_text())["golden"][0]["result"]["value"]["keypoints"]), 17)
        exec(people, {"model": Pose(boxes=40).eval(), "torch": torch})
        found = json.loads(Path("people/1/gantry.json").read_text())["golden"][0]["result"]["value"]["detections"]
        self.assertEqual({len(one["keypoints"]) for one in found}, {17})

    def test_the_cascades_pipelines_are_some(self):
        for page in ("detect.md", "keypoints.md"):
            text, = snippets(page, "json")
            gp.check_pipeline(json.loads(text))


if __name__ == "__main__":
    unittest.main()
