#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Latency and throughput under CPU limits of Docker: gantry with default options, LibTorch left alone, and LibTorch
with hand-picked numbers of threads.

    .venv/bin/python bench/runtime/containers.py --bin build/bench/bin --package build/models/efficientnet-lite0/1

Every side is bench_runtime_worker in its own container under the same limit, so that no side uses another's quota. They
take turns; a side that waits for its turn computes nothing. The container only has this machine's /usr and the folders
of the program's libraries, read-only: no image is needed. For each limit and model the best of 1 and 2 threads x 1 and
2 calls at a time is picked first, by p99 over two turns each. The turns that count come later, so that the pick gains
nothing from a lucky turn.

It needs a Docker engine, and a Python with torch, which traces the small network.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path

from turns import Side, compare, machine, middle, quantile_ms, rate, table

IMAGE = "gantry-bench-empty"
LIMITS = {"--cpus=1": ["--cpus=1"], "--cpus=0.5": ["--cpus=0.5"], "--cpuset-cpus=0": ["--cpuset-cpus=0"], "none": []}
PICKS = ["1x1", "1x2", "2x1", "2x2"]


def pick_name(pick):
    threads, at_a_time = pick.split("x")
    return f"{threads} thread{'s' if threads != '1' else ''}, {at_a_time} at a time"


class Network:
    def __init__(self, name, path, inputs, outputs, dims, share):
        self.name, self.path, self.arguments = name, path, [path, inputs, outputs, dims]
        self.share = share  # of the seconds of a turn


def make_small_cnn(path):
    """Three convolutions over 64 x 64 pixels, 26 million multiplications: about a millisecond."""
    import torch
    from torch import nn
    warnings.simplefilter("ignore", FutureWarning)  # TorchScript is deprecated
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
                            nn.Conv2d(64, 64, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                            nn.Linear(64, 10))
    with torch.no_grad():
        torch.jit.trace(network.eval(), torch.zeros(1, 3, 64, 64)).save(path)


def make_image():
    """An image that contains only the links in the root of a Debian."""
    inspect = ["docker", "image", "inspect", IMAGE]
    if subprocess.run(inspect, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        return
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("bin", "sbin", "lib", "lib64"):
            if os.path.islink(f"/{name}"):
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, os.readlink(f"/{name}")
                tar.addfile(link)
    subprocess.run(["docker", "import", "-", IMAGE], input=archive.getvalue(), check=True, stdout=subprocess.DEVNULL)


def mounts(program, network):
    """What the container sees, all read-only and at the same paths as here."""
    libraries = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout
    folders = {"/usr", str(program.parent), str(network.path.parent)}
    folders |= {f"/{name}" for name in ("lib", "lib64") if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}")}
    for line in libraries.splitlines():
        path = line.partition("=> ")[2].rpartition(" (")[0]
        for file in {path, os.path.realpath(path)} if path else ():
            folders.add(os.path.normpath(os.path.dirname(file)))
    folders -= {f for f in folders if f != "/usr" and f.startswith(("/usr/", "/lib/", "/lib64/"))}
    return [word for path in [*sorted(folders), "/etc/ld.so.cache"] for word in ("-v", f"{path}:{path}:ro")]


def start(program, network, limit, side, name):
    container = f"gantry-bench-{os.getpid()}-{side}"
    command = ["docker", "run", "--rm", "-i", "--network=none", f"--name={container}", *LIMITS[limit],
               *mounts(program, network), IMAGE, program, side, *network.arguments]
    return Side(name, command, ["docker", "rm", "-f", container])


def measure(program, network, limit, options):
    """The rows of the table for one network under one limit."""
    sides = {}
    try:
        for side in ["gantry", "default", *PICKS]:
            name = {"gantry": "gantry", "default": "LibTorch, default"}.get(side) or f"LibTorch, {pick_name(side)}"
            sides[side] = start(program, network, limit, side, name)
        for side in sides.values():
            side.wait_until_ready()
        compare(list(sides.values()))
        seconds = options.seconds * network.share * (2 if limit == "--cpus=0.5" else 1)
        # Not counted: gantry finds out which batches pay.
        sides["gantry"].turn(options.callers, seconds)
        sides["default"].turn(options.callers, seconds / 2)
        trials = {pick: [] for pick in PICKS}
        for _ in range(2):
            for pick in PICKS:
                trials[pick].append(sides[pick].turn(options.callers, seconds / 2))
        best = min(PICKS, key=lambda pick: quantile_ms(trials[pick], 0.99))
        measured = ["gantry", "default", best]
        for number in range(options.rounds):
            for side in measured if number % 2 == 0 else measured[::-1]:
                sides[side].turns.append(sides[side].turn(options.callers, seconds))
    finally:
        for side in sides.values():
            side.close()

    def ratios(side, of, figure):
        return [figure(a) / figure(b) for a, b in zip(sides[side].turns, sides[of].turns, strict=True)]

    def p99(turn):
        return quantile_ms([turn], 0.99)
    rows = []
    for side in measured:
        turns = sides[side].turns
        periods, throttled = sum(t["periods"] for t in turns), sum(t["throttled"] for t in turns)
        what = sides[side].name + (f" ({sides[side].note})" if side == "default" else "")
        spread = f"({min(map(p99, turns)):.2f}..{max(map(p99, turns)):.2f})"
        rows.append([
            limit, network.name, what, f"{quantile_ms(turns, 0.5):.2f}", f"{quantile_ms(turns, 0.99):.2f} {spread}",
            middle([rate(turn) for turn in turns], 1),
            "" if side == best else middle(ratios(side, best, p99)),
            "" if side == best else middle(ratios(side, best, rate)),
            f"{throttled} of {periods}" if periods else ""])
    print(f"{limit}, {network.name}: {sides['gantry'].note}; trials, p99 in ms: " +
          ", ".join(f"{pick_name(pick)}: {quantile_ms(trials[pick], 0.99):.2f}" for pick in PICKS), flush=True)
    summary = {
        "p99 of gantry / hand-picked": statistics.median(ratios("gantry", best, p99)),
        "p99 of default / gantry": statistics.median(ratios("default", "gantry", p99)),
        "throughput of gantry / default": statistics.median(ratios("gantry", "default", rate))}
    return rows, [limit, network.name, *(f"{value:.2f}" for value in summary.values())], list(summary)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True, help="of EfficientNet-lite0")
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="of a turn; half of it for the small network, and twice as much under --cpus=0.5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limits", help=f"some of: {' '.join(LIMITS)}; separated by commas")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, not how fast")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 0.3, 1
    try:
        subprocess.run(["docker", "info"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("no Docker engine answers: `docker info` must work for this user")
    program = (options.bin / "bench_runtime_worker").resolve()
    began = machine()
    make_image()
    with tempfile.TemporaryDirectory() as work:
        small = Path(work, "small_cnn.ts")
        make_small_cnn(small)
        networks = [Network("small CNN", small, "x:f32[batch,3,64,64]", "y:f32[batch,10]", "3,64,64",
                            0.5),
                    Network("EfficientNet-lite0", (options.package / "model.ts").resolve(),
                            "image:f32[batch,3,224,224]", "logits:f32[batch,1000]", "3,224,224", 1)]
        rows, ratios = [], []
        for network in networks:
            for limit in options.limits.split(",") if options.limits else LIMITS:
                more, ratio, names = measure(program, network, limit, options)
                rows += more
                ratios.append(ratio)
    print(f"\n{began}; {options.callers} callers\n")
    print(table([["limit", "network", "", "p50 ms", "p99 ms", "requests/s", "p99 / hand-picked",
                  "requests/s / hand-picked", "throttled periods"], *rows]))
    print()
    print(table([["limit", "network", *names], *ratios]))


if __name__ == "__main__":
    main()
