# SPDX-License-Identifier: Apache-2.0
"""Compressed bodies of gantry-server: python compression_test.py SERVER MODELS

MODELS: what make_packages.py made."""
import gzip
import json
import pathlib
import random
import socket
import sys
import threading
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer  # noqa: E402

PROGRAM, MODELS = sys.argv[1:3]
PATH = "/v2/models/affine/infer"
LIMIT = 1 << 20
CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress}
PLAIN = {"gzip": gzip.decompress, "deflate": zlib.decompress}


def message(rows=1):
    """A request with `rows` samples, each 1, 2, 3, 4."""
    return json.dumps({"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32", "data": [1, 2, 3, 4] * rows}]}).encode()


class Served(unittest.TestCase):
    flags = ("--http.max_body_bytes", str(LIMIT), "--http.max_bytes_in_flight", str(4 * LIMIT))

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, MODELS, *cls.flags))

    def infer(self, body, **headers):
        return self.server.ask("POST", PATH, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def refused(self, status, reason, fragment, body, **headers):
        got, answer_headers, text = self.infer(body, **headers)
        answer = json.loads(text)
        self.assertEqual((got, answer["reason"]), (status, reason), answer)
        self.assertIn(fragment, answer["error"])
        return answer_headers


class Requests(Served):
    def test_compressed_bodies_are_read(self):
        for coding, compress in CODINGS.items():
            for rows in (1, 900):
                status, _, text = self.infer(compress(message(rows)), Content_Encoding=coding)
                self.assertEqual(status, 200, text[:300])
                self.assertEqual(json.loads(text)["outputs"][0]["data"], [3, 5, 7, 9] * rows)
        for coding in ("GZIP", "x-gzip"):
            self.assertEqual(self.infer(gzip.compress(message()), Content_Encoding=coding)[0], 200)
        self.assertEqual(self.infer(message(), Content_Encoding="identity")[0], 200)

    def test_a_body_of_chunks(self):
        body = gzip.compress(message())
        answer = self.server.raw(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
                                 b"Connection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (PATH.encode(), len(body), body))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)

    def test_several_members_of_gzip_are_one_body(self):
        text = message(100)
        body = gzip.compress(text[:50]) + gzip.compress(b"") + gzip.compress(text[50:])
        self.assertEqual(self.infer(body, Content_Encoding="gzip")[0], 200)

    def test_other_codings_are_refused_by_name(self):
        for coding in ("br", "zstd", "gzip, deflate"):
            headers = self.refused(415, "media_type", f"expected gzip or deflate, got '{coding}'", message(), Content_Encoding=coding)
            self.assertEqual(headers["Accept-Encoding"], "gzip, deflate")

    def test_garbage_is_refused(self):
        for coding, compress in CODINGS.items():
            body = compress(message(50))
            for broken in (message(), body[:-1], body[:len(body) // 2], body[:3], b"\0" * 100, body[:20] + b"\xff" * 20 + body[40:],
                           body + b"more"):
                self.refused(400, "invalid_argument", coding, broken, Content_Encoding=coding)
        self.refused(400, "invalid_argument", "it is cut off", gzip.compress(message())[:-1], Content_Encoding="gzip")
        self.refused(400, "invalid_argument", "4 bytes follow its end", zlib.compress(message()) + b"more", Content_Encoding="deflate")
        dictionary = zlib.compressobj(zdict=b"inputs")
        self.refused(400, "invalid_argument", "dictionary", dictionary.compress(message()) + dictionary.flush(),
                     Content_Encoding="deflate")

    def test_random_bytes_never_end_the_server(self):
        generator = random.Random(1)
        for _ in range(300):
            body = bytearray(gzip.compress(message(generator.randrange(1, 50))))
            for _ in range(generator.randrange(1, 5)):
                body[generator.randrange(10, len(body))] = generator.randrange(256)
            self.assertIn(self.infer(bytes(body), Content_Encoding="gzip")[0], (200, 400))

    def test_the_plain_size_has_the_limit_of_bodies(self):
        fits = message().ljust(LIMIT)
        for coding, compress in CODINGS.items():
            self.assertEqual(self.infer(compress(fits), Content_Encoding=coding)[0], 200)
            self.refused(413, "input_too_large", f"larger than {LIMIT} bytes", compress(fits + b" "), Content_Encoding=coding)
            bomb = compress(b"\0" * (50 * LIMIT))
            self.assertLess(len(bomb), LIMIT)
            self.refused(413, "input_too_large", f"larger than {LIMIT} bytes", bomb, Content_Encoding=coding)

    def test_a_client_that_goes_leaves_nothing(self):
        body = gzip.compress(b"\0" * LIMIT)
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
                connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" %
                                   (PATH.encode(), len(body), body))
        self.assertEqual(self.infer(gzip.compress(message()), Content_Encoding="gzip")[0], 200)


class Memory(Served):
    # room for the body of one request, compressed and plain, while it grows
    flags = ("--http.max_body_bytes", str(LIMIT), "--http.max_bytes_in_flight", str(2 * LIMIT))

    def test_plain_bodies_count_against_the_bytes_in_flight(self):
        slow = message(64).ljust(LIMIT)
        held = []
        thread = threading.Thread(target=lambda: held.append(self.server.ask(
            "POST", "/v2/models/slow/infer", gzip.compress(slow), {"Content-Encoding": "gzip"})))
        thread.start()
        while thread.is_alive() and self.server.metric("gantry_requests_in_flight") == 0:
            pass
        self.assertTrue(thread.is_alive(), held)
        headers = self.refused(503, "queue_full", "exceed the memory", gzip.compress(message().ljust(LIMIT)), Content_Encoding="gzip")
        self.assertEqual(headers["Retry-After"], "1")
        thread.join()
        self.assertEqual(self.infer(gzip.compress(message().ljust(LIMIT)), Content_Encoding="gzip")[0], 200)


class Answers(Served):
    def test_a_client_that_accepts_it_gets_it(self):
        _, headers, plain = self.infer(message(500))
        self.assertEqual((headers["Content-Encoding"], headers["Vary"]), (None, "Accept-Encoding"))
        for accepted, coding in (("gzip", "gzip"), ("deflate", "deflate"), ("br, gzip;q=0.5, deflate;q=0.8", "deflate"),
                                 ("deflate, GZIP", "gzip"), ("*", "gzip"), ("gzip;q=0, *;q=0.1", "deflate"),
                                 ("x-gzip", "gzip")):
            status, headers, body = self.infer(message(500), Accept_Encoding=accepted)
            self.assertEqual((status, headers["Content-Encoding"], headers["Vary"]), (200, coding, "Accept-Encoding"), accepted)
            self.assertEqual(int(headers["Content-Length"]), len(body))
            self.assertLess(len(body), len(plain) / 4)
            self.assertEqual(PLAIN[coding](body), plain)

    def test_others_do_not(self):
        for accepted in ("", "identity", "br, zstd", "gzip;q=0", "gzip;q=0, deflate;q=0", "*;q=0", "gzip;q=x", ";;,,;q=,"):
            status, headers, body = self.infer(message(500), Accept_Encoding=accepted)
            self.assertEqual((status, headers["Content-Encoding"]), (200, None), accepted)
            json.loads(body)

    def test_short_answers_are_sent_as_they_are(self):
        _, headers, _ = self.infer(message(), Accept_Encoding="gzip")
        self.assertEqual((headers["Content-Encoding"], headers["Vary"]), (None, None))

    def test_what_compression_makes_no_shorter_is_sent_as_it_is(self):
        sizes = {"fp32": 4, "fp64": 8, "fp16": 2, "bf16": 2, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8,
                 "bool_": 1}
        noise = {name: random.Random(1).randbytes(size * 300) for name, size in sizes.items()}
        noise["bool_"] = b"\1" * 300
        head = json.dumps({
            "inputs": [{"name": name, "shape": [100, 3], "datatype": name.strip("_").upper(),
                        "parameters": {"binary_data_size": len(data)}} for name, data in noise.items()],
            "outputs": [{"name": "uint8_out", "parameters": {"binary_data": True}},
                        {"name": "int64_out", "parameters": {"binary_data": True}}]}).encode()
        status, headers, body = self.server.ask("POST", "/v2/models/echo/infer", head + b"".join(noise.values()), {
            "Inference-Header-Content-Length": str(len(head)), "Accept-Encoding": "gzip"})
        coding, plain = headers["Content-Encoding"], body
        if coding:  # the JSON before the tensors is what shrinks
            plain = gzip.decompress(body)
        self.assertEqual(status, 200, body[:300])
        self.assertTrue(plain.endswith(noise["uint8"] + noise["int64"]))
        self.assertLessEqual(len(body), len(plain))

    def test_binary_tensors_keep_their_length_header(self):
        text = json.loads(message(500))
        text["parameters"] = {"binary_data_output": True}
        _, plain_headers, plain = self.infer(json.dumps(text))
        _, headers, body = self.infer(json.dumps(text), Accept_Encoding="gzip")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(headers["Inference-Header-Content-Length"], plain_headers["Inference-Header-Content-Length"])
        self.assertEqual(gzip.decompress(body), plain)

    def test_descriptions_are_sent_as_they_are(self):
        """Triton's asyncio client accepts compressed ones, and does not decompress them."""
        for path in ("/v2/models/echo", "/v2/models/stats"):
            _, headers, body = self.server.ask("GET", path, headers={"Accept-Encoding": "gzip"})
            self.assertGreater(len(body), 1024)
            self.assertEqual((headers["Content-Encoding"], headers["Vary"]), (None, None))

    def test_the_metrics_page_and_errors(self):
        _, headers, body = self.server.ask("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertIn(b"gantry_", gzip.decompress(body))
        status, headers, _ = self.server.ask("GET", "/v2/models/absent", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers["Content-Encoding"]), (404, None))


class Off(Served):
    flags = ("--http.compression_level", "0")

    def test_no_answer_is_compressed(self):
        _, headers, _ = self.infer(message(500), Accept_Encoding="gzip")
        self.assertEqual((headers["Content-Encoding"], headers["Vary"]), (None, None))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
