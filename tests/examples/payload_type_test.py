# SPDX-License-Identifier: Apache-2.0
"""The example of a host's payload type: the type works in golden cases, JSON and .npy, in the host program and, by its
plugin, in the gantry tool. Run by ctest; or: python payload_type_test.py EXAMPLE PLUGIN GANTRY"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib" / "pack"))
import gantry_pack  # noqa: E402

EXAMPLE, PLUGIN, GANTRY = sys.argv[1:4]
OK, FAILED, COULD_NOT_RUN, USAGE = 0, 1, 2, 64
POINTS = [[[1.0, 2.0], [3.0, 4.5]], [[0.0, -1.0], [0.25, 8.0]]]


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120)


class PayloadType(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.tmp = Path(holder.name)
        torch.manual_seed(5)
        cls.model = torch.nn.Linear(4, 4).eval()
        ops = {"acme.flatten": gantry_pack.Op("Landmarks", "Tensor", None, lambda value: torch.tensor(value.json).reshape(-1)),
               "acme.landmarks": gantry_pack.Op("Tensor", "Landmarks", None, lambda row: gantry_pack.Payload(
                   "landmarks", row.reshape(-1, 2).tolist()))}
        cls.package = gantry_pack.pack(cls.tmp / "landmarks" / "1", cls.model, torch.rand(1, 4), name="landmarks",
                                       version="1", engines=("torchscript",), ops=ops,
                                       pipeline=["acme.flatten", "model", "acme.landmarks"],
                                       samples=[gantry_pack.Payload("landmarks", points) for points in POINTS],
                                       tool=GANTRY, plugins=[PLUGIN])
        cls.manifest = json.loads((cls.package / "gantry.json").read_text())

    @classmethod
    def answer(cls, points):
        with torch.no_grad():
            return cls.model(torch.tensor(points).reshape(-1)).reshape(-1, 2).numpy()

    @classmethod
    def write(cls, manifest):
        (cls.package / "gantry.json").write_text(json.dumps(manifest))

    def test_golden_cases_hold_it_as_the_codec_writes_it(self):
        for golden, points in zip(self.manifest["golden"], POINTS, strict=True):
            self.assertEqual(golden["input"], {"landmarks": points})
            self.assert_landmarks(golden["result"]["value"], points)

    def input_file(self, points, name="points.json"):
        path = self.tmp / name
        if name.endswith(".npy"):
            numpy.save(path, numpy.array(points, "f4"))
        else:
            path.write_text(json.dumps({"landmarks": points}))
        return path

    def assert_landmarks(self, got, points):
        self.assertEqual(list(got), ["landmarks"])
        numpy.testing.assert_allclose(got["landmarks"], self.answer(points), rtol=1e-5, atol=1e-5)

    def test_the_host_takes_and_gives_its_type_as_json_and_npy(self):
        points = [[5.0, 6.0], [-7.0, 0.5]]
        done = run(EXAMPLE, self.package, self.input_file(points), self.input_file(points, "points.npy"))
        self.assertEqual(done.returncode, OK, done.stderr)
        first, second, last = done.stdout.splitlines()
        self.assert_landmarks(json.loads(first), points)
        self.assertEqual(first, second)
        x, y = self.answer([[0.0, 0.0], [1.0, 2.0]])[-1]
        self.assertRegex(last, r"^landmarks 1: 2 points, the last at ")
        numpy.testing.assert_allclose([float(n) for n in last.rsplit("at ", 1)[1].split(", ")], [x, y], rtol=1e-4)

    def test_the_host_says_what_is_wrong_with_an_input(self):
        path = self.tmp / "wrong.json"
        path.write_text(json.dumps({"landmarks": [[1, 2], [3]]}))
        done = run(EXAMPLE, self.package, path)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("landmarks[1]: expected [x, y], got [3]", done.stderr)

    def test_the_tool_knows_the_type_by_the_plugin(self):
        points = [[5.0, 6.0], [-7.0, 0.5]]
        files = [self.input_file(points), self.input_file(points, "points.npy")]
        done = run(GANTRY, "run", "--plugin", PLUGIN, self.package, *files)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
        self.assert_landmarks(results[0], points)
        self.assertEqual(results[0], results[1])

        done = run(GANTRY, "check", "--plugin", PLUGIN, self.package)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"ok +golden with torchscript: 2 cases, \d+ boundaries")

    def test_the_tool_writes_it_to_npy_files(self):
        points = [[5.0, 6.0], [-7.0, 0.5]]
        out = self.tmp / "out.npy"
        done = run(GANTRY, "run", "--plugin", PLUGIN, self.package, self.input_file(points), "--until",
                   "acme.landmarks", "--npy", out)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["shape"], [2, 2])
        numpy.testing.assert_allclose(numpy.load(out), self.answer(points), rtol=1e-5, atol=1e-5)

    def test_without_the_plugin_the_tool_names_the_op(self):
        done = run(GANTRY, "run", self.package, self.input_file(POINTS[0]))
        self.assertEqual(done.returncode, COULD_NOT_RUN)
        self.assertIn("unknown op 'acme.flatten'", done.stderr)

    def test_what_is_no_plugin_is_refused(self):
        for path, message in ((self.tmp / "absent.so", "there is no plugin"), (__file__, "cannot be loaded")):
            done = run(GANTRY, "run", "--plugin", path, self.package, "x.json")
            self.assertEqual((done.returncode, done.stdout), (COULD_NOT_RUN, ""), done.stderr)
            self.assertIn(message, done.stderr)

    def test_an_answer_that_the_tool_gave_is_a_golden_value_and_another_is_refused(self):
        points = POINTS[0]
        line = json.loads(run(GANTRY, "run", "--plugin", PLUGIN, self.package, self.input_file(points)).stdout)
        value = self.manifest["golden"][0]["result"]
        before, value["value"] = value["value"], line["result"]
        self.write(self.manifest)
        self.assertEqual(run(EXAMPLE, self.package, self.input_file(points)).returncode, OK)
        value["value"]["landmarks"][1][0] += 1
        self.write(self.manifest)
        done = run(EXAMPLE, self.package, self.input_file(points))
        value["value"] = before
        self.write(self.manifest)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("golden[0] > result: element [1, 0]: expected ", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
