# SPDX-License-Identifier: Apache-2.0
"""The example of a cascade: three networks from one package find the faces that the Python stack finds, in a host and in the
gantry tool. Run by ctest; or: python cascade_test.py EXAMPLE GANTRY PACKAGE"""

import importlib.util
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

EXAMPLE, GANTRY, PACKAGE = sys.argv[1:4]
PHOTOS = Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data"
BOX = 181.051, 62.156, 267.747, 172.050


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=250, check=False)


class CascadeTest(unittest.TestCase):
    def test_the_host_finds_the_faces_of_the_python_stack(self):
        done = run(EXAMPLE, PACKAGE, *(PHOTOS / f"{name}.png" for name in ("astronaut", "camera", "chelsea", "coffee")))
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = re.findall(r"(\w+)\.png: (\d+) found", done.stdout)
        self.assertEqual(counts, [("astronaut", "1"), ("camera", "1"), ("chelsea", "0"), ("coffee", "0")])
        score, *box = map(float, re.search(r"astronaut.*\n +([\d.]+) +([\d.]+),([\d.]+),([\d.]+),([\d.]+)", done.stdout).groups())
        self.assertAlmostEqual(score, 0.999998, places=6)
        for got, wanted in zip(box, BOX):
            self.assertAlmostEqual(got, wanted, delta=2e-3)
        self.assertIn("eyes and mouth at 205,102 247,104 225,129 202,139 245,142", done.stdout)

    def test_the_tool_finds_them_and_golden_cases_hold(self):
        done = run(GANTRY, "check", PACKAGE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in ("pnet", "rnet", "onet"):
            self.assertRegex(done.stdout, rf"ok +golden of {name} with torchscript \({name}.ts, engines\[0\]\): 4 cases")
        done = run(GANTRY, "run", PACKAGE, PHOTOS / "astronaut.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        face, = json.loads(done.stdout)["result"]["detections"]
        self.assertEqual((face["label"], len(face["keypoints"])), ("face", 5))
        for got, wanted in zip(face["box"], BOX):
            self.assertAlmostEqual(got, wanted, delta=2e-3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
