# SPDX-License-Identifier: Apache-2.0
"""Triton's perf_analyzer, unchanged, against gantry-server:

    python perf_analyzer_test.py SERVER MODELS PACKAGE PERF_ANALYZER [--grpc]

PERF_ANALYZER: the program, as cmake/bootstrap.sh --clients unpacks it. Where this machine's C library is too old for it, it
runs in a container, if a Docker engine answers. --grpc: the server was built with gRPC. MODELS: what make_packages.py made;
PACKAGE: the demo's package."""
import csv
import pathlib
import subprocess
import sys
import tempfile
import unittest

HAS_GRPC = sys.argv[-1] == "--grpc"
PERF_ANALYZER = pathlib.Path(sys.argv.pop(4)).resolve()

from served import Served  # noqa: E402

IMAGE = "debian:trixie-slim"


def can_run(*command):
    try:
        return subprocess.run(command, capture_output=True, timeout=200, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):   # not there, for another machine, or a registry that does not answer
        return False


def command_prefix():
    """How to run it here, in a folder that it writes its report to; None where it cannot be run."""
    if can_run(PERF_ANALYZER, "--version"):
        return lambda folder: [str(PERF_ANALYZER)]
    if PERF_ANALYZER.is_file() and can_run("docker", "info") and can_run("docker", "run", "--rm", IMAGE, "true"):
        return lambda folder: ["docker", "run", "--rm", "--network", "host", "-v", f"{PERF_ANALYZER}:/perf_analyzer:ro",
                               "-v", f"{folder}:{folder}", IMAGE, "/perf_analyzer"]
    return None


class PerfAnalyzer(Served):
    flags = ("--grpc.listen", "127.0.0.1:0") if HAS_GRPC else ()

    def measure(self, model, *options, grpc=False):
        """One short measurement: (row of its report, requests that the server counted). Its own outliers are no fault here:
        whatever it measured in each window counts as stable."""
        before = self.counted(model)
        with tempfile.TemporaryDirectory() as folder:
            address = f"127.0.0.1:{self.server.grpc_port if grpc else self.server.port}"
            done = subprocess.run([*PREFIX(folder), "-m", model, "-u", address, "-i", "grpc" if grpc else "http", "-f",
                                   f"{folder}/report.csv", "--measurement-mode", "count_windows",
                                   "--measurement-request-count", "40", "-s", "1000", *options],
                                  capture_output=True, text=True, timeout=240, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            row, = csv.DictReader(pathlib.Path(folder, "report.csv").read_text().splitlines())
        self.assertGreater(float(row["Inferences/Second"]), 0, row)
        self.assertGreater(float(row["p99 latency"]), 0, row)
        return row, self.counted(model) - before

    def counted(self, model):
        status, answer = self.server.json("GET", f"/v2/models/{model}/stats")
        self.assertEqual(status, 200, answer)
        return sum(one["inference_stats"]["success"]["count"] for one in answer["model_stats"])

    def test_it_measures_tensors_over_http(self):
        for options in ([], ["--input-tensor-format", "json", "--output-tensor-format", "json"], ["-a"]):
            with self.subTest(options):
                _, counted = self.measure("affine", "--shape", "x:4", "--concurrency-range", "4", *options)
                self.assertGreaterEqual(counted, 40)

    def test_it_measures_batches(self):
        row, counted = self.measure("affine", "--shape", "x:4", "-b", "4")
        self.assertGreaterEqual(counted, 40)
        self.assertGreater(float(row["Server Compute Infer"]), 0, row)   # of the server's statistics

    def test_it_measures_at_a_rate(self):
        self.measure("affine", "--shape", "x:4", "--request-rate-range", "50")

    @unittest.skipUnless(HAS_GRPC, "the server was built without gRPC")
    def test_it_measures_over_grpc(self):
        for options in ([], ["-a"]):
            with self.subTest(options):
                _, counted = self.measure("affine", "--shape", "x:4", "--concurrency-range", "4", *options, grpc=True)
                self.assertGreaterEqual(counted, 40)


if __name__ == "__main__":
    PREFIX = command_prefix()
    if PREFIX is None:
        print("perf_analyzer cannot be run: cmake/bootstrap.sh --clients installs it; where the C library is older than 2.38 it "
              "needs a Docker engine with", IMAGE)
        sys.exit(77)
    sys.argv[1:] = []
    unittest.main(verbosity=2)
