#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of the image engine's fixed cases with valgrind's callgrind and compares them with
instructions.json: a regression check that does not depend on how busy the machine is. ctest runs it; or

    python bench/image/instructions.py --worker BUILD/bin/image_instructions_worker --inputs FOLDER [--write]

A count is the difference between runs of 2 and 12 images, divided by 10. So the start of the process and the work done
once per size cancel out; Highway's start depends on the clock, which leaves up to 1 %. A count holds for one compiler,
libjpeg-turbo, C library, photo and instruction set (valgrind has no AVX-512, so Highway uses AVX2 where it exists);
otherwise nothing is compared. Exits with 77 if it cannot compare, which ctest reports as skipped; --write
records the counts of this machine.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import inputs

COMMITTED = Path(__file__).with_suffix(".json")
CASES = {"JPEG 400x300 to a 224x224 tensor": "jpeg", "pixels 400x300 to a 224x224 tensor": "buffer",
         "pixels 400x300, letterboxed to a 640x640 tensor": "letterbox"}
SIZE = (400, 300)
FEW, MANY = 2, 12   # images
TOLERANCE = 0.03
SKIP = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def count(worker, case, photo, images):
    """The instructions of a whole process, and what they depend on besides gantry."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", worker, case, photo, 1, "/dev/null"]
    done = subprocess.run([str(word) for word in command], input=f"run {images}\n", capture_output=True, text=True,
                          check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {done.returncode}:\n{done.stderr[-2000:]}")
    version = json.loads(done.stdout.splitlines()[0])["version"]
    return int(collected[1]), f"{version}, photo {hashlib.sha256(photo.read_bytes()).hexdigest()[:16]}"


def measure(worker, photo):
    counts, build = {}, ""
    for title, case in CASES.items():
        few, build = count(worker, case, photo, FEW)
        counts[title] = (count(worker, case, photo, MANY)[0] - few) // (MANY - FEW)
    return {"build": build, "instructions": counts}


def differences(committed, measured):
    """A line for each case outside the tolerance, also below: a recorded count that is too high hides increases."""
    lines = []
    for title, now in measured.items():
        before = committed.get(title)
        if before is None or abs(now / before - 1) > TOLERANCE:
            change = "was not counted before" if before is None else f"{100 * (now / before - 1):+.1f} % from {before}"
            lines.append(f"{title}: {now} instructions, {change}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worker", type=Path, required=True)
    parser.add_argument("--inputs", type=Path, required=True, help="folder for the photo that is made")
    parser.add_argument("--write", action="store_true", help=f"put the counts into {COMMITTED.name}")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        skip("valgrind is not installed")
    photo = inputs.make(options.inputs, *SIZE, "jpg")
    if options.write:
        COMMITTED.write_text(json.dumps(measure(options.worker, photo), indent=2) + "\n")
        print(COMMITTED.read_text(), end="")
        return
    committed = json.loads(COMMITTED.read_text())
    build = count(options.worker, "buffer", photo, 0)[1]
    if build != committed["build"]:
        skip(f"counts are of '{committed['build']}', this is '{build}'")
    measured = measure(options.worker, photo)["instructions"]
    print(json.dumps(measured, indent=2))
    if changed := differences(committed["instructions"], measured):
        raise SystemExit("\n".join([*changed, "If this is meant, run this script with --write and commit the counts."]))


if __name__ == "__main__":
    main()
