# SPDX-License-Identifier: Apache-2.0
"""Sides of a comparison as separate processes that take turns; turns.hpp is the other end. Answers are compared before
anything is timed. Figures are medians of the turns, with the range of all of them."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from run import machine, table  # noqa: E402,F401

WARM_UP_SECONDS = 0.4


class Side:
    """One process. `command` prints its answer and then serves `run` lines; `remove`, if given, cleans up what
    the process may leave behind."""

    def __init__(self, name, command, remove=None):
        self.name, self.remove = name, remove
        self.turns = []
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: ended with {self.process.wait()} before it was ready")
        return json.loads(line)

    def wait_until_ready(self):
        first = self.answer()
        self.output, self.note = first["output"], first["note"]

    def turn(self, callers, seconds, warm_up=WARM_UP_SECONDS):
        self.process.stdin.write(f"run {callers} {seconds} {warm_up}\n")
        self.process.stdin.flush()
        turn = self.answer()
        turn["latencies_us"].sort()
        return turn

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            if self.remove:
                subprocess.run(self.remove, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.process.kill()
            self.process.wait()


def compare(sides):
    """Ends the program unless all sides gave the same answer, to 0.1 %."""
    first = sides[0]
    for side in sides[1:]:
        same = len(side.output) == len(first.output) > 0 and all(
            abs(a - b) <= 1e-3 * max(1, abs(b)) for a, b in zip(side.output, first.output, strict=True))
        if not same:
            raise SystemExit(f"the answers of {side.name} and {first.name} differ")


def quantile_ms(turns, q):
    """A quantile of the latencies of all `turns`."""
    latencies = sorted(value for turn in turns for value in turn["latencies_us"])
    if not latencies:
        return float("nan")
    return latencies[min(len(latencies) - 1, int(q * len(latencies)))] / 1000


def rate(turn):
    """Requests per second. Callers only wait for answers, so it follows from the mean latency, even if a turn is not
    much longer than that."""
    return turn["callers"] * 1e6 * len(turn["latencies_us"]) / max(1, sum(turn["latencies_us"]))


def middle(values, digits=2):
    """The median with the range of all."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"
