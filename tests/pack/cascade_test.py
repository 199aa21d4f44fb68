# SPDX-License-Identifier: Apache-2.0
"""The package of examples/models/mtcnn.py: three models, PNet at any size, and the faces of the Python stack. Run by ctest;
or: python tests/pack/cascade_test.py PACKAGE, as the script made it."""

import sys
import unittest
from pathlib import Path

import numpy
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib" / "pack"), str(ROOT / "examples" / "models")]
import gantry_pack as gp  # noqa: E402
import mtcnn  # noqa: E402


class CascadeTest(unittest.TestCase):
    package = Path(sys.argv.pop())

    def setUp(self):
        self.manifest = gp.verify(self.package)
        self.cases = dict(zip(mtcnn.PHOTOS, self.manifest["golden"]))

    def load(self, value):
        return {name: numpy.load(self.package / path) for name, path in value["tensors"].items()}

    def test_the_faces_are_those_of_the_python_stack(self):
        found = {name: self.load(case["result"]["value"]) for name, case in self.cases.items()}
        self.assertEqual({name: len(one["boxes"]) for name, one in found.items()},
                         {"astronaut.png": 1, "camera.png": 1, "chelsea.png": 0, "coffee.png": 0})
        numpy.testing.assert_allclose(found["astronaut.png"]["boxes"], [[181.051, 62.156, 267.747, 172.050]], atol=1e-3)
        self.assertAlmostEqual(float(found["astronaut.png"]["scores"][0]), 0.999998, places=6)
        for one in found.values():
            self.assertEqual((one["boxes"].shape[1:], one["points"].shape[1:]), ((4,), (5, 2)))

    def test_three_models_are_recorded_at_each_of_their_calls(self):
        self.assertEqual(list(self.manifest["models"]), ["pnet", "rnet", "onet"])
        calls = {"pnet": "pipeline[2].branches[1][1].do[0]", "rnet": "pipeline[4].branches[1][1].do[0]",
                 "onet": "pipeline[6].branches[1][1].do[0]"}
        counts = {}
        for name, path in calls.items():
            model = self.manifest["models"][name]
            stage = next(stage for stage in self.cases["astronaut.png"]["stages"] if stage["at"] == path)
            answers = [self.load(one) for one in stage["value"]["list"]]
            counts[name] = len(answers)
            self.assertEqual(list(answers[0]), [output["name"] for output in model["outputs"]])
            self.assertTrue(all(engine["rows"]["independent"] for engine in model["engines"]))
        self.assertEqual(counts, {"pnet": 10, "rnet": 153, "onet": 9})

    def test_pnet_runs_at_any_size(self):
        pnet = self.manifest["models"]["pnet"]
        self.assertEqual(pnet["inputs"][0]["shape"], ["batch", 3, "H", "W"])
        self.assertEqual([output["shape"][2:] for output in pnet["outputs"]], [["h", "w"]] * 2)
        exported, eager = torch.jit.load(str(self.package / "pnet.ts")), mtcnn.facenet().PNet()
        for height, width in ((12, 12), (13, 40), (121, 77)):
            picture = torch.rand(2, 3, height, width)
            with torch.no_grad():
                for got, wanted in zip(exported(picture), eager(picture)):
                    torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-5)

    def test_no_coordinate_is_so_near_to_a_whole_pixel_that_rounding_could_move_a_crop(self):
        for name, case in self.cases.items():
            for stage in case["stages"]:
                if stage["at"] in ("pipeline[3]", "pipeline[5]"):
                    boxes = self.load(stage["value"])["boxes"][:, :4]
                    self.assertGreater(numpy.abs(boxes - boxes.round()).min(initial=1), 1e-3, f"{name} {stage['at']}")

    def test_a_picture_too_small_for_a_face_has_none(self):
        tiny = torch.zeros(3, 19, 30, dtype=torch.uint8)
        self.assertEqual(mtcnn.pyramid(tiny, 20, 0.709), [])
        boxes = mtcnn.propose((tiny, []), 20, 0.709, 0.6)
        self.assertEqual((tuple(boxes["boxes"].shape), mtcnn.crops(boxes, 24)), ((0, 5), []))
        found = mtcnn.faces((mtcnn.refine((boxes, []), 0.7), []), 0.7)
        self.assertEqual([tuple(tensor.shape) for tensor in found.values()], [(0, 4), (0,), (0, 5, 2)])


if __name__ == "__main__":
    unittest.main(verbosity=1)
