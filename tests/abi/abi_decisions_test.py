#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When abi_test.py compares, and, of libraries of a few lines, what it calls a change."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from abi_test import compare, reason_to_skip, version_of

HEADER = "#define GANTRY_VERSION_MAJOR 0\n#define GANTRY_VERSION_MINOR 1\n#define GANTRY_VERSION_PATCH 3\n"
LIBRARY = """
namespace acme {
struct Options { int size = 1; };
class Engine { public: int run(const Options& options); int stop(); };
}
"""
SOURCE = """
#include "acme.hpp"
#define API __attribute__((visibility("default")))
namespace acme {
API int Engine::run(const Options& options) { return options.size; }
API int Engine::stop() { return 0; }
struct Hidden { int a; };
API int count(Hidden* hidden) { return hidden->a; }
}
"""


class Decisions(unittest.TestCase):
    def reason(self, tag="v0.1.3", tagged=(0, 1, 3), own=(0, 1, 4), abidiff="/usr/bin/abidiff", asked=True):
        return reason_to_skip(tag, tagged, own, abidiff, asked)

    def test_compares_with_a_release_of_this_minor_version(self):
        self.assertEqual(self.reason(), "")

    def test_says_what_is_missing(self):
        self.assertIn("no tag", self.reason(tag="", tagged=()))
        self.assertNotIn("abidiff", self.reason(tag="", tagged=()))
        self.assertIn("abigail-tools", self.reason(abidiff=None))
        self.assertNotIn("tag", self.reason(abidiff=None))
        self.assertRegex(self.reason(tag="", abidiff=None), "no tag.*; no abidiff")

    def test_another_minor_version_may_differ(self):
        self.assertIn("v0.1.3, is of another minor version", self.reason(own=(0, 2, 0)))
        self.assertIn("another minor version", self.reason(tagged=()))  # before there was a version header

    def test_does_not_build_unasked(self):
        self.assertIn("make abi", self.reason(asked=False))

    def test_reads_the_version_of_a_header(self):
        self.assertEqual(version_of(HEADER), (0, 1, 3))
        self.assertEqual(version_of(""), ())


@unittest.skipUnless(shutil.which("abidiff") and shutil.which("c++"), "no abidiff (apt install abigail-tools), or no c++")
class Changes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.old = self.build("old")

    def build(self, name, header=("", ""), source=("", "")):
        """A library with one text replaced in its header, and one in its source."""
        folder = self.folder / name
        (folder / "include").mkdir(parents=True)
        (folder / "include/acme.hpp").write_text(LIBRARY.replace(*header))
        (folder / "acme.cpp").write_text(SOURCE.replace(*source))
        subprocess.run(["c++", "-g", "-shared", "-fPIC", "-fvisibility=hidden", "-std=c++17", f"-I{folder}/include",
                        str(folder / "acme.cpp"), "-o", str(folder / "libacme.so")], check=True)
        return folder

    def compared(self, **changes):
        new = self.build("new", **changes)
        return compare(self.old / "libacme.so", self.old / "include", new / "libacme.so", new / "include")

    def test_the_same_is_the_same(self):
        self.assertEqual(self.compared(), (True, ""))

    def test_what_is_added_is_no_change(self):
        same, report = self.compared(header=("int stop();", "int stop(); int pause();"),
                                     source=("struct Hidden", "API int Engine::pause() { return 2; }\nstruct Hidden"))
        self.assertTrue(same, report)

    def test_what_no_public_header_defines_may_change(self):
        same, report = self.compared(source=("int a;", "int a; int b;"))
        self.assertTrue(same, report)

    def test_a_function_that_is_gone_is_a_change(self):
        same, report = self.compared(header=("int stop();", ""), source=("API int Engine::stop() { return 0; }", ""))
        self.assertFalse(same)
        self.assertIn("Engine::stop", report)

    def test_another_parameter_is_a_change(self):
        same, report = self.compared(header=("stop()", "stop(int)"), source=("stop()", "stop(int)"))
        self.assertFalse(same, report)

    def test_a_larger_struct_is_a_change(self):
        same, report = self.compared(header=("int size = 1;", "int size = 1; int more = 2;"))
        self.assertFalse(same)
        self.assertIn("more", report)


if __name__ == "__main__":
    unittest.main()
