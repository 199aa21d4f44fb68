# SPDX-License-Identifier: Apache-2.0
"""Segmentation networks as packages, from the model object alone. The gantry tool opens each, so what C++ finds is what the
Python stack finds. Run by ctest; or: python tests/pack/segment_test.py GANTRY"""

import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import numpy  # noqa: E402
import torch  # noqa: E402
from torchvision.models import segmentation  # noqa: E402
from torchvision.models.segmentation.deeplabv3 import DeepLabHead  # noqa: E402
from torchvision.models.segmentation.fcn import FCNHead  # noqa: E402
from torchvision.transforms._presets import SemanticSegmentation  # noqa: E402
from PIL import Image  # noqa: E402

from golden_test import picture  # noqa: E402
from packing import PackingTest, gp  # noqa: E402

CLASSES = 5


class Eighth(torch.nn.Module):
    """A backbone that gives features of an eighth of the input's sides."""

    def __init__(self, names):
        super().__init__()
        self.names = names
        self.step = torch.nn.Conv2d(3, 32, 9, 8, 4)

    def forward(self, images):
        return {name: self.step(images) for name in self.names}


def with_numbers_of_a_trained_one(model):
    """Random weights, whose layers are made to give numbers of the size that trained ones give."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.rand(4, 3, 96, 96) * 2 - 1)
    return model.eval()


def deeplab():
    return segmentation.DeepLabV3(Eighth(["out"]), DeepLabHead(32, CLASSES))


def fcn():
    return segmentation.FCN(Eighth(["out", "aux"]), FCNHead(32, CLASSES), FCNHead(32, CLASSES))


def lraspp():
    return segmentation.LRASPP(Eighth(["low", "high"]), 32, 32, CLASSES)


@unittest.skipIf(TOOL is None, "needs the gantry tool")
class SegmentTest(PackingTest):
    tool = TOOL

    def test_a_network_is_packed_from_the_model_object_alone(self):
        photos = [self.dir / "photo.png", self.dir / "tall.png"]
        for path, size in zip(photos, ((120, 90), (70, 101))):
            path.write_bytes(picture(*size))
        transform = SemanticSegmentation(resize_size=72)
        for make in (deeplab, fcn, lraspp):
            with self.subTest(make.__name__):
                torch.manual_seed(4)
                model = with_numbers_of_a_trained_one(make())
                manifest = self.pack(model, None, photos, pipeline=transform, tool=TOOL)
                self.assertEqual(manifest["pipeline"][-1], {"op": "segment.input"})
                shapes = [spec["shape"] for side in ("inputs", "outputs") for spec in manifest["models"]["model"][side]]
                self.assertEqual(shapes, [["batch", 3, "height", "width"], ["batch", CLASSES, "rows", "columns"]])
                for path in photos:
                    output = self.result(path)["tensors"]["output"]
                    found = numpy.array(output["data"]).reshape(output["shape"])
                    with torch.no_grad():
                        inputs = transform(Image.open(path))[None]
                        wanted = model(inputs)["out"][0].argmax(0).int()
                    self.assertEqual(found.shape, tuple(inputs.shape[-2:]))
                    self.assertTrue((found == wanted.numpy()).all())
                    self.assertGreater(len(numpy.unique(found)), 1)

    def test_a_network_whose_answers_differ_is_not_written(self):
        model = with_numbers_of_a_trained_one(fcn())
        original = model.forward
        model.forward = lambda images: {"out": original(images)["out"].flip(1)}
        path = self.dir / "photo.png"
        path.write_bytes(picture(90, 60))
        with self.assertRaisesRegex(gp.CheckFailed, "photo.png.*values differ"):
            self.pack(model, None, [path], pipeline=SemanticSegmentation(resize_size=40), tool=False)

    def test_what_a_known_network_does_not_take_is_refused(self):
        for given, message in (({"example": torch.zeros(1, 3, 64, 64)}, "example_inputs: of torchvision's FCN"),
                               ({"labels": ["a", "b"]}, "labels: FCN gives a number for each pixel")):
            with self.assertRaisesRegex(gp.PackError, message):
                self.pack(fcn(), **{"example": None, "tool": False, **given})

    def test_an_overlay_is_torchvision_s_whatever_its_alpha(self):
        from gantry_pack.ops.palette import colours_of
        from torchvision.utils import draw_segmentation_masks
        image = Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=numpy.uint8))
        labels = torch.randint(0, 4, (20, 30), dtype=torch.int32)
        colours = [tuple(map(int, each)) for each in colours_of(numpy.arange(1, 4))]
        planes = torch.stack([labels == label for label in range(1, 4)])
        pixels = torch.from_numpy(numpy.asarray(image)).permute(2, 0, 1)
        for alpha in (0.1, 0.5, 0.6, 0.8, 1.0):
            wanted = draw_segmentation_masks(pixels, planes, alpha, colours).permute(1, 2, 0).numpy()
            ours = gp.run_pipeline([{"op": "segment.overlay", "alpha": alpha}], (image, labels))
            inside = labels.numpy() > 0  # the background, which torchvision blends with itself, stays as it is
            self.assertEqual(int((numpy.asarray(ours) != wanted)[inside].sum()), 0, alpha)
            self.assertTrue((numpy.asarray(ours) == numpy.asarray(image))[~inside].all())

    def test_without_a_transform_it_is_what_all_weights_of_torchvision_have(self):
        manifest = self.pack(fcn().eval(), None, (), tool=False)
        kept = {"op": "image.resize_short", "size": 520, "filter": "bilinear"}
        self.assertEqual({key: manifest["pipeline"][1][key] for key in kept}, kept)


if __name__ == "__main__":
    unittest.main()
