# SPDX-License-Identifier: Apache-2.0
"""What the tests of packed detectors share: photos, and what the gantry tool finds in them."""

from golden_test import picture
from packing import PackingTest, gp


class DetectingTest(PackingTest):
    def photo(self, width, height, name="photo.png"):
        path = self.dir / name
        path.write_bytes(picture(width, height))
        return path

    def detections(self, path, libraries=()):
        options = [word for library in libraries for word in ("--library", library)]
        return gp.Detections(gp.Detection(one["index"], one["label"], one["score"], tuple(one["box"]),
                                          tuple(map(tuple, one.get("keypoints", ()))),
                                          gp.RunLengths(tuple(one["mask"]["size"]), one["mask"]["counts"])
                                          if "mask" in one else None)
                             for one in self.result(path, *options)["detections"])

    def expect_answers(self, answers, path, least=4, libraries=()):
        """What the tool finds is what `answers` finds: {"boxes", "scores", "labels"} of a path."""
        ours = self.detections(path, libraries)
        self.assertGreaterEqual(len(ours), least)
        self.assertIsNone(gp.difference(answers(path), ours, gp.Tolerance(1e-3, 1e-5), "detections"))
        return ours
