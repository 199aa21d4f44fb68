#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `make demo` after the build: packs EfficientNet-lite0 for every engine, compares the engines, shows the fastest
at work (classes, stage times, plan), and the table of all.

    python examples/demo.py --build build --photo cat.png

An engine that this machine cannot have is skipped, and the last lines say why. The exit status is 1 if an available
engine fails, or if none is left.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
sys.path.insert(0, str(EXAMPLES / "10_engine_costs"))
import compare  # noqa: E402

EXPORTER = EXAMPLES / "models" / "efficientnet_lite0.py"
# The quickest to pack first. The Makefile's targets for single engines use the same folders.
PACKAGES = {"torchscript": "efficientnet-lite0", "executorch": "efficientnet-lite0-executorch",
            "aoti": "efficientnet-lite0-aoti"}
HOSTS = {"torchscript": "01_classify", "aoti": "01_classify", "executorch": "09_small_host"}
CANNOT = 2   # the exporter's exit status if an engine is not available; 1: its package is wrong


def say(text):
    print(f"demo: {text}", flush=True)


def last_line(log):
    lines = [line.strip() for line in log.read_text(errors="replace").replace("\r", "\n").splitlines()]
    return next((line for line in reversed(lines) if line), "no reason given")


def run_with_progress(command, log):
    """Returns the exit status. Prints a line every ten seconds, to show that it still runs."""
    began = time.monotonic()
    with open(log, "w", encoding="utf-8") as output, \
            subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) as process:
        while True:
            try:
                return process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                print(f"  {time.monotonic() - began:4.0f} s  {last_line(log)[:100]}", flush=True)


def pack(build, engine):
    """The package, the exporter's exit status, and its log."""
    package, log = build / "models" / PACKAGES[engine] / "1", build / f"pack-{engine}.log"
    package.parent.mkdir(parents=True, exist_ok=True)
    say(f"packing EfficientNet-lite0 for {engine} into {package}" + (": a minute or two" if engine == "aoti" else "")
        + f" (log: {log})")
    status = run_with_progress([sys.executable, EXPORTER, "--out", package, "--engine", engine], log)
    return package, status, log


def show(build, package, engine, photo):
    """Shows what a host prints, then what the tool prints: stage times and the plan."""
    for command in ([build / "bin" / HOSTS[engine], package, photo],
                    [build / "bin" / "gantry", "run", package, photo, "--explain"]):
        print("+ " + " ".join(map(str, command)), flush=True)
        subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, required=True, help="the build directory, with bin/")
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--engine", action="append", choices=tuple(PACKAGES), help="may be repeated; all if it is not given")
    options = parser.parse_args()

    packages, skipped, failed, seconds = {}, {}, {}, {}
    for engine in options.engine or PACKAGES:
        program = options.build / "bin" / compare.PROGRAMS[engine]
        if not program.is_file():
            skipped[engine] = f"{program} was not built, since its library was not found ({options.build}/configure.log)"
            continue
        began = time.monotonic()
        package, status, log = pack(options.build, engine)
        seconds[f"packing {engine}"] = time.monotonic() - began
        if status == 0:
            packages[package] = engine
        else:
            (skipped if status == CANNOT else failed)[engine] = last_line(log)

    say(f"classifying {options.photo.name} {compare.ROUNDS * compare.RUNS} times with each engine")
    began = time.monotonic()
    costs, problems = compare.measure(options.build / "bin", list(packages), options.photo)
    seconds["measuring"] = time.monotonic() - began
    failed.update({packages[package]: problem for package, problem in problems.items()})
    if costs:
        fastest = min(costs, key=lambda package: costs[package]["best"])
        say(f"the fastest here is {packages[fastest]}:")
        show(options.build, fastest, packages[fastest], options.photo)
        print("\n" + "\n".join(compare.table(costs)))
    for word, engines in (("skipped", skipped), ("FAILED", failed)):
        for engine, reason in engines.items():
            say(f"{word}: {engine}: {reason}")
    say("time spent: " + ", ".join(f"{what} {spent:.0f} s" for what, spent in seconds.items()))
    return 1 if failed or not costs else 0


if __name__ == "__main__":
    sys.exit(main())
