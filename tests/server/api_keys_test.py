# SPDX-License-Identifier: Apache-2.0
"""API keys of gantry-server: python api_keys_test.py SERVER MODELS [...]

MODELS: what make_packages.py made."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402

PROGRAM, MODELS = sys.argv[1], sys.argv[2]
BODY = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}


class ApiKeys(unittest.TestCase):
    def setUp(self):
        self.keys = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "keys"
        self.keys.write_text("# of the test\ngold  key-1\ngold key-2 # the next one\n\nfree key-3\n")
        self.server = self.enterContext(RunningServer(PROGRAM, MODELS, "--auth.api_keys_file", str(self.keys)))

    def infer(self, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.json("POST", "/v2/models/affine/infer", BODY, headers)

    def tenants(self):
        """Of the requests so far."""
        return [line["tenant"] for line in self.server.log() if "tenant" in line]

    def test_a_key_is_needed_and_names_the_tenant(self):
        for headers in ({"Authorization": "Bearer key-1"}, {"X_Api_Key": "key-2"}, {"X_Api_Key": "key-3", "X_Tenant": "free"}):
            self.assertEqual(self.infer(**headers)[0], 200)
        wait_until(lambda: self.tenants() == ["gold", "gold", "free"], "the log does not have the tenants")
        for headers, fragment in (({}, "needs an API key"), ({"Authorization": "Basic key-1"}, "needs an API key"),
                                  ({"X_Api_Key": "key-"}, "is not one of this server"),
                                  ({"X_Api_Key": "key-11"}, "is not one of this server"),
                                  ({"Authorization": "Bearer gold"}, "is not one of this server")):
            status, answer = self.infer(**headers)
            self.assertEqual(status, 401, headers)
            self.assertIn(fragment, answer["error"])
        status, answer = self.infer(X_Api_Key="key-3", X_Tenant="gold")
        self.assertEqual(status, 403)
        self.assertIn("header X-Tenant", answer["error"])

    def test_health_needs_no_key_and_metrics_do(self):
        for path, status in (("/v2/health/live", 200), ("/v2/health/ready", 200), ("/metrics", 401), ("/v2", 401),
                             ("/v2/models/affine", 401), ("/v2/health/../models/affine", 401)):
            self.assertIn(self.server.ask("GET", path)[0], (status, 404) if ".." in path else (status,), path)
        self.assertEqual(self.server.ask("GET", "/metrics", headers={"Authorization": "Bearer key-1"})[0], 200)

    def test_a_body_without_a_key_is_not_read(self):
        head = b"POST /v2/models/affine/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        self.assertIn(b"401 Unauthorized", self.server.raw(head))

    def test_keys_are_renewed(self):
        self.keys.write_text("gold key-4\n")
        wait_until(lambda: self.infer(X_Api_Key="key-4")[0] == 200, "the new key is not accepted")
        self.assertEqual(self.infer(X_Api_Key="key-1")[0], 401)
        self.keys.write_text("gold\n")
        wait_until(lambda: (self.infer(X_Api_Key="key-4"), any("stay as they were" in line for line in self.server.messages))[1],
                   "no warning")
        self.assertEqual(self.infer(X_Api_Key="key-4")[0], 200)


class Settings(unittest.TestCase):
    def test_a_file_that_is_of_no_use(self):
        for text, fragment in (("gold\n", ":1: expected '<tenant> <key>'"), ("a k\n\nb c d\n", ":3: expected"),
                               ("a k\nb k\n", ":2: the key of tenant 'b' is also one of tenant 'a'"), ("# none\n", "has no key")):
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                done = subprocess.run([PROGRAM, "--models.directory", MODELS, "--auth.api_keys_file", file.name],
                                      capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("auth.api_keys_file: ", done.stderr)
            self.assertIn(fragment, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
