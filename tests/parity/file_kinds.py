# SPDX-License-Identifier: Apache-2.0
"""Decodes files of every kind that was ever read otherwise than by Pillow, and compares.

  file_kinds.py --probe BUILD/bin/image_probe --readme lib/ops/image/README.md

The kinds stand in {jpeg,png,webp,exif}_kinds.py, each with a function that makes files of it. A file has to become Pillow's
bytes in every mode, or be refused by both, or its kind is a row of the README's table of differences, and then every
file of the kind differs as the row says.
"""

import argparse
import pathlib
import sys
import tempfile

import differences
import exif_kinds
import image_parity
import jpeg_kinds
import png_kinds
import webp_kinds

KINDS = {**jpeg_kinds.KINDS, **png_kinds.KINDS, **webp_kinds.KINDS, **exif_kinds.KINDS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--readme", required=True, type=pathlib.Path)
    options = parser.parse_args()
    files = {f"{kind} / {i}": (kind, data) for kind, make in KINDS.items() for i, data in enumerate(make())}
    cases = [case for name, (_, data) in files.items() for case in differences.cases_of(name, data)]
    with tempfile.TemporaryDirectory() as folder:
        results = list(image_parity.run_probe(options.probe, cases, pathlib.Path(folder)))
    found = differences.found_in(cases, results)
    rows = {row.kind: row.outcome for row in differences.read_table(options.readme)}
    problems = [f"the README lists '{kind}', of which there is no file here" for kind in set(rows) - set(KINDS)]
    for name, (kind, _) in files.items():
        difference = found.get(name)
        if difference and rows.get(kind) != difference[:2]:
            problems.append(f"{name}: Pillow {difference[0]}, gantry {difference[1]}; not so in the README: "
                            f"{difference[2]}")
        if not difference and kind in rows and kind not in jpeg_kinds.EQUAL_WITH_NEW_LIBRARIES:
            problems.append(f"{name}: listed in the README, but there is no difference")
    print(f"{len(files)} files of {len(KINDS)} kinds in {len(differences.MODES)} modes: {len(found)} differ, "
          f"{len(rows)} kinds are listed")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
