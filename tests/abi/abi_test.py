#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that run with the last release of this minor version run with this source, too: libgantry_core.so of both is
built with debug information, which alone knows the layout of types, and libabigail's abidiff compares what the public
headers define. Anything but additions fails.

    python tests/abi/abi_test.py --source . --work build/abi [--compiler g++] [--launcher ccache]

It compiles the library twice, minutes at least, so it does nothing unless GANTRY_ABI_TEST=1 (make abi). It is skipped,
with exit code 77 and the reason, where there is nothing to compare or nothing to compare with.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
VERSION_HEADER = "include/gantry/version.hpp"
ALLOWED = Path(__file__).resolve().parent / "allowed.abignore"
# The ABI is neither in the optimiser nor in what other components link.
OPTIONS = ["-DCMAKE_BUILD_TYPE=Debug", "-DBUILD_SHARED_LIBS=ON", "-DGANTRY_TORCH=OFF", "-DGANTRY_EXECUTORCH=OFF",
           "-DGANTRY_TOOL=OFF", "-DGANTRY_TESTS=OFF", "-DGANTRY_EXAMPLES=OFF", "-DGANTRY_INSTALL=OFF"]


def version_of(header: str) -> tuple[int, ...]:
    """(0, 1, 0) of the text of version.hpp; () if it states none."""
    numbers = re.findall(r"^#define GANTRY_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.M)
    return tuple(map(int, numbers)) if len(numbers) == 3 else ()


def reason_to_skip(tag: str, tagged: tuple[int, ...], own: tuple[int, ...], abidiff: str | None, asked: bool) -> str:
    """Empty where there is something to compare. `tag`: the last release, empty if there is none."""
    missing = []
    if not tag:
        missing.append("no release to compare with: git knows no tag v* here")
    if not abidiff:
        missing.append("no abidiff (apt install abigail-tools)")
    if missing:
        return "; ".join(missing)
    if tagged[:2] != own[:2]:
        return f"the last release, {tag}, is of another minor version, whose ABI may be another"
    if not asked:
        return "it compiles the library twice; make abi, or GANTRY_ABI_TEST=1, runs it"
    return ""


def git(source: Path, *arguments: str) -> str:
    """What git prints; empty where it fails: no git, no repository, no tag."""
    try:
        return subprocess.run(["git", "-C", str(source), *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def run(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed ({done.returncode}):\n{done.stdout[-8000:]}")


def build(source: Path, folder: Path, cmake_options: list[str], jobs: int) -> Path:
    run("cmake", "-G", "Ninja", "-S", source, "-B", folder, *OPTIONS, *cmake_options)
    run("cmake", "--build", folder, "--target", "gantry_core", "--parallel", str(jobs))
    return folder / "lib" / "libgantry_core.so"


def check_out(source: Path, tag: str, folder: Path) -> Path:
    """The tag's files in folder/source. A tag stays what it is, so they are unpacked once, and built once."""
    tree, commit = folder / "source", git(source, "rev-parse", f"{tag}^{{commit}}")
    stamp = folder / "commit"
    if not stamp.exists() or stamp.read_text() != commit:
        shutil.rmtree(folder, ignore_errors=True)
        tree.mkdir(parents=True)
        archive = folder / "source.tar"
        run("git", "-C", source, "archive", "--output", archive.resolve(), tag)
        run("tar", "-xf", archive, "-C", tree)
        archive.unlink()
        stamp.write_text(commit)
    return tree


def compare(old: Path, old_headers: Path, new: Path, new_headers: Path) -> tuple[bool, str]:
    """Whether programs that link `old` run with `new`, and abidiff's report. What headers do not define is private."""
    command = ["abidiff", "--no-added-syms", "--fail-no-debug-info", "--headers-dir1", old_headers, "--headers-dir2", new_headers,
               "--suppressions", ALLOWED, old, new]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # 4: a change, which is incompatible for sure if 8 is set, too. A larger struct is 4 alone, so any change counts.
    return done.returncode == 0, done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--compiler")
    parser.add_argument("--launcher")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    source = arguments.source.resolve()
    tag = git(source, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    reason = reason_to_skip(tag, version_of(git(source, "show", f"{tag}:{VERSION_HEADER}")),
                            version_of((source / VERSION_HEADER).read_text()), shutil.which("abidiff"),
                            os.environ.get("GANTRY_ABI_TEST") == "1")
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    options = [f"-DCMAKE_CXX_COMPILER={arguments.compiler}"] if arguments.compiler else []
    if arguments.launcher:
        options.append(f"-DCMAKE_CXX_COMPILER_LAUNCHER={arguments.launcher}")
    released = check_out(source, tag, arguments.work / tag)
    old = build(released, arguments.work / tag / "build", options, arguments.jobs)
    new = build(source, arguments.work / "own", options, arguments.jobs)
    same, report = compare(old, released / "include", new, source / "include")
    print(report)
    print(f"programs that were linked with {tag} {'run' if same else 'do NOT run'} with this libgantry_core.so")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
