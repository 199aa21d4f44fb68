# SPDX-License-Identifier: Apache-2.0
"""schemathesis sends what /v2/openapi.json allows, and what it does not: python schemathesis_test.py SERVER MODELS PACKAGE

Every answer must be one that the description has. MODELS: what make_packages.py made. Needs the packages of requirements.txt."""
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

if importlib.util.find_spec("schemathesis") is None:
    print("schemathesis not found; cmake/bootstrap.sh --clients, as make test runs it, installs it")
    sys.exit(77)
from running_server import RunningServer  # noqa: E402

PROGRAM, MODELS = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
# Names that exist, so that most answers are no 404.
SETTINGS = """[parameters]
"path.model" = "affine"
"path.version" = "1"
"path.file" = "page.js"

[checks.not_a_server_error]   # 501: the model takes no files
expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""
# Always the same requests; a slow machine is no failure.
OPTIONS = ("--max-examples", "20", "--generation-deterministic", "--suppress-health-check", "all", "--no-color",
           # What a model's inputs must be is no part of the description.
           "--exclude-checks", "positive_data_acceptance", "--exclude-path-regex", "/unload$")   # after it, all else would be 503


class Schemathesis(unittest.TestCase):
    def test_all_answers_are_those_of_the_description(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        folder.joinpath("models").mkdir()
        folder.joinpath("models/affine").symlink_to(MODELS / "affine")
        folder.joinpath("schemathesis.toml").write_text(SETTINGS)
        server = self.enterContext(RunningServer(PROGRAM, folder / "models"))
        # The admin port has all paths.
        done = subprocess.run([sys.executable, "-c", "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())",
                               "--config-file", "schemathesis.toml", "run", f"http://127.0.0.1:{server.admin_port}/v2/openapi.json",
                               *OPTIONS], cwd=folder, capture_output=True, text=True, errors="replace", timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"Tested: 2\d")   # operations
        self.assertEqual(server.json("GET", "/v2/health/live")[0], 200)


if __name__ == "__main__":
    sys.argv[1:] = []
    unittest.main(verbosity=2)
