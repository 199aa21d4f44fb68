#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/09_small_host: its answers, its options, what it refuses, and that nothing of LibTorch comes into its process.

    python tests/examples/small_host_test.py HOST PACKAGE
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HOST, PACKAGE = sys.argv[1:3]
PHOTO = str(Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data" / "chelsea.png")


def run(*arguments, **environment):
    return subprocess.run([HOST, *map(str, arguments)], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


class SmallHost(unittest.TestCase):
    def assert_cats(self, text):
        self.assertRegex(text, r"(?s)39\.4\d %  tiger cat\n.*35\.5\d %  Egyptian cat\n.*16\.9\d %  tabby\n")

    def test_prints_the_classes_of_each_photo(self):
        done = run(PACKAGE, PHOTO, PHOTO)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, second = done.stdout.split(PHOTO + "\n")[1:]
        self.assert_cats(first)
        self.assertEqual(first, second)

    def test_answers_the_same_from_the_files_own_pages(self):
        self.assertEqual(run("--mapped", PACKAGE, PHOTO).stdout, run(PACKAGE, PHOTO).stdout)
        self.assertTrue(self.maps_the_model("--mapped"))
        self.assertFalse(self.maps_the_model())

    def maps_the_model(self, *options):
        """Whether the model's file is among the mappings of a process, from its loading until the end."""
        with subprocess.Popen([HOST, *options, PACKAGE, *[PHOTO] * 3], stdout=subprocess.DEVNULL) as process:
            maps = Path(f"/proc/{process.pid}/maps")
            while process.poll() is None:
                try:
                    if ".pte" in maps.read_text():
                        process.kill()
                        return True
                except OSError:   # it ends
                    break
        return False

    def test_says_what_it_took(self):
        done = run("--stats", PACKAGE, PHOTO)
        self.assertRegex(done.stderr, r"opened after \d\.\d{3} s of CPU time, first answer after \d\.\d{3} s\n")
        weights = re.search(r"model 'efficientnet-lite0' \(ExecuTorch [\d.]+, cpu[^)]*\): weights ([\d.]+) MB", done.stderr)
        self.assertGreater(float(weights[1]), 18, "the file and the packed weights")
        self.assertRegex(done.stderr, r"threads \d+, memory \d+ kB, at most \d+ kB\n")
        self.assert_cats(done.stdout)

    def test_a_photo_that_fails_keeps_no_other_from_its_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            broken = Path(folder) / "broken.png"
            broken.write_bytes(Path(PHOTO).read_bytes()[:5000])
            done = run(PACKAGE, broken, Path(folder) / "missing.png", PHOTO)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"{broken}: invalid_argument: .*image\.decode.*\n{folder}/missing\.png: not_found: ")
            self.assert_cats(done.stdout)

    def test_refuses_what_it_does_not_know(self):
        for arguments in ([], [PACKAGE], ["--fast", PACKAGE, PHOTO]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("unknown option --fast; there are [--mapped] [--golden-cache DIR] [--stats]", done.stderr)

    def test_runs_its_golden_cases_once_where_it_may_remember_them(self):
        with tempfile.TemporaryDirectory() as folder:
            options = ("--golden-cache", Path(folder) / "golden", "--stats", PACKAGE, PHOTO)
            first, second = run(*options), run(*options)
            self.assert_cats(first.stdout)
            self.assertEqual(first.stdout, second.stdout)
            self.assertEqual(len(list((Path(folder) / "golden").iterdir())), 1)

    def test_a_package_of_another_engine_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            package = shutil.copytree(PACKAGE, Path(folder) / "1")
            manifest = package / "gantry.json"
            manifest.write_text(manifest.read_text().replace('"kind": "executorch"', '"kind": "torchscript"')
                                .replace('"kind":"executorch"', '"kind":"torchscript"'))
            done = run(package, PHOTO)
            self.assertEqual(done.returncode, 1)
            self.assertIn("torchscript", done.stderr)

    def test_loads_nothing_of_libtorch(self):
        done = run(PACKAGE, PHOTO, LD_DEBUG="files")
        self.assertEqual(done.returncode, 0)
        loaded = set(re.findall(r"lib[^/\s]+\.so[.\d]*", done.stderr))
        self.assertTrue(any(name.startswith("libexecutorch_backend_xnnpack.so") for name in loaded), loaded)
        self.assertEqual([name for name in loaded if re.match(r"lib(torch|c10|executorch_kernels)", name)], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
