# SPDX-License-Identifier: Apache-2.0
"""gantry run with many inputs: directories, order, progress, and what happens when the reader goes away.
Run by ctest; or: python tests/cli/run_many_test.py GANTRY TEST_PACKAGES_DIR"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

import numpy
from cli_test import COULD_NOT_RUN, FAILED, GANTRY, OK, USAGE, Case, array, gantry, lines, manifest, package


class Directories(Case):
    def tensors(self, count, directory=None):
        """Files of a tensor each, which `sigmoid` makes different answers of."""
        directory = directory or self.tmp / "inputs"
        directory.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            numpy.save(directory / f"{i:04}.npy", numpy.float32([i / 100]))
        return directory

    def assert_sigmoids(self, got, numbers):
        self.assertEqual(len(got), len(numbers))
        for line, i in zip(got, numbers, strict=True):
            expected = 1 / (1 + numpy.exp(-numpy.float32(i / 100)))
            numpy.testing.assert_allclose(array(line["result"]["tensors"]["output"]), [expected], rtol=1e-5)

    def test_a_directory_is_its_files_by_name(self):
        directory = self.tensors(300)
        (directory / ".hidden.npy").write_text("not an input")
        got = lines(self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), directory), OK))
        self.assertEqual([line["input"] for line in got], [str(directory / f"{i:04}.npy") for i in range(300)])
        self.assert_sigmoids(got, range(300))

    def test_lines_keep_the_order_of_inputs_whatever_takes_long(self):
        slow = self.tmp / "slow.npy"
        numpy.save(slow, numpy.zeros(8_000_000, "f4"))  # milliseconds, where the others take microseconds
        fast = self.tensors(40)
        names = [slow, *sorted(fast.iterdir())] * 3
        pipeline = self.of_ops([{"op": "sigmoid"}, {"op": "top_k", "k": 1}])
        result = self.expect(gantry("run", pipeline, *names), OK)
        self.assertEqual([line["input"] for line in lines(result)], [str(name) for name in names])

    def test_files_and_directories_mix_and_a_directory_with_images_runs_a_model(self):
        directory = package("tiny-cnn")
        cases = manifest(directory)["golden"]
        inputs = self.tmp / "images"
        inputs.mkdir()
        for i in range(24):
            (inputs / f"{i:02}.png").write_bytes((directory / cases[i % len(cases)]["input"]["file"]).read_bytes())
        single = directory / cases[0]["input"]["file"]
        got = lines(self.expect(gantry("run", directory, single, inputs, single), OK))
        self.assertEqual(len(got), 26)
        self.assertEqual((got[0]["input"], got[25]["input"]), (str(single), str(single)))
        for i in range(24):
            self.assert_classes(got[i + 1]["result"]["classes"], cases[i % len(cases)]["result"]["value"]["classes"])

    def test_what_is_no_input_fails_alone_and_the_status_says_so(self):
        directory = self.tensors(6)
        (directory / "0002.txt").write_text("text")
        (directory / "0003.npy").write_bytes(b"\x93NUMPY broken")
        (directory / "0004.link").symlink_to("nowhere")
        os.mkfifo(directory / "0005.pipe")
        result = self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), directory), FAILED)
        got = {Path(line["input"]).name: line for line in lines(result)}
        self.assertEqual(list(got), ["0000.npy", "0001.npy", "0002.npy", "0002.txt", "0003.npy", "0004.link", "0004.npy",
                                     "0005.npy", "0005.pipe"])
        self.assertEqual(sorted(name for name, line in got.items() if "error" in line),
                         ["0002.txt", "0003.npy", "0004.link", "0005.pipe"])
        self.assertIn("give a .npy or .json file", got["0002.txt"]["error"]["message"])
        self.assertEqual(got["0004.link"]["error"]["code"], "not_found")
        self.assertIn("0005.pipe': is neither a file nor a directory", got["0005.pipe"]["error"]["message"])

    def test_directories_within_are_entered_if_asked_and_named_if_not(self):
        directory = self.tensors(2)
        self.tensors(2, directory / "0000.more")
        (directory / "0000.more" / "back").symlink_to(directory)
        pipeline = self.of_ops([{"op": "sigmoid"}])
        result = self.expect(gantry("run", pipeline, directory), OK, "inputs' holds directories, which are left out")
        self.assertEqual(len(lines(result)), 2)
        result = self.expect(gantry("run", pipeline, directory, "--recursive"), OK, "0000.more' holds directories")
        self.assertEqual([str(Path(line["input"]).relative_to(directory)) for line in lines(result)],
                         ["0000.more/0000.npy", "0000.more/0001.npy", "0000.npy", "0001.npy"])

    def test_an_empty_directory_is_an_error(self):
        empty, outer = self.tmp / "empty", self.tmp / "outer"
        (outer / "inner").mkdir(parents=True)
        empty.mkdir()
        result = self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), empty, outer), FAILED)
        first, second = lines(result)
        self.assertEqual(first["error"]["code"], "not_found")
        self.assertIn("empty': the directory holds no file", first["error"]["message"])
        self.assertIn("the directory holds no file, but directories; give --recursive", second["error"]["message"])

    def test_progress_is_shown_if_asked(self):
        directory = self.tensors(30)
        (directory / "0007.npy").write_bytes(b"broken")
        result = self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), directory, "--progress"), FAILED)
        self.assertEqual(len(lines(result)), 30)
        self.assertRegex(result.stderr, r"(?m)^  30/30  \S+/s  1 failed$")
        result = self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), directory), FAILED)
        self.assertEqual(result.stderr, "")

    def test_explain_counts_all_inputs(self):
        result = self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), self.tensors(50), "--explain"), OK)
        self.assertRegex(result.stderr, r"pipeline\[0\] sigmoid +50 +0 ")

    def test_a_stage_is_of_one_file(self):
        self.expect(gantry("run", self.of_ops([{"op": "sigmoid"}]), self.tensors(2), "x", "--until", "sigmoid", "--npy",
                           self.tmp / "x.npy"), USAGE, "--until takes one input")


class Reader(Case):
    def test_one_that_goes_away_ends_the_command(self):
        inputs = self.tmp / "inputs"
        inputs.mkdir()
        for i in range(2000):
            numpy.save(inputs / f"{i:04}.npy", numpy.zeros(200, "f4"))
        process = subprocess.Popen([GANTRY, "run", self.of_ops([{"op": "sigmoid"}]), inputs], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.assertEqual(json.loads(process.stdout.readline())["input"], str(inputs / "0000.npy"))
        process.stdout.close()
        self.assertEqual(process.wait(60), COULD_NOT_RUN)
        self.assertIn("gantry: cannot write to standard output", process.stderr.read())
        process.stderr.close()

    def test_a_full_disk_ends_the_command(self):
        inputs = self.tmp / "inputs"
        inputs.mkdir()
        for i in range(20):
            numpy.save(inputs / f"{i:04}.npy", numpy.zeros(2, "f4"))
        with open("/dev/full", "w") as full:
            result = subprocess.run([GANTRY, "run", self.of_ops([{"op": "sigmoid"}]), inputs], stdout=full,
                                    stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(result.returncode, COULD_NOT_RUN)
        self.assertIn("cannot write to standard output", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
