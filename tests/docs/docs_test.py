#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents hold what is true: C++ snippets compile, CMake snippets build the program of the README against the
installed gantry, commands run or name targets that exist, links lead somewhere. (tests/pack runs lib/pack/README.md.)

    python tests/docs/docs_test.py --build DIR --prefix DIR --compiler g++ [--torch-root DIR]
"""

import argparse
import importlib.util
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = None  # parsed arguments

SKIPPED_FOLDERS = {"build", ".git", ".cache", "corpus"}
TESTED_ELSEWHERE = {"lib/pack/README.md"}
LANGUAGES = ("cpp", "cmake", "sh", "python", "json", "toml", "text")
RECIPES = {"examples/server/README.md"}   # snippets in `bash`: tests/server/readme_test.py runs them
# What a command line may begin with besides make and the gantry tool, and who runs it.
RUN_ELSEWHERE = {"docker": "make docker-test runs docker/run.sh, which has these options", "ctest": "a user's filter",
                 "cmake": "the presets and tests/consumer", "git": "", "build/bin/core_test": "a user's filter"}


def documents():
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not any(part in SKIPPED_FOLDERS or part.startswith(("build", ".venv")) for part in parts[:-1]):
            yield path


def snippets(language):
    for path in documents():
        name = str(path.relative_to(ROOT))
        if name in TESTED_ELSEWHERE:
            continue
        for found in re.finditer(r"^```(\w*)\n(.*?)^```", path.read_text(), re.M | re.S):
            if found.group(1) == language:
                yield name, found.group(2)


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def photo():
    """scikit-image's cat, found without importing the package."""
    return str(Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data" / "chelsea.png")


def without_comments(code):
    """The lines of a command snippet, comments cut off, continued lines joined."""
    lines = code.replace("\\\n", " ").splitlines()
    return [line for line in (re.sub(r"(^|\s)#.*$", "", line).strip() for line in lines) if line]


class Snippets(unittest.TestCase):
    def test_every_snippet_has_a_language_that_is_tested(self):
        for path in documents():
            for found in re.finditer(r"^```(\w*)\n.*?^```", path.read_text(), re.M | re.S):
                recipes = ("bash",) if str(path.relative_to(ROOT)) in RECIPES else ()
                self.assertIn(found.group(1), LANGUAGES + recipes, path)

    def test_cpp_compiles(self):
        prelude = "#include <cstdio>\n#include <gantry/gantry.hpp>\n"
        count = 0
        for name, code in snippets("cpp"):
            count += 1
            with self.subTest(name, code=code[:60]), tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "snippet.cpp"
                source.write_text(code if "int main" in code else prelude + code)
                done = run([OPTIONS.compiler, "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                            f"-I{ROOT}/include", source])
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(count, 3)

    def test_the_quickstart_is_the_first_example(self):
        example = (ROOT / "examples/01_classify/main.cpp").read_text()
        body = example[example.index("#include"):]
        self.assertIn(body, [code for name, code in snippets("cpp") if name == "README.md"])

    def test_the_cmake_snippet_builds_the_quickstart(self):
        (_, cmake), = [item for item in snippets("cmake") if item[0] == "README.md"]
        program = next(code for name, code in snippets("cpp") if name == "README.md" and "int main" in code)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "CMakeLists.txt").write_text(cmake)
            (Path(folder) / "main.cpp").write_text(program)
            configured = run(["cmake", "-G", "Ninja", "-S", folder, "-B", f"{folder}/build",
                              f"-DCMAKE_CXX_COMPILER={OPTIONS.compiler}", f"-DCMAKE_PREFIX_PATH={OPTIONS.prefix}",
                              f"-DGANTRY_TORCH_ROOT={OPTIONS.torch_root}"])
            self.assertEqual(configured.returncode, 0, configured.stdout + configured.stderr)
            built = run(["cmake", "--build", f"{folder}/build"])
            self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
            self.assertEqual(run([f"{folder}/build/classify"]).returncode, 64, "usage")

    def test_commands_exist(self):
        makefile = (ROOT / "Makefile").read_text()
        for name, code in snippets("sh"):
            for line in without_comments(code):
                with self.subTest(name, line=line):
                    self.check_command(line, makefile)

    def check_command(self, line, makefile):
        words = shlex.split(line)
        if words[0] == "make":
            for word in words[1:]:
                variable, is_assignment, _ = word.partition("=")
                pattern = rf"^{variable}\s*\??=" if is_assignment else rf"^{word}:"
                self.assertTrue(re.search(pattern, makefile, re.M), f"the Makefile has no {word}")
        elif words[0].startswith("build/bin/") and words[0] not in RUN_ELSEWHERE:
            command = [str(OPTIONS.build / word[6:]) if word.startswith("build/") else word for word in words]
            command = [photo() if word == "photo.jpg" else word for word in command]
            done = run(command, cwd=ROOT)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        else:
            self.assertIn(words[0], RUN_ELSEWHERE)

    def test_docker_options_are_those_of_the_script(self):
        script = (ROOT / "docker/run.sh").read_text()
        for _, code in snippets("sh"):
            for line in without_comments(code):
                if line.startswith("docker run"):
                    for option in re.findall(r"--(?!mount)[\w=:-]+(?: \d+:\d+)?", line):
                        self.assertIn(option, script)


class Links(unittest.TestCase):
    def test_relative_links_lead_somewhere(self):
        for path in documents():
            prose = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)   # a lambda is no link
            for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
                if not re.match(r"https?://", target):
                    self.assertTrue((path.parent / target).exists(), f"{path.relative_to(ROOT)}: {target}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--torch-root", default="")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=sys.argv[:1] + rest)
