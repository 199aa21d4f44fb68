#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares gantry in process with LitServe over HTTP: one TorchScript file, f32 tensors in and out, 1 to 64 callers.

    python3 bench/runtime/beside_litserve.py --bin build/bench/bin --package build/models/efficientnet-lite0/1 \\
        [--python PYTHON] [--quick]

PYTHON is an interpreter that has torch and litserve (`pip install torch litserve python-multipart`); default: `python3`
on the PATH.

These are not the same thing: a request to LitServe goes through HTTP, and from the server's process to a worker's and
back; one to gantry does not. So two more sides separate the costs. LitServe with a model that does nothing, for the
same bodies, shows the limit of its HTTP here. If the callers keep all CPUs busy, a request's time minus that of one
that does nothing is about LitServe's time without HTTP. LibTorch in process, with one thread per call and one call per
CPU, is the engine without any server.

LitServe gets one worker per CPU with one thread each. It runs with max_batch_size 8 and the batch_timeout of 0.1 s from
its documentation of LitAPI; with 2 ms, since 0.1 s is a long wait with few callers; and without batches, its default.
The load is a C++ program with one connection per caller, and counts as LitServe's: it takes CPU that a remote client
would not take. Servers that wait for their turn are stopped (SIGSTOP).
"""

import argparse
import array
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from turns import Side, compare, machine, middle, quantile_ms, rate, table

BOUNDARY = "gantrybenchmark"
SIGNATURE = ["image:f32[batch,3,224,224]", "logits:f32[batch,1000]"]
DIMS = (3, 224, 224)
# max_batch_size and batch_timeout of LitAPI; whether the model is run
SERVERS = {
    "LitServe, no batches": (1, 0.0, 1),
    "LitServe, batches of 8, 0.1 s": (8, 0.1, 1),
    "LitServe, batches of 8, 2 ms": (8, 0.002, 1),
    "LitServe, a model that does nothing": (1, 0.0, 0),
}
NOTHING = "LitServe, a model that does nothing"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """LitServe in its own process group."""

    def __init__(self, name, python, model, log):
        self.name, self.port, self.log = name, free_port(), log
        arguments = [str(word) for word in (model, self.port, *SERVERS[name])]
        with open(log, "w") as file:
            program = Path(__file__).with_name("litserve_server.py")
            self.process = subprocess.Popen([python, program, *arguments], stdout=file, stderr=file,
                                            start_new_session=True)

    def wait_until_ready(self):
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as response:
                    if response.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        raise SystemExit(f"{self.name} did not start:\n" + Path(self.log).read_text()[-2000:])

    def send(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def close(self):
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        self.send(signal.SIGKILL)
        self.process.wait()


def write_body(path, count):
    """The input of turns.hpp as the file of a form, which is how LitServe accepts bytes."""
    state, values = 12345, array.array("f")
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 2**24)
    head = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="x"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n")
    path.write_bytes(head.encode() + values.tobytes() + f"\r\n--{BOUNDARY}--\r\n".encode())


def find_python(name):
    python = shutil.which(name)
    if python is None:
        raise SystemExit(f"there is no {name}")
    versions = "import litserve, python_multipart, torch; print(litserve.__version__, torch.__version__)"
    check = subprocess.run([python, "-c", versions], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if check.returncode != 0:
        raise SystemExit(f"{python} cannot import torch, litserve and python_multipart; `pip install torch litserve "
                         "python-multipart`, or --python with an interpreter that has them:\n"
                         f"{check.stderr.strip().splitlines()[-1]}")
    return python, "LitServe {}, torch {}".format(*check.stdout.split())


def without_http(rates, http):
    """The rates if each request were faster by the time of a request that does nothing."""
    return middle([1 / (1 / a - 1 / b) if a < b else float("inf") for a, b in zip(rates, http, strict=True)], 1)


def measure(options, python, version):
    began = machine()
    model = (options.package / "model.ts").resolve()
    worker, load = options.bin / "bench_runtime_worker", options.bin / "bench_runtime_http_load"
    arguments = [model, *SIGNATURE, ",".join(map(str, DIMS))]
    cpus = len(os.sched_getaffinity(0))
    engine = f"LibTorch in process, 1 thread, {cpus} at a time"
    names = ["gantry in process", engine, *SERVERS]
    servers, sides = {}, {}
    with tempfile.TemporaryDirectory() as work:
        try:
            body = Path(work, "body")
            write_body(body, DIMS[0] * DIMS[1] * DIMS[2])
            sides[names[0]] = Side(names[0], [worker, "gantry", *arguments])
            sides[engine] = Side(engine, [worker, f"1x{cpus}", *arguments])
            for index, name in enumerate(SERVERS):
                servers[name] = Server(name, python, model, Path(work, f"server{index}.log"))
            for name, server in servers.items():
                server.wait_until_ready()
                content_type = f"multipart/form-data; boundary={BOUNDARY}"
                sides[name] = Side(name, [load, server.port, "/predict", content_type, body])
            for side in sides.values():
                side.wait_until_ready()
            compare([side for name, side in sides.items() if name != NOTHING])
            for server in servers.values():
                server.send(signal.SIGSTOP)

            def turn(name, callers, seconds):
                if name in servers:
                    servers[name].send(signal.SIGCONT)
                result = sides[name].turn(callers, seconds)
                if name in servers:
                    time.sleep(0.1)  # for the rest of the last requests
                    servers[name].send(signal.SIGSTOP)
                return result
            turns = {(name, callers): [] for name in names for callers in options.callers}
            for name in names:  # gantry finds out which batches pay
                turn(name, max(options.callers), min(2, 2 * options.seconds))
            for number in range(options.rounds):
                for callers in options.callers:
                    for name in names if number % 2 == 0 else names[::-1]:
                        turns[name, callers].append(turn(name, callers, options.seconds))
        finally:
            for side in sides.values():
                side.close()
            for server in servers.values():
                server.close()

    rows = [["callers", "", "requests/s", "p50 ms", "p99 ms", "gantry's requests/s are times this",
             "requests/s without HTTP, estimated"]]
    for callers in options.callers:
        http = [rate(turn) for turn in turns[NOTHING, callers]]
        for name in names:
            mine, ours = turns[name, callers], turns[names[0], callers]
            rows.append([str(callers), name, middle([rate(t) for t in mine], 1), f"{quantile_ms(mine, 0.5):.1f}",
                         f"{quantile_ms(mine, 0.99):.1f}",
                         "" if mine is ours else middle([rate(a) / rate(b) for a, b in zip(ours, mine, strict=True)]),
                         without_http([rate(t) for t in mine], http)
                         if name in SERVERS and name != NOTHING and callers >= 2 * cpus else ""])
    print(f"{began}; {version}\n\n{table(rows)}\n\n"
          "Requests to LitServe go over HTTP on this machine; gantry and LibTorch are called in process.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True, help="of EfficientNet-lite0")
    parser.add_argument("--python", default="python3", help="an interpreter with torch and litserve")
    parser.add_argument("--callers", type=lambda text: [int(word) for word in text.split(",")], default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, not how fast")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 0.5, 1
    measure(options, *find_python(options.python))


if __name__ == "__main__":
    main()
