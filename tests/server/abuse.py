# SPDX-License-Identifier: Apache-2.0
"""Everything at once that a server should survive: python abuse.py SERVER MODELS SECONDS

Clients that behave, and clients that send nonsense, stop in the middle, read slowly, or go; models are loaded and unloaded
meanwhile. Meant for a server that was built with a sanitizer, whose report fails it. MODELS: what make_packages.py made,
for any engine. gRPC takes part if the server has it, and if tritonclient is installed."""
import collections
import contextlib
import gzip
import importlib.util
import json
import os
import pathlib
import random
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer  # noqa: E402

REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|terminate called")
HEAD = "POST /v2/models/{}/infer HTTP/1.1\r\nHost: x\r\n"
PIECES = [b"POST ", b"GET ", b"/v2/models/affine/infer", b"/v2/status?plans=true", b" HTTP/1.1\r\n", b"Host: x\r\n",
          b"Content-Length: 5\r\n", b"Content-Length: 99999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n", b"5\r\n", b"ff;a=b\r\n",
          b"0\r\n\r\n", b'{"inputs":[', b"\x00\xff\xfe", b"Expect: 100-continue\r\n", b"Content-Encoding: gzip\r\n", b"\x1f\x8b\x08\0",
          b"Inference-Header-Content-Length: 7\r\n", b"X-Request-Timeout-Ms: 1\r\n", b"%zz", b"[" * 70, b"Connection: close\r\n"]


def message(rows, **more):
    return {"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32", "data": [1.5] * (4 * rows)}], **more}


class Clients:
    """Each method is one client's visit; `random` and the counts are shared."""

    def __init__(self, server):
        self.server = server
        self.counts = collections.Counter()
        self.random = random.Random(1)

    def connect(self):
        if self.random.random() < 0.3:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(60)
            connection.connect(self.server.socket_path)
            return connection
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=60)

    def count(self, status):
        self.counts[status] += 1

    def infer(self):
        headers = self.random.choice([{}, {"Accept-Encoding": "gzip"}, {"X-Request-Timeout-Ms": "2"}, {"X-Priority": "5"}])
        body = json.dumps(message(self.random.choice([1, 3, 300]))).encode()
        if self.random.random() < 0.3:
            body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
        self.count(self.server.ask("POST", f"/v2/models/{self.random.choice(['affine', 'affine', 'slow'])}/infer", body, headers)[0])

    def binary(self):
        rows = self.random.choice([1, 10, 1000])
        head = json.dumps({"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32",
                                       "parameters": {"binary_data_size": 16 * rows}}],
                           "parameters": {"binary_data_output": True}}).encode()
        wrong = self.random.choice([0, 0, 0, 1, -1, 10**9])
        self.count(self.server.ask("POST", "/v2/models/affine/infer", head + b"\1" * (16 * rows),
                                   {"Inference-Header-Content-Length": str(len(head) + wrong)})[0])

    def describe(self):
        path = self.random.choice(["/", "/v2", "/metrics", "/v2/status?plans=true", "/v2/models/affine/config", "/v2/models/stats",
                                   "/v2/health/ready", "/page/page.js", "/nowhere", "/v2/models/slow"])
        self.count(self.server.ask(self.random.choice(["GET", "HEAD", "PUT"]), path)[0])

    def picture(self):
        body = b"\x89PNG\r\n\x1a\n" + self.random.randbytes(200)
        self.count(self.server.ask("POST", "/v2/models/affine/infer", body, {"Content-Type": "image/png"})[0])

    def nonsense(self):
        with self.connect() as connection:
            connection.sendall(b"".join(self.random.choices(PIECES, k=self.random.randrange(1, 20))))
            if self.random.random() < 0.5:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        self.count("nonsense")

    def abort(self):
        """Goes away while it sends, while it waits, or while it is answered."""
        body = json.dumps(message(self.random.choice([64, 1000]))).encode()
        whole = HEAD.format(self.random.choice(["affine", "slow"])).encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        with self.connect() as connection:
            if self.random.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(whole[:self.random.choice([5, 80, len(whole) // 2, len(whole), len(whole)])])
            time.sleep(self.random.choice([0, 0.01, 0.2]))
        self.count("aborted")

    def slow(self):
        """A byte at a time in, and a few at a time out."""
        body = json.dumps(message(100)).encode()
        with self.connect() as connection:
            for byte in HEAD.format("affine").encode() + b"Content-Length: %d\r\n\r\n" % len(body):
                connection.send(bytes([byte]))
            connection.sendall(body)
            for _ in range(50):
                if not connection.recv(37):
                    break
                time.sleep(0.01)
        self.count("slow")

    def admin(self):
        model, what = self.random.choice(["affine", "slow", "absent"]), self.random.choice(["load", "load", "unload"])
        self.count(what + " " + str(self.server.ask("POST", f"/v2/repository/models/{model}/{what}", b"{}",
                                                    port=self.server.admin_port)[0]))
        if what == "unload":
            self.server.ask("POST", f"/v2/repository/models/{model}/load", b"{}", port=self.server.admin_port)

    def hangup(self):
        self.server.process.send_signal(1)
        self.server.log_path.unlink(missing_ok=True)

    def grpc(self):
        import grpc
        from tritonclient.grpc import service_pb2, service_pb2_grpc
        tensor = service_pb2.ModelInferRequest.InferInputTensor(name="x", datatype="FP32", shape=[2, 4])
        request = service_pb2.ModelInferRequest(model_name=self.random.choice(["affine", "slow", "absent"]), inputs=[tensor],
                                                raw_input_contents=[b"\1" * self.random.choice([32, 32, 32, 5])])
        with grpc.insecure_channel(f"127.0.0.1:{self.server.grpc_port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            for _ in range(5):
                call = stub.ModelInfer.future(request, timeout=self.random.choice([0.001, 0.05, 30]))
                if self.random.random() < 0.3:
                    call.cancel()
                with contextlib.suppress(grpc.FutureCancelledError):
                    self.count("gRPC " + str(call.code()))
        with socket.create_connection(("127.0.0.1", self.server.grpc_port), timeout=60) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + self.random.randbytes(50))


def main(program, models, seconds):
    has_grpc = importlib.util.find_spec("tritonclient") is not None and "--no-grpc" not in sys.argv
    flags = ["--http.transfer_timeout_ms", "2000", "--http.header_timeout_ms", "2000", "--http.max_body_bytes", "1000000",
             "--drain.delay_ms", "0", *(["--grpc.listen", "127.0.0.1:0"] if has_grpc else [])]
    with RunningServer(program, models, *flags) as server:
        clients = Clients(server)
        visits = [clients.infer] * 4 + [clients.binary] * 2 + [clients.describe, clients.picture, clients.nonsense, clients.abort,
                                                             clients.slow] + [clients.grpc] * has_grpc
        end = time.monotonic() + seconds
        failures = []

        def work(choices, pause=0.0):
            while time.monotonic() < end and server.process.poll() is None:
                try:
                    choices[clients.random.randrange(len(choices))]()
                except OSError:
                    clients.count("connection lost")
                except Exception as error:  # the script's own mistake
                    failures.append(repr(error))
                    return
                time.sleep(pause)
        threads = [threading.Thread(target=work, args=(visits,)) for _ in range(12)]
        threads += [threading.Thread(target=work, args=([clients.admin] * 20 + [clients.hangup], 0.3))]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        has_ended = server.process.poll()
        answers = has_ended is None and server.ask("GET", "/v2/health/live")[0] == 200
    for what, count in sorted(clients.counts.items(), key=str):
        print(f"{what}: {count}")
    reports = [line for line in server.messages if REPORT.search(line)]
    if reports or failures or not answers:
        print("".join(server.messages[-200:]), *failures, sep="\n")
        return f"FAILED: {len(reports)} lines of reports, exit status {has_ended}"
    print("survived")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
