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
from gantry_pack.reference import run_pipeline  # noqa: E402


class CascadeTest(unittest.TestCase):
    package = Path(sys.argv.pop())

    def setUp(self):
        self.manifest = gp.verify(self.package)
        self.cases = dict(zip(mtcnn.PHOTOS, self.manifest["golden"]))

    def stage(self, photo, path):
        return next(stage["value"] for stage in self.cases[photo]["stages"] if stage["at"] == path)

    def test_the_faces_are_those_of_the_python_stack(self):
        found = {name: case["result"]["value"]["detections"] for name, case in self.cases.items()}
        self.assertEqual({name: len(one) for name, one in found.items()},
                         {"astronaut.png": 1, "camera.png": 1, "chelsea.png": 0, "coffee.png": 0})
        face, = found["astronaut.png"]
        numpy.testing.assert_allclose(face["box"], [181.051, 62.156, 267.747, 172.050], atol=1e-3)
        self.assertAlmostEqual(face["score"], 0.999998, places=6)
        self.assertEqual((face["label"], numpy.shape(face["keypoints"])), ("face", (5, 3)))

    def test_answers_that_differ_by_a_pixel_would_be_found_out(self):
        for name, case in self.cases.items():
            tolerance = case["result"]["tolerance"]
            self.assertLess(tolerance["atol"] + 512 * tolerance["rtol"], 0.2, name)

    def test_three_models_are_recorded_at_each_of_their_calls(self):
        self.assertEqual(list(self.manifest["models"]), ["pnet", "rnet", "onet"])
        calls = {"pnet": "pipeline[1].branches[1][0].branches[1][1]", "rnet": "pipeline[2].branches[1][0].branches[1][1]",
                 "onet": "pipeline[3].branches[1][1]"}
        counts = {}
        for name, path in calls.items():
            answers, = self.stage("astronaut.png", path)["list"]
            counts[name] = len(answers["list"])
            self.assertEqual(sorted(answers["list"][0]["tensors"]),
                             sorted(output["name"] for output in self.manifest["models"][name]["outputs"]))
            self.assertTrue(all(engine["rows"]["independent"] for engine in self.manifest["models"][name]["engines"]))
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
        for name in self.cases:
            for path in ("pipeline[1]", "pipeline[2]"):
                found = self.stage(name, path)["tuple"][1]["detections"]
                boxes = numpy.array([one["box"] for one in found], numpy.float64).reshape(-1, 4)
                self.assertGreater(numpy.abs(boxes - boxes.round()).min(initial=1), 1e-3, f"{name} {path}")

    def test_the_pipeline_s_reference_is_facenet_s_at_other_sizes(self):
        from PIL import Image
        nets = {name: getattr(mtcnn.facenet(), kind)().eval() for name, kind in
                (("pnet", "PNet"), ("rnet", "RNet"), ("onet", "ONet"))}
        names = {"pnet": ("boxes", "scores"), "rnet": ("boxes", "scores"), "onet": ("boxes", "points", "scores")}

        def caller(name):
            def call(value):
                with torch.no_grad():
                    return dict(zip(names[name], (output[0] for output in nets[name](value[None]))))
            return call
        detector = mtcnn.facenet().MTCNN(keep_all=True, select_largest=False)
        whole = Image.open(mtcnn.photo("astronaut.png")).convert("RGB")
        counts = []
        for picture in (whole.resize((300, 341)), whole.crop((130, 10, 330, 260)), whole.resize((90, 70)), whole.resize((18, 40))):
            boxes, scores, points = detector.detect(picture, landmarks=True) if min(picture.size) >= 20 else (None,) * 3
            pipeline = [{"op": "image.to_rgb"}, *mtcnn.PIPELINE[1:-1]]
            found = run_pipeline(pipeline, picture, {name: caller(name) for name in nets})
            counts.append(len(found))
            self.assertEqual(len(found), 0 if boxes is None else len(boxes))
            for one, box, score, five in zip(found, boxes if found else (), scores if found else (), points if found else ()):
                numpy.testing.assert_allclose(one.box, numpy.asarray(box, numpy.float64), rtol=0, atol=1e-3)
                numpy.testing.assert_allclose(numpy.array(one.keypoints)[:, :2], numpy.asarray(five, numpy.float64),
                                              rtol=0, atol=1e-3)
                self.assertAlmostEqual(one.score, float(score), delta=1e-4)
        self.assertGreater(sum(counts), 1)
        self.assertEqual(counts[-1], 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
