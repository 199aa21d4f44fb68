# SPDX-License-Identifier: Apache-2.0
"""The Python of the cookbook's pages, run as it stands, with small models for those that a reader has, and TorchScript alone,
since AOTInductor's compiling takes a minute; its plans are measured in order_test.py and detect_test.py. The packages that it
makes are opened by the gantry tool. Run by ctest; or: python tests/pack/cookbook_test.py GANTRY"""

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
from PIL import Image, ImageDraw  # noqa: E402
from torchvision.transforms._presets import SemanticSegmentation  # noqa: E402
from transformers import RTDetrImageProcessor  # noqa: E402

from detect_test import CLASSES, ssdlite  # noqa: E402
from golden_test import picture  # noqa: E402
from packing import PackingTest, gp  # noqa: E402
from ready_test import CLASSES as DETR_CLASSES  # noqa: E402
from ready_test import found_by_torchvision, rt_detr  # noqa: E402
from segment_test import deeplab, with_numbers_of_a_trained_one  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "models"))
import mtcnn  # noqa: E402

COOKBOOK = Path(__file__).resolve().parents[2] / "examples" / "cookbook"


def snippets(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (COOKBOOK / page).read_text(encoding="utf-8"), re.M | re.S)


class Yolo(torch.nn.Module):
    """A head of 5 classes on a grid of a cell for each 32 x 32 pixels: boxes as large as their cells are bright."""

    head = "yolov8"

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
        self.addCleanup(setattr, gp, "Model", gp.Model)
        alone = {"engines": ("torchscript",), "engine_order": "given"}
        whole, gp.Model = gp.pack, functools.partial(gp.Model, **alone)
        gp.pack = lambda *words, **named: whole(*words, **({} if "models" in named else alone), **named)

    def results_of(self, package):
        """Of each golden case."""
        return [case["result"]["value"] for case in json.loads((Path(package) / "gantry.json").read_text())["golden"]]

    def result_of(self, package):
        """Of the first golden case."""
        return self.results_of(package)[0]

    @staticmethod
    def run_page(*codes, **given):
        """Runs snippets that stand together, in a namespace of their own with what their page says that a reader has."""
        names = dict(given)
        for code in codes:
            exec(code, names)
        return names

    def test_detection(self):
        torch.manual_seed(3)
        alone, python, recipe, ready, *_ = snippets("detect.md", "python")
        self.run_page(alone, model=ssdlite(), LABELS=CLASSES)
        model, found = Yolo().eval(), []
        for version, codes in enumerate(((python, recipe), (ready,)), 1):
            self.run_page(*codes, model=model, LABELS=CLASSES)
            found.append(self.result_of(f"yolo/{version}")["detections"])
        self.assertGreater(len(found[0]), 1)
        self.assertEqual(found[0], found[1])

    def test_detr(self):
        python, recipe = snippets("detect.md", "python")[4:]
        torch.manual_seed(6)
        model = rt_detr().eval()
        with torch.no_grad():
            for layer in model.model.decoder.class_embed:
                layer.bias.zero_()  # about half of all scores are above 0.5
        processor = RTDetrImageProcessor(size={"height": 96, "width": 96})
        names = self.run_page(python, recipe, model=model, processor=processor, LABELS=DETR_CLASSES)
        found = self.result_of("detr/1")["detections"]
        self.assertGreater(len(found), 1)
        self.assertEqual(len(found), len(names["detect"]("street.png")["scores"]))

    def test_segmentation(self):
        python, recipe, *_ = snippets("segment.md", "python")
        torch.manual_seed(4)
        names = self.run_page(python, recipe, model=with_numbers_of_a_trained_one(deeplab()),
                              transform=SemanticSegmentation(resize_size=72))
        labels = numpy.load(Path("segmenter/1") / self.result_of("segmenter/1")["npy"])
        self.assertTrue((labels == names["segment"]("street.png").numpy()).all())
        for text in snippets("segment.md", "json"):
            gp.check_pipeline(json.loads(text))

    def test_keypoints(self):
        torch.manual_seed(3)
        python, recipe, people_python, people_recipe = snippets("keypoints.md", "python")
        self.run_page(python, recipe, model=Pose().eval())
        self.assertEqual(len(self.result_of("pose/1")["keypoints"]), 17)
        self.run_page(people_python, people_recipe, model=Pose(boxes=40).eval())
        self.assertEqual({len(one["keypoints"]) for one in self.result_of("people/1")["detections"]}, {17})

    def test_text_detection(self):
        page("street.png", (500, 400), [(40, 60, 300, 60, 20), (60, 300, 400, 200, 30)])
        page("page.png", (640, 720), [(50, 100 + 90 * i, 500, 90 + 95 * i, 25) for i in range(6)])
        self.run_page(*snippets("text_detection.md", "python"), model=TextMap().eval())
        self.assertEqual([len(result["quads"]) for result in self.results_of("text/1")], [2, 6])

    def test_labels_of_the_picture_and_masks_of_things(self):
        *_, labels, scene, instances, things = snippets("segment.md", "python")
        self.run_page(labels, scene, model=Scene().eval())
        self.run_page(instances, things, model=Things().eval())
        self.assertEqual([one["mask"]["size"] for one in self.result_of("things/1")["detections"]], [[200, 320]] * 2)

    def test_faces_found_and_recognised(self):
        from PIL import Image
        torch.manual_seed(5)
        image = Image.open(mtcnn.photo("astronaut.png")).convert("RGB")
        image.crop((130, 10, 330, 260)).save("group.png")
        names = self.run_page(*snippets("faces.md", "python"), MTCNN=mtcnn.facenet().MTCNN, known=torch.randn(4, 512),
                              people=["Ada", "Bo", "Cy", "Di"], network=Embedder().eval())
        face, = self.result_of("faces/1")["detections"]
        self.assertEqual(len(face["keypoints"]), 5)
        named, = self.result_of("people/1")["detections"]
        self.assertEqual((named["box"], named["label"] in names["people"]), (face["box"], True))

    def test_picture_search(self):
        torch.manual_seed(6)
        for index in range(5):
            Path(f"gallery{index}.png").write_bytes(picture(100 + 9 * index, 80, index))
        self.run_page(*snippets("embeddings.md", "python"), backbone=Features().eval(),
                      gallery=[*(f"gallery{index}.png" for index in range(5)), "yard.png"])
        best = [result["classes"][0] for result in self.results_of("search/1")]
        self.assertEqual(best[1]["label"], "yard.png")
        self.assertAlmostEqual(best[1]["score"], 1, places=5)

    def test_a_cascade(self):
        torch.manual_seed(3)
        layout = Yolo(320).eval()

        def detect(path):
            return found_by_torchvision(layout, path, 320, 320, 0.25, 0.45, 300, False)
        self.run_page(*snippets("cascade.md", "python"), layout=layout, classify=Classify().eval(),
                      LABELS=["dark", "bright", "red"], FIGURE=detect("street.png")["labels"].mode().values.item(),
                      find=lambda path: zip(*(detect(path)[key].tolist() for key in ("boxes", "scores", "labels"))))
        self.assertGreater(len(self.result_of("figures/1")["detections"]), 0)

    def test_the_cascades_pipelines_are_pipelines(self):
        for page, gives in (("detect.md", "list<Classes>"), ("keypoints.md", "list<Keypoints>"),
                            ("segment.md", "Bytes"), ("text_detection.md", "list<Classes>"),
                            ("cascade.md", "tuple<Detections, list<Classes>>")):
            text = snippets(page, "json")[-1]
            self.assertEqual(gp.check_pipeline(json.loads(text)), ("Bytes", gives))


if __name__ == "__main__":
    unittest.main()
