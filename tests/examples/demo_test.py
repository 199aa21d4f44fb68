#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/demo.py and 10_engine_costs/compare.py: the table of what each engine costs, and what is said of an engine that
is not to be had or fails. The packages are those that BUILD has already, so none is packed here.

    python tests/examples/demo_test.py BUILD ENGINE...
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BUILD = Path(sys.argv[1])
ENGINES = sys.argv[2:]
PACKAGES = {"torchscript": "efficientnet-lite0", "executorch": "efficientnet-lite0-executorch"}
PHOTO = Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data" / "chelsea.png"
PROGRAMS = ["gantry", "01_classify", "09_small_host", "engine_costs_libtorch", "engine_costs_executorch"]
ROW = r"^{} +(\d+\.\d) +(\d+\.\d) +(\d+\.\d\d) s +(\d+) MB  tiger cat 39\.4\d %$"


def run(*command):
    return subprocess.run([str(word) for word in (sys.executable, *command)], capture_output=True, text=True, check=False)


class Compare(unittest.TestCase):
    def compare(self, *packages, programs=BUILD / "bin"):
        return run(EXAMPLES / "10_engine_costs" / "compare.py", "--programs", programs, "--photo", PHOTO, *packages)

    def test_has_a_row_for_each_package(self):
        done = self.compare(*(BUILD / "models" / PACKAGES[engine] / "1" for engine in ENGINES))
        self.assertEqual(done.returncode, 0, done.stderr)
        costs = []
        for engine in ENGINES:
            row = re.search(ROW.format(engine), done.stdout, re.M)
            self.assertTrue(row, done.stdout)
            best, median, first, memory = map(float, row.groups())
            self.assertTrue(0 < best <= median and first > 0 and memory > 5, row[0])
            costs.append((best, engine))
        shown = re.findall(r"^(\w+) +\d", done.stdout, re.M)
        self.assertEqual(shown, [engine for _, engine in sorted(costs)], "the fastest first")

    def test_names_what_it_cannot_measure_and_measures_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            broken = shutil.copytree(BUILD / "models/efficientnet-lite0/1", Path(folder) / "1")
            (broken / "labels.txt").unlink()
            done = self.compare(Path(folder), broken, BUILD / "models/efficientnet-lite0/1")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{folder}: {folder} is no package with a model", done.stderr)
            self.assertRegex(done.stderr, rf"{broken}: failed_precondition: .*labels\.txt")
            self.assertTrue(re.search(ROW.format("torchscript"), done.stdout, re.M), done.stdout)


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        (self.build / "bin").mkdir()
        (self.build / "models").symlink_to(BUILD / "models")
        for name in PROGRAMS:
            if (BUILD / "bin" / name).exists():
                (self.build / "bin" / name).symlink_to(BUILD / "bin" / name)

    def demo(self, *engines):
        wanted = [word for engine in engines for word in ("--engine", engine)]
        return run(EXAMPLES / "demo.py", "--build", self.build, "--photo", PHOTO, *wanted)

    def test_shows_the_fastest_engine_then_the_table(self):
        done = self.demo(*ENGINES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        fastest = re.search(r"the fastest here is (\w+):", done.stdout)[1]
        table = done.stdout[done.stdout.index("ms a photo"):]
        self.assertEqual(re.search(r"^(\w+) +\d", table, re.M)[1], fastest)
        self.assertLess(done.stdout.index("39.46 %  tiger cat"), done.stdout.index("ms a photo"))
        self.assertIn("stage", done.stderr)
        self.assertNotRegex(done.stdout, "skipped|FAILED")
        for engine in ENGINES:
            self.assertRegex(done.stdout, rf"time spent: .*packing {engine} \d+ s")

    def test_an_engine_that_was_not_built_is_skipped_with_its_reason(self):
        (self.build / "bin" / "engine_costs_executorch").unlink(missing_ok=True)
        done = self.demo("executorch", "torchscript")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"skipped: executorch: \S+/bin/engine_costs_executorch was not built")
        self.assertIn("the fastest here is torchscript", done.stdout)

    def test_an_engine_that_fails_makes_the_demo_fail(self):
        (self.build / "bin" / "engine_costs_libtorch").unlink()
        (self.build / "bin" / "engine_costs_libtorch").symlink_to(shutil.which("false"))
        done = self.demo("torchscript")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED: torchscript: engine_costs_libtorch ended with status 1 and said nothing", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
