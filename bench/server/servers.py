# SPDX-License-Identifier: Apache-2.0
"""The servers of server_bench.py: how each is started, and what it is asked for."""

import base64
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOUNDARY = b"gantrybenchmark"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """`mode` is "photo", "tensor" or "nothing". `deadline` is the header that carries a deadline in ms, if it has one."""
    name: str
    mode: str
    command: list
    path: str
    body: Path
    headers: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)
    address: str = ""
    deadline: str = ""
    can_be_stopped: bool = True   # by SIGSTOP while others are measured

    def start(self, log):
        self.started = time.monotonic()
        # A process group of its own, but not a session: the scheduler's groups stay as they were.
        self.process = subprocess.Popen([str(word) for word in self.command], env={**os.environ, **self.environment}, stdout=log,
                                        stderr=log, process_group=0, cwd=HERE / "peers")

    def processes(self):
        """Of the server and all its descendants."""
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    fields = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if fields[0] != "Z":
                    parents[int(entry)] = (int(fields[1]), int(fields[2]))
        found = {self.process.pid}
        while True:
            more = {pid for pid, (parent, group) in parents.items() if parent in found or group == self.process.pid} | found
            if more == found:
                return [pid for pid in found if pid in parents]
            found = more

    def signal(self, number):
        if not self.can_be_stopped and number in (signal.SIGSTOP, signal.SIGCONT):
            return
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def cpu_seconds(self):
        total = 0
        for pid in self.processes():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / TICKS

    def pss_mb(self):
        """Proportional set size: memory that several processes share counts once."""
        total = 0
        for pid in self.processes():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total / 1024

    def stop(self):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        end = time.monotonic() + 5
        while self.processes() and time.monotonic() < end:
            self.process.poll()
            time.sleep(0.05)
        self.signal(signal.SIGKILL)
        self.process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def binary_request(name, datatype, shape, raw):
    """Open Inference Protocol v2 with the binary extension: the body, and the length of its JSON."""
    head = json.dumps({"inputs": [{"name": name, "datatype": datatype, "shape": shape,
                                   "parameters": {"binary_data_size": len(raw)}}],
                       "parameters": {"binary_data_output": True}}).encode()
    return head + raw, len(head)


def write_bodies(directory, photo):
    """The same request as each server wants it."""
    import numpy
    directory.mkdir(parents=True, exist_ok=True)
    file = photo.read_bytes()
    tensor = numpy.random.default_rng(1).standard_normal((1, 3, 224, 224)).astype(numpy.float32)
    bodies = {"photo.jpg": file, "tensor.raw": tensor.tobytes()}
    heads = {}
    bodies["photo.triton"], heads["photo.triton"] = binary_request("x", "BYTES", [1, 1], len(file).to_bytes(4, "little") + file)
    bodies["tensor.triton"], heads["tensor.triton"] = binary_request("x", "FP32", [1, 3, 224, 224], tensor.tobytes())
    bodies["photo.json"] = json.dumps({"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [
        base64.b64encode(file).decode()]}]}).encode()
    bodies["tensor.json"] = json.dumps({"inputs": [{"name": "x", "shape": [1, 3, 224, 224], "datatype": "FP32", "data": [
        round(float(value), 6) for value in tensor.reshape(-1)]}]}).encode()
    for mode, raw in (("photo", file), ("tensor", tensor.tobytes())):
        bodies[f"{mode}.form"] = (b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n'
                                  b"Content-Type: application/octet-stream\r\n\r\n" + raw + b"\r\n--" + BOUNDARY + b"--\r\n")
    for name, body in bodies.items():
        (directory / name).write_bytes(body)
    return heads


def gantry(binary, packages, mode, bodies, heads):
    name = {"photo": "classify", "tensor": "logits", "nothing": "nothing"}[mode]
    port = free_port()
    body = bodies / ("photo.jpg" if mode == "photo" else "tensor.triton")
    headers = ["Content-Type: image/jpeg"] if mode == "photo" else [f"Inference-Header-Content-Length: {heads['tensor.triton']}"]
    return Server("gantry-server", mode,
                  [binary, "--models.directory", packages / mode, "--models.golden_cache", bodies / "golden", "--admin.listen", "",
                   "--log.access", "", "--http.listen", f"127.0.0.1:{port},unix:{bodies / (mode + '.sock')}", "--drain.delay_ms", "0"],
                  f"/v2/models/{name}/infer", body, headers, address=f"127.0.0.1:{port}", deadline="X-Request-Timeout-Ms")


def peers(pythons, onnx, mode, bodies, heads, work):
    """Those whose interpreter is in `pythons`: {"mosec": path, ...}."""
    environment = {"BENCH_ONNX": str(onnx), "BENCH_MODE": mode, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    raw, jsons, binary = bodies / ("photo.jpg" if mode == "photo" else "tensor.raw"), bodies / f"{mode}.json", bodies / f"{mode}.triton"
    found = []

    def add(name, python, command, path, body, headers=(), **options):
        port = free_port()
        found.append(Server(name, mode, [word.format(port=port) for word in [str(python), *command]], path, body, list(headers),
                            {**environment, **options.pop("environment", {})}, f"127.0.0.1:{port}", **options))
    if "mosec" in pythons:
        flags = ["mosec_app.py", "--address", "127.0.0.1", "--port", "{port}", "--timeout", "30000"]
        add("mosec", pythons["mosec"], flags, "/inference", raw)
        add("mosec, capacity 8", pythons["mosec"], [*flags, "--capacity", "8"], "/inference", raw)   # more get 429
    if "litserve" in pythons:
        add("LitServe", pythons["litserve"], ["litserve_app.py", "{port}"], "/predict", bodies / f"{mode}.form",
            [f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}"])
    if "kserve" in pythons:
        add("KServe", pythons["kserve"], ["kserve_app.py", "{port}"], "/v2/models/model/infer", jsons, ["Content-Type: application/json"])
    if "triton" in pythons:
        add_triton(add, pythons["triton"], mode, binary, heads[f"{mode}.triton"], work)
    return found


def add_triton(add, python, mode, body, head, work):
    """The server inside nvidia-pytriton, whose stub for this version of Python lies beside its backend."""
    where = "import importlib.util as u; print(u.find_spec('pytriton').submodule_search_locations[0])"
    home = Path(subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip(), "tritonserver")
    model = work / "triton" / mode / mode
    (model / "1").mkdir(parents=True, exist_ok=True)
    (model / "1/model.py").write_text((HERE / "peers/triton_model.py").read_text())
    types = ("TYPE_STRING dims:[1]", "TYPE_STRING dims:[1]") if mode == "photo" else ("TYPE_FP32 dims:[3,224,224]", "TYPE_FP32 dims:[1000]")
    (model / "config.pbtxt").write_text(
        f'name:"{mode}"\nbackend:"python"\nmax_batch_size:8\ninput [{{name:"x" data_type:{types[0]}}}]\n'
        f'output [{{name:"y" data_type:{types[1]}}}]\ninstance_group[{{count:2 kind:KIND_CPU}}]\n'
        "dynamic_batching{max_queue_delay_microseconds:2000}\n")
    packages = subprocess.run([python, "-c", "import site; print(site.getsitepackages()[0])"], check=True, capture_output=True,
                              text=True).stdout.strip()
    library = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"], check=True,
                             capture_output=True, text=True).stdout.strip()
    metrics, grpc = free_port(), free_port()
    # The command begins with its interpreter; `env` starts the server instead.
    add("Triton", "/usr/bin/env", [str(home / "bin/tritonserver"), "--model-repository", str(model.parent), "--backend-directory",
                                   str(home / "backends"), "--http-address", "127.0.0.1", "--http-port", "{port}", "--grpc-port",
                                   str(grpc), "--metrics-port", str(metrics)],
        f"/v2/models/{mode}/infer", body, [f"Inference-Header-Content-Length: {head}"], can_be_stopped=False,   # its health check would abort
        environment={"BENCH_PEERS": str(HERE / "peers"), "PYTHONPATH": packages, "LD_LIBRARY_PATH": library,
                     "PATH": str(Path(python).parent) + ":" + os.environ["PATH"]})
