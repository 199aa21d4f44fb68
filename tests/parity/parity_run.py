# SPDX-License-Identifier: Apache-2.0
"""What the parity tests share: groups of random cases, all of a group in one process of a probe, and what differs."""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import torch


def results_of(probe, listing, folder):
    """Runs the probe on what it takes as CASES.json; gives the results in order: an array, or the text of an error."""
    (folder / "cases.json").write_text(json.dumps(listing))
    subprocess.run([probe, str(folder / "cases.json")], check=True)
    for item in listing:
        out = pathlib.Path(item["out"])
        yield np.load(out) if out.exists() else pathlib.Path(f"{out}.error").read_text()


def run_groups(title, versions, groups, run_probe, difference, seed, counted=lambda cases: ""):
    """The exit status. A group makes its cases of a random generator; `difference(case, result)` says what is wrong, or
    None; `counted(cases)` is said of a group besides."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{versions}, seed {options.seed}")
    failures = 0
    for number, group in enumerate(groups):
        if options.only not in (None, group.__name__):
            continue
        began = time.monotonic()
        cases = list(group(np.random.default_rng([options.seed, number])))
        with tempfile.TemporaryDirectory() as folder:
            results = list(run_probe(options.probe, cases, pathlib.Path(folder)))
        wrong = [(case, text) for case, result in zip(cases, results, strict=True) if (text := difference(case, result))]
        print(f"{group.__name__}: {len(cases)} cases{counted(cases)}, {len(wrong)} differ, {time.monotonic() - began:.1f} s")
        for case, text in wrong[:10]:
            print(f"  {case.name}: {text}")
        failures += len(wrong)
    return 1 if failures else 0
