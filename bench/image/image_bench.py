# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's image engine with Pillow, torchvision and OpenCV. `make bench-image` calls it; or

    python bench/image/image_bench.py --bin BUILD/bin --inputs BUILD/image-inputs [--quick] [--write] [--only TEXT]

Every peer is a separate process. They take turns, so that other load on the machine affects all alike. First the
results are compared: gantry's must equal the Python stack's bit for bit, or the run stops. Times are per image; a ratio
is the geometric mean over the turns of peer / gantry, with its 95 % interval. CPU time is that of the whole process.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

import inputs

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from run import machine, ratio, with_spread  # noqa: E402

OURS, PYTHON = "gantry", "torchvision on PIL"
PILLOW = [PYTHON, "Pillow + numpy", "torchvision v2"]
OPENCV = ["OpenCV linear + numpy", "OpenCV area + numpy"]
REDUCED = ["OpenCV reduced by 2", "OpenCV reduced by 4"]
LETTERBOX = ["OpenCV + numpy", "OpenCV + torch"]
FLOOR = "libjpeg-turbo alone"
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)
BEGIN, END = "## Image engine: measured\n", "<!-- end of the image engine's tables -->\n"


class Case:
    def __init__(self, title, case, size, kind, peers, goals, threads=1, count=4):
        self.title, self.case, self.size, self.kind, self.peers = title, case, size, kind, peers
        self.goals, self.threads, self.count = goals, threads, count


def at_least(factor):
    return f">= {factor}", lambda value: value >= factor


def at_most(factor):
    return f"<= {factor}", lambda value: value <= factor


JPEG_GOALS = {PYTHON: at_least(4), "faithful": at_least(1.5), REDUCED[0]: at_least(1), REDUCED[1]: at_least(1)}
OTHER_GOALS = {"faithful": at_least(0.952)}
CASES = [
    Case("JPEG 1920x1080 to 224x224", "jpeg", (1920, 1080), "jpg", [*PILLOW, *OPENCV, *REDUCED, FLOOR], JPEG_GOALS),
    Case("the same, 2 threads", "jpeg", (1920, 1080), "jpg", [*PILLOW, *OPENCV, *REDUCED], JPEG_GOALS, threads=2),
    Case("decoded 1920x1080 to 224x224", "buffer", (1920, 1080), "jpg", [*PILLOW, *OPENCV],
         {PYTHON: at_least(10), "faithful": at_least(1.5)}, count=10),
    Case("the same, 2 threads", "buffer", (1920, 1080), "jpg", [*PILLOW, *OPENCV],
         {PYTHON: at_least(10), "faithful": at_least(1.5)}, threads=2, count=10),
    Case("letterbox, decoded 1920x1080 to 640x640", "letterbox", (1920, 1080), "jpg", LETTERBOX,
         {LETTERBOX[0]: at_least(6)}, count=10),
    Case("the same, 2 threads", "letterbox", (1920, 1080), "jpg", LETTERBOX, {LETTERBOX[0]: at_least(6)}, threads=2,
         count=10),
    Case("JPEG 640x480 to 224x224", "jpeg", (640, 480), "jpg", [*PILLOW, *OPENCV], OTHER_GOALS, count=10),
    Case("JPEG 4000x3000 to 224x224", "jpeg", (4000, 3000), "jpg", [*PILLOW, *OPENCV], OTHER_GOALS, count=1),
    Case("PNG 1920x1080 to 224x224", "png", (1920, 1080), "png", [*PILLOW, *OPENCV], OTHER_GOALS, count=1),
    Case("32 JPEGs 640x480 over 2 threads", "jpeg", (640, 480), "jpg", [*PILLOW, *OPENCV], OTHER_GOALS, threads=2,
         count=16),
    Case("32 JPEGs 1920x1080 over 2 threads", "jpeg", (1920, 1080), "jpg", [*PILLOW, *OPENCV], OTHER_GOALS, threads=2,
         count=16),
]
MEGAPIXELS = {0.1: (365, 274), 0.3: (640, 480), 1: (1156, 867), 2: (1920, 1080), 6: (2828, 2121), 12: (4000, 3000),
              24: (5656, 4242), 48: (8000, 6000)}


class Worker:
    """A process that does the work of one peer; `case` prepares it, unless its command line did."""

    def __init__(self, process, case=None):
        self.process, self.samples = process, []
        answer = self.ask(" ".join(map(str, case))) if case else self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{process.args} failed")
        self.version = json.loads(answer)["version"]

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def run(self, count):
        self.samples.append(json.loads(self.ask(f"run {count}")))

    def column(self, name):
        return [sample[name] / 1e6 for sample in self.samples]


class Processes:
    """Python peers live as long as the benchmark, programs as long as their case."""

    def __init__(self):
        self.peers, self.programs = {}, []

    def open(self, command):
        return subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def program(self, command):
        self.programs.append(self.open(command))
        return Worker(self.programs[-1])

    def peer(self, name, case):
        if name not in self.peers:
            self.peers[name] = self.open([sys.executable, Path(__file__).with_name("peers.py"), name])
        return Worker(self.peers[name], case)

    def end_case(self):
        for process in self.programs:
            process.stdin.close()
            process.wait()
        self.programs.clear()


def needed_part(width, height):
    """Rows and columns that bilinear Resize(256), CenterCrop(224) reads."""
    short = min(width, height)
    scale = short / 256
    parts = []
    for side in (height, width):
        resized = 256 if side == short else int(256 * side / short)
        first = round((resized - 224) / 2)
        begin = max(0, int((first + 0.5) * side / resized - scale + 0.5))
        end = min(side, int((first + 223.5) * side / resized + scale + 0.5))
        parts += [begin, end - begin]
    return parts


def start(name, case, path, options):
    dump = options.inputs / f"{name.replace(' ', '_')}.f32"
    if name == OURS:
        return options.processes.program([options.bin / "bench_image_worker", case.case, path, case.threads, dump]), dump
    if name == FLOOR:
        return options.processes.program([options.bin / "bench_image_floor", path, *needed_part(*case.size)]), None
    return options.processes.peer(name, ["case", case.case, path, case.threads, dump]), dump


def differences(case, dumps):
    """Each result's largest difference from the Python stack, in steps of a byte, and the share that differs."""
    side = 640 if case.case == "letterbox" else 224
    reference = np.fromfile(dumps[case.peers[0]], np.float32).reshape(3, side, side)
    unit = 255 if case.case == "letterbox" else STD * 255
    result = {}
    for name, dump in dumps.items():
        values = np.fromfile(dump, np.float32).reshape(3, side, side)
        if name == OURS and values.tobytes() != reference.tobytes():
            raise SystemExit(f"{case.title}: gantry's result differs from that of {case.peers[0]}")
        gap = np.abs((values - reference) * unit)
        result[name] = float(gap.max()), float((gap > 0.5).mean())
    return result


def measure(case, options):
    path = inputs.make(options.inputs, *case.size, case.kind)
    workers, dumps = {}, {}
    for name in [OURS, *case.peers]:
        workers[name], dump = start(name, case, path, options)
        if dump:
            dumps[name] = dump
    gaps = differences(case, dumps)
    rounds, names = (3 if options.quick else 25), list(workers)
    for turn in range(rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            workers[name].run(1 if options.quick else case.count)
    options.processes.end_case()
    return workers, gaps


def goal_of(case, name, faithful, cpu_ratio):
    goal = case.goals.get(name) or (case.goals.get("faithful") if name == faithful else None)
    if name == FLOOR:
        text, holds = at_most(1.15)
        return f"gantry / floor {text}: {'yes' if holds(1 / cpu_ratio) else 'no'}"
    return f"{goal[0]}: {'yes' if goal[1](cpu_ratio) else 'no'}" if goal else ""


def table(case, workers, gaps):
    ours = workers[OURS].column("cpu_ns")
    cpu = {name: statistics.median(worker.column("cpu_ns")) for name, worker in workers.items()}
    close = [name for name, (step, _) in gaps.items() if name != OURS and step <= 1.01]
    faithful = min(close, key=cpu.get)
    rows = [("", "CPU ms", "wall ms", "CPU time / gantry's", "largest difference, share", "goal")]
    for name, worker in workers.items():
        times = worker.column("cpu_ns")
        step, share = gaps.get(name, (None, None))
        gap = "" if step is None else "none" if step == 0 else f"{step:.0f}, {100 * share:.1f} %"
        text = "" if name == OURS else ratio(times, ours)
        mark = " (fastest within 1)" if name == faithful else ""
        rows.append((name + mark, with_spread(times), with_spread(worker.column("wall_ns")), text, gap,
                     "" if name == OURS else goal_of(case, name, faithful, float(text.split()[0]))))
    return markdown(rows)


def markdown(rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], ("---",) * len(rows[0]), *rows[1:]])


def sizes(options):
    """The cost of an image by its size, for gantry alone."""
    rows = [("megapixels", "JPEG, ms", "ns per pixel", "decoded, ms", "ns per pixel")]
    for megapixels, size in MEGAPIXELS.items():
        if options.quick and megapixels > 12:
            continue
        row = [f"{megapixels}"]
        for name in ("jpeg", "buffer"):
            case = Case("", name, size, "jpg", [], {})
            worker, _ = start(OURS, case, inputs.make(options.inputs, *size, "jpg"), options)
            for _ in range(3 if options.quick else 9):
                worker.run(max(1, int(4 / megapixels)))
            options.processes.end_case()
            times = worker.column("cpu_ns")
            row += [with_spread(times), f"{statistics.median(times) * 1e6 / (size[0] * size[1]):.2f}"]
        rows.append(tuple(row))
    return markdown(rows)


def chart(results):
    """A bar chart of the CPU time per image of every peer, as SVG."""
    bar, left, scale_width = 16, 230, 480
    y, parts = 10, []
    for title, workers in results:
        times = {name: statistics.median(worker.column("cpu_ns")) for name, worker in workers.items()}
        largest = max(times.values())
        parts.append(f'<text x="10" y="{y + 12}" font-weight="bold">{title}</text>')
        y += 20
        for name, ms in times.items():
            colour = "#2a6f97" if name == OURS else "#b0bec5"
            width = max(1, scale_width * ms / largest)
            parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{name}</text>')
            parts.append(f'<rect x="{left}" y="{y}" width="{width:.0f}" height="{bar - 2}" fill="{colour}"/>')
            parts.append(f'<text x="{left + width + 6:.0f}" y="{y + 12}">{ms:.2f} ms</text>')
            y += bar
        y += 14
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{y}" font-family="sans-serif" '
            f'font-size="12"><rect width="800" height="{y}" fill="white"/>{"".join(parts)}</svg>\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--inputs", type=Path, required=True, help="folder for the photos that are made")
    parser.add_argument("--quick", action="store_true", help="few turns: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="put tables and chart into bench/README.md, too")
    parser.add_argument("--only", default="", help="cases whose title holds this text")
    options = parser.parse_args()
    options.inputs = options.inputs.resolve()
    options.inputs.mkdir(parents=True, exist_ok=True)
    options.processes = Processes()
    text, results, versions = f"{machine()}", [], ""
    for case in CASES:
        if options.only not in case.title:
            continue
        print(f"measuring {case.title}", file=sys.stderr, flush=True)
        workers, gaps = measure(case, options)
        title = case.title if "the same" not in case.title else f"{results[-1][0]}{case.title.removeprefix('the same')}"
        results.append((title, workers))
        versions = next(worker.version for name, worker in workers.items() if name in PILLOW + LETTERBOX)
        text += f"\n\n**{title}**\n\n{table(case, workers, gaps)}"
    if not options.only:
        print("measuring the cost by size", file=sys.stderr, flush=True)
        text += f"\n\n**Cost by size, to 224x224, CPU time**\n\n{sizes(options)}"
    text = text.replace("\n\n", f"; {versions}\n\n", 1)
    print(text)
    if options.write:
        readme = Path(__file__).resolve().parents[1] / "README.md"
        head, rest = readme.read_text().split(BEGIN)
        picture = "\n\n![CPU time per image](image/image.svg)"
        readme.write_text(f"{head}{BEGIN}{text}{picture}\n{END}{rest.split(END)[1]}")
        Path(__file__).with_name("image.svg").write_text(chart(results))


if __name__ == "__main__":
    main()
