# SPDX-License-Identifier: Apache-2.0
"""What ops say of their own that they decide so closely that rounding may decide otherwise. Run by ctest; or:
python tests/pack/closeness_test.py."""

import unittest

import torch

from packing import PackingTest, gp, model_of
from gantry_pack.reference import Reference
from gantry_pack.values import Detection, Detections

NEAR = 1 + 1e-5  # as far from a threshold as rounding may move a value
FAR = 1 + 1e-3


def said_of(op, value, files=None):
    """What the op says, without the pipeline's path."""
    reference = Reference([op], files=files)
    reference.run(value)
    return [what for _, what in reference.close_calls]


def boxes(*scores, side=10.0):
    return Detections(Detection(i, "", score, (20.0 * i, 0.0, 20.0 * i + side, side)) for i, score in enumerate(scores))


class ClosenessTest(PackingTest):
    def expect_threshold(self, name, op, value_of, files=None):
        """`value_of` makes a value of which a part lies as far from the threshold as its factor says."""
        for factor, wanted in ((NEAR, [f"something lies near to the `{name}`"]), (1 / NEAR, [f"something lies near to the `{name}`"]),
                               (FAR, []), (1 / FAR, [])):
            self.assertEqual(said_of(op, value_of(factor), files), wanted, (op, factor))

    def test_thresholds_of_decoders(self):
        head = torch.tensor([[5.0, 5, 4, 4, 0.9, 0.1], [50, 50, 4, 4, 0, 0.3]])
        for multi_label in (False, True):
            for place in ((0, 4), (1, 5), *([(0, 5)] if multi_label else [])):
                def at(factor, place=place):
                    moved = head.clone()
                    moved[place] = 0.25 * factor
                    return moved.T
                self.expect_threshold("score", {"op": "detect.yolov8", "multi_label": multi_label}, at)

    def test_thresholds_of_detections(self):
        self.expect_threshold("score", {"op": "detect.filter", "score": 0.5}, lambda factor: boxes(0.9, 0.5 * factor))
        self.expect_threshold("min_side", {"op": "detect.filter", "min_side": 8}, lambda factor: boxes(0.9, side=8 * factor))
        self.expect_threshold("iou", {"op": "detect.nms", "iou": 0.5, "suppress": "any"}, lambda factor: Detections(
            [Detection(0, "", 0.9, (0, 0, 10, 10)), Detection(0, "", 0.8, (0, 0, 10, 5 * factor))]))
        self.expect_threshold("score", {"op": "detect.soft_nms", "score": 0.5}, lambda factor: boxes(0.9, 0.5 * factor))

    def test_each_class_has_a_least_score_of_its_own(self):
        op = {"op": "detect.filter", "class_scores": [0.2, 0.6]}
        self.expect_threshold("class_scores", op, lambda factor: boxes(0.6, 0.6 * factor))
        self.assertEqual(said_of(op, boxes(0.6, 0.2)), [])  # those of the other class
        self.expect_threshold("threshold", {"op": "above", "threshold": [0.2, 0.6]},
                              lambda factor: torch.tensor([0.6, 0.6 * factor]))

    def test_thresholds_of_planes(self):
        plane = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
        for size in ({}, {"height": 2, "width": 2}):
            self.expect_threshold("threshold", {"op": "segment.binary", "values": "probabilities", "threshold": 0.4, **size},
                                  lambda factor: torch.cat((plane, torch.tensor([[0.4 * factor, 0]])))[1:])
        self.expect_threshold("threshold", {"op": "segment.binary", "threshold": 0.4}, lambda factor: torch.cat(
            (plane, torch.tensor([[0.4 * factor, 0.1]])))[1:].logit())
        for threshold in (0, 1):
            self.assertEqual(said_of({"op": "segment.binary", "threshold": threshold}, plane.logit() * 20), [])

    def test_thresholds_of_maps_of_text(self):
        def page(at_edge, inside=0.9):
            drawn = torch.zeros(40, 60)
            drawn[10:20, 10:50] = inside
            drawn[9, 10:50] = at_edge
            return drawn
        self.expect_threshold("threshold", {"op": "detect.db"}, lambda factor: page(0.3 * factor))
        score = gp.run_pipeline([{"op": "detect.db"}], page(0.9))[0].score
        for factor, wanted in ((NEAR, 1), (1 / NEAR, 1), (1 / FAR, 0)):
            said = said_of({"op": "detect.db", "box_threshold": score * factor}, page(0.9))
            self.assertEqual(said, ["something lies near to the `box_threshold`"] * wanted)

    def test_the_best_that_are_kept(self):
        for op in ({"op": "top_k", "k": 2}, {"op": "top_k", "k": 1}):
            scores = torch.tensor([0.9, 0.5, 0.1])
            self.assertEqual(said_of(op, scores), [])
            scores[op["k"]] = scores[op["k"] - 1] / NEAR
            self.assertIn("`k` cuts between scores that are almost equal, ", said_of(op, scores)[0])
        self.assertEqual(said_of({"op": "top_k", "k": 3}, torch.tensor([0.5, 0.5, 0.5])), [])

    def test_the_nearest_that_are_kept(self):
        axes = torch.eye(3)
        for metric in ("cosine", "dot", "l2"):
            op = {"op": "embeddings.nearest", "table": "t.npy", "k": 1, "metric": metric}
            for second, wanted in ((0.3, 0), (0.9 / NEAR, 1), (0.9, 1)):
                said = said_of(op, torch.tensor([0.9, second, 0.1]) * 7, {"t.npy": axes * 5})
                self.assertEqual(len(said), wanted, (metric, second))
                self.assertEqual(["`k` cuts between scores" in line for line in said], [True] * wanted)
            self.assertEqual(said_of({**op, "k": 3}, torch.ones(3), {"t.npy": axes}), [])
        near_zero = said_of({"op": "embeddings.nearest", "table": "t.npy", "k": 1}, torch.tensor([1e-7, 2e-7, -1.0]), {"t.npy": axes})
        self.assertEqual(len(near_zero), 1)  # scores of the size of rounding

    def test_places_of_heat_maps(self):
        maps = torch.zeros(1, 8, 8)
        maps[0, 4, 4], maps[0, 4, 3], maps[0, 4, 5], maps[0, 3, 4] = 0.9, 0.5, 0.5 * NEAR, 0.2
        said = "two places of a heat map are almost equally good"
        self.assertEqual(said_of({"op": "keypoints.heatmaps"}, maps), [said])  # which way a quarter goes
        self.assertEqual(said_of({"op": "keypoints.heatmaps", "refine": "none"}, maps), [])
        maps[0, 4, 5] = 0.9 * NEAR
        self.assertEqual(said_of({"op": "keypoints.heatmaps", "refine": "none"}, maps), [said])
        below = maps - 2  # such maps are shares after a sigmoid, and nothing without
        self.assertEqual(said_of({"op": "keypoints.heatmaps", "refine": "none", "activation": "sigmoid"}, below), [said])
        self.assertEqual(said_of({"op": "keypoints.heatmaps", "refine": "none"}, below), [])

    def test_classes_of_pixels(self):
        logits = torch.tensor([[[2.0, 1]], [[1.0, 3]]])
        self.assertEqual(said_of({"op": "segment"}, logits), [])
        logits[1, 0, 0] = 2 / NEAR
        self.assertEqual(said_of({"op": "segment"}, logits), ["two classes are almost equally good in 1 pixels"])
        self.assertEqual(said_of({"op": "segment.input"}, (torch.zeros(3, 1, 2), logits)),
                         ["two classes are almost equally good in 1 pixels"])

    def test_an_op_of_somebody_s_own_says_it_too(self):
        near = gp.Op("Tensor", "Tensor", {"least": (lambda value: None, ...)}, lambda value, least: (value > least).int(),
                     close=lambda op, value, given, arguments: ["it is close"] if value.min() == arguments["least"] else [])
        self.pack(model_of(lambda x: x * 1.0), torch.zeros(1, 2), [torch.tensor([0.5, 1])], tool=False, ops={"acme.near": near},
                  pipeline=["model", {"op": "acme.near", "least": 0.5}])
        self.assertIn("sample 0: pipeline[1]: it is close; rounding may decide otherwise", self.said.getvalue())

    def test_what_is_said_twice_is_said_once(self):
        reference = Reference([{"op": "each", "do": [{"op": "above", "threshold": 0.5}]}])
        reference.run([torch.tensor([0.5]), torch.tensor([0.5, 0.1])])
        self.assertEqual(list(reference.close_calls), [("pipeline[0].do[0]", "something lies near to the `threshold`")])


if __name__ == "__main__":
    unittest.main()
