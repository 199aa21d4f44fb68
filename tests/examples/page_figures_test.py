# SPDX-License-Identifier: Apache-2.0
"""The package of examples/models/page_figures.py, two models in one: the host that detects and the gantry tool find the figures
that the Python stack finds, and what they show. Run by ctest; or: python page_figures_test.py EXAMPLE GANTRY PACKAGE"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "models"))
import efficientnet_lite0  # noqa: E402
import page_figures  # noqa: E402
import page_layout  # noqa: E402
from exporting import photo  # noqa: E402

EXAMPLE, GANTRY, PACKAGE = sys.argv[1:4]


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=250, check=False)


class PageFiguresTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from torchvision.models._meta import _IMAGENET_CATEGORIES
        answers = page_figures.python_stack(page_layout.network(), efficientnet_lite0.load_model(), list(_IMAGENET_CATEGORIES))
        cls.wanted = {name: answers(photo(name)) for name in page_figures.PHOTOS}

    def test_the_python_stack_knows_a_cat_and_a_cup(self):
        self.assertEqual([one.label for one in self.wanted["chelsea.png"]], ["Egyptian cat"])
        self.assertEqual([one.label for one in self.wanted["coffee.png"]], ["espresso"])
        self.assertEqual(self.wanted["page.png"], [])

    def test_the_tool_finds_the_same(self):
        for name, wanted in self.wanted.items():
            done = run(GANTRY, "run", PACKAGE, photo(name))
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)["result"]["detections"]
            self.assertEqual([one["label"] for one in found], [one.label for one in wanted], name)
            for one, expected in zip(found, wanted):
                self.assertEqual(one["index"], expected.index)
                self.assertAlmostEqual(one["score"], expected.score, delta=1e-3)
                for got, side in zip(one["box"], expected.box, strict=True):
                    self.assertAlmostEqual(got, float(side), delta=0.02)

    def test_a_host_that_knows_nothing_of_it_draws_them(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(EXAMPLE, PACKAGE, photo("chelsea.png"), Path(folder) / "drawn.png")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("1 found", done.stdout)
            self.assertIn("Egyptian cat", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
