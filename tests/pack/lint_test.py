# SPDX-License-Identifier: Apache-2.0
"""The packer's source: ruff and mypy find nothing (lib/pack/pyproject.toml says what they look for), modules import only
what lies below them, and importing the package needs the standard library alone. Run by ctest; or:
python tests/pack/lint_test.py."""

import ast
import os
import subprocess
import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "lib" / "pack"
PACKAGE = PROJECT / "gantry_pack"


def name_of(path):
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """The modules of the package that a module imports, those for annotations alone among them."""
    package = name_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = package[:len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            found |= {".".join(base)} if node.module else {".".join([*base, alias.name]) for alias in node.names}
    return found


class LintTest(unittest.TestCase):
    def run_python(self, *arguments):
        done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_ruff(self):
        self.run_python("-m", "ruff", "check", "--no-cache", "--quiet", ".")

    def test_mypy(self):
        self.run_python("-m", "mypy", "--cache-dir", os.devnull)

    def test_importing_it_imports_nothing_that_may_be_missing(self):
        self.run_python("-c", "import sys; before = set(sys.modules); import gantry_pack\n"
                        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
                        "sys.exit(', '.join(new - set(sys.stdlib_module_names) - {'gantry_pack'}) or 0)")


class ModulesTest(unittest.TestCase):
    def test_modules_import_only_what_lies_below_them(self):
        graph = {name_of(path): imports_of(path) for path in PACKAGE.rglob("*.py")}
        below = set()

        def visit(name, above):
            self.assertNotIn(name, above, f"modules import each other: {' -> '.join([*above, name])}")
            if name not in below:
                for other in sorted(graph[name]):
                    visit(other, [*above, name])
                below.add(name)
        for name in sorted(graph):
            visit(name, [])

    def test_every_module_has_one_concept_of_at_most_400_lines(self):
        long = {name_of(path): lines for path in PACKAGE.rglob("*.py")
                if (lines := len(path.read_text().splitlines())) > 400}
        self.assertEqual(long, {})


if __name__ == "__main__":
    unittest.main(verbosity=1)
