#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and prints the table of bench/README.md as markdown. `make bench` calls it; or

    python bench/run.py --bin build/bench/bin --package build/models/efficientnet-lite0/1 [--quick] [--write]

Everything that is compared is measured in one run of this script, in turns. A figure is the median of the repetitions;
the spread after it is the range of their middle half. Ratios have a 95 % interval (of the mean logarithm of the paired
ratios, by Student's t, which is normal for these counts).
"""

import argparse
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

MEASURED = "## Measured\n"


def middle_half(values):
    values = sorted(values)
    return values[len(values) // 4], values[-1 - len(values) // 4]


def with_spread(values, digits=2):
    low, high = middle_half(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


def ratio(ours, theirs):
    """The geometric mean of the paired ratios, with its 95 % interval."""
    logs = [math.log(a / b) for a, b in zip(ours, theirs, strict=True)]
    mean, error = statistics.fmean(logs), 1.96 * statistics.stdev(logs) / math.sqrt(len(logs))
    return f"{math.exp(mean):.3f} ({math.exp(mean - error):.3f}..{math.exp(mean + error):.3f})"


def table(rows):
    """A markdown table; the first row is its head."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], ("---",) * len(rows[0]), *rows[1:]])


def write_section(begin, end, text):
    """Writes the text between two lines of bench/README.md."""
    readme = Path(__file__).with_name("README.md")
    head, rest = readme.read_text().split(begin)
    readme.write_text(f"{head}{begin}\n{text}{end}{rest.split(end)[1]}")


def google_benchmark(program, repetitions, quick):
    """Nanoseconds of each repetition by benchmark name: wall time where threads wait for each other (real_time), else
    the thread's CPU time. The benchmarks of one program run in random turns."""
    command = [program, "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
               "--benchmark_enable_random_interleaving=true", f"--benchmark_min_time={0.02 if quick else 0.1}"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    times = {}
    for run in report["benchmarks"]:
        if run.get("error_occurred"):
            raise SystemExit(f"{run['name']}: {run['error_message']}")
        if run["run_type"] == "iteration":
            name = run["name"].removesuffix("/real_time")
            times.setdefault(name, []).append(run["cpu_time" if name == run["name"] else "real_time"])
    return times


def plan_overhead(bin_dir, repetitions, quick):
    t = google_benchmark(bin_dir / "bench_plan_overhead", repetitions, quick)
    caller = [a - b for a, b in zip(t["pipeline_in_caller_execution"], t["written_out"], strict=True)]
    pooled = [(a - b) / 1000 for a, b in zip(t["pooled_run"], t["raw_round_trip"], strict=True)]
    return [
        ("a seven-stage chain in caller execution beside the same calls written out", "<= 1 us more",
         f"{with_spread(caller, 0)} ns more; {with_spread(t['pipeline_in_caller_execution'], 0)} ns in all"),
        ("of that: seven stages without a model", "", f"{with_spread(t['seven_callables_in_caller_execution'], 0)} ns"),
        ("a blocking pooled run beside a condition-variable round trip", "<= 5 us more",
         f"{with_spread(pooled)} us more; the round trip takes {with_spread([x / 1000 for x in t['raw_round_trip']])} us"),
    ]


def refusal(bin_dir, repetitions, quick):
    names = {"refuse_tensor/wrong_dtype": "a tensor of the wrong dtype", "refuse_tensor/wrong_shape": "a tensor of the wrong shape",
             "refuse_tensor/wrong_rank": "a tensor of the wrong rank", "refuse_bytes/empty": "no bytes",
             "refuse_bytes/no_picture": "4096 bytes that are no picture",
             "refuse_bytes/truncated_png": "a PNG that ends after its header",
             "refuse_bytes/png_bomb_60000_x_60000": "a PNG that claims 60000 x 60000 pixels"}
    times = google_benchmark(bin_dir / "bench_refusal", repetitions, quick)
    return [(f"refusing {what}", "< 20 us", f"{with_spread([x / 1000 for x in times[name]])} us")
            for name, what in names.items()]


def demo(bin_dir, package, photo, pairs):
    text = subprocess.run([bin_dir / "bench_demo", package, photo, str(pairs)], check=True, stdout=subprocess.PIPE).stdout
    t = json.loads(text)

    def row(what, ours, theirs):
        ms = [with_spread([x / 1000 for x in t[name]]) for name in (ours, theirs)]
        return (what, "about 1", f"ratio {ratio(t[ours], t[theirs])}; {ms[0]} ms and {ms[1]} ms")
    stages = ", ".join(f"{name} {us / 1000:.2f}" for name, us in t["stages"].items())
    return [row("the whole demo beside a hand-written loop, CPU time", "gantry_cpu_us", "handwritten_cpu_us"),
            row("the same, wall time", "gantry_wall_us", "handwritten_wall_us"),
            ("gantry's stages in it, ms", "", stages)]


def run_process(command):
    """Wall seconds, CPU seconds, peak RSS in MB, and the last line printed."""
    began = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} failed with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.strip().splitlines()[-1]


def startup(bin_dir, package, photo, runs):
    programs = {"gantry": [bin_dir / "bench_startup_gantry", package, photo],
                "without golden": [bin_dir / "bench_startup_gantry", package, photo, "--skip-golden"],
                "handwritten": [bin_dir / "bench_startup_handwritten", package, photo]}
    answers = {run_process(command)[3] for command in programs.values()}   # these runs also fill the page cache
    if len(answers) != 1:
        raise SystemExit(f"the answers differ: {answers}")
    measured = {name: [] for name in programs}
    for turn in range(runs):
        names = list(programs) if turn % 2 == 0 else list(programs)[::-1]
        for name in names:
            measured[name].append(run_process(programs[name]))

    def column(name, index):
        return [values[index] for values in measured[name]]
    rows = []
    for what, index, unit in (("wall time", 0, "s"), ("CPU time", 1, "s"), ("peak RSS", 2, "MB")):
        digits = 0 if unit == "MB" else 2
        values = ", ".join(f"{name} {with_spread(column(name, index), digits)} {unit}" for name in programs)
        plain = ratio(column("without golden", index), column("handwritten", index))
        rows.append((f"start to first right answer, {what}", "",
                     f"ratio {ratio(column('gantry', index), column('handwritten', index))}, "
                     f"without golden cases {plain}; {values}"))
    return rows


def machine():
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(": ", 1)[1]
            break
    return f"{name}, {len(os.sched_getaffinity(0))} CPUs, load {os.getloadavg()[0]:.1f} when it began"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--photo", type=Path, help="a PNG; default: scikit-image's cat")
    parser.add_argument("--quick", action="store_true", help="few repetitions: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md, too")
    options = parser.parse_args()
    photo = options.photo or Path(importlib.util.find_spec("skimage").submodule_search_locations[0], "data", "chelsea.png")
    began = machine()
    repetitions = 5 if options.quick else 25
    rows = plan_overhead(options.bin, repetitions, options.quick) + refusal(options.bin, repetitions, options.quick)
    if (options.bin / "bench_demo").exists():
        rows += demo(options.bin, options.package, photo, 20 if options.quick else 300)
        rows += startup(options.bin, options.package, photo, 3 if options.quick else 30)
    measured = table([("question", "goal", "measured"), *rows])
    print(f"{began}\n\n{measured}")
    if options.write:
        readme = Path(__file__).with_name("README.md")
        head = readme.read_text().split(MEASURED)[0]
        readme.write_text(f"{head}{MEASURED}{began}\n\n{measured}\n")


if __name__ == "__main__":
    main()
