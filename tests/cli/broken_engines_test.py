#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Engine libraries that make a mistake: the tool names each with what is wrong, goes on with the others, and never ends
by a signal. One library makes every mistake, the one that MISTAKE names.

    python broken_engines_test.py GANTRY CORE COMPILER
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GANTRY, CORE, COMPILER = sys.argv[1:4]
del sys.argv[1:4]
ROOT = Path(__file__).resolve().parents[2]

SOURCE = r"""
#include <gantry/engine_loader.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>

using namespace gantry;

static bool is(const char* mistake) { return std::getenv("MISTAKE") == std::string(mistake); }

struct Loader : EngineLoader {
  std::string kind() const override {
    if (is("kind throws")) throw std::runtime_error("no kind");
    return is("empty kind") ? "" : "acme";
  }
  std::string version() const override {
    if (is("version throws")) throw 1;
    return "1";
  }
  Result<std::unique_ptr<Engine>> load(const LoadRequest&) const override { return std::unique_ptr<Engine>(); }
};

static EngineList engines() {
  if (is("engines throws")) throw 3;
  return {is("null engine") ? nullptr : std::make_shared<Loader>()};
}

extern "C" GANTRY_API const EngineLibrary* gantry_engine_0_2() {
  if (is("entry throws")) throw std::runtime_error("no entry");
  if (is("null entry")) return nullptr;
  static const EngineLibrary library{is("null name") ? nullptr : "acme", is("null description") ? nullptr : "Acme 1",
                                     is("null engines") ? nullptr : engines};
  return &library;
}
"""


class BrokenEngines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="gantry-broken-engines-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.good = Path(cls.folder.name) / "built" / "libgantry_acme.so"
        cls.good.parent.mkdir()
        cls.build(SOURCE, cls.good)

    @staticmethod
    def build(source, library):
        done = subprocess.run([COMPILER, "-std=c++17", "-shared", "-fPIC", f"-I{ROOT}/include", "-x", "c++", "-",
                               "-o", library, f"-L{Path(CORE).parent}", "-lgantry_core"],
                              input=source, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def doctor(self, folder, mistake=""):
        """What `gantry doctor` says, and the exit status."""
        environment = {**os.environ, "MISTAKE": mistake, "LD_LIBRARY_PATH": str(Path(CORE).parent)}
        done = subprocess.run([GANTRY, "doctor", "--engine-dir", folder], env=environment, capture_output=True,
                              text=True, timeout=60)
        return re.sub(r"\s+", " ", done.stdout + done.stderr), done.returncode

    def test_one_without_a_mistake_serves(self):
        text, status = self.doctor(self.good.parent)
        self.assertEqual(status, 0, text)
        self.assertIn("library Acme 1", text)
        self.assertRegex(text, r"engines .*acme")

    def test_what_is_wrong_is_a_problem_of_that_library(self):
        for mistake, said in {
            "null entry": "it gives nullptr",
            "entry throws": "it threw std::runtime_error: no entry",
            "null name": "EngineLibrary::name is nullptr",
            "null description": "EngineLibrary::description is nullptr",
            "null engines": "EngineLibrary::engines is nullptr",
            "engines throws": "engines() threw something that is not a std::exception",
            "null engine": "engines()[0] is nullptr",
            "empty kind": "engines()[0] has an empty kind()",
            "kind throws": "engines()[0]: kind() threw std::runtime_error: no kind",
            "version throws": "engines()[0] ('acme'): version() threw something that is not a std::exception",
        }.items():
            with self.subTest(mistake):
                text, status = self.doctor(self.good.parent, mistake)
                self.assertEqual(status, 1, text)
                self.assertIn("library 'acme' is not usable", text)
                self.assertIn("problem no engine 'acme': libgantry_acme.so is not usable: in its gantry_engine_0_2(), "
                              + said + "; this is a bug of the library", text)
                self.assertIn("CPU ", text)

    def test_the_other_libraries_are_found(self):
        folder = Path(self.folder.name) / "several"
        folder.mkdir()
        (folder / "libgantry_fine.so").symlink_to(self.good)
        self.build("extern \"C\" int gantry_engine_0_2 = 7;", folder / "libgantry_variable.so")
        os.mkfifo(folder / "libgantry_pipe.so")
        (folder / "libgantry_folder.so").mkdir()
        (folder / "libgantry_nowhere.so").symlink_to("nothing")
        text, status = self.doctor(folder)
        self.assertEqual(status, 1, text)
        self.assertIn("library Acme 1", text)
        self.assertRegex(text, r"no engine 'variable': libgantry_variable.so has no engines for gantry [\d.]+ \(it lacks "
                               r"the function gantry_engine_0_2\)")
        for name in ("pipe", "folder"):
            self.assertIn(f"no engine '{name}': libgantry_{name}.so cannot be loaded: it is no regular file", text)
        self.assertIn("no engine 'nowhere': libgantry_nowhere.so cannot be loaded: No such file or directory", text)


if __name__ == "__main__":
    unittest.main()
