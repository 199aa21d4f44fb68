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

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "models"))
import mtcnn  # noqa: E402

COOKBOOK = Path(__file__).resolve().parents[2] / "examples" / "cookbook"


def snippets(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (COOKBOOK / page).read_text(encoding="utf-8"), re.M | re.S)


class Yolo(torch.nn.Module):
    """A head of 5 classes on a grid of a cell for each 32 x 32 pixels: boxes as large as their cells are bright."""

    def __init__(self, size=640):
        super().__init__()
        self.side = size // 32
        self.shrink = torch.nn.AvgPool2d(32)
        self.mix = torch.nn.Conv2d(3, 7, 1)
        places = torch.arange(self.side) * 32.0 + 16
        self.register_buffer("centres", torch.stack(torch.meshgrid(places, places, indexing="xy")))

    def forward(self, image):
        cells = self.mix(self.shrink(image) - 0.5)
        centres = self.centres.expand(image.shape[0], 2, self.side, self.side)
        sizes = cells[:, :2].sigmoid() * 200
        return torch.cat([centres, sizes, (cells[:, 2:] * 30).sigmoid()], 1).flatten(2)


class Features(torch.nn.Module):
    """A picture's features: 16 numbers."""

    def __init__(self, count=16, stride=16):
        super().__init__()
        self.mix = torch.nn.Conv2d(3, count, stride, stride)

    def forward(self, image):
        return self.mix(image).tanh().mean((2, 3))


class Embedder(Features):
    def __init__(self):
        super().__init__(512, 20)


class Classify(Features):
    def __init__(self):
        super().__init__(3)

    def forward(self, image):
        return super().forward(image) * 5


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
        self.addCleanup(setattr, gp, "Model", gp.Model)
        whole, gp.Model = gp.pack, functools.partial(gp.Model, engines=("torchscript",))
        gp.pack = lambda *words, **named: whole(*words, **({} if "models" in named else {"engines": ("torchscript",)}), **named)

    def manifest_of(self, package):
        return json.loads((Path(package) / "gantry.json").read_text())

    def result_of(self, package):
        """Of the first golden case."""
        return self.manifest_of(package)["golden"][0]["result"]["value"]

    def test_detection(self):
        torch.manual_seed(3)
        alone, python, recipe = snippets("detect.md", "python")
        exec(alone, {"model": ssdlite(), "LABELS": CLASSES})
        names = {"model": Yolo().eval(), "LABELS": CLASSES}
        for code in (python, recipe):
            exec(code, names)
        self.assertGreater(len(self.result_of("yolo/1")["detections"]), 1)

    def test_faces_found_and_recognised(self):
        from PIL import Image
        torch.manual_seed(5)
        image = Image.open(mtcnn.photo("astronaut.png")).convert("RGB")
        image.crop((130, 10, 330, 260)).save("group.png")
        python, recipe, people_python, people_recipe = snippets("faces.md", "python")
        names = {"MTCNN": mtcnn.facenet().MTCNN, "known": torch.randn(4, 512), "people": ["Ada", "Bo", "Cy", "Di"],
                 "network": Embedder().eval()}
        for code in (python, recipe, people_python, people_recipe):
            exec(code, names)
        face, = self.result_of("faces/1")["detections"]
        self.assertEqual(len(face["keypoints"]), 5)
        named, = self.result_of("people/1")["detections"]
        self.assertEqual((named["box"], named["label"] in names["people"]), (face["box"], True))

    def test_picture_search(self):
        torch.manual_seed(6)
        for index in range(5):
            Path(f"gallery{index}.png").write_bytes(picture(100 + 9 * index, 80, index))
        names = {"backbone": Features().eval(), "gallery": [*(f"gallery{index}.png" for index in range(5)), "yard.png"]}
        for code in snippets("embeddings.md", "python"):
            exec(code, names)
        best = [case["result"]["value"]["classes"][0] for case in self.manifest_of("search/1")["golden"]]
        self.assertEqual(best[1]["label"], "yard.png")
        self.assertAlmostEqual(best[1]["score"], 1, places=5)

    def test_a_cascade(self):
        torch.manual_seed(3)
        layout = Yolo(320).eval()
        names = {"layout": layout, "classify": Classify().eval(), "LABELS": ["dark", "bright", "red"]}
        python, recipe = snippets("cascade.md", "python")
        _, yolo, _ = snippets("detect.md", "python")
        detector = {"model": layout}
        exec(yolo.replace("640", "320"), detector)
        names["find"] = lambda path: zip(*(detector["detect"](path)[key].tolist() for key in ("boxes", "scores", "labels")))
        names["FIGURE"] = detector["detect"]("street.png")["labels"].mode().values.item()
        for code in (python, recipe):
            exec(code, names)
        self.assertGreater(len(self.result_of("figures/1")["detections"]), 0)

    def test_the_cascades_pipelines_are_pipelines(self):
        for page, gives in (("detect.md", "list<Classes>"), ("cascade.md", "tuple<Detections, list<Classes>>")):
            text, = snippets(page, "json")
            self.assertEqual(gp.check_pipeline(json.loads(text)), ("Bytes", gives))


if __name__ == "__main__":
    unittest.main()
