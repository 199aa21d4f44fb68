# SPDX-License-Identifier: Apache-2.0
"""curl, ApacheBench and h2load; clients_test.py runs it."""
import json
import pathlib
import re
import subprocess
import tempfile

from served import Served


class CommandLine(Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
        cls.small = cls.folder / "small.json"
        cls.small.write_text(json.dumps({"inputs": [tensor]}))
        cls.large = cls.folder / "large.json"  # curl expects 100 Continue above 1 MB
        cls.large.write_text(json.dumps({"inputs": [tensor]}).ljust(3_000_000))
        cls.infer = f"http://{cls.url}/v2/models/affine/infer"

    def run_program(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done

    def test_curl_waits_for_100_continue(self):
        done = self.run_program("curl", "-sSv", "--expect100-timeout", "60", "-H", "Content-Type: application/json",
                                "-H", "Expect: 100-continue", "--data-binary", f"@{self.large}", self.infer)
        self.assertIn("< HTTP/1.1 100 Continue", done.stderr)
        self.assertIn("< HTTP/1.1 200 OK", done.stderr)
        self.assertEqual(json.loads(done.stdout)["outputs"][0]["data"], [3, 5, 7, 9])

    def test_curl_sends_nothing_that_is_refused(self):
        done = self.run_program("curl", "-sSv", "--expect100-timeout", "60", "-H", "Expect: 100-continue",
                                "--data-binary", f"@{self.large}", f"http://{self.url}/nowhere")
        self.assertIn("< HTTP/1.1 404", done.stderr)
        self.assertNotIn("100 Continue", done.stderr)

    def test_curl_takes_compressed_answers(self):
        done = self.run_program("curl", "-sS", "--compressed", "-D", "-", "-o", "/dev/null", f"http://{self.url}/metrics")
        self.assertIn("Content-Encoding: gzip", done.stdout)
        done = self.run_program("curl", "-sS", "--compressed", f"http://{self.url}/metrics")
        self.assertIn("gantry_requests_in_flight", done.stdout)

    def test_curl_over_a_unix_socket(self):
        done = self.run_program("curl", "-sS", "--unix-socket", self.server.socket_path, "http://x/v2/health/live")
        self.assertEqual(done.stdout, '{"live":true}')

    def test_apache_bench(self):
        for keep in ([], ["-k"]):  # HTTP/1.0, with and without Connection: Keep-Alive
            done = self.run_program("ab", "-q", *keep, "-n", "200", "-c", "4", "-p", str(self.small), "-T", "application/json",
                                    self.infer)
            self.assertRegex(done.stdout, r"Complete requests: +200\n")
            self.assertRegex(done.stdout, r"Failed requests: +0\n")
            self.assertNotIn("Non-2xx", done.stdout)
            kept = re.search(r"Keep-Alive requests: +(\d+)", done.stdout)
            self.assertEqual(int(kept[1]) if kept else 0, 200 if keep else 0)

    def test_h2load(self):
        done = self.run_program("h2load", "--h1", "-n", "200", "-c", "4", "-d", str(self.small), self.infer)
        self.assertIn("200 succeeded, 0 failed, 0 errored, 0 timeout", done.stdout)
        self.assertIn("status codes: 200 2xx", done.stdout)
