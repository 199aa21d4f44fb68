# SPDX-License-Identifier: Apache-2.0
"""The admin port of gantry-server: python admin_test.py SERVER MODELS [...]

MODELS: what make_packages.py made."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402

PROGRAM, MODELS = sys.argv[1], pathlib.Path(sys.argv[2])
X = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}


class Admin(unittest.TestCase):
    flags = ()

    def setUp(self):
        self.models = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.publish("affine", "1")
        self.server = self.enterContext(RunningServer(PROGRAM, self.models, *self.flags))

    def publish(self, name, version):
        (self.models / name).mkdir(exist_ok=True)
        shutil.copytree(MODELS / name / version, self.models / name / version)

    def change(self, model, what, body=None, headers=None):
        return self.server.json("POST", f"/v2/repository/models/{model}/{what}", body, headers, self.server.admin_port)

    def infer(self, model="affine", version=None):
        path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"
        status, answer = self.server.json("POST", path, {"inputs": [X]})
        return status, answer.get("model_version") or answer["error"]

    def index(self):
        return [(one["name"], one["version"], one["state"], one["reason"])
                for one in self.server.json("POST", "/v2/repository/index")[1]]

    def test_a_version_that_came_later_is_loaded(self):
        self.publish("affine", "9")
        self.publish("slow", "1")
        self.assertEqual(self.infer(), (200, "1"))
        self.assertEqual(self.change("affine", "load"), (200, {}))
        self.assertEqual(self.infer(), (200, "9"))
        self.assertEqual(self.infer(version="1"), (200, "1"))
        self.assertEqual(self.infer("slow")[0], 404)
        self.assertEqual(self.change("slow", "load", {"parameters": {}}), (200, {}))
        self.assertEqual(self.infer("slow"), (200, "1"))
        shutil.rmtree(self.models / "affine/9")
        self.assertEqual(self.change("affine", "load"), (200, {}))
        self.assertEqual(self.infer(), (200, "1"))
        self.assertEqual(self.infer(version="9")[0], 404)

    def test_a_model_is_unloaded_and_loaded_again(self):
        self.assertEqual(self.change("affine", "unload", {"parameters": {"unload_dependents": False}}), (200, {}))
        status, error = self.infer()
        self.assertEqual(status, 503)
        self.assertIn("version '1' of model 'affine' is not loaded: unloaded", error)
        self.assertEqual(self.index(), [("affine", "1", "UNAVAILABLE", "unloaded")])
        self.assertEqual(self.server.json("GET", "/v2/health/ready")[0], 200)
        self.assertEqual(self.change("affine", "load"), (200, {}))
        self.assertEqual(self.infer(), (200, "1"))
        self.assertEqual(self.index(), [("affine", "1", "READY", "")])

    def test_parameters_that_it_does_not_have_are_refused(self):
        for parameters, status in ({"config": "{}"}, 501), ({"file:1/model.pt": "AA=="}, 501), ({"unload": True}, 400):
            with self.subTest(parameters):
                answered, error = self.change("affine", "load", {"parameters": parameters})
                self.assertEqual(answered, status, error)
                self.assertIn("parameters." + list(parameters)[0], error["error"])

    def test_requests_finish_with_what_they_began_with(self):
        self.publish("slow", "1")
        self.assertEqual(self.change("slow", "load")[0], 200)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.infer("slow")))
        thread.start()
        wait_until(lambda: self.server.metric("gantry_requests_in_flight") > 0, "the request did not begin")
        self.assertEqual(self.change("slow", "unload")[0], 200)
        thread.join()
        self.assertEqual(answers, [(200, "1")])

    def test_what_fails_changes_nothing(self):
        manifest = self.models / "affine/1/gantry.json"
        manifest.write_text(manifest.read_text() + "\n")
        status, answer = self.change("affine", "load")
        self.assertEqual((status, answer["reason"]), (409, "failed_precondition"))
        self.assertIn("publish it as a new version", answer["error"])
        self.publish("affine", "9")
        shutil.rmtree(self.models / "affine/1")
        (self.models / "affine/9/gantry.json").write_text("{")
        status, answer = self.change("affine", "load")
        self.assertEqual(status, 400)
        self.assertIn("model 'affine' version '9'", answer["error"])
        self.assertEqual(self.infer(), (200, "1"))
        self.assertEqual(self.index(), [("affine", "1", "READY", "")])

    def test_bad_requests(self):
        for model, what, body, status, fragment in [
                ("absent", "load", None, 404, "no package absent/<version>/gantry.json"),
                ("absent", "unload", None, 404, "no model 'absent'; there are: affine"),
                ("%2e%2e", "load", None, 400, "'..' is no name of a model"),
                ("affine", "load", {"parameters": {"config": "{}"}}, 501, "parameters.config"),
                ("affine", "load", {"colour": 1}, 400, "colour: unknown key"),
                ("affine", "load", [1], 400, "expected an object"),
                ("affine", "load", "{", 400, "")]:
            got, answer = self.change(model, what, body)
            self.assertEqual(got, status, answer)
            self.assertIn(fragment, answer["error"])
        for port, method, path, status in [
                (self.server.port, "POST", "/v2/repository/models/affine/load", 403),
                (self.server.admin_port, "GET", "/v2/repository/models/affine/load", 405),
                (self.server.admin_port, "POST", "/v2/repository/models/affine/fly", 404),
                (self.server.admin_port, "GET", "/v2/health/ready", 200),
                (self.server.admin_port, "POST", "/v2/repository/index", 200)]:
            self.assertEqual(self.server.json(method, path, port=port)[0], status, path)


class Token(Admin):
    def setUp(self):
        file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "token"
        file.write_text("open sesame".replace(" ", "-") + "\n")
        self.flags = ("--admin.token_file", str(file))
        super().setUp()

    def change(self, model, what, body=None, headers=None):
        return super().change(model, what, body, headers or {"Authorization": "Bearer open-sesame"})

    def test_bad_requests(self):
        for value in ("Bearer open-sesam", "Bearer open-sesame2", "Bearer ", "Basic open-sesame", "open-sesame"):
            status, answer = self.change("affine", "unload", headers={"Authorization": value})
            self.assertEqual(status, 401, value)
            self.assertIn("Authorization: Bearer", answer["error"])
        self.assertEqual(self.server.json("GET", "/v2", port=self.server.admin_port)[0], 401)
        self.assertEqual(self.server.json("GET", "/v2")[0], 200)


class Settings(unittest.TestCase):
    def test_an_address_that_others_reach_needs_a_token(self):
        done = subprocess.run([PROGRAM, "--admin.listen", ":8081", "--check-config"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn("admin.listen: other machines reach ':8081'; give admin.token_file", done.stderr)
        for address in ("127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/run/admin.sock", ""):
            subprocess.run([PROGRAM, "--admin.listen", address, "--check-config"], capture_output=True, check=True)

    def test_a_token_file_that_is_of_no_use(self):
        with tempfile.NamedTemporaryFile("w") as file:
            for path, fragment in ((file.name, "expected a token"), ("/absent", "No such file")):
                done = subprocess.run([PROGRAM, "--models.directory", str(MODELS), "--admin.token_file", path],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn("admin.token_file: ", done.stderr)
                self.assertIn(fragment, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
