# SPDX-License-Identifier: Apache-2.0
"""Compares MTCNN as a package with facenet_pytorch's. `make bench-detect` calls it; or

    python bench/detect/faces_bench.py --bin BUILD/bin --package MTCNN [--quick] [--write]

Both have one thread and take turns. The results are compared first: if coordinates differ by more than 1e-3 pixels or
scores by more than 1e-4, the run stops. Times are CPU time; a ratio is the geometric mean over the turns of
facenet_pytorch / gantry, with its 95 % interval.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from workers import HERE, Peer, goal, options_of, report   # first: it finds the others
from exporting import photo  # noqa: I001
from run import machine, ratio, table, with_spread

BEGIN, END = "## Faces: measured\n", "<!-- end of the faces' table -->\n"
PHOTOS = ("astronaut.png", "camera.png")
GOAL = 3


def decoded_package(package, name, folder):
    """The package for this one picture as raw pixels, so that decoding is not measured. Returns it and the pixels."""
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


def numbers_of(detections):
    """For each face: its box, its points, its score."""
    return [[*one["box"], *(side for point in one["keypoints"] for side in point[:2]), one["score"]] for one in detections]


def row(options, name, is_decoded, folder):
    package, given = decoded_package(options.package, name, folder) if is_decoded else (options.package, photo(name))
    pinned = ["taskset", "-c", "0"]
    sides = [Peer([*pinned, options.bin / "bench_engines_worker_torch", package, "torchscript", 1, 1, folder / "ours", given],
                  folder / "ours"),
             Peer([*pinned, sys.executable, HERE / "faces_peer.py", photo(name), folder / "theirs",
                   *(["decoded"] if is_decoded else [])], folder / "theirs")]
    ours, theirs = (numbers_of(side.detections) for side in sides)
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
            faster, goal(faster, GOAL))


def main():
    options, began = options_of(__doc__, package="examples/models/mtcnn.py"), machine()
    rows = [("", "faces", "gantry, CPU ms", "facenet_pytorch, CPU ms", "facenet_pytorch / gantry", "goal")]
    with tempfile.TemporaryDirectory() as folder:
        for name in PHOTOS:
            for is_decoded in (False, True):
                print(f"faces: {name}", file=sys.stderr, flush=True)
                rows.append(row(options, name, is_decoded, Path(folder)))
    report(options, began, BEGIN, END, table(rows))


if __name__ == "__main__":
    main()
