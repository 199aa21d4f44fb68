# SPDX-License-Identifier: Apache-2.0
"""The package of examples/models/text_detection.py: what it finds is what RapidOCR's TextDetector, with ONNX Runtime, was seen to
find. Run by ctest; or: python text_detection_test.py GANTRY PACKAGE"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "models"))
from exporting import photo  # noqa: E402

TOOL, PACKAGE = sys.argv[1:3]
FOUND = {
    "page.png": [[(5, 114), (172, 123), (171, 140), (4, 132)], [(3, 81), (378, 83), (378, 104), (3, 102)],
                 [(3, 63), (379, 64), (379, 86), (3, 85)], [(4, 47), (379, 48), (378, 66), (4, 65)],
                 [(7, 12), (292, 14), (292, 33), (7, 32)]],
    "text.png": [[(63, 152), (123, 135), (128, 152), (68, 169)], [(392, 82), (410, 82), (410, 95), (392, 95)],
                 [(227, 58), (311, 68), (305, 120), (221, 110)], [(178, 54), (216, 62), (213, 79), (174, 72)],
                 [(3, 23), (121, 58), (104, 114), (0, 79)], [(124, 27), (165, 35), (162, 52), (121, 43)]],
    "coffee.png": [[(326, 243), (368, 243), (368, 300), (326, 300)]],
    "rocket.jpg": []}


class TextDetection(unittest.TestCase):
    def test_the_lines_of_text_are_those_that_rapidocr_finds(self):
        for name, wanted in FOUND.items():
            with self.subTest(name):
                done = subprocess.run([TOOL, "run", PACKAGE, photo(name)], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                found = json.loads(done.stdout)["result"]["quads"]
                self.assertEqual([[tuple(corner) for corner in one["quad"]] for one in found], wanted)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
