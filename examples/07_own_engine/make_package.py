#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a package for the engine "linear": two numbers in, one out. gantry-pack only knows gantry's own engines.

    python make_package.py DIR
"""
import hashlib
import json
import pathlib
import sys

import numpy

WEIGHTS, BIAS, SCALE = numpy.float32([[2, -1]]), numpy.float32([0.5]), 10


def main(directory):
    directory.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(" ".join(str(number) for number in [bias, *row]) for bias, row in zip(BIAS, WEIGHTS))
    (directory / "slope.txt").write_text(f"{len(BIAS)} {WEIGHTS.shape[1]}\n{rows}\n")
    golden = []
    for i, sample in enumerate(numpy.float32([[1, 2], [-3, 0.25]])):
        (directory / f"golden/{i}").mkdir(parents=True, exist_ok=True)
        answer = SCALE * (WEIGHTS @ sample + BIAS)
        numpy.save(directory / f"golden/{i}/input.npy", sample)
        numpy.save(directory / f"golden/{i}/0.npy", answer)
        boundary = {"value": {"npy": f"golden/{i}/0.npy"}, "tolerance": {"atol": 1e-5, "rtol": 1e-6}}
        golden.append({"input": {"npy": f"golden/{i}/input.npy"}, "result": boundary,
                       "stages": [{"at": "pipeline[0]", **boundary}]})
    manifest = {
        "format": 2, "name": "slope", "version": "1",
        "models": {"slope": {
            "engines": [{"kind": "linear", "file": "slope.txt", "options": {"scale": SCALE},
                         "rows": {"independent": True, "sizes": [2, 4], "samples": 2, "atol": 1e-6, "rtol": 1e-6}}],
            "inputs": [{"name": "x", "dtype": "f32", "shape": ["batch", 2]}],
            "outputs": [{"name": "y", "dtype": "f32", "shape": ["batch", 1]}], "max_batch": 4}},
        "pipeline": [{"op": "model"}], "golden": golden,
    }
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != "gantry.json")
    manifest["files"] = [{"path": path.relative_to(directory).as_posix(), "bytes": path.stat().st_size,
                          "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in files]
    (directory / "gantry.json").write_text(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
