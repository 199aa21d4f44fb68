# SPDX-License-Identifier: Apache-2.0
"""gantry-server over HTTP: python server_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos."""
import fcntl
import json
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tomllib
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM, photo, picture_models  # noqa: E402

X = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}


class Served(unittest.TestCase):
    flags = ()
    models = MODELS

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, cls.models, *cls.flags))

    def infer(self, body, model="affine", headers=None):
        return self.server.json("POST", f"/v2/models/{model}/infer", body, headers)

    def refused(self, body, status, *fragments, model="affine", headers=None):
        got, answer = self.infer(body, model, headers)
        self.assertEqual(got, status, answer)
        for fragment in fragments:
            self.assertIn(fragment, answer["error"])


class Protocol(Served):
    def test_describes_itself(self):
        status, server = self.server.json("GET", "/v2")
        self.assertEqual((status, server["name"]), (200, "gantry-server"))
        self.assertIn("binary_tensor_data", server["extensions"])
        self.assertEqual(self.server.json("GET", "/v2/health/live"), (200, {"live": True}))
        self.assertEqual(self.server.json("GET", "/v2/health/ready"), (200, {"ready": True}))
        self.assertEqual(self.server.json("GET", "/v2/models/affine/ready"), (200, {"name": "affine", "ready": True}))
        self.assertEqual(self.server.json("GET", "/v2/models/affine"), (200, {
            "name": "affine", "versions": ["1", "9", "10"], "platform": "gantry_torchscript",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4], "parameters": {"payload": "tensor"}}],
            "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 4], "parameters": {"payload": "tensor"}}]}))
        _, index = self.server.json("POST", "/v2/repository/index")
        self.assertEqual([(one["name"], one["version"], one["state"]) for one in index],
                         [("affine", "1", "READY"), ("affine", "9", "READY"), ("affine", "10", "READY"),
                          ("echo", "1", "READY"), ("slow", "1", "READY"), ("typed", "1", "READY")])

    def test_the_newest_version_answers_unless_one_is_named(self):
        _, answer = self.infer({"inputs": [X], "id": "7"})
        self.assertEqual(answer, {"model_name": "affine", "model_version": "10", "id": "7", "outputs": [
            {"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [3, 5, 7, 9]}]})
        status, headers, _ = self.server.ask("POST", "/v2/models/affine/versions/9/infer", json.dumps({"inputs": [X]}))
        self.assertEqual((status, headers["X-Model-Name"], headers["X-Model-Version"]), (200, "affine", "9"))
        status, answer = self.server.json("POST", "/v2/models/affine/versions/2/infer", {"inputs": [X]})
        self.assertEqual((status, answer["reason"]), (404, "not_found"))
        self.assertIn("there are: 1, 9, 10", answer["error"])

    def test_nested_data_and_a_batch(self):
        rows = [[i, i + 1, i + 2, i + 3] for i in range(5)]
        _, answer = self.infer({"inputs": [{"name": "x", "shape": [5, 4], "datatype": "FP32", "data": rows}]})
        self.assertEqual(answer["outputs"][0]["shape"], [5, 4])
        self.assertEqual(answer["outputs"][0]["data"], [2 * v + 1 for row in rows for v in row])

    def test_what_is_wrong_is_named(self):
        def x(**changed):
            return {"inputs": [{**X, **changed}]}
        self.refused("{", 400, "JSON")
        self.refused({}, 400, "inputs", "required")
        self.refused({"inputs": []}, 400, "inputs")
        self.refused(x(datatype="FP31"), 400, "input 'x'", "'FP31' is unknown", "FP32")
        self.refused(x(datatype="UINT64"), 501, "UINT64")
        self.refused(x(data=[1, 2, 3]), 400, "inputs[0].data", "the shape says 4 values, there are 3")
        self.refused(x(data=[1, 2, 3, "a"]), 400, "inputs[0].data[3]", "expected a number")
        self.refused(x(shape=[1, -4]), 400, "negative")
        self.refused(x(shape=[1 << 40, 1 << 40]), 400, "too many")
        self.refused(x(shape=[1 << 30, 4]), 400, "too short")
        self.refused(x(shape=[1] * 9), 400, "9 dimensions")
        self.refused(x(shape=[0, 4], data=[]), 400, "batch is empty")
        self.refused(x(shape=[1, 3], data=[1, 2, 3]), 400, "x", "[3]")
        self.refused(x(shape=[4]), 400, "x")
        self.refused(x(name="z"), 400, "unknown input 'z'", "'x'")
        self.refused({"inputs": [X, X]}, 400, "a second input named 'x'")
        self.refused({"inputs": [X], "outputs": [{"name": "q"}]}, 400, "unknown output 'q'", "'y'")
        self.refused({"inputs": [X], "outputs": [{"name": "y"}, {"name": "y"}]}, 400, "a second output")
        self.refused({"inputs": [X], "colour": 1}, 400, "colour", "unknown key")
        self.refused({"inputs": [{**X, "parameters": {"shared_memory_region": "a"}}]}, 501, "shared memory")
        self.refused(x(datatype="INT8", data=[1, 2, 3, 300]), 400, "inputs[0].data", "value 3, 300, is beyond INT8")
        self.refused(x(data=[1, 2, 3, 1e39]), 400, "value 3", "beyond FP32")
        self.refused(x(data=[[1, 2], [3, 4]]), 400, "inputs[0].data", "the shape says 1 values, there are 2")
        self.refused(x(data=[[1, 2, 3]]), 400, "inputs[0].data[0]", "the shape says 4 values, there are 3")
        self.refused(x(data=[[[1, 2, 3, 4]]]), 400, "more dimensions than the shape")
        self.refused(x(data=[[1, 2, 3, 4], 5]), 400, "inputs[0].data")
        self.refused(x(shape=[1, 4, 1], data=[[1, 2, 3, 4]]), 400, "more dimensions than the data")
        self.refused(x(data=7), 400, "inputs[0].data", "expected a list")
        self.refused("[" * 100 + "]" * 100, 400, "64")
        self.refused({"inputs": [X]}, 404, "no model 'absent'", "affine", model="absent")

    def test_the_config_has_the_largest_batch(self):
        _, config = self.server.json("GET", "/v2/models/affine/config")
        self.assertEqual(config["max_batch_size"], 1024)
        self.assertEqual(config["input"], [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}])

    def test_paths_and_methods(self):
        for path in ("/page", "/v3", "/v2/models", "/v2/models/affine/versions", "/v2/models/affine/fly", "/v2/models//infer"):
            self.assertEqual(self.server.json("GET", path)[0], 404, path)
        status, headers, _ = self.server.ask("GET", "/v2/models/affine/infer")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))
        self.assertEqual(self.server.ask("POST", "/v2/health/live", "{}")[0], 405)
        status, headers, body = self.server.ask("HEAD", "/v2/health/live")
        self.assertEqual((status, headers["Content-Length"], body), (200, "13", b""))
        self.assertEqual(self.server.ask("GET", "/v2/health/%6cive/?probe=1")[0], 200)

    def test_a_unix_socket_serves_the_same(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.server.socket_path)
            connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := connection.recv(65536):
                answer += data
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b'{"live":true}'), answer)

    def test_statistics_grow(self):
        def stats():
            return self.server.json("GET", "/v2/models/affine/versions/10/stats")[1]["model_stats"][0]["inference_stats"]
        before = stats()
        for _ in range(3):
            self.infer({"inputs": [X]})
        self.refused({"inputs": [{**X, "shape": [1, 2], "data": [1, 2]}]}, 400)
        after = stats()
        for name in ("success", "queue", "compute_infer"):
            self.assertEqual(after[name]["count"] - before[name]["count"], 3, name)
            self.assertGreaterEqual(after[name]["ns"], before[name]["ns"])
        self.assertEqual(after["fail"]["count"] - before["fail"]["count"], 1)
        self.assertGreater(after["success"]["ns"], 0)

    def test_statistics_say_when_the_last_request_came(self):
        def last(version):
            return self.server.json("GET", f"/v2/models/affine/versions/{version}/stats")[1]["model_stats"][0]["last_inference"]
        self.assertEqual(last("1"), 0)  # no test asks for this version
        for x in (X, {**X, "shape": [1, 2], "data": [1, 2]}):  # one that fails counts, too
            before = int(time.time() * 1000)
            self.infer({"inputs": [x]})
            self.assertLessEqual(before, last("10"))
            self.assertLessEqual(last("10"), time.time() * 1000)

    def test_metrics_have_versions(self):
        self.infer({"inputs": [X]})
        _, headers, page = self.server.ask("GET", "/metrics")
        self.assertIn("version=0.0.4", headers["Content-Type"])
        self.assertRegex(page.decode(), r'gantry_pipeline_seconds_count\{pipeline="affine",version="10"\} [1-9]')

    def test_a_long_message_does_not_hold_up_the_others(self):
        body = json.dumps({"inputs": [{**X, "data": [[0.123] * 4_000_000]}]}).encode()  # read whole, then refused
        head = b"POST /v2/models/affine/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)

        def is_received(connection):
            return fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)) == bytes(4)

        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(self.server.socket_path)
            connection.sendall(head + body)
            wait_until(lambda: is_received(connection), "the server does not read the message")
            self.assertEqual(self.server.json("GET", "/v2/health/live")[0], 200)
            connection.setblocking(False)
            with self.assertRaises(BlockingIOError):  # the message was still being read meanwhile
                connection.recv(1000)
            connection.settimeout(60)
            self.assertIn(b"400 Bad Request", connection.recv(1000))

    def test_the_metrics_of_the_readme_are_there(self):
        self.infer({"inputs": [X]})
        page = self.server.ask("GET", "/metrics")[2].decode()
        readme = pathlib.Path(__file__).resolve().parents[2].joinpath("examples/server/README.md").read_text()
        names = set(re.findall(r"\bgantry_[a-z_]+[a-z]", readme[readme.index("## Metrics"):readme.index("## Shutdown")]))
        self.assertGreater(len(names), 10)
        for name in names:
            self.assertIn(f"\n{name}", page)
        for name, label in re.findall(r"(gantry_[a-z_]+)\{([a-z]+=\"[a-z_]+\")\}", readme):
            self.assertRegex(page, rf"\n{name}\{{(.*,)?{label}")

    def test_each_request_is_a_line_of_the_log(self):
        self.server.ask("POST", "/v2/models/affine/infer", json.dumps({"inputs": [X]}),
                        {"X-Tenant": "gold", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
        self.server.ask("GET", "/nowhere")
        for _ in range(100):
            lines = [one for one in self.server.log() if one.get("tenant") == "gold" or one["path"] == "/nowhere"]
            if len(lines) >= 2:
                break
            time.sleep(0.05)
        served, refused = lines[-2:]
        self.assertEqual((served["method"], served["status"], served["model"], served["version"]), ("POST", 200, "affine", "10"))
        self.assertIn("4bf92f3577b34da6a3ce929d0e0e4736", served["traceparent"])
        self.assertGreater(served["bytes_in"], 50)
        self.assertEqual((refused["status"], refused["reason"]), (404, "http_404"))


class Page(Served):
    def test_its_files_come_with_a_policy(self):
        for path, media_type in (("/", "text/html"), ("/page/page.js", "text/javascript"), ("/page/page.css", "text/css"),
                                 ("/page/icon.svg", "image/svg+xml")):
            status, headers, body = self.server.ask("GET", path)
            self.assertEqual((status, headers.get_content_type(), headers["X-Content-Type-Options"]), (200, media_type, "nosniff"))
            self.assertTrue(body)
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'; script-src 'self'", policy)
            self.assertIn("require-trusted-types-for 'script'", policy)
            self.assertNotIn("unsafe", policy)
        status, headers, body = self.server.ask("HEAD", "/")
        self.assertEqual((status, headers.get_content_type(), body), (200, "text/html", b""))
        status, headers, _ = self.server.ask("POST", "/", "{}")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        for path in ("/page/", "/page/absent.js", "/page/../page.js", "/index.html", "/page/page.js/"):
            self.assertEqual(self.server.json("GET", path)[0], 404, path)

    def test_the_status_tells_what_was_served(self):
        def model(status):
            return next(one for one in status["models"] if (one["name"], one["version"]) == ("affine", "9"))
        before = self.server.json("GET", "/v2/status")[1]
        for body in [{"inputs": [X]}] * 3 + [{"inputs": [{**X, "shape": [1, 2], "data": [1, 2]}]}]:
            self.server.json("POST", "/v2/models/affine/versions/9/infer", body)
        code, after = self.server.json("GET", "/v2/status?plans=true")
        self.assertEqual(code, 200)
        self.assertEqual(after["server"]["ready"], True)
        self.assertGreaterEqual(after["server"]["uptime_ms"], before["server"]["uptime_ms"])
        self.assertEqual(after["runtime"]["requests"] - before["runtime"]["requests"], 4)
        self.assertIn("CPU", after["runtime"]["budget"])
        old, new = model(before), model(after)
        self.assertEqual((new["state"], new["reason"], new["is_default"]), ("READY", "", False))
        self.assertEqual(new["inputs"], [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}])
        self.assertEqual(new["engines"][0]["engine"], "torchscript")
        self.assertEqual(new["time"]["count"] - old["time"]["count"], 3)
        self.assertEqual(sum(count for _, count in new["time"]["buckets"]), new["time"]["count"])
        self.assertEqual(new["errors"]["invalid_argument"] - old["errors"].get("invalid_argument", 0), 1)
        self.assertIn("pipeline 'affine': Tensor -> Tensor", new["plan"])
        self.assertNotIn("plan", old)
        batches = [sum(sum(one["batch_sizes"]) for one in status["engines"]) for status in (before, after)]
        self.assertEqual(batches[1] - batches[0], 3)

    def test_the_status_takes_plans_as_true_or_false(self):
        def has_plans(query):
            status, answer = self.server.json("GET", "/v2/status?" + query)
            return "plan" in answer["models"][0] if status == 200 else (status, answer["error"])
        for query, expected in (("plans=true", True), ("plans=false", False), ("x=1&plans=true", True), ("plans=true&x", True), ("", False),
                                ("planss=true", False), ("x=plans=true", False)):
            self.assertEqual(has_plans(query), expected, query)
        for query in ("plans=1", "plans", "plans=true%20"):
            status, error = has_plans(query)
            self.assertEqual(status, 400, query)
            self.assertIn("plans: expected true or false", error)

    def test_it_can_be_left_out(self):
        with RunningServer(PROGRAM, MODELS, "--page.enabled", "false") as server:
            for path in ("/", "/page/page.js", "/v2/status"):
                self.assertEqual(server.json("GET", path)[0], 404, path)


class Binary(Served):
    def call(self, request, binary, size=None, model="affine", **more):
        head = json.dumps(request).encode()
        headers = {"Inference-Header-Content-Length": str(len(head) if size is None else size), **more}
        return self.server.ask("POST", f"/v2/models/{model}/infer", head + binary, headers)

    def test_binary_in_and_out(self):
        data = numpy.arange(8, dtype="<f4").reshape(2, 4)
        request = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP32", "parameters": {"binary_data_size": 32}}],
                   "parameters": {"binary_data_output": True}}
        status, headers, body = self.call(request, data.tobytes())
        size = int(headers["Inference-Header-Content-Length"])
        answer = json.loads(body[:size])
        self.assertEqual((status, answer["outputs"][0]["parameters"]), (200, {"binary_data_size": 32}))
        numpy.testing.assert_array_equal(numpy.frombuffer(body[size:], "<f4").reshape(2, 4), data * 2 + 1)

    def test_one_tensor_without_a_message(self):
        data = numpy.float32([1, 2, 3, 4])
        status, headers, body = self.call("", data.tobytes(), model="affine")  # JSON text "" and a size that includes it
        self.assertEqual(status, 400)
        status, headers, body = self.server.ask("POST", "/v2/models/affine/infer", data.tobytes(),
                                                {"Inference-Header-Content-Length": "0"})
        size = int(headers["Inference-Header-Content-Length"])
        self.assertEqual(json.loads(body[:size])["outputs"][0]["shape"], [1, 4])
        numpy.testing.assert_array_equal(numpy.frombuffer(body[size:], "<f4"), data * 2 + 1)
        status, _, body = self.server.ask("POST", "/v2/models/affine/infer", b"12345", {"Inference-Header-Content-Length": "0"})
        self.assertEqual(status, 400)
        self.assertIn(b"16 bytes, it has 5", body)

    def test_lengths_that_lie(self):
        def x(size):
            return {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": size}}]}
        for request, binary, size, fragment in [
                (x(16), b"1234", None, "the body has 4 bytes left"), (x(4), b"1234", None, "need 16 bytes, it has 4"),
                (x(-1), b"1234", None, "expected 0 or more"), (x(16), b"x" * 17, None, "1 bytes that belong to no input"),
                (x(1 << 62), b"1234", None, "left"), (x(16), b"x" * 16, 100000, "the body has"),
                (x(16), b"x" * 16, 5, "JSON"), (x(16), b"x" * 16, -3, "expected a size"), (x(16), b"x" * 16, "abc", "expected a size"),
                ({"inputs": [{**X, "parameters": {"binary_data_size": 16}}]}, b"x" * 16, None, "both")]:
            status, _, body = self.call(request, binary, size)
            self.assertEqual(status, 400, body)
            self.assertIn(fragment, json.loads(body)["error"])

    def test_every_datatype_comes_back_bit_for_bit(self):
        generator = numpy.random.default_rng(1)
        kinds = {"FP32": 4, "FP64": 8, "FP16": 2, "BF16": 2, "UINT8": 1, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8,
                 "BOOL": 1}
        sent = {}
        for name, size in kinds.items():
            sent[name] = generator.bytes(size * 3 * 5)
            if name == "BOOL":
                sent[name] = bytes(byte & 1 for byte in sent[name])
        inputs = [{"name": name.lower() + ("_" if name == "BOOL" else ""), "shape": [5, 3], "datatype": name,
                   "parameters": {"binary_data_size": len(data)}} for name, data in sent.items()]
        status, headers, body = self.call({"inputs": inputs, "parameters": {"binary_data_output": True}},
                                          b"".join(sent.values()), model="echo")
        self.assertEqual(status, 200, body[:500])
        at = int(headers["Inference-Header-Content-Length"])
        for output in json.loads(body[:at])["outputs"]:
            size = output["parameters"]["binary_data_size"]
            self.assertEqual(body[at:at + size], sent[output["datatype"]], output["name"])
            at += size
        self.assertEqual(at, len(body))

    def test_every_datatype_of_json_comes_back(self):
        values = {"FP32": [0.1, -3e38, 1e-45], "FP64": [0.1, -1.7e308, 5e-324], "UINT8": [0, 1, 255], "INT8": [-128, 0, 127],
                  "INT16": [-32768, 0, 32767], "INT32": [-2**31, 0, 2**31 - 1], "INT64": [-2**63, 2**53 + 1, 2**63 - 1],
                  "BOOL": [True, False, True]}
        inputs = [{"name": name.lower() + ("_" if name == "BOOL" else ""), "shape": [1, 3], "datatype": name, "data": data}
                  for name, data in values.items()]
        half = struct.pack("<3e", 1, 2, 3)
        for name in ("FP16", "BF16"):
            inputs.append({"name": name.lower(), "shape": [1, 3], "datatype": name, "parameters": {"binary_data_size": 6}})
        outputs = [{"name": one["name"] + "_out"} for one in inputs[:-2]]
        status, _, body = self.call({"inputs": inputs, "outputs": outputs}, half + half, model="echo")
        self.assertEqual(status, 200, body)
        for output in json.loads(body)["outputs"]:
            expected = values[output["datatype"]]
            if output["datatype"] == "FP32":
                expected = [float(numpy.float32(v)) for v in expected]
                output["data"] = [float(numpy.float32(v)) for v in output["data"]]
            self.assertEqual(output["data"], expected, output["name"])
        status, _, body = self.call({"inputs": inputs, "outputs": [{"name": "fp16_out"}]}, half + half, model="echo")
        self.assertEqual(status, 400)
        self.assertIn("no form in JSON", json.loads(body)["error"])


class Pictures(Served):
    @classmethod
    def setUpClass(cls):
        cls.models = picture_models(cls)
        super().setUpClass()
        cls.photo = photo()

    def test_a_photo_in_classes_out(self):
        status, answer = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", self.photo,
                                          {"Content-Type": "image/png"})
        self.assertEqual(status, 200, answer)
        best = answer["classes"][0]
        self.assertEqual(best["label"], "tiger cat")
        self.assertAlmostEqual(best["score"], 0.3945, delta=0.002)

    def test_the_same_as_strings_of_the_protocol(self):
        _, expected = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", self.photo, {"Content-Type": "image/png"})
        head = json.dumps({"inputs": [{"name": "input", "shape": [2], "datatype": "BYTES",
                                       "parameters": {"binary_data_size": 2 * (len(self.photo) + 4)}}]}).encode()
        string = struct.pack("<I", len(self.photo)) + self.photo
        status, answer = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", head + string + string,
                                          {"Inference-Header-Content-Length": str(len(head))})
        self.assertEqual(status, 200, answer)
        output, = answer["outputs"]
        self.assertEqual((output["datatype"], output["shape"]), ("BYTES", [2]))
        for text in output["data"]:
            self.assertEqual(json.loads(text), expected)

    def test_what_is_no_photo_is_refused(self):
        for body, headers, status in [(b"GIF89a", {"Content-Type": "image/gif"}, (400, 415)),
                                      (self.photo[:1000], {"Content-Type": "image/png"}, (400,)),
                                      (b"", {"Content-Type": "image/png"}, (400, 415))]:
            got, answer = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", body, headers)
            self.assertIn(got, status, answer)
            self.assertIn("image.decode", answer["error"])


class Connections(Served):
    flags = ("--http.header_timeout_ms", "2000", "--http.transfer_timeout_ms", "2000", "--http.idle_timeout_ms", "2500",
             "--http.max_body_bytes", "100000", "--http.max_connections", "50")
    message = json.dumps({"inputs": [X]}).encode()
    line = b"POST /v2/models/affine/infer HTTP/1.1\r\nHost: x\r\n"

    def statuses(self, answer):
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]

    def test_keeps_a_connection(self):
        connection = self.server.connect()
        for _ in range(3):
            connection.request("POST", "/v2/models/affine/infer", self.message)
            self.assertEqual(connection.getresponse().read()[:1], b"{")
        connection.close()

    def test_chunks(self):
        def chunked(*chunks):
            body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
            return self.server.raw(self.line + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", body)
        answer = chunked(self.message[:10], self.message[10:50], self.message[50:])
        self.assertEqual(self.statuses(answer), [200])
        self.assertIn(b"[3.0,5.0,7.0,9.0]", answer.replace(b"3,5,7,9", b"3.0,5.0,7.0,9.0"))
        large = json.dumps({"inputs": [{**X, "shape": [900, 4], "data": [0.1234567890123456] * 3600}]}).encode()
        self.assertEqual(self.statuses(chunked(large[:30000], large[30000:])), [200])
        self.assertEqual(self.statuses(chunked(b"x" * 99999, b"yz")), [413])
        answer = self.server.raw(self.line + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        self.assertEqual(self.statuses(answer), [400])

    def test_too_much_is_refused_unread(self):
        answer = self.server.raw(self.line + b"Content-Length: 1000000000000\r\n\r\n")
        self.assertEqual(self.statuses(answer), [413])
        self.assertIn(b"100000 bytes", answer)
        self.assertEqual(self.statuses(self.server.raw(self.line + b"A: " + b"a" * 20000 + b"\r\n\r\n")), [431])
        answer = self.server.raw(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        self.assertEqual(self.statuses(answer), [404])

    def test_malformed(self):
        for text in (b"\r\n\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /v2 HTTP/1.1\r\n\r\n",
                     b"GET /v2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET /v2%2fhealth HTTP/1.1\r\nHost: x\r\n\r\n", b"GET v2 HTTP/1.1\r\nHost: x\r\n\r\n",
                     self.line + b"Content-Length: -5\r\n\r\n", self.line + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
                     self.line + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):  # TLS on a plain port
            self.assertEqual(self.statuses(self.server.raw(text)), [400], text)

    def test_expect(self):
        head = self.line + b"Content-Length: %d\r\nConnection: close\r\n" % len(self.message)
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(self.message)
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200"))
        answer = self.server.raw(head.replace(b"affine", b"absent/x") + b"Expect: 100-continue\r\n\r\n")
        self.assertEqual(self.statuses(answer), [404])
        self.assertEqual(self.statuses(self.server.raw(head + b"Expect: tea\r\n\r\n")), [417])

    def test_slow_clients_are_cut_off(self):
        for text, statuses in ((self.line, [408]), (self.line + b"Content-Length: 50\r\n\r\n{", [408]), (b"", [])):
            began = time.monotonic()
            self.assertEqual(self.statuses(self.server.raw(text)), statuses)
            self.assertLess(time.monotonic() - began, 20)

    def test_pipelining_gets_one_answer_and_a_close(self):
        request = self.line + b"Content-Length: %d\r\n\r\n" % len(self.message) + self.message
        answer = self.server.raw(request + request)
        self.assertEqual(self.statuses(answer), [200])
        self.assertIn(b"Connection: close", answer)

    def test_connections_are_bounded(self):
        open_ones = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(50)]
        try:
            for _ in range(100):
                answer = self.server.raw(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if self.statuses(answer) == [503]:
                    break
            self.assertEqual(self.statuses(answer), [503])
            self.assertIn(b"Retry-After: 1", answer)
        finally:
            for one in open_ones:
                one.close()
        wait_until(lambda: self.statuses(self.server.raw(b"GET /v2 HTTP/1.0\r\n\r\n")) == [200], "it does not recover")


class Deadlines(Served):
    flags = ("--requests.max_timeout_ms", "20000")

    def test_a_deadline_that_passes(self):
        request = {"inputs": [X]}
        self.assertEqual(self.infer(request, "slow")[0], 200)
        status, answer = self.infer(request, "slow", {"X-Request-Timeout-Ms": "1"})
        self.assertIn((status, answer["reason"]), [(504, "deadline_exceeded"), (504, "deadline_unreachable"), (504, "deadline_passed"),
                                                   (503, "deadline_unreachable")])
        self.assertIn(self.infer({**request, "parameters": {"timeout": 1000}}, "slow")[0], (503, 504))
        for headers in ({"X-Request-Timeout-Ms": "soon"}, {"X-Priority": "1000"}, {"X-Tenant": "x" * 200}):
            status, answer = self.infer(request, headers=headers)
            self.assertEqual(status, 400)
            self.assertIn("header " + next(iter(headers)), answer["error"])

    def test_a_client_that_goes_is_cancelled(self):
        message = json.dumps({"inputs": [{**X, "shape": [64, 4], "data": [0] * 256}]}).encode()
        head = b"POST /v2/models/slow/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(message)
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(head + message)
            wait_until(lambda: self.server.metric("gantry_requests_in_flight") > 0, "the request did not begin")
        wait_until(lambda: any(one["status"] == 499 for one in self.server.log()), "no line with status 499")
        wait_until(lambda: self.server.metric("gantry_requests_in_flight") == 0, "requests stay in flight")


class OneInFlight(Served):
    @classmethod
    def setUpClass(cls):
        config = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "server.toml"
        config.write_text("[runtime]\nmax_in_flight = 1\n")
        cls.flags = ("--config", str(config))
        super().setUpClass()

    def test_the_samples_of_a_request_are_admitted_as_one(self):
        rows = [[i, 0, 0, 0] for i in range(1024)]
        status, answer = self.infer({"inputs": [{**X, "shape": [1024, 4], "data": rows}]})
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["outputs"][0]["data"], [value * 2 + 1 for row in rows for value in row])

    def test_more_samples_than_the_limit_are_refused(self):
        self.refused({"inputs": [{**X, "shape": [1025, 4], "data": [0] * 4100}]}, 400, "input 'x' has 1025 samples",
                     "requests.max_samples is 1024")


class Ends(unittest.TestCase):
    def test_sigterm_drains(self):
        with RunningServer(PROGRAM, MODELS, "--drain.delay_ms", "3000") as server:
            answers = []
            body = json.dumps({"inputs": [X]})
            thread = threading.Thread(target=lambda: answers.append(server.json("POST", "/v2/models/slow/infer", body)))
            thread.start()
            wait_until(lambda: server.metric("gantry_requests_in_flight") > 0, "the request did not begin")
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: server.json("GET", "/v2/health/ready")[0] == 503, "it is still ready")
            self.assertEqual(server.json("GET", "/v2/health/live")[0], 200)
            self.assertEqual(server.json("POST", "/v2/models/affine/infer", {"inputs": [X]})[0], 200)
            thread.join()
            self.assertEqual(answers[0][0], 200)
            self.assertEqual(server.process.wait(timeout=60), 0)
            self.assertFalse(pathlib.Path(server.socket_path).exists())

    def test_a_second_signal_ends_at_once(self):
        server = RunningServer(PROGRAM, MODELS, "--drain.delay_ms", "60000")
        server.process.send_signal(signal.SIGTERM)
        while not any("draining" in line for line in server.messages):
            self.assertIsNone(server.process.poll(), server.messages)
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=30), 128 + signal.SIGTERM)
        server.reader.join()
        server.process.stderr.close()
        server.folder.cleanup()

    def test_a_signal_while_packages_load_ends_at_once(self):
        process = subprocess.Popen([PROGRAM, "--models.directory", MODELS, "--http.listen", "127.0.0.1:0"],
                                   stderr=subprocess.PIPE, text=True)
        with process, process.stderr:
            self.assertIn("affine/1: ready", [process.stderr.readline() for _ in range(2)][1])  # slow/1 takes a second
            process.send_signal(signal.SIGTERM)
            self.assertNotIn("listening", process.stderr.read())
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)


class Configuration(unittest.TestCase):
    def run_with(self, text, *flags, **environment):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "server.toml")
            path.write_text(text)
            return subprocess.run([PROGRAM, "--config", str(path), *flags], capture_output=True, text=True, timeout=60,
                                  check=False, env=environment or None)

    def test_what_is_printed_is_what_is_read(self):
        text = ('[http]\nlisten = ["127.0.0.1:9000", "unix:/run/a b.sock"]\nio_threads = 2\n[runtime]\ngoal = "latency"\n'
                '[runtime.tenant_weights]\ngold = 2.5\n')
        first = self.run_with(text, "--print-config", "--requests.max_timeout_ms", "7", GANTRY_SERVER_HTTP_IO_THREADS="3")
        self.assertEqual(first.returncode, 0, first.stderr)
        for line in ('listen = ["127.0.0.1:9000", "unix:/run/a b.sock"]', "io_threads = 3", "max_timeout_ms = 7", "gold = 2.5"):
            self.assertIn(line, first.stdout.replace("'", '"').replace("[ ", "[").replace(" ]", "]"))
        self.assertEqual(self.run_with(first.stdout, "--print-config").stdout, first.stdout)

    def test_the_runtime_is_set_as_the_rest(self):
        text = "[runtime]\nworkers = 1\ncpus = 3\n[runtime.tenant_weights]\ngold = 2.5\n"
        done = self.run_with(text, "--print-config", "--runtime.workers", "2", "--runtime.tenant_weights.free=0.5",
                             GANTRY_SERVER_RUNTIME_WORKERS="3", GANTRY_SERVER_RUNTIME_GOAL="latency")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = tomllib.loads(done.stdout)["runtime"]
        self.assertEqual(shown, {"workers": 2, "cpus": 3, "goal": "latency", "tenant_weights": {"gold": 2.5, "free": 0.5}})
        for environment, flags, fragment in [
                ({}, ["--runtime.workers", "many"], "--runtime.workers: runtime.workers: expected"),
                ({}, ["--runtime.workers", "1\ncpus = 7"], "--runtime.workers: runtime.workers: expected"),
                ({}, ["--runtime.workers.few", "1"], "--runtime.workers.few: runtime.workers.few: unknown key"),
                ({}, ["--runtime.workerz", "1"], "--runtime.workerz: runtime.workerz: unknown key"),
                ({"GANTRY_SERVER_RUNTIME_CPUS": "-1"}, [], "GANTRY_SERVER_RUNTIME_CPUS: runtime.cpus: ")]:
            done = self.run_with(text, "--check-config", *flags, **environment)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(fragment, done.stderr)

    def test_the_readme_shows_the_defaults(self):
        done = subprocess.run([PROGRAM, "--print-config"], capture_output=True, text=True, check=True, env={})
        readme = pathlib.Path(__file__).resolve().parents[2].joinpath("examples/server/README.md").read_text()
        self.assertEqual(readme.split("```toml\n")[1].split("```")[0], done.stdout)

    def test_mistakes_have_their_line(self):
        for text, fragment in [
                ("[http]\n\nlisten_on = 1\n", "server.toml:3: unknown setting 'http.listen_on'; did you mean 'http.listen'?"),
                ("[http]\nio_threads = 0\n", "server.toml:2: http.io_threads: expected a whole number, 1 to 64, got 0"),
                ("[http]\nio_threads = 'two'\n", "server.toml:2: http.io_threads: expected a whole number, 1 to 64, got 'two'"),
                ("[https]\nport = 1\n", "server.toml:1: unknown setting 'https'"),
                ("[models]\nallow_failed = 1\n", "server.toml:2: models.allow_failed: expected true or false, got 1"),
                ("[runtime]\ncpus = 2\nworkerz = 3\n", "server.toml:3: runtime.workerz: unknown key"),
                ("[runtime]\n\n[runtime.tenant_weights]\ngold = -1\n", "server.toml:4: runtime.tenant_weights"),
                ("[http]\nlisten = []\n", "http.listen: expected an address"),
                ("[http]\nmax_body_bytes = 2000000\nmax_bytes_in_flight = 3000000\n", "http.max_bytes_in_flight: expected at least"),
                ("[http\n", "server.toml:1: ")]:
            done = self.run_with(text, "--check-config")
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(fragment, done.stderr)
        done = subprocess.run([PROGRAM, "--http.lisen", "x"], capture_output=True, text=True, check=False)
        self.assertIn("unknown flag '--http.lisen'; did you mean 'http.listen'?", done.stderr)
        done = subprocess.run([PROGRAM, "--config", "/absent.toml"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 64)

    def test_what_cannot_start_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([PROGRAM, "--models.directory", folder], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("has no package", done.stderr)
        done = subprocess.run([PROGRAM, "--models.directory", MODELS, "--http.listen", "nowhere", "--admin.listen", ""],
                              capture_output=True, text=True, check=False)
        self.assertIn("expected host:port", done.stderr)

    def test_healthcheck(self):
        with RunningServer(PROGRAM, MODELS) as server:
            for address in (f"127.0.0.1:{server.port}", "unix:" + server.socket_path):
                done = subprocess.run([PROGRAM, "--healthcheck", "--http.listen", address], capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([PROGRAM, "--healthcheck", "--http.listen", "unix:/absent.sock"], capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
