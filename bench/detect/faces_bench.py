# SPDX-License-Identifier: Apache-2.0
"""Measures MTCNN as a package beside facenet_pytorch's. `make bench-detect` calls it; or

    python bench/detect/faces_bench.py --bin BUILD/bin --package MTCNN [--quick] [--write]

Both have one thread and take turns. What is found is compared first: coordinates within 1e-3 pixels, scores within 1e-4, or the
run stops. CPU time; a ratio is the geometric mean over the turns of facenet_pytorch / gantry, with its 95 % interval.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "examples" / "models")]
from exporting import photo  # noqa: E402
from run import machine, ratio, with_spread  # noqa: E402

BEGIN, END = "## Faces: measured\n", "<!-- end of the faces' table -->\n"
PHOTOS = ("astronaut.png", "camera.png")
GOAL = 3


def decoded_package(package, name, folder):
    """The package, for this one picture as raw pixels: what is measured begins behind the decoder. Returns it and the pixels."""
    from PIL import Image

    import mtcnn
    picture = Image.open(photo(name)).convert("RGB")
    copy, pixels = folder / f"{name}.package", folder / f"{name}.raw"
    pixels.write_bytes(picture.tobytes())
    shutil.copytree(package, copy)
    manifest = json.loads((copy / "gantry.json").read_text())
    manifest["pipeline"][0] = {"op": "image.from_raw", "format": "rgb", "width": picture.width, "height": picture.height}
    case = manifest["golden"][mtcnn.PHOTOS.index(name)]
    manifest["golden"] = [case]
    sample = case["input"]["file"]
    (copy / sample).write_bytes(pixels.read_bytes())
    for entry in manifest["files"]:
        if entry["path"] == sample:
            entry.update(bytes=pixels.stat().st_size, sha256=hashlib.sha256(pixels.read_bytes()).hexdigest())
    (copy / "gantry.json").write_text(json.dumps(manifest))
    return copy, pixels


class Side:
    """A process that finds faces, ready to be timed."""

    def __init__(self, command, dump):
        self.samples = []
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "OMP_NUM_THREADS": "1"})
        if not self.process.stdout.readline():
            raise SystemExit(f"{command[0]} ended")
        self.found = [[*one["box"], *(side for point in one["keypoints"] for side in point[:2]), one["score"]]
                      for one in json.loads(dump.read_text())["detections"]]

    def run(self, count=1):
        self.process.stdin.write(f"run {count}\n")
        self.process.stdin.flush()
        self.samples.append(json.loads(self.process.stdout.readline())["cpu_ns"] / 1e6)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def row(options, name, is_decoded, folder):
    package, given = decoded_package(options.package, name, folder) if is_decoded else (options.package, photo(name))
    pinned = ["taskset", "-c", "0"]
    sides = [Side([*pinned, options.bin / "bench_engines_worker_torch", package, "torchscript", 1, 1, folder / "ours", given],
                  folder / "ours"),
             Side([*pinned, sys.executable, HERE / "faces_peer.py", photo(name), folder / "theirs",
                   *(["decoded"] if is_decoded else [])], folder / "theirs")]
    ours, theirs = (side.found for side in sides)
    if len(ours) != len(theirs) or any(abs(a - b) > 1e-3 for one, other in zip(ours, theirs) for a, b in zip(one[:-1], other)) \
            or any(abs(one[-1] - other[-1]) > 1e-4 for one, other in zip(ours, theirs)):
        raise SystemExit(f"{name}: gantry finds {ours}, facenet_pytorch {theirs}")
    for side in sides:
        side.run(2)
        side.samples.clear()
    for turn in range(3 if options.quick else 30):
        for side in sides[::1 if turn % 2 else -1]:
            side.run()
    for side in sides:
        side.end()
    own, other = (side.samples for side in sides)
    faster = ratio(other, own)
    return (f"{name}, {'decoded' if is_decoded else 'file'} to boxes", str(len(ours)), with_spread(own, 1), with_spread(other, 1),
            faster, f">= {GOAL}: {'yes' if float(faster.split()[0]) >= GOAL else 'no'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True, help="of examples/models/mtcnn.py")
    parser.add_argument("--quick", action="store_true", help="few turns: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="replaces the table in bench/README.md")
    options = parser.parse_args()
    text = machine()
    rows = [("", "faces", "gantry, CPU ms", "facenet_pytorch, CPU ms", "facenet_pytorch / gantry", "goal"), ("---",) * 6]
    with tempfile.TemporaryDirectory() as folder:
        for name in PHOTOS:
            for is_decoded in (False, True):
                print(f"faces: {name}", file=sys.stderr, flush=True)
                rows.append(row(options, name, is_decoded, Path(folder)))
    text = f"{text}\n\n" + "\n".join("| " + " | ".join(each) + " |" for each in rows) + "\n"
    print(text)
    if options.write:
        readme = HERE.parent / "README.md"
        head, rest = readme.read_text().split(BEGIN)
        readme.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
