# SPDX-License-Identifier: Apache-2.0
"""Classifiers that find several classes, or whose scores are calibrated, as packages: what C++ finds is what torch finds.
Run by ctest; or: python tests/pack/classify_test.py GANTRY"""

import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import torch  # noqa: E402

from packing import PackingTest, gp, model_of  # noqa: E402

LABELS = [f"class {i}" for i in range(40)]
LOGITS = model_of(lambda x: x * 3.0)


def found(scores, is_found):
    """[(index, label, score)] of the classes that are found, the best first."""
    return gp.Classes((i, LABELS[i], float(scores[i])) for i in scores.argsort(descending=True, stable=True).tolist()
                      if is_found[i])


@unittest.skipIf(TOOL is None, "needs the gantry tool")
class SeveralClassesTest(PackingTest):
    def samples(self):
        return [torch.randn(40) for _ in range(4)]

    def test_each_class_has_a_threshold_of_its_own(self):
        limits = torch.linspace(0.05, 0.95, 40)
        self.pack(LOGITS, torch.zeros(1, 40), self.samples(), labels=LABELS, tool=TOOL, pipeline=[
            "model", {"op": "sigmoid", "temperature": 1.7}, {"op": "above", "threshold": limits.tolist()}],
            reference=lambda logits: found(scores := (logits * 3 / 1.7).sigmoid(), scores > limits))

    def test_scores_are_calibrated(self):
        self.pack(LOGITS, torch.zeros(1, 40), self.samples(), labels=LABELS, tool=TOOL, pipeline=[
            "model", {"op": "softmax", "temperature": 0.4}, {"op": "above", "threshold": 0.01}],
            reference=lambda logits: found(scores := (logits * 3 / 0.4).softmax(0), scores > 0.01))

    def test_a_reference_that_disagrees_is_named(self):
        with self.assertRaisesRegex(gp.CheckFailed, "disagree"):
            self.pack(LOGITS, torch.zeros(1, 40), self.samples(), labels=LABELS, tool=False, pipeline=[
                "model", "sigmoid", {"op": "above", "threshold": 0.5}],
                reference=lambda logits: found(scores := (logits * 3).sigmoid(), scores > 0.6))

    def test_a_score_at_its_threshold_is_said(self):
        self.pack(model_of(lambda x: x * 1.0), torch.zeros(1, 3), [torch.tensor([0.25, 0.5, 0.75])], tool=False, pipeline=[
            "model", {"op": "above", "threshold": [0.1, 0.5, 0.1]}])
        self.assertIn("pipeline[1]: something lies near to the `threshold`; rounding may decide otherwise", self.said.getvalue())

    def test_thresholds_that_do_not_fit_are_refused(self):
        with self.assertRaisesRegex(gp.PackError, "2 thresholds for 40 scores"):
            self.pack(LOGITS, torch.zeros(1, 40), self.samples(), tool=False, pipeline=[
                "model", {"op": "above", "threshold": [0.1, 0.2]}])


if __name__ == "__main__":
    unittest.main(verbosity=1)
