#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a table of what a photo costs with several packages: CPU time, memory and the answer.

    python compare.py --programs build/bin --photo cat.jpg PACKAGE...

A package is measured with its first engine, in a separate process that only has this engine's libraries. The processes
of all packages take turns, so that other load on the machine affects all alike.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

PROGRAMS = {"executorch": "engine_costs_executorch", "torchscript": "engine_costs_libtorch",
            "aoti": "engine_costs_libtorch"}
ROUNDS, RUNS = 3, 20


class CannotMeasure(Exception):
    """A package cannot be measured; the message says why."""


def engine_of(package):
    """The kind of the first engine of the package's first model."""
    try:
        models = json.loads((package / "gantry.json").read_text(encoding="utf-8"))["models"]
        return next(iter(models.values()))["engines"][0]["kind"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise CannotMeasure(f"{package} is no package with a model: {error}") from None


def measure_once(programs, package, photo):
    """Runs engine_costs_<library> once, and returns what it prints."""
    engine = engine_of(package)
    program = programs / PROGRAMS.get(engine, "")
    if not program.is_file():
        raise CannotMeasure(f"no program for the engine '{engine}' in {programs}: its library was not there to build with")
    done = subprocess.run([program, package, photo, str(RUNS)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise CannotMeasure(said[-1] if said else f"{program.name} ended with status {done.returncode} and said nothing")
    return json.loads(done.stdout)


def measure(programs, packages, photo):
    """({package: what it costs}, {package: why it cannot be measured}); times in ms of CPU, memory in MB."""
    rounds = {package: [] for package in packages}
    problems = {}
    for _ in range(ROUNDS):
        for package in packages:
            if package not in problems:
                try:
                    rounds[package].append(measure_once(programs, package, photo))
                except CannotMeasure as problem:
                    problems[package] = str(problem)
    costs = {}
    for package, found in rounds.items():
        if package not in problems:
            times = [ms for one in found for ms in one["run_ms"]]
            costs[package] = {"engine": found[0]["engine"], "best": min(times), "median": statistics.median(times),
                              "first_answer": min(one["first_answer_ms"] for one in found),
                              "memory": max(one["peak_mb"] for one in found), "class": found[0]["classes"][0]}
    return costs, problems


def table(costs):
    """The lines of the table, the fastest engine first."""
    lines = [f"{'engine':12} {'ms a photo':>10} {'median':>7} {'first answer':>13} {'memory':>8}  best class"]
    for cost in sorted(costs.values(), key=lambda cost: cost["best"]):
        best = cost["class"]
        lines.append(f"{cost['engine']:12} {cost['best']:10.1f} {cost['median']:7.1f} {cost['first_answer'] / 1e3:11.2f} s "
                     f"{cost['memory']:5.0f} MB  {best['label']} {100 * best['score']:.2f} %")
    lines.append(f"CPU time, the least and the median of {ROUNDS * RUNS} photos; until a process has its first answer, its start, "
                 "the checks and the warm-up")
    lines.append("of the package included; the most memory that the process had")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=Path, required=True, help="the folder of engine_costs_*")
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("packages", type=Path, nargs="+", metavar="PACKAGE")
    options = parser.parse_args()
    costs, problems = measure(options.programs, options.packages, options.photo)
    if costs:
        print("\n".join(table(costs)))
    for package, problem in problems.items():
        print(f"{package}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
