#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gantry-server beside other servers, one model, one machine, one run: `make bench-server` (bench/README.md).

    python bench/server/server_bench.py --bin build/bench/bin --packages DIR [--onnx FILE --peer mosec=PYTHON ...] [--quick]

A peer is named with the interpreter that has it: mosec, litserve, kserve (each with onnxruntime and opencv-python-headless),
triton (nvidia-pytriton). Servers take turns, those that wait are stopped (SIGSTOP), and the answers are compared before anything
is timed. CPU time per answer counts all of a server's processes; it holds on a busy machine, where rates do not.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "image")]
import inputs
from run import machine, table
from servers import Server, free_port, gantry, peers, write_bodies

CONNECTIONS = (1, 4, 16, 64)
DEADLINE_MS = 200


class Bench:
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        self.binaries = arguments.bin.resolve()
        self.log = (work / "servers.log").open("w")
        photo = inputs.make(work / "inputs", 640, 480, "jpg")
        self.bodies = work / "bodies"
        self.heads = write_bodies(self.bodies, photo)
        self.running = []

    def load(self, server, *flags, address=None):
        words = [self.binaries / "bench_server_http_load", address or server.address, server.path, server.body]
        for header in server.headers:
            words += ["--header", header]
        done = subprocess.run([str(word) for word in [*words, *flags]], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{server.name}: {done.stderr}")
        return json.loads(done.stdout)

    def start(self, server):
        """Starts it, waits for its first answer, and stops it. Returns how long that took, in seconds."""
        server.start(self.log)
        self.running.append(server)
        end = server.started + 90
        while time.monotonic() < end and server.process.poll() is None:
            try:
                first = self.load(server, "--connections", 1, "--seconds", 0.01, "--warm-up", 0)
            except SystemExit:
                first = {"answer": ""}
            if first["answer"]:
                server.cold_start = time.monotonic() - server.started
                server.answer = first["answer"]
                self.load(server, "--connections", 16, "--seconds", 1)
                server.memory = server.pss_mb()
                server.signal(signal.SIGSTOP)
                return
            time.sleep(0.02)
        raise SystemExit(f"{server.name} does not answer; see {self.log.name}")

    def turn(self, server, *flags, address=None):
        server.signal(signal.SIGCONT)
        before = server.cpu_seconds()
        turn = self.load(server, *flags, address=address)
        turn["cpu_ms"] = 1e3 * (server.cpu_seconds() - before) / max(1, turn["answers"])
        time.sleep(0.1)
        server.signal(signal.SIGSTOP)
        return turn

    def stop(self):
        for server in self.running:
            server.stop()
        self.running.clear()


def classes(server):
    """Index and score of the best class, whatever the form of the answer."""
    text = server.answer[server.answer.index("{"):]
    if server.name == "Triton":   # JSON, then the binary string: its length in four bytes, and JSON
        text = text[text.index("[{\"index"):]
        return json.JSONDecoder().raw_decode(text)[0][0]
    value = json.loads(text)
    if "outputs" in value:
        return json.loads(value["outputs"][0]["data"][0])[0]
    return value["classes"][0]


def check_photos(servers):
    """All see the same class. OpenCV scales pictures in another way than Pillow, so scores differ a little."""
    first = classes(servers[0])
    for server in servers[1:]:
        other = classes(server)
        if other["index"] != first["index"] or abs(other["score"] - first["score"]) > 0.1:
            raise SystemExit(f"{server.name} says {other}, {servers[0].name} says {first}")


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def compare(bench, mode, servers):
    """The table of `mode`, and each server's capacity: its median rate at its best number of connections."""
    for server in servers:
        bench.start(server)
    if mode == "photo":
        check_photos(servers)
    turns = {(server.name, count): [] for server in servers for count in CONNECTIONS}
    for turn in range(bench.arguments.rounds):
        for count in CONNECTIONS:
            for server in servers[turn % len(servers):] + servers[:turn % len(servers)]:
                if server.name.endswith("capacity 8") and count > 4:
                    continue   # it refuses the rest
                turns[server.name, count].append(bench.turn(server, "--connections", count, "--seconds", bench.arguments.seconds,
                                                            "--warm-up", 1.5 if count >= 64 else 0.6))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    names = [server.name for server in servers if not server.name.endswith("capacity 8")]
    rows = []
    for server in servers:
        if server.name not in names:
            continue
        cells = []
        for count in CONNECTIONS:
            of = turns[server.name, count]
            failed = {outcome: n for turn in of for outcome, n in turn["outcomes"].items() if outcome != "200"}
            cells.append("{:.0f}, {:.1f}, {:.1f}".format(*(statistics.median(turn[key] for turn in of) for key in (
                "answers_per_second", "p50_ms", "p99_ms"))) + "".join(f", {n} {outcome}" for outcome, n in failed.items()))
        cpu = statistics.median(turn["cpu_ms"] for turn in turns[server.name, 16])
        rows.append([server.name, *cells, f"{cpu:.1f}", f"{server.cold_start:.2f}", f"{server.memory:.0f}"])
    others = names[1:]
    if others:
        for key, best, text in (("answers_per_second", max, "answers/s, of the best other"), ("p99_ms", min, "p99, of the best other")):
            cells = []
            for count in CONNECTIONS:
                ratios = [turns[names[0], count][i][key] / best(turns[name, count][i][key] for name in others)
                          for i in range(bench.arguments.rounds)]
                cells.append(spread(ratios))
            rows.append([text, *cells, "", "", ""])
    print(f"\n### {mode}\n")
    print(table([[f"{mode}; answers/s, p50 ms, p99 ms at", *(f"{count} connections" for count in CONNECTIONS),
                  "CPU ms an answer, at 16", "to the first answer, s", "PSS, MB"], *rows]))
    return {server.name: max(statistics.median(turn["answers_per_second"] for turn in turns[server.name, count])
                             for count in CONNECTIONS if turns[server.name, count]) for server in servers}


def overload(bench, servers, capacities):
    rows = []
    for server in servers:
        capacity = capacities[server.name]
        flags = ["--header", f"{server.deadline}: {DEADLINE_MS}"] if server.deadline else []
        shares, late = [], []
        for _ in range(bench.arguments.rounds):
            turn = bench.turn(server, "--rate", 2 * capacity, "--deadline-ms", DEADLINE_MS, "--seconds", bench.arguments.overload_seconds,
                              "--warm-up", 1, *flags)
            shares.append(turn["ok"] / bench.arguments.overload_seconds / capacity)
            server.signal(signal.SIGCONT)
            time.sleep(1)
            after = bench.turn(server, "--connections", 1, "--seconds", 1, "--warm-up", 0)
            late.append(after["max_ms"])
            last = turn
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(last["outcomes"].items()))
        rows.append([server.name, f"{capacity:.0f}", spread(shares), f"{last['p50_ms']:.0f}, {last['p99_ms']:.0f}", outcomes,
                     f"{max(late):.0f}"])
    print("\n### twice the capacity, 200 ms to each deadline\n")
    print(table([["server", "capacity, answers/s", "in time, of capacity", "p50, p99 of these, ms", "outcomes of the last run",
                  "1 s later, slowest answer, ms"], *rows]))


def floors(bench):
    """What the server adds to a request whose model does nothing, beside a loop that only reads and answers."""
    server = gantry(bench.binaries / "gantry-server", bench.arguments.packages.resolve(), "nothing", bench.bodies, bench.heads)
    bench.start(server)
    loops = {}
    unix = f"unix:{bench.bodies / 'floor.sock'}"
    for kind, address in (("TCP", f"127.0.0.1:{free_port()}"), ("Unix socket", unix)):
        loops[kind] = Server("floor", "nothing", [bench.binaries / "bench_server_floor", address], "/", server.body, address=address)
        bench.start(loops[kind])
    addresses = {"TCP": None, "Unix socket": f"unix:{bench.bodies / 'nothing.sock'}"}
    rows = []
    for kind, loop in loops.items():
        turns = {"gantry-server": [], "floor": []}
        for _ in range(3 * bench.arguments.rounds):
            turns["floor"].append(bench.turn(loop, "--connections", 1, "--seconds", 1))
            turns["gantry-server"].append(bench.turn(server, "--connections", 1, "--seconds", 1, address=addresses[kind]))
        extra = [1e3 * (mine["p50_ms"] - least["p50_ms"]) for mine, least in zip(turns["gantry-server"], turns["floor"], strict=True)]
        for name, of in turns.items():
            rows.append([kind, name, f"{1e3 * statistics.median(t['p50_ms'] for t in of):.0f}",
                         f"{1e3 * statistics.median(t['p99_ms'] for t in of):.0f}",
                         f"{1e3 * statistics.median(t['cpu_ms'] for t in of):.0f}",
                         f"{statistics.median(t['answers_per_second'] for t in of):.0f}",
                         f"{statistics.median(extra):.0f} ({min(extra):.0f}..{max(extra):.0f})" if name != "floor" else ""])
    print("\n### a model that does nothing: 602,112 bytes in, 16 out, one connection\n")
    print(table([["", "", "p50, us", "p99, us", "CPU us an answer", "answers/s", "p50 above the floor, us"], *rows]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True, help="made by packages.py")
    parser.add_argument("--onnx", type=Path)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--modes", default="photo,tensor,overload,floor")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--overload-seconds", type=float, default=10)
    parser.add_argument("--quick", action="store_true", help="half a minute, to see that it works")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds, arguments.overload_seconds = 1, 0.5, 1
    pythons = dict(peer.split("=", 1) for peer in arguments.peer)
    if pythons and not arguments.onnx:
        parser.error("--peer needs --onnx, the network for ONNX Runtime")
    print(machine())
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(arguments, Path(directory))
        modes = arguments.modes.split(",")
        try:
            for mode in ("photo", "tensor"):
                if mode not in modes:
                    continue
                packages = arguments.packages.resolve()
                servers = [gantry(bench.binaries / "gantry-server", packages, mode, bench.bodies, bench.heads)]
                servers += peers(pythons, arguments.onnx and arguments.onnx.resolve(), mode, bench.bodies, bench.heads, bench.work)
                capacities = compare(bench, mode, servers)
                if mode == "photo" and "overload" in modes:
                    overload(bench, servers, capacities)
                bench.stop()
            if "floor" in modes:
                floors(bench)
        except SystemExit:
            print(Path(bench.log.name).read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
