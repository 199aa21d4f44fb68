# SPDX-License-Identifier: Apache-2.0
"""RunningServer: a gantry-server of its own for a test, on a free port and a Unix socket."""
import http.client
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time


def wait_until(condition, what):
    """Fails after a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class RunningServer:
    def __init__(self, program, models, *flags, **options):
        """`options` are those of subprocess.Popen."""
        self.folder = tempfile.TemporaryDirectory()
        self.socket_path = str(pathlib.Path(self.folder.name) / "server.sock")
        self.log_path = pathlib.Path(self.folder.name) / "access.log"
        self.process = subprocess.Popen(
            [program, "--models.directory", str(models), "--http.listen", f"127.0.0.1:0,unix:{self.socket_path}",
             "--admin.listen", "127.0.0.1:0", "--log.access", str(self.log_path), *flags], stderr=subprocess.PIPE, text=True,
            **options)
        self.messages = []
        for line in self.process.stderr:
            self.messages.append(line)
            if "for gRPC" in line:
                if found := re.search(r"listening on .*:(\d+) for", line):
                    self.grpc_port = int(found[1])
                continue
            if found := re.search(r"admin listening on 127\.0\.0\.1:(\d+)", line):
                self.admin_port = int(found[1])
            elif found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
            if "listening on unix:" in line:
                break
        else:
            raise AssertionError("the server did not start: " + "".join(self.messages))
        self.reader = threading.Thread(target=lambda: self.messages.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(timeout=60)
        self.reader.join()
        self.process.stderr.close()
        self.folder.cleanup()
        if status not in (0, -signal.SIGKILL):
            raise AssertionError(f"the server ended with {status}: " + "".join(self.messages))

    def connect(self, port=None):
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)

    def ask(self, method, path, body=None, headers=None, port=None):
        """(status, headers, body)"""
        connection = self.connect(port)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None, headers=None, port=None):
        """(status, JSON)"""
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        status, _, text = self.ask(method, path, body, headers, port)
        return status, json.loads(text)

    def raw(self, *pieces, half_close=False, timeout=30):
        """Everything that the server answers to these bytes until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            for piece in pieces:
                connection.sendall(piece)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while data := connection.recv(65536):
                answer += data
            return answer

    def metric(self, name):
        _, _, page = self.ask("GET", "/metrics")
        for line in page.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError("no metric " + name)

    def resident_kb(self):
        """The process's memory (RSS)."""
        return int(re.search(r"VmRSS:\s*(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def log(self):
        """The whole lines: the server may be in the middle of writing the last one."""
        lines = self.log_path.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]
