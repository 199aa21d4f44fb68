# SPDX-License-Identifier: Apache-2.0
"""A text detector as a package: what it finds in pictures, and its crops. The gantry tool opens each, so what C++ finds is
what the Python stack finds. Run by ctest; or: python tests/pack/quads_test.py GANTRY"""

import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import torch  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402

from packing import PackingTest, gp  # noqa: E402

WIDTH, HEIGHT = 192, 160


class Darkness(torch.nn.Module):
    """Finds dark lines on white paper."""

    def forward(self, image):
        return 1 - image.mean(1, keepdim=True)


class Brightness(torch.nn.Module):
    def forward(self, crop):
        return torch.stack([crop.mean((1, 2, 3)), 1 - crop.mean((1, 2, 3))], 1)


@unittest.skipIf(TOOL is None, "needs the gantry tool")
class QuadsTest(PackingTest):
    tool = TOOL

    def page(self, name, width, height, lines):
        """`lines`: (x0, y0, x1, y1, how thick)"""
        page = Image.new("RGB", (width, height), (250, 250, 250))
        for *ends, thickness in lines:
            ImageDraw.Draw(page).line(ends, (20, 30, 10), thickness)
        page.save(self.dir / name)
        return self.dir / name

    def pages(self):
        return [self.page("straight.png", 300, 240, [(30, 40, 250, 40, 15), (30, 90, 200, 90, 20)]),
                self.page("slanted.png", 380, 290, [(30, 60, 330, 20, 18), (60, 150, 200, 260, 25), (320, 100, 320, 250, 20)])]

    PIPELINE = ("image.decode", {"op": "image.resize", "width": WIDTH, "height": HEIGHT, "reference": "opencv"},
                "image.to_tensor", "model", {"op": "detect.db", "box_threshold": 0.4},
                {"op": "detect.quads_to_picture", "round": True, "min_side": 4})

    def test_what_is_found_in_pages(self):
        pages = self.pages()
        manifest = self.pack(Darkness(), torch.zeros(1, 3, HEIGHT, WIDTH), pages, pipeline=list(self.PIPELINE), tool=TOOL)
        for path, count in zip(pages, (2, 3)):
            found = self.result(path)["quads"]
            self.assertEqual(len(found), count)
            expected = gp.run_pipeline(manifest["pipeline"], path.read_bytes(), lambda image: Darkness()(image[None])[0])
            self.assertIsNone(gp.difference([(one["quad"], one["score"]) for one in found], expected,
                                            gp.Tolerance(1e-3), "quads"))
        lines = {tuple(map(tuple, one["quad"])) for one in found}
        slanted = next(quad for quad in lines if quad[0][1] > quad[1][1] + 20)
        self.assertLess(abs(slanted[1][0] - 330), 15)

    def test_what_is_found_is_drawn(self):
        pages = self.pages()
        self.pack(Darkness(), torch.zeros(1, 3, HEIGHT, WIDTH), pages, pipeline=list(self.PIPELINE), tool=TOOL)
        self.run_tool(pages[1], "--draw", self.dir / "drawn.png")
        drawn, own = (Image.open(path).convert("RGB") for path in (self.dir / "drawn.png", pages[1]))
        self.assertEqual(drawn.size, own.size)
        self.assertNotEqual(drawn.tobytes(), own.tobytes())

    def test_crops_go_to_the_next_model(self):
        to_model = [{"op": "image.resize", "width": 32, "height": 16}, "image.to_tensor", {"op": "model", "name": "next"}, "softmax"]
        detector = [*self.PIPELINE[1:3], {"op": "model", "name": "detector"}, *self.PIPELINE[4:]]
        pages = self.pages()
        models = {"detector": gp.Model(Darkness().eval(), torch.zeros(1, 3, HEIGHT, WIDTH), engines=["torchscript"]),
                  "next": gp.Model(Brightness().eval(), torch.zeros(1, 3, 16, 32), engines=["torchscript"])}
        self.package = gp.pack(self.dir / "cascade", models=models, samples=pages, name="cascade", version="1", tool=TOOL,
                               pipeline=["image.decode", {"op": "fork", "branches": [[], detector]}, "detect.crop_quads",
                                         {"op": "each", "do": to_model}])
        self.assertEqual(len(self.result(pages[1])["list"]), 3)


if __name__ == "__main__":
    unittest.main(verbosity=1)
