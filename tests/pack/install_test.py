# SPDX-License-Identifier: Apache-2.0
"""The ways to have gantry-pack, each in a process of its own that finds it nowhere else: the one file bin/gantry-pack, the
folder, and pip install, from the clone and from an installed prefix. install_test.py [--program FILE] [--project DIR]...

pip installs into a throw-away environment that borrows torch and setuptools from the Python that runs this, and nothing is
downloaded."""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "lib" / "pack"
RECIPE = """
import torch
from gantry_pack import PackError
def recipe():
    torch.manual_seed(0)
    return dict(name="scores", version="3", model=torch.nn.Linear(4, 2).eval(), example_inputs=torch.rand(1, 4),
                samples=[torch.rand(4), torch.rand(4)], engines=("torchscript",))
"""


class InstallTest(unittest.TestCase):
    program, projects = None, [PROJECT]

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = Path(holder.name)
        (self.dir / "work").mkdir()
        (self.dir / "recipes").mkdir()
        (self.dir / "recipes" / "recipe.py").write_text(RECIPE)
        # What a package of this name in the working directory says, no part of the packer may hear.
        (self.dir / "work" / "gantry_pack.py").write_text("raise SystemExit('the wrong gantry_pack')")

    def run_in_work(self, *command):
        environment = {**os.environ, "GANTRY_TOOL": "", "SOURCE_DATE_EPOCH": "1700000000"}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(list(map(str, command)), cwd=self.dir / "work", env=environment, text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def builds_and_verifies(self, *command):
        """Building needs the process that runs engines; verifying needs nothing else."""
        self.assertIn("wrote", self.run_in_work(*command, "build", self.dir / "recipes" / "recipe.py", "--out", "out"))
        self.assertIn("scores 3 is intact", self.run_in_work(*command, "verify", "out"))

    def test_the_folder(self):
        self.builds_and_verifies(sys.executable, PROJECT / "gantry_pack")

    def test_one_file(self):
        if self.program is None:
            self.skipTest("no --program")
        copy = self.dir / "somewhere" / "packer"
        copy.parent.mkdir()
        copy.write_bytes(self.program.read_bytes())
        self.builds_and_verifies(sys.executable, os.path.relpath(copy, self.dir / "work"))
        os.chmod(copy, 0o755)
        self.assertIn("usage: gantry-pack", self.run_in_work(copy, "--help"))

    def test_pip_install(self):
        for i, project in enumerate(self.projects):
            with self.subTest(project):
                before = sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts)
                python = self.environment(self.dir / f"environment-{i}")
                self.run_in_work(python, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index",
                                 "--disable-pip-version-check", project)
                after = sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts)
                self.assertEqual(before, after, "installing leaves the folder as it was")
                self.builds_and_verifies(python.parent / "gantry-pack")
                (self.dir / "work" / "out").rename(self.dir / f"out-{i}")
                said = self.run_in_work(python, "-I", "-c", "import importlib.metadata as m, gantry_pack as g; "
                                        "print(m.version('gantry-pack') == g.VERSION, g.__file__)")
                self.assertRegex(said, "^True .*environment-")

    def test_pip_install_from_a_prefix_finds_its_tool(self):
        prefix = self.dir / "the prefix"
        project = prefix / "share" / "gantry" / "pack"
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
        before = sorted(path for path in prefix.rglob("*") if "__pycache__" not in path.parts)
        python = self.environment(self.dir / "environment")
        self.run_in_work(python, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index",
                         "--disable-pip-version-check", project)
        self.assertEqual(before, sorted(path for path in prefix.rglob("*") if "__pycache__" not in path.parts))
        find = (python, "-I", "-c", "import os; del os.environ['GANTRY_TOOL']; os.environ['PATH'] = '/nowhere'; "
                "from gantry_pack.tool import Tool; print(Tool.find())")
        tool = prefix / "bin" / "gantry"
        self.assertEqual(self.run_in_work(*find).strip(), f"there is none beside gantry-pack, at {tool}, or on PATH")
        tool.parent.mkdir()
        tool.write_text("#!/bin/sh\necho 'gantry 0.0.0 (LibTorch 2.6.0)'\n")
        tool.chmod(0o755)
        self.assertIn(f"{tool} is version 0.0.0", self.run_in_work(*find))
        self.run_in_work(python, "-m", "pip", "uninstall", "--yes", "gantry-pack")
        self.assertEqual(list(self.dir.glob("environment/lib/python*/site-packages/gantry_pack")), [])

    def test_the_exporters_of_the_examples_find_it_beside_them(self):
        for project in self.projects:
            beside = next(path for path in (project.parents[1] / "examples", project.parent / "examples") if path.is_dir())
            for script in ("efficientnet_lite0.py", "mtcnn.py"):
                with self.subTest(project=project, script=script):
                    said = self.run_in_work(sys.executable, beside / "models" / script, "--help")
                    self.assertIn("--engine", said)

    @staticmethod
    def environment(directory):
        """The python of an environment that also finds what the running one has installed."""
        venv.create(directory, symlinks=True)
        python = directory / "bin" / "python"
        borrowed = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
        own = sysconfig.get_path("purelib", "posix_prefix", {"base": str(directory), "platbase": str(directory)})
        (Path(own) / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
        return python


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--project", type=Path, action="append", default=[])
    options, rest = parser.parse_known_args()
    InstallTest.program = options.program
    InstallTest.projects = [PROJECT, *options.project]
    unittest.main(argv=[sys.argv[0], *rest], verbosity=1)
