# SPDX-License-Identifier: Apache-2.0
"""What decoding a hostile file costs, in instructions, which do not depend on how busy the machine is.

  hostile_cost.py --worker BUILD/bin/hostile_cost_worker

Every kind of file is made at a size and at four times the size, and decoded in every mode under valgrind's callgrind.
The larger one may cost at most four times as much as the smaller one, and either at most what its format's bound says:

  FIXED + PER_BYTE * bytes of the file + PER_PIXEL * pixels that it makes the decoder go through

To add a kind: a function in hostile_{jpeg,png,webp}.py that takes a size and returns Hostile(bytes, pixels), and a line
in that module's KINDS. `size` may be anything that the cost should grow with: bytes, segments, pixels. `pixels` is the
number that the decoder has to go through even where the file holds no data for them, in all scans together; 0 where the
image is so small that they do not matter. To add a format: such a module with FIXED, PER_BYTE, PER_PIXEL and KINDS, and
a line in FORMATS; the README of lib/ops/image states the bounds. Exits with 77, a skipped test, without valgrind.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import hostile_jpeg
import hostile_png
import hostile_webp

FORMATS = [hostile_jpeg, hostile_png, hostile_webp]
MODES = ("header", "rgb", "upright", "accept", "part")
SIZE = 1 << 15
GROWTH = 4
TOLERANCE = 1.15  # of the growth: allocations and the last incomplete block
SKIPPED = 77


def run(worker, lines, folder):
    """(instructions, outcome) of every line."""
    command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=decode_measured",
               "--dump-after=decode_measured", f"--callgrind-out-file={folder}/counts.%p", worker]
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stderr[-2000:]}")
    dumps = {int(path.suffix[1:]): path for path in folder.glob("counts.*.*")}
    counts = [int(re.search(r"^(?:summary|totals): (\d+)", dumps[i].read_text(), re.M)[1]) for i in sorted(dumps)]
    counts = counts[: len(lines)]  # the last one is of what follows
    outcomes = done.stdout.splitlines()
    if len(counts) != len(lines) or len(outcomes) != len(lines):
        raise SystemExit(f"{len(lines)} files, but {len(counts)} counts and {len(outcomes)} outcomes")
    return list(zip(counts, outcomes))


def problems_of(bounds, small, large, small_count, large_count):
    """What is wrong with the counts of a file and of the same file four times as large."""
    def bound(file):
        return bounds.FIXED + bounds.PER_BYTE * len(file.data) + bounds.PER_PIXEL * file.pixels

    for file, count in ((small, small_count), (large, large_count)):
        if count > bound(file):
            yield f"{count} instructions for {len(file.data)} bytes and {file.pixels} pixels; at most {bound(file)}"
    if large_count > bounds.FIXED + TOLERANCE * GROWTH * small_count:
        yield f"{large_count / small_count:.1f} times the instructions for {GROWTH} times the size"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worker", required=True)
    parser.add_argument("--kind", default="", help="only kinds with this in their names")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        return SKIPPED
    pairs = [(bounds, name, make(SIZE), make(GROWTH * SIZE))
             for bounds in FORMATS for name, make in bounds.KINDS.items() if options.kind in name]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = []
        for i, (_, _, *files) in enumerate(pairs):
            for j, file in enumerate(files):
                path = folder / f"{i}.{j}"
                path.write_bytes(file.data)
                lines += [f"{mode} {path}" for mode in MODES]
        results = iter(run(options.worker, lines, folder))
    problems = 0
    for bounds, kind, small, large in pairs:
        small_results = [next(results) for _ in MODES]
        large_results = [next(results) for _ in MODES]
        for mode, (before, _), (after, outcome) in zip(MODES, small_results, large_results):
            print(f"{kind}, {mode}: {before} and {after} instructions, {after / len(large.data):.1f} a byte, "
                  f"{after / max(large.pixels, 1):.1f} a pixel: {outcome}")
            for problem in problems_of(bounds, small, large, before, after):
                print(f"  PROBLEM: {problem}")
                problems += 1
    print(f"{len(pairs)} kinds in {len(MODES)} modes: {problems} problems")
    return 1 if problems or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
