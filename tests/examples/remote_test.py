# SPDX-License-Identifier: Apache-2.0
"""The example of a client in C++ against gantry-server: python remote_test.py EXAMPLE SERVER MODELS PACKAGE"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

EXAMPLE = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
from running_server import RunningServer  # noqa: E402
from served import PROGRAM, Served, photo, picture_models  # noqa: E402


class Remote(Served):
    def run_example(self, hosts, *more):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "photo.png"
            path.write_bytes(photo())
            return subprocess.run([EXAMPLE, hosts, "efficientnet-lite0", str(path), *more], capture_output=True, text=True,
                                  timeout=120, check=False)

    def test_runs_a_pipeline_and_a_model_there(self):
        done = self.run_example(f"http://{self.url}", "affine")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"39\.4\d %  tiger cat")
        self.assertRegex(lines[1], r"35\.5\d %  Egyptian cat")
        self.assertIn("within a microsecond: deadline_exceeded", lines)
        refused = next(line for line in lines if line.startswith("no picture: "))
        self.assertRegex(refused, "invalid_argument: .*host 'http://.*stage 'image.decode'")
        self.assertRegex(lines[-2], "^model 'affine' of http://")
        self.assertEqual(lines[-1], "y: f32[4]")

    def test_uses_the_hosts_that_answer(self):
        with RunningServer(PROGRAM, picture_models(type(self))) as other:
            done = self.run_example(f"http://{self.url},unix:/nonexistent/server.sock,unix:{other.socket_path}")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("tiger cat", done.stdout)
            self.assertNotIn("not ready", done.stdout)

    def test_says_why_nothing_can_be_had(self):
        done = self.run_example("unix:/nonexistent/server.sock")
        self.assertEqual(done.returncode, 1)
        self.assertIn("unavailable: remote pipeline 'efficientnet-lite0' > host 'unix:/nonexistent/server.sock': no connection",
                      done.stderr)
        done = self.run_example(f"http://{self.url}", "absent")
        self.assertIn("not_found: remote model 'absent'", done.stderr)


if __name__ == "__main__":
    sys.argv[1:] = []
    unittest.main(verbosity=2)
