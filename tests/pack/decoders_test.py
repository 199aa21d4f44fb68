# SPDX-License-Identifier: Apache-2.0
"""The decoders' references; what C++ makes of the same heads is compared in tests/parity/decoder_parity.py. Run by ctest; or:
python tests/pack/decoders_test.py."""

import io
import unittest

import numpy
import torch

from packing import PackingTest, gp
from gantry_pack.reference import run_pipeline
from gantry_pack.values import Detections

ANCHORS = torch.tensor([[0.0, 0, 10, 20], [6, 6, 10, 10]])
HEAD = {"boxes": torch.zeros(2, 4), "scores": torch.tensor([[0.0, 3], [2, 0]])}


def npy(array):
    buffer = io.BytesIO()
    numpy.save(buffer, array)
    return buffer.getvalue()


class Heads(torch.nn.Module):
    def forward(self, image):
        mean = image.mean((1, 2, 3))
        return {"boxes": mean[:, None, None] * torch.zeros(2, 4), "scores": mean[:, None, None] * torch.ones(2, 2)}


class DecodersTest(PackingTest):
    def test_anchors_are_a_tensor_or_a_file(self):
        of_tensor = run_pipeline([{"op": "detect.ssd"}], {**HEAD, "anchors": ANCHORS})
        of_file = run_pipeline([{"op": "detect.ssd", "anchors": "a.npy"}], HEAD, files={"a.npy": ANCHORS})
        self.assertEqual(of_tensor, of_file)
        self.assertEqual([one.box for one in of_file], [(0, 0, 10, 20), (6, 6, 10, 10)])
        with self.assertRaisesRegex(gp.PackError, "tensor 'anchors' is missing; there are boxes, scores"):
            run_pipeline([{"op": "detect.ssd"}], HEAD)

    def test_a_file_of_anchors_is_part_of_the_package(self):
        pipeline = [{"op": "image.to_tensor"}, "model", {"op": "detect.ssd", "anchors": "a.npy"}]
        given = {"pipeline": pipeline, "max_batch": 1}
        manifest = self.pack(Heads(), torch.rand(1, 3, 8, 8), files={"a.npy": npy(ANCHORS.numpy())}, **given)
        self.assertEqual(manifest["pipeline"][2]["anchors"], "a.npy")
        self.assertTrue((self.package / "a.npy").is_file())
        for files, message in (({}, r"pipeline\[2\].anchors: the package has no file 'a.npy'; pass files="),
                               ({"a.npy": b"none"}, "a.npy: no .npy file of numbers"),
                               ({"a.npy": npy(numpy.array(["a"]))}, "a.npy: no .npy file of numbers")):
            with self.assertRaisesRegex(gp.PackError, message):
                self.pack(Heads(), torch.rand(1, 3, 8, 8), files=files, **given)

    def test_shares_are_of_the_picture_where_it_lies_in_the_input(self):
        from PIL import Image
        head = {"boxes": torch.tensor([[0.5, 0.5, 0.5, 0.5]]), "scores": torch.tensor([[9.0, 0]])}
        ops = [{"op": "image.letterbox", "size": 20}, {"op": "image.to_tensor"}, {"op": "model"}, {"op": "detect.detr"}]
        found = run_pipeline(ops, Image.new("RGB", (80, 40)), lambda _: head)
        self.assertEqual(found[0].box, (5, 7.5, 15, 12.5))
        with self.assertRaisesRegex(gp.PackError, "shares of a picture that nobody knows"):
            run_pipeline([{"op": "detect.detr"}], head)

    def test_what_is_no_number_is_no_candidate(self):
        head = torch.tensor([[0.0, 0, 2, 2, 1, float("nan")], [0, 0, 2, 2, 1, 0.5]])
        self.assertEqual(run_pipeline([{"op": "detect.yolov5"}], head),
                         Detections([gp.Detection(0, "", 0.5, (-1.0, -1.0, 1.0, 1.0))]))


if __name__ == "__main__":
    unittest.main()
