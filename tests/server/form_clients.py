# SPDX-License-Identifier: Apache-2.0
"""Forms as curl and Python's requests send them; clients_test.py runs it."""
import json
import pathlib
import subprocess
import tempfile

import requests
from served import Served, photo


class FormClients(Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.infer = f"http://{cls.url}/v2/models/efficientnet-lite0/infer"
        cls.photo = photo()
        cls.file = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()), 'the "cat", a.png')
        cls.file.write_bytes(cls.photo)
        cls.expected = requests.post(cls.infer, data=cls.photo, headers={"Content-Type": "image/png"}, timeout=60).json()

    def curl(self, *flags):
        done = subprocess.run(["curl", "-sS", *flags, self.infer], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def check_batch(self, answer, count):
        self.assertEqual([one["classes"][0]["label"] for one in answer], [self.expected["classes"][0]["label"]] * count)

    def test_curl(self):
        name = "input=@\"" + str(self.file).replace('"', '\\"') + "\""
        self.assertEqual(self.curl("-F", name), self.expected)
        self.check_batch(self.curl("-F", name, "-F", name + ";type=image/png"), 2)
        self.check_batch(self.curl("--form-escape", "-F", name, "-F", name), 2)
        self.assertIn("did you mean 'input'?", self.curl("-F", "inputs=@/dev/null")["error"])

    def test_curl_in_chunks(self):
        name = "input=@\"" + str(self.file).replace('"', '\\"') + "\""
        self.assertEqual(self.curl("-H", "Transfer-Encoding: chunked", "-F", name), self.expected)

    def test_requests(self):
        answer = requests.post(self.infer, files={"input": self.photo}, timeout=60)
        self.assertEqual((answer.status_code, answer.json()), (200, self.expected))
        with self.file.open("rb") as file:
            answer = requests.post(self.infer, files=[("input", file), ("input", ("ä.png", self.photo, "image/png", {"X-Y": "z"}))],
                                   timeout=60)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.check_batch(answer.json(), 2)
        answer = requests.post(self.infer, files={"input": b""}, timeout=60)
        self.assertEqual(answer.status_code, 400)
        self.assertIn("the file is empty", answer.json()["error"])
