# SPDX-License-Identifier: Apache-2.0
"""The picture's frame in the packer: boxes go back to it as in tests/ops/unletterbox_test.cpp. Run by ctest; or:
python tests/pack/frames_test.py"""

import unittest

import torch
from PIL import Image

from packing import gp
from gantry_pack.ops.frame import Frame
from gantry_pack.ops.frames import Known
from gantry_pack.ops.op import Op
from gantry_pack.reference import Reference

TO_TENSOR = {"op": "image.to_tensor"}
BACK = {"op": "image.unletterbox"}
HALF = {"op": "image.resize", "width": 40, "height": 20}
FOUND = [TO_TENSOR, {"op": "find"}]  # a box in the first pixel
TABLE = {**gp.OPS,
         "find": Op("Tensor", "Tensor", None, lambda value: torch.tensor([[0.0, 0, 1, 1]])),
         "first": Op("list<Tensor>", "Tensor", None, lambda value: value[0]),
         "first_named": Op("Tensors", "Tensor", None, lambda value: next(iter(value.values()))),
         "turned": Op("list<Tensor>", "list<Tensor>", None, lambda value: value[::-1])}


def run(ops):
    return Reference(ops, table=TABLE).run(Image.new("RGB", (80, 40)))[0]


def refused(test, ops):
    with test.assertRaisesRegex(gp.PackError, "nobody knows which picture"):
        run(ops)


def back(ops, boxes, size=(80, 40), clip=True):
    """The boxes that a detector finds on what `ops` make of a picture, in its own pixels."""
    table = {**gp.OPS, "find": Op("Tensor", "Tensor", None, lambda value: torch.tensor([boxes], dtype=torch.float32))}
    chain = [*ops, TO_TENSOR, {"op": "find"}, {**BACK, "clip": clip}]
    return Reference(chain, table=table).run(Image.new("RGB", size))[0][0].tolist()


class FramesTest(unittest.TestCase):
    def test_boxes_go_back_through_every_geometric_op(self):
        for op, boxes, expected in (
                ({"op": "image.resize", "width": 160, "height": 20}, [16, 2, 32, 4], [8, 4, 16, 8]),
                ({"op": "image.resize", "width": 10, "height": 10, "box": [20, 10, 40, 30]}, [0, 0, 5, 5], [20, 10, 30, 20]),
                ({"op": "image.resize_short", "size": 20}, [1, 2, 3, 4], [2, 4, 6, 8]),
                ({"op": "image.center_crop", "size": 40}, [0, 1, 2, 3], [20, 1, 22, 3]),
                ({"op": "image.crop", "left": 5, "top": 6, "width": 10, "height": 10}, [0, 1, 2, 3], [5, 7, 7, 9]),
                ({"op": "image.pad", "left": 3, "top": 4}, [4, 5, 6, 7], [1, 1, 3, 3]),
                ({"op": "image.pad_to", "square": True}, [4, 25, 6, 27], [4, 5, 6, 7]),
                ({"op": "image.flip"}, [0, 1, 2, 3], [78, 1, 80, 3]),
                ({"op": "image.flip", "axis": "vertical"}, [0, 1, 2, 3], [0, 37, 2, 39]),
                ({"op": "image.rotate90", "turns": 1}, [1, 2, 3, 5], [75, 1, 78, 3]),
                ({"op": "image.rotate90", "turns": 2}, [1, 2, 3, 5], [77, 35, 79, 38]),
                ({"op": "image.rotate90", "turns": 3}, [1, 2, 3, 5], [2, 37, 5, 39])):
            with self.subTest(op):
                self.assertEqual(back([op], boxes), expected)

    def test_a_letterbox_is_taken_off_and_boxes_are_clipped(self):
        letterbox = [{"op": "image.letterbox", "size": 640}]
        self.assertEqual(back(letterbox, [0, 140, 640, 500], (1920, 1080)), [0, 0, 1920, 1080])
        self.assertEqual(back(letterbox, [-5, 130, 700, 640], (1920, 1080), clip=False), [-15, -30, 2100, 1500])

    def test_ops_in_a_row_add_up(self):
        ops = [{"op": "image.resize", "width": 40, "height": 40}, {"op": "image.crop", "left": 4, "top": 8, "width": 20, "height": 20},
               {"op": "image.flip"}, {"op": "image.resize", "width": 10, "height": 10}, {"op": "image.center_crop", "size": 20}]
        self.assertEqual(back(ops, [5, 5, 15, 15]), [8, 8, 48, 28])

    def test_the_frame_goes_into_each_and_fork(self):
        table = {**gp.OPS, "find": Op("Tensor", "Tensor", None, lambda value: torch.tensor([[0.0, 0, 1, 1]]))}
        inner = [TO_TENSOR, {"op": "find"}, BACK]
        half = {"op": "image.resize", "width": 40, "height": 20}
        ops = [half, {"op": "image.five_crop", "size": 10}, {"op": "each", "do": inner}]
        crops = Reference(ops, table=table).run(Image.new("RGB", (80, 40)))[0]
        self.assertEqual([boxes[0].tolist()[:2] for boxes in crops], [[0, 0], [60, 0], [0, 20], [60, 20], [30, 10]])
        ops = [half, {"op": "fork", "branches": [[{"op": "image.flip"}, *inner], inner]}]
        branches = Reference(ops, table=table).run(Image.new("RGB", (80, 40)))[0]
        self.assertEqual([boxes[0].tolist() for boxes in branches], [[78, 0, 80, 2], [0, 0, 2, 2]])

    def test_crops_have_the_same_frame_in_one_each_as_in_two(self):
        crops = [HALF, {"op": "image.five_crop", "size": 10}]
        expected = [[0, 0, 2, 2], [60, 0, 62, 2], [0, 20, 2, 22], [60, 20, 62, 22], [30, 10, 32, 12]]
        for ops in ([*crops, {"op": "each", "do": [*FOUND, BACK]}],
                    [*crops, {"op": "each", "do": FOUND}, {"op": "each", "do": [BACK]}]):
            self.assertEqual([boxes[0].tolist() for boxes in run(ops)], expected)
        refused(self, [*crops, {"op": "each", "do": FOUND}, {"op": "first"}, BACK])
        refused(self, [*crops, {"op": "each", "do": FOUND}, {"op": "turned"}, {"op": "each", "do": [BACK]}])

    def test_a_branchs_frame_goes_with_its_tensor(self):
        flipped = [HALF, {"op": "fork", "branches": [[{"op": "image.flip"}, *FOUND], FOUND]},
                   {"op": "bundle", "names": ["flipped", "plain"]}]
        self.assertEqual(run([*flipped, {"op": "select", "name": "flipped"}, BACK])[0].tolist(), [78, 0, 80, 2])
        self.assertEqual(run([*flipped, {"op": "select", "name": "plain"}, BACK])[0].tolist(), [0, 0, 2, 2])
        renamed = [*flipped, {"op": "select", "names": ["plain", "flipped"], "as": ["a", "b"]}]
        self.assertEqual(run([*renamed, {"op": "select", "name": "b"}, BACK])[0].tolist(), [78, 0, 80, 2])
        refused(self, [*flipped, {"op": "first_named"}, BACK])
        self.assertEqual(run([*flipped, {"op": "select", "names": ["flipped"]}, {"op": "first_named"}, BACK])[0].tolist(),
                         [78, 0, 80, 2])
        plain = [HALF, TO_TENSOR, {"op": "fork", "branches": [[{"op": "find"}], [{"op": "find"}]]},
                 {"op": "bundle", "names": ["a", "b"]}]
        self.assertEqual(run([*plain, {"op": "first_named"}, BACK])[0].tolist(), [0, 0, 2, 2])

    def test_what_is_made_of_a_picture_and_a_prompt_has_that_picture(self):
        picture, crop = Known(Frame(80, 40)), Known(Frame(80, 40).scaled(0.5, 0.5))
        tensor = torch.zeros(1)
        self.assertEqual(Known(None, (picture, Known())).after(tensor), picture)
        self.assertEqual(Known(None, (Known(), crop, crop)).after(tensor), crop)
        self.assertEqual(Known(None, (picture, crop)).after(tensor), Known())
        self.assertEqual(Known(None, (picture, Known(None, are_elements_unknown=True))).after(tensor), Known())

    def test_boxes_of_an_unknown_picture_are_refused(self):
        with self.assertRaisesRegex(gp.PackError, "nobody knows which picture"):
            Reference([BACK]).run(torch.zeros(1, 4))


if __name__ == "__main__":
    unittest.main(verbosity=1)
