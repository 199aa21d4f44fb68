# SPDX-License-Identifier: Apache-2.0
"""gantry-server when clients, disk, descriptors or streams fail: python faults_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: not used. What takes minutes: abuse.py, and soak.py."""
import contextlib
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM  # noqa: E402

X = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
MESSAGE = json.dumps({"inputs": [X]}).encode()
LINE = b"POST /v2/models/affine/infer HTTP/1.1\r\nHost: x\r\n"


class Served(unittest.TestCase):
    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, MODELS, *cls.flags))

    def assert_serves(self, server=None):
        self.assertEqual((server or self.server).json("POST", "/v2/models/affine/infer", MESSAGE)[0], 200)


def is_readable(connection, seconds=0):
    return bool(select.select([connection], [], [], seconds)[0])


class Clients(Served):
    flags = ("--http.header_timeout_ms", "1500", "--http.transfer_timeout_ms", "1500", "--http.idle_timeout_ms", "2000",
             "--http.max_body_bytes", "100000", "--http.min_bytes_per_second", "1000000000")

    def flood(self, head, most):
        """(answer, bytes sent): sends until the server closes the connection, or `most` bytes."""
        answer, sent = b"", 0
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            connection.sendall(head)
            with contextlib.suppress(ConnectionError):
                while sent < most:
                    if is_readable(connection):
                        answer += connection.recv(65536)
                    sent += connection.send(b"x" * 65536)
            with contextlib.suppress(ConnectionError):
                while not answer and (data := connection.recv(65536)):
                    answer += data
        return answer, sent

    def trickle(self, head, tail):
        """What the server answers to `tail`, a byte each 20 ms."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            connection.sendall(head)
            for at in range(3000):
                if is_readable(connection, 0.02):
                    return connection.recv(65536)
                connection.sendall(tail[at % len(tail):][:1])
        raise AssertionError("the server waits for a slow client")

    def test_what_surrounds_chunks_is_bounded(self):
        for begin in (b"5;a=", b"0\r\nA: "):
            answer, sent = self.flood(LINE + b"Transfer-Encoding: chunked\r\n\r\n" + begin, 1 << 26)
            self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer)
            self.assertIn(b"trailers", answer)
            self.assertLess(sent, 1 << 26)
        self.assert_serves()

    def test_a_body_of_a_gigabyte_is_not_read(self):
        for head in (b"Content-Length: 1073741824\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n40000000\r\n"):
            answer, sent = self.flood(LINE + head, 1 << 30)
            self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)
            self.assertLess(sent, 1 << 26)
        self.assert_serves()

    def test_a_byte_at_a_time_is_too_slow(self):
        for head, tail in ((LINE, b"A: b\r\n"), (LINE + b"Content-Length: 90000\r\n\r\n", b"x"),
                           (LINE + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
                           (LINE + b"Transfer-Encoding: chunked\r\n\r\n9;", b"x")):
            self.assertTrue(self.trickle(head, tail).startswith(b"HTTP/1.1 408 "), head)
        self.assert_serves()

    def test_clients_that_close_in_the_middle(self):
        whole = LINE + b"Content-Length: %d\r\n\r\n" % len(MESSAGE) + MESSAGE
        for end in (5, len(LINE), len(whole) - 1, len(whole)):
            for linger in (b"\1\0\0\0\0\0\0\0", None):  # a reset, or an orderly end
                with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
                    connection.sendall(whole[:end])
                    if linger:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        for end in (0, 5, len(LINE), len(whole) - 1):
            self.assertEqual(self.server.raw(whole[:end], half_close=True), b"")
        self.assert_serves()

    def test_an_abort_is_cancelled_and_counted(self):
        def cancelled():
            page = self.server.ask("GET", "/metrics")[2].decode()
            found = re.search(r'gantry_pipeline_errors_total\{pipeline="slow",version="1",code="cancelled"\} (\d+)', page)
            return int(found[1]) if found else 0
        before = cancelled()
        message = json.dumps({"inputs": [{**X, "shape": [64, 4], "data": [0] * 256}]}).encode()
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
                connection.sendall(LINE.replace(b"affine", b"slow") + b"Content-Length: %d\r\n\r\n" % len(message) + message)
                wait_until(lambda: self.server.metric("gantry_requests_in_flight") > 0, "the request did not begin")
            wait_until(lambda: self.server.metric("gantry_requests_in_flight") == 0, "the request stays in flight")
        self.assertGreater(cancelled() - before, 2)  # samples, some of which may have been computed


class LargeAnswers(Served):
    flags = ("--http.max_body_bytes", "1048576", "--http.max_bytes_in_flight", "16777216", "--requests.max_samples", "100000",
             "--http.min_bytes_per_second", "1000000000", "--http.transfer_timeout_ms", "4000")
    head = json.dumps({"inputs": [{"name": "x", "shape": [60_000, 4], "datatype": "FP32",
                                   "parameters": {"binary_data_size": 960_000}}]}).encode()
    request = (LINE + b"Inference-Header-Content-Length: %d\r\nContent-Length: %d\r\n\r\n" % (len(head), len(head) + 960_000) +
               head + b"\xab\xcd\xef\x3f" * (4 * 60_000))

    def ask(self):
        """A connection that has asked for 2.6 MB, and does not read them."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(self.server.socket_path)
        connection.sendall(self.request)
        return connection

    def test_clients_that_do_not_read_are_cut_off_and_cannot_fill_the_memory(self):
        asked = [self.ask() for _ in range(8)]
        for one in asked:
            self.addCleanup(one.close)
            self.assertTrue(is_readable(one, 60))
        heads = [one.recv(200)[:12] for one in asked]
        self.assertEqual(set(heads), {b"HTTP/1.1 200", b"HTTP/1.1 503"})
        self.assertGreaterEqual(heads.count(b"HTTP/1.1 200"), 2)
        for head, one in zip(heads, asked, strict=True):  # those that were cut off have no end
            if head.endswith(b"200"):
                wait_until(lambda: len([line for line in self.server.log() if line["status"] == 200]) >= heads.count(b"HTTP/1.1 200"),
                           "the server waits for a client that does not read")
                size = 200
                with contextlib.suppress(ConnectionError):
                    while data := one.recv(1 << 20):
                        size += len(data)
                self.assertLess(size, 2_000_000)
        self.assert_serves()


class Descriptors(unittest.TestCase):
    def test_without_descriptors_it_serves_those_that_it_has(self):
        flags = ("--log.access", "", "--http.idle_timeout_ms", "600000")
        with RunningServer(PROGRAM, MODELS, *flags,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))) as server:
            self.assertIn("the process may have 64 files", "".join(server.messages))
            first = server.connect()
            first.request("GET", "/v2/health/live")
            self.assertEqual(first.getresponse().read(), b'{"live":true}')
            others = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
            wait_until(lambda: any("cannot accept" in line for line in server.messages), "it accepts 80 connections")
            for _ in range(20):
                first.request("POST", "/v2/models/affine/infer", MESSAGE)
                self.assertEqual(first.getresponse().read()[:1], b"{")
                time.sleep(0.05)  # it tries to accept, and fails, meanwhile
            for one in others:
                one.close()
            wait_until(lambda: server.json("GET", "/v2/health/live")[0] == 200, "it does not accept again")
            self.assertEqual(len([line for line in server.messages if "cannot accept" in line]), 1)
            first.close()

    def test_the_soft_limit_is_raised(self):
        limits = (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        with RunningServer(PROGRAM, MODELS, "--http.max_connections", "300",
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits)) as server:
            self.assertNotIn("ulimit", "".join(server.messages))
            others = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
            self.assertEqual(server.json("GET", "/v2/health/live")[0], 200)
            for one in others:
                one.close()


class AccessLog(unittest.TestCase):
    def ask(self, server, path):
        self.assertEqual(server.ask("GET", path)[0], 404)

    def test_a_full_disk_holds_no_request_up(self):
        with RunningServer(PROGRAM, MODELS, "--log.access", "/dev/full") as server:
            for _ in range(20):
                self.ask(server, "/nowhere")
            wait_until(lambda: any("cannot write" in line for line in server.messages), "no word about the log")
            self.assertIn("No space left on device", "".join(server.messages))
        self.assertEqual(len([line for line in server.messages if "cannot write" in line]), 1)

    def test_lines_that_were_lost_are_counted(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        with RunningServer(PROGRAM, MODELS, preexec_fn=limit) as server:
            for number in range(40):
                self.ask(server, f"/lost/{number}")
            wait_until(lambda: any("cannot write" in line for line in server.messages), "the limit is not reached")
            kept = len(server.log())
            server.log_path.write_text("")  # there is space again
            text = ""
            number = 0
            while "dropped_lines" not in text:
                self.assertLess(number, 100)
                self.ask(server, f"/new/{number}")
                number += 1
                time.sleep(0.02)
                text = server.log_path.read_text()
            wait_until(lambda: f"/new/{number - 1}" in server.log_path.read_text(), "a line is missing")
            lines = [json.loads(line) for line in server.log_path.read_text().splitlines() if line]
            dropped = [line["dropped_lines"] for line in lines if "dropped_lines" in line]
            self.assertEqual(kept + sum(dropped) + len(lines) - len(dropped), 40 + number)
            self.assertIn("works again", "".join(server.messages))

    def test_sighup_opens_the_log_that_was_renamed(self):
        with RunningServer(PROGRAM, MODELS) as server:
            old = server.log_path.with_suffix(".1")
            self.ask(server, "/one")
            wait_until(lambda: len(server.log()) == 1, "no line")
            server.log_path.rename(old)
            self.ask(server, "/two")
            wait_until(lambda: "/two" in old.read_text(), "the old file is not written on")
            server.process.send_signal(signal.SIGHUP)
            wait_until(server.log_path.exists, "the log is not opened anew")
            self.ask(server, "/three")
            wait_until(lambda: [line["path"] for line in server.log()] == ["/three"], "the new log is not written")
            self.assertNotIn("/three", old.read_text())
            server.log_path.unlink()
            server.log_path.mkdir()  # what cannot be opened
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: any("the old file stays in use" in line for line in server.messages), "no word about it")
            self.ask(server, "/four")
            server.log_path.rmdir()
            server.process.send_signal(signal.SIGHUP)
            wait_until(server.log_path.exists, "the log is not opened anew")


class StandardStreams(unittest.TestCase):
    @contextlib.contextmanager
    def serving(self, *flags, **options):
        """(process, path of the Unix socket)"""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "server.sock")
            process = subprocess.Popen([PROGRAM, "--models.directory", MODELS, "--http.listen", "unix:" + path, "--admin.listen",
                                        "", *flags], **options)
            try:
                wait_until(lambda: os.path.exists(path) or process.poll() is not None, "it does not start")
                yield process, path
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(timeout=60), 0)
            finally:
                process.kill()
                process.wait()

    def ask(self, path, times=1):
        for _ in range(times):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(60)
                connection.connect(path)
                connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = b""
                while data := connection.recv(65536):
                    answer += data
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b'\r\n\r\n{"live":true}'), answer)

    def test_closed_ones(self):
        def close():
            for descriptor in (0, 1, 2):
                os.close(descriptor)
        for target in ("stderr", "stdout"):
            with self.serving("--log.access", target, preexec_fn=close) as (process, path):
                self.ask(path, 20)
                self.assertEqual({os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (0, 1, 2)}, {"/dev/null"})

    def test_a_pipe_whose_reader_is_gone(self):
        reading, writing = os.pipe()
        with self.serving("--log.access", "stderr", stderr=writing, stdout=writing) as (_, path):
            os.close(reading)
            os.close(writing)
            self.ask(path, 20)

    def test_a_pipe_that_nobody_reads(self):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with self.serving("--log.access", "stderr", stderr=writing) as (_, path):
            os.set_blocking(writing, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writing, b"x")
            os.set_blocking(writing, True)
            self.ask(path, 20)
        os.close(reading)
        os.close(writing)


class Packages(unittest.TestCase):
    def models(self):
        models = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        models.chmod(0o755)
        shutil.copytree(pathlib.Path(MODELS, "affine"), models / "affine", symlinks=False)
        return models

    def refused(self, *fragments, models=MODELS, flags=(), **options):
        done = subprocess.run([PROGRAM, "--models.directory", str(models), "--http.listen", "127.0.0.1:0", "--admin.listen", "",
                               *flags], capture_output=True, text=True, timeout=60, check=False, **options)
        self.assertEqual(done.returncode, 1, done.stderr)
        for fragment in fragments:
            self.assertIn(fragment, done.stderr)

    def test_one_that_vanishes_is_served_on(self):
        models = self.models()
        with RunningServer(PROGRAM, models) as server:
            shutil.rmtree(models / "affine")
            self.assertEqual(server.json("POST", "/v2/models/affine/infer", MESSAGE)[0], 200)
            status, answer = server.json("POST", "/v2/repository/models/affine/load", "{}", port=server.admin_port)
            self.assertEqual(status, 404, answer)
            self.assertIn("no package affine/", answer["error"])
            self.assertEqual(server.json("POST", "/v2/models/affine/infer", MESSAGE)[0], 200)
            shutil.rmtree(models)
            self.assertEqual(server.json("POST", "/v2/models/affine/infer", MESSAGE)[0], 200)
            shutil.copytree(pathlib.Path(MODELS, "affine/10"), models / "affine/10")
            self.assertEqual(server.json("POST", "/v2/repository/models/affine/load", "{}", port=server.admin_port)[0], 200)
            self.assertEqual(server.json("POST", "/v2/models/affine/infer", MESSAGE)[0], 200)
            self.assertEqual(server.json("POST", "/v2/models/affine/versions/9/infer", MESSAGE)[0], 404)

    def test_directories_that_cannot_be_used(self):
        self.refused("models.directory", "/absent", "No such file or directory", models="/absent")
        with tempfile.NamedTemporaryFile() as file:
            self.refused("models.directory", "Not a directory", models=file.name)
            self.refused("golden_cache", file.name, models=self.models(), flags=("--models.golden_cache", file.name + "/cache"))

    def test_what_may_not_be_read(self):
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        if user and subprocess.run([PROGRAM, "--version"], capture_output=True, check=False, **user).returncode != 0:
            self.skipTest("'nobody' cannot run the program")
        for path in ("affine/9/gantry.json", "affine/9"):
            models = self.models()
            models.joinpath(path).chmod(0)
            self.refused("affine", "9", "Permission denied", models=models, **user)
            models.joinpath(path).chmod(0o755)
        models = self.models()
        models.chmod(0)
        self.refused("models.directory", "Permission denied", models=models, **user)
        models.chmod(0o755)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
