#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tool where its engines are not installed, cannot be loaded, lie elsewhere or are no engines: it starts, says what
is missing and what to do, and never ends by a signal.

    python engine_libraries_test.py GANTRY CORE TORCH PACKAGES COMPILER
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GANTRY, CORE, TORCH, PACKAGES, COMPILER = sys.argv[1:6]
del sys.argv[1:6]
OK, FAILED, COULD_NOT_RUN = 0, 1, 2


class EngineLibraries(unittest.TestCase):
    """A copy of the tool's libraries, in a folder that goes before the built one."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gantry-engines-")
        self.addCleanup(folder.cleanup)
        self.lib = Path(folder.name)
        core = Path(CORE).resolve()
        soname = re.search(r"libgantry_core\.so\.\d+\.\d+", core.name).group()
        shutil.copy(core, self.lib / soname)

    def copy_torch(self, name="libgantry_torch.so", change=lambda content: content):
        path = self.lib / name
        path.write_bytes(change(Path(TORCH).read_bytes()))
        return path

    def gantry(self, *words):
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.lib)}
        return subprocess.run([GANTRY, *map(str, words)], env=environment, capture_output=True, text=True, timeout=120)

    def expect(self, result, status):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return re.sub(r"\s+", " ", result.stdout + result.stderr)

    def package(self):
        return Path(PACKAGES) / "tiny-mlp" / "1"

    def a_package_cannot_be_opened(self, why):
        """Every command says why, in its own place."""
        directory = self.package()
        source = next(directory.glob("golden/*/input.npy"))
        text = self.expect(self.gantry("inspect", directory), OK)
        self.assertRegex(text, f"torchscript model.ts .*: not usable: unsupported: engine 'torchscript' cannot be used "
                               f"here: {why}")
        self.assertIn("none of its engines can be loaded here", text)
        self.assertIn("every file is as listed", text)
        text = self.expect(self.gantry("check", directory), COULD_NOT_RUN)
        self.assertRegex(text, f"skipped golden with torchscript: unsupported: .*{why}")
        self.assertIn("could not run golden: none of the package's engines is usable here", text)
        self.assertRegex(self.expect(self.gantry("run", directory, source), COULD_NOT_RUN), why)

    def test_without_the_library_the_tool_starts_and_says_what_to_install(self):
        why = "there is no libgantry_torch.so in '.*'; install LibTorch"
        self.assertRegex(self.expect(self.gantry("--version"), OK), rf"^gantry \d+\.\d+\.\d+ \(no engine 'torch': {why}")
        text = self.expect(self.gantry("doctor"), OK)
        self.assertRegex(text, r"engines none .*CUDA no LibTorch is loaded.*note no engine 'torch': " + why)
        self.a_package_cannot_be_opened(why)

    def test_without_libtorch_the_tool_says_what_to_install(self):
        def hide(content):
            """LibTorch's folder becomes one that does not exist."""
            folders = set(re.findall(rb"/[^\0:]*(?=/libtorch_cpu|\0|:)", content))
            for folder in folders:
                if os.path.exists(folder + b"/libtorch_cpu.so"):
                    content = content.replace(folder, b"/nowhere".ljust(len(folder), b"x"))
            return content

        self.copy_torch(change=hide)
        version = self.expect(self.gantry("--version"), OK)
        if "(LibTorch" in version:
            self.skipTest("LibTorch is where the dynamic loader always looks")
        why = "libgantry_torch.so cannot be loaded: libtorch_cpu.so.*, which it needs, is not installed, or not where"
        self.assertRegex(version, why + r".*; install LibTorch \d+\.\d+.*LD_LIBRARY_PATH")
        self.assertRegex(self.expect(self.gantry("doctor"), FAILED), "problem no engine 'torch': " + why)
        self.a_package_cannot_be_opened(why)

    def test_a_library_that_is_none_or_of_another_version_is_named(self):
        self.copy_torch(change=lambda content: b"this is no library")
        self.assertIn("libgantry_torch.so cannot be loaded: ", self.expect(self.gantry("--version"), OK))
        self.copy_torch(change=lambda content: content.replace(b"gantry_engine_0_2", b"gantry_engine_0_1"))
        self.assertRegex(self.expect(self.gantry("--version"), OK),
                         r"libgantry_torch.so has no engines for gantry \d.*it lacks the function gantry_engine_0_2")

    def test_what_lies_elsewhere_is_found_by_engine_dir(self):
        folder = self.lib / "engines"
        folder.mkdir()
        shutil.move(self.copy_torch(), folder)
        text = self.expect(self.gantry("check", self.package(), "--engine-dir", folder), OK)
        self.assertIn("ok golden with torchscript", text)
        self.assertIn(str(folder), self.expect(self.gantry("doctor", "--engine-dir", folder), OK))
        missing = self.lib / "missing"
        self.assertIn(f"the directory of engines '{missing}' cannot be read",
                      self.expect(self.gantry("check", self.package(), "--engine-dir", missing), COULD_NOT_RUN))

    def test_a_library_under_its_versioned_name_alone_is_found(self):
        version = re.search(r"\.so\.(\d+\.\d+)", Path(CORE).resolve().name).group(1)
        self.copy_torch(f"libgantry_torch.so.{version}")
        self.copy_torch("libgantry_torch.so.9.9")  # of another gantry
        self.assertIn(f"libgantry_torch.so.{version}", self.expect(self.gantry("doctor"), OK))

    def test_options_of_an_engine_reach_it_and_are_refused_by_it(self):
        self.copy_torch()
        text = self.expect(self.gantry("check", self.package(), "--engine-option", "torchscript.libary=x"), FAILED)
        self.assertIn("options of the host: unknown option 'libary'; known are 'arguments', 'libraries'", text)
        text = self.expect(self.gantry("check", self.package(), "--engine-option", "torchscrpt.libraries=[]"), FAILED)
        self.assertIn("engine_options are for an engine 'torchscrpt'", text)
        self.expect(self.gantry("check", self.package(), "--engine", "torchscript", "--engine-option",
                                "torchscript.retain_activation_memory=false"), OK)
        result = self.gantry("check", self.package(), "--engine-option", "scratch")
        self.assertEqual(result.returncode, 64)
        self.assertIn("expected KIND.NAME=VALUE", result.stderr)

    def test_an_engine_of_another_project_serves(self):
        """A package of the example's engine, which no library of gantry has."""
        root = Path(__file__).resolve().parents[2]
        library = self.lib / "engines" / "libgantry_linear.so"
        library.parent.mkdir()
        done = subprocess.run([COMPILER, "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{root}/include",
                               root / "examples" / "07_own_engine" / "engine_library.cpp", "-o", library,
                               f"-L{Path(CORE).parent}", "-lgantry_core"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        package = self.lib / "package"
        subprocess.run([sys.executable, root / "examples" / "07_own_engine" / "make_package.py", package], check=True)
        with_engine = self.gantry("check", package, "--engine-dir", library.parent)
        self.assertIn("ok golden with linear: 2 cases", self.expect(with_engine, OK))
        self.assertIn("engine 'linear' is not linked", self.expect(self.gantry("check", package), COULD_NOT_RUN))

    def test_of_what_lies_beside_the_library_only_gantrys_engines_are_loaded(self):
        (self.lib / "libgantry_stranger.so").write_bytes(b"this is no library")
        self.copy_torch()
        self.assertNotIn("stranger", self.expect(self.gantry("--version"), OK))
        folder = self.lib / "engines"
        folder.mkdir()
        shutil.move(self.lib / "libgantry_stranger.so", folder)
        self.assertRegex(self.expect(self.gantry("doctor", "--engine-dir", folder), FAILED),
                         "problem no engine 'stranger': libgantry_stranger.so cannot be loaded")


if __name__ == "__main__":
    unittest.main()
