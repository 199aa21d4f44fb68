# SPDX-License-Identifier: Apache-2.0
"""Shared by the benchmarks of detection: programs that are controlled line by line, and tables in bench/README.md."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "examples" / "models")]
from run import write_section  # noqa: E402

LEAST_NS = 2e7  # of timed work in one turn


def cpu_ns(work, count):
    began = time.process_time_ns()
    for _ in range(count):
        work()
    return (time.process_time_ns() - began) / count


def times_of(ns):
    """The number of times that work of `ns` is done in one turn."""
    return max(1, round(LEAST_NS / ns))


class Worker:
    """A program that prints a line when it is ready, and answers `run N` with a line."""

    def __init__(self, command):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "OMP_NUM_THREADS": "1"})
        self.first_line = self.process.stdout.readline()
        if not self.first_line:
            raise SystemExit(f"{command[0]} ended")

    def ask(self, count):
        self.process.stdin.write(f"run {count}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def cpu_ns(self, count):
        """The CPU time of one piece of work, from a worker of worker.hpp."""
        return float(self.ask(count))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Peer(Worker):
    """A worker with the protocol of bench/engines/worker.cpp that writes its result to a file, {"detections": [..]}."""

    def __init__(self, command, dump):
        super().__init__(command)
        self.detections = json.loads(dump.read_text())["detections"]
        self.samples = []  # CPU ms

    def run(self, count=1):
        self.samples.append(json.loads(self.ask(count))["cpu_ns"] / 1e6)


def serve(detections, dump, version, call):
    """The other side of a Peer, in Python: writes the result of `call`, reports that it is ready, and obeys stdin."""
    Path(dump).write_text(json.dumps({"detections": detections}))
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"cpu_ns": cpu_ns(call, int(line.split()[1]))}), flush=True)


def pairs(worker, theirs, turns, unit, times=None):
    """CPU times of the worker and of `theirs` in turns, each a list in `unit` nanoseconds."""
    own, other = times_of(worker.cpu_ns(2)), times or times_of(cpu_ns(theirs, 2))
    samples = [(worker.cpu_ns(own), cpu_ns(theirs, other)) for _ in range(turns)]
    worker.end()
    return tuple([sample[side] / unit for sample in samples] for side in (0, 1))


def goal(faster, least):
    """The text in a table for a ratio that should be at least `least`."""
    return f">= {least}: {'yes' if float(faster.split()[0]) >= least else 'no'}"


def options_of(doc, package=None):
    """The options of a benchmark. `package`: the script of the --package that it needs."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    if package:
        parser.add_argument("--package", type=Path, required=True, help=f"of {package}")
    parser.add_argument("--quick", action="store_true", help="few turns: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="replaces the table in bench/README.md")
    return parser.parse_args()


def report(options, began, begin, end, text):
    """Prints the results, and writes them between two lines of bench/README.md. `began`: the machine at the start."""
    whole = f"{began}\n\n{text}\n"
    print(whole)
    if options.write:
        write_section(begin, end, whole)


