# SPDX-License-Identifier: Apache-2.0
"""The host that detects, on the package of examples/models/page_layout.py: what it finds is what rapid-layout, with ONNX
Runtime, was seen to find. Run by ctest; or: python page_layout_test.py EXAMPLE PACKAGE"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "models"))
from exporting import photo  # noqa: E402

EXAMPLE, PACKAGE = sys.argv[1:3]
FOUND = {"chelsea.png": [("figure", 94.4826, (0.0, 0.0, 436.2, 300.0))],
         "coffee.png": [("figure", 96.8215, (0.0, 0.2, 600.0, 400.0))],
         "page.png": [("title", 63.0904, (11.0, 12.9, 291.4, 33.9)), ("title", 56.0103, (1.1, 48.9, 380.9, 137.5))],
         "text.png": [("figure", 94.1710, (0.0, 0.0, 448.0, 172.0))]}


class PageLayout(unittest.TestCase):
    def test_the_parts_of_a_page_are_those_that_python_finds(self):
        for name, wanted in FOUND.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                drawn = Path(folder) / "drawn.png"
                done = subprocess.run([EXAMPLE, PACKAGE, photo(name), drawn], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                count, *lines = done.stdout.splitlines()
                self.assertEqual(count, f"{len(wanted)} found")
                for line, (label, score, box) in zip(lines, wanted, strict=True):
                    share, _, found_label, *corners = line.replace(",", " ").split()
                    self.assertEqual(found_label, label)
                    self.assertAlmostEqual(float(share), score, delta=0.011)
                    for got, expected in zip(map(float, corners), box, strict=True):
                        self.assertAlmostEqual(got, expected, delta=0.11)
                with Image.open(drawn) as picture, Image.open(photo(name)) as before:
                    self.assertEqual(picture.size, before.size)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
