# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's engines with ONNX Runtime and OpenVINO, called by hand from Python. `make bench-engines` calls it;
or

    python bench/engines/engines_bench.py --bin BUILD/bin --models BUILD/engine-models --package PACKAGE... [--quick]
        [--write] [--only TEXT]

Every engine is a separate process with one thread per call. They take turns, so that other load on the machine affects
all alike. Answers are compared first: a difference from eager PyTorch of more than 1e-3 of the largest value stops the
run. CPU time is that of the whole process, per call; a ratio is the geometric mean over the turns of gantry / ONNX
Runtime, with its 95 % interval. PACKAGE: one or several packages of EfficientNet-lite0 with its pre- and
postprocessing, which have its engines.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "image")]
import inputs as pictures  # noqa: E402
import models  # noqa: E402
from run import machine, middle_half, ratio, table, write_section  # noqa: E402

BEGIN, END = "## Engines: measured\n", "<!-- end of the engines' tables -->\n"
PEERS = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
OURS = {"executorch": "ExecuTorch", "aoti": "AOTInductor", "torchscript": "TorchScript"}
GOALS = {("lite0", 1): 1.03, ("resnet50", 1): 1.03, ("mobilenet_v3_large", 1): 1.03, ("minilm-128", 1): 0.95,
         ("minilm-16", 1): 1.05}
AOTI_GOALS = {("lite0", 1): 1.25, ("resnet50", 1): 1.06, ("minilm-128", 1): 0.95, ("mobilenet_v3_large", 1): 1.30}


class Worker:
    """One engine with one piece of work, ready to be timed; otherwise `problem` says why not."""

    def __init__(self, command, dump):
        self.samples, self.problem = [], ""
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if line:
            self.about = json.loads(line)
            self.answer = read_answer(dump)
            self.mapped_mb, self.peak_mb = mapped_megabytes(self.process.pid), peak_megabytes(self.process.pid)
        else:
            self.problem = self.process.stderr.read().strip().splitlines()[-1][-200:]

    def run(self, count):
        self.process.stdin.write(f"run {count}\n")
        self.process.stdin.flush()
        self.samples.append(json.loads(self.process.stdout.readline()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()

    def column(self, name):
        return [sample[name] / 1e6 for sample in self.samples]


def read_answer(path):
    data = path.read_bytes()
    return np.load(path).ravel() if data.startswith(b"\x93NUMPY") else json.loads(data)


def peak_megabytes(process):
    """The peak memory of the process itself; getrusage() would include its parent's before exec()."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in status.splitlines() if line.startswith("VmHWM:"))


def mapped_megabytes(process):
    """The size of the code files that the process has mapped: a container for it must hold them."""
    paths = {line.split(maxsplit=5)[5].strip() for line in Path(f"/proc/{process}/maps").read_text().splitlines()
             if len(line.split(maxsplit=5)) == 6}
    files = [Path(path) for path in paths if path.startswith("/")]
    return sum(path.stat().st_size for path in files if path.is_file() and (".so" in path.name or not path.suffix)) / 1e6


def program_of(engine, options):
    return options.bin / ("bench_engines_worker_executorch" if engine == "executorch" else "bench_engines_worker_torch")


def start(engines, folder, workers, batch, options, picture=None, packages=None):
    """{engine: Worker}, started one after the other."""
    started = {}
    for engine in engines:
        dump = options.models / f"{engine}.answer"
        dump.unlink(missing_ok=True)
        if engine in PEERS:
            command = [sys.executable, HERE / "peers.py", engine, folder, workers, batch, dump, *([picture] if picture else [])]
        else:
            known = json.loads((folder / "inputs.json").read_text())
            requests = [picture] if picture else [",".join(f"{name}={folder / f'{name}-{i}.npy'}" for name in known["inputs"])
                                                  for i in range(min(batch, known["samples"]))]
            package = packages[engine] if packages else folder / engine
            command = [program_of(engine, options), package, engine, workers, batch, dump, *requests]
        started[engine] = Worker(command, dump)
    return started


def check_answers(title, workers, expected):
    """The difference of each answer from `expected`, relative to the largest value."""
    for engine, worker in workers.items():
        if worker.problem:
            continue
        got = np.asarray(worker.answer if not isinstance(worker.answer, dict) else as_scores(worker.answer), np.float64)
        far = float(np.abs(got - expected).max() / np.abs(expected).max())
        if not far <= 1e-3:
            raise SystemExit(f"{title}: {engine} differs from eager PyTorch by {far:.2g} of the largest value")
        worker.difference = far


def as_scores(answer):
    return [item["score"] for item in answer["classes"]]


def take_turns(workers, turns, count):
    ready = [worker for worker in workers.values() if not worker.problem]
    for worker in ready:
        worker.run(max(2, count // 2))
        worker.samples.clear()  # now it is warm
    for turn in range(turns):
        for worker in ready[turn % len(ready):] + ready[:turn % len(ready)]:
            worker.run(count)
    for worker in ready:
        worker.end()


def best_of(workers):
    ours = {engine: worker for engine, worker in workers.items() if engine in OURS and not worker.problem}
    return min(ours, key=lambda engine: min(ours[engine].column("cpu_ns")))


def cell(worker, name):
    if worker is None:
        return "-"
    if worker.problem:
        return f"no: {worker.problem}"
    values = worker.column(name)
    return f"{min(values):.2f} ({sorted(values)[len(values) // 2]:.2f})"


def engine_rows(options):
    for name in models.NAMES:
        if options.only and options.only not in name:
            continue
        folder = options.models / name
        known = json.loads((folder / "inputs.json").read_text())
        expected = np.load(folder / "expected.npy").ravel()
        for batch in models.BATCHES:
            for workers in (1, 2):
                title = f"{name}, batch {batch}, {workers} worker{'s' if workers > 1 else ''}"
                print(f"engines: {title}", file=sys.stderr, flush=True)
                started = start([*PEERS, *known["engines"]], folder, workers, batch, options)
                check_answers(title, started, expected)
                once = max(1, round(60 / slowest_ms(started)))
                take_turns(started, 3 if options.quick else 20, 1 if options.quick else once)
                yield name, batch, workers, started


def slowest_ms(started):
    """The time of one call, roughly."""
    slowest = 0.1
    for worker in started.values():
        if not worker.problem:
            worker.run(1)
            slowest = max(slowest, worker.column("wall_ns")[-1])
            worker.samples.clear()
    return slowest


def engines_table(options):
    columns = {**PEERS, **OURS}
    rows = [("model", "batch", "workers", *columns.values(), "best of gantry / ONNX Runtime", "goal")]
    for name, batch, workers, started in engine_rows(options):
        column = "cpu_ns" if workers == 1 else "wall_ns"
        best, peer = best_of(started), started["onnxruntime"]
        text = ratio(started[best].column(column), peer.column(column))
        goal = GOALS.get((name, batch)) if workers == 1 else None
        value = float(text.split()[0])
        notes = [f"<= {goal}: {'yes' if value <= goal else 'no'}"] if goal else []
        bound = AOTI_GOALS.get((name, batch)) if workers == 1 else None
        if bound and not started["aoti"].problem:
            reached = ratio(started["aoti"].column(column), peer.column(column))
            notes.append(f"AOTInductor {reached}, <= {bound}: {'yes' if float(reached.split()[0]) <= bound else 'no'}")
        rows.append((name, str(batch), str(workers), *(cell(started.get(engine), column) for engine in columns),
                     f"{OURS[best]} {text}", "; ".join(notes)))
    return table(rows)


def pictures_table(options):
    packages = packages_by_engine(options.package)
    rows = [("picture", "", "CPU ms", "wall ms", "CPU / the fastest peer's", "goal")]
    for title, size, goal in (("640 x 480", (640, 480), 0.96), ("1920 x 1080", (1920, 1080), 0.90)):
        print(f"pictures: {title}", file=sys.stderr, flush=True)
        path = pictures.make(options.models, *size, "jpg")
        workers = start([*PEERS, *packages], options.models / "lite0", 1, 1, options, path, packages)
        check_pictures(title, workers)
        take_turns(workers, 3 if options.quick else 30, 1 if options.quick else 5)
        peers = [engine for engine in PEERS if not workers[engine].problem]
        fastest = min(peers, key=lambda engine: min(workers[engine].column("cpu_ns")))
        for engine, worker in workers.items():
            label = f"torchvision.io + {PEERS[engine]}" if engine in PEERS else f"gantry + {OURS[engine]}"
            text = ratio(worker.column("cpu_ns"), workers[fastest].column("cpu_ns")) if engine != fastest else ""
            is_best = engine == best_of(workers)
            met = f"<= {goal}: {'yes' if float(text.split()[0]) <= goal else 'no'}" if is_best else ""
            rows.append((title, label, cell(worker, "cpu_ns"), cell(worker, "wall_ns"), text, met))
    return table(rows)


def check_pictures(title, workers):
    """The peers resize with different arithmetic: a score may differ by 0.02. gantry's scores are equal."""
    ours = [as_scores(worker.answer) for engine, worker in workers.items() if engine in OURS]
    for scores in ours[1:]:
        if np.abs(np.subtract(scores, ours[0])).max() > 1e-4:
            raise SystemExit(f"{title}: gantry's engines give different scores")
    best = workers[next(engine for engine in workers if engine in OURS)].answer["classes"][0]
    for engine in PEERS:
        first = workers[engine].answer[0]
        if first["index"] != best["index"] or abs(first["score"] - best["score"]) > 0.02:
            raise SystemExit(f"{title}: {engine} gives {first}, gantry {best}")


def packages_by_engine(packages):
    found = {}
    for package in packages:
        manifest = json.loads((package / "gantry.json").read_text())
        for entry in next(iter(manifest["models"].values()))["engines"]:
            found.setdefault(entry["kind"], package)
    return {engine: found[engine] for engine in OURS if engine in found}


def starts_table(options):
    packages = packages_by_engine(options.package)
    picture = pictures.make(options.models, 640, 480, "jpg")
    rows = [("", "first answer after the start, CPU s", "peak memory, MB", "program and libraries, MB")]
    for engine in [*packages, *PEERS]:
        attempts = []
        for _ in range(1 if options.quick else 5):
            worker = start([engine], options.models / "lite0", 1, 1, options, picture, packages)[engine]
            worker.end()
            attempts.append(worker)
        cpu = [worker.about["first_answer_cpu_s"] for worker in attempts]
        label = f"{PEERS[engine]} in Python" if engine in PEERS else f"gantry + {OURS[engine]}, all golden cases"
        rows.append((label, f"{min(cpu):.3f} ({middle_half(cpu)[0]:.3f}..{middle_half(cpu)[1]:.3f})",
                     f"{min(worker.peak_mb for worker in attempts):.0f}", f"{attempts[0].mapped_mb:.0f}"))
    return table(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder that models.py fills")
    parser.add_argument("--package", type=Path, nargs="+", required=True)
    parser.add_argument("--quick", action="store_true", help="few turns: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="replaces the tables in bench/README.md")
    parser.add_argument("--only", help="the models with this in their name")
    options = parser.parse_args()
    for name in models.NAMES:
        if not options.only or options.only in name or name == "lite0":
            models.make(name, options.models, options.bin / "gantry")
    text = (f"{machine()}\n\n**The engine alone**, ms per call, least (median) of the turns: CPU time with one worker, wall "
            f"time with two\n\n{engines_table(options)}\n\n**A JPEG to its five best classes** (EfficientNet-lite0, one "
            f"thread)\n\n{pictures_table(options)}\n\n**Start**\n\n{starts_table(options)}\n")
    print(text)
    if options.write:
        write_section(BEGIN, END, text)


if __name__ == "__main__":
    main()
