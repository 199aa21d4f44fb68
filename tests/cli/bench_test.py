# SPDX-License-Identifier: Apache-2.0
"""gantry bench from outside: what is counted, judged and written. No test asserts a time.
Run by ctest; or: python tests/cli/bench_test.py GANTRY TEST_PACKAGES_DIR"""

import json
import re
import shutil
import sys
import unittest
import xml.etree.ElementTree

import numpy
from cli_test import COULD_NOT_RUN, FAILED, OK, USAGE, Case, gantry, manifest, package

QUICK = ["--seconds", "0.1", "--warmup", "0.02", "--allow-noise"]
SVG = "{http://www.w3.org/2000/svg}"


class BenchCase(Case):
    def setUp(self):
        super().setUp()
        self.sigmoid = self.of_ops([{"op": "sigmoid"}])
        self.tensor = self.tmp / "x.npy"
        numpy.save(self.tensor, numpy.float32([0, 1, 2, 3]))

    def bench(self, *words, status=OK, stderr="", times=QUICK):
        """The result of the command and the object that it wrote."""
        path = self.tmp / "bench.json"
        path.unlink(missing_ok=True)
        result = self.expect(gantry("bench", *words, *times, "--json", path), status, stderr)
        return result, json.loads(path.read_text()) if path.exists() else None


class Loads(BenchCase):
    def test_without_options_there_is_a_curve_and_a_table(self):
        result, report = self.bench(self.sigmoid, self.tensor)
        workers = report["machine"]["workers"]
        callers = sorted({1, workers, 2 * workers})
        self.assertEqual([load["concurrency"] for load in report["loads"]], callers)
        self.assertRegex(result.stdout, r"(?m)^ +answers +per s +p50 +p90 +p99 +p99\.9 +max +CPU/req +failed$")
        for count in callers:
            self.assertRegex(result.stdout, rf"(?m)^{count} callers? +\d+ +\d+ +[\d.]+ .s ")
        self.assertRegex(result.stdout, r"(?m)^memory +\d+(\.\d+)? MiB resident")

    def test_a_closed_loop_counts_what_it_answers(self):
        _, report = self.bench(self.sigmoid, self.tensor, "--concurrency", "3,1")
        self.assertEqual([load["concurrency"] for load in report["loads"]], [3, 1])
        self.assertTrue(report["passed"])
        for load in report["loads"]:
            side, = load["sides"]
            latency = side["latency"]
            self.assertGreaterEqual(side["answers"], load["concurrency"])
            self.assertEqual(sum(bucket["count"] for bucket in latency["histogram"]), side["answers"])
            self.assertEqual((side["failed"], side["failed_by_type"]), (0, {}))
            known = [latency[key] for key in ("min_ms", "p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")
                     if latency[key] is not None]
            self.assertEqual(known, sorted(known))
            for key in ("answers_per_second", "cpu_per_request_ms", "resident_bytes", "peak_resident_bytes", "elapsed_s"):
                self.assertGreater(side[key], 0, key)
            self.assertIsNone(side["send_delay_p99_ms"])

    def test_an_open_loop_sends_what_is_due(self):
        _, report = self.bench(self.sigmoid, self.tensor, "--rate", "50,200", "--arrival", "constant",
                               times=["--seconds", "0.5", "--warmup", "0.1", "--allow-noise"])
        self.assertEqual([load["rate_per_second"] for load in report["loads"]], [50, 200])
        for load in report["loads"]:
            self.assertEqual(load["arrival"], "constant")
            self.assertEqual(load["sides"][0]["answers"], load["rate_per_second"] / 2)

    def test_a_quantile_of_too_few_is_not_given(self):
        result, report = self.bench(self.sigmoid, self.tensor, "--rate", "100", "--arrival", "constant",
                                    times=["--seconds", "1.5", "--warmup", "0", "--allow-noise"])
        latency = report["loads"][0]["sides"][0]["latency"]
        self.assertEqual(report["loads"][0]["sides"][0]["answers"], 150)
        self.assertIsNotNone(latency["p99_ms"])
        self.assertIsNone(latency["p999_ms"])
        self.assertRegex(result.stdout, r"(?m)^100/s +150 +\S+ +\S+ .s +\S+ .s +\S+ .s +- +\S+ .s")

    def test_several_inputs_and_directories_take_turns(self):
        directory = self.tmp / "inputs"
        directory.mkdir()
        for i in range(3):
            numpy.save(directory / f"{i}.npy", numpy.float32([i]))
        _, report = self.bench(self.sigmoid, directory, self.tensor, "--concurrency", "1")
        self.assertEqual(report["inputs"], [*(str(directory / f"{i}.npy") for i in range(3)), str(self.tensor)])

    def test_a_model_is_measured_as_it_serves(self):
        directory = package("tiny-cnn")
        image = directory / manifest(directory)["golden"][0]["input"]["file"]
        result, report = self.bench(directory, image, "--concurrency", "2", "--engine", "torchscript")
        self.assertEqual(report["packages"][0]["title"], "tiny-cnn 1")
        self.assertEqual(report["packages"][0]["engines"], "torchscript")
        self.assertIn("pipeline 'tiny-cnn'", report["packages"][0]["plan"])
        self.assertRegex(result.stdout, r"^package +tiny-cnn 1, torchscript, opened in ")

    def test_what_is_refused_under_load_is_counted_by_its_type(self):
        # 1024 requests may be in flight; this pipeline takes far longer for each than they are apart.
        slow = self.of_ops([{"op": "sigmoid"}] * 40)
        numpy.save(self.tensor, numpy.zeros(1_000_000, "f4"))
        result, report = self.bench(slow, self.tensor, "--rate", "20000", "--arrival", "constant", status=FAILED,
                                    times=["--seconds", "0.3", "--warmup", "0", "--allow-noise"])
        side = report["loads"][0]["sides"][0]
        self.assertEqual(side["answers"] + side["failed"], 6000)
        self.assertGreater(side["failed_by_type"]["resource_exhausted.queue_full"], 0)
        self.assertRegex(result.stdout, r"(?m)^FAILED +answers at 20000/s: \d+ requests were answered, \d+ were not: ")
        self.assertFalse(report["passed"])


class Refused(BenchCase):
    def test_wrong_usage(self):
        for words, message in (([], "too few arguments"), (["--rate", "5", "--concurrency", "2"], "exclude each other"),
                               (["--p99", "20"], "--p99: expected a duration"), (["--rate", "0"], "--rate: expected"),
                               (["--vs-engine", "aoti"], "give --vs"), (["--seconds", "1s"], "--seconds: expected")):
            with self.subTest(words):
                inputs = [self.tensor] if words else []
                self.expect(gantry("bench", self.sigmoid, *inputs, *words), USAGE, message)

    def test_nothing_is_measured_that_cannot_be_answered(self):
        bad = self.tmp / "bad.npy"
        bad.write_bytes(b"bad")
        for words, status, message in (
                ([self.sigmoid, bad], FAILED, "input '" + str(bad)), ([self.sigmoid, self.tmp / "absent.npy"], FAILED, "absent.npy"),
                ([package("tiny-mlp"), self.tmp / "x.npy"], OK, ""),
                ([self.tmp / "absent", self.tensor], COULD_NOT_RUN, "there is no package directory"),
                ([package("tiny-mlp"), self.tensor, "--engine", "aoti"], COULD_NOT_RUN, "'aoti'"),
                ([self.sigmoid, self.tensor, "--vs", self.tmp / "absent"], COULD_NOT_RUN, "there is no package directory")):
            with self.subTest(words):
                result, _ = self.bench(*words, status=status, stderr=message)
                if status != OK:
                    self.assertEqual(result.stdout, "")

    def test_a_package_with_wrong_answers_is_not_measured(self):
        directory = self.copy("tiny-mlp")
        expected = directory / manifest(directory)["golden"][0]["result"]["value"]["npy"]
        numpy.save(expected, numpy.load(expected) + 0.01)
        self.reseal(directory)
        result, _ = self.bench(directory, self.tensor, status=COULD_NOT_RUN, stderr="golden")
        self.assertEqual(result.stdout, "")

    def test_a_report_that_cannot_be_written_could_not_run(self):
        for option in ("--html", "--junit"):
            self.bench(self.sigmoid, self.tensor, "--concurrency", "1", option, self.tmp / "absent" / "x",
                       status=COULD_NOT_RUN, stderr="cannot write")


class Budgets(BenchCase):
    def junit(self, *words, status):
        path = self.tmp / "bench.xml"
        _, report = self.bench(self.sigmoid, self.tensor, *words, "--junit", path, status=status)
        return report, xml.etree.ElementTree.parse(path).getroot()

    def test_one_that_is_kept_passes(self):
        report, suite = self.junit("--p50", "1h", "--max-cpu", "1h", "--min-rate", "0.001", status=OK)
        workers = report["machine"]["workers"]
        self.assertEqual([load["concurrency"] for load in report["loads"]], [workers])  # one load, without a curve
        self.assertEqual((suite.tag, suite.get("failures"), suite.get("errors")), ("testsuite", "0", "0"))
        at = f"at {workers} caller" + ("s" if workers > 1 else "")
        self.assertEqual([case.get("name") for case in suite],
                         [f"answers {at}", f"machine {at}", f"p50 <= 3600 s {at}", f"CPU per request <= 3600 s {at}",
                          f"rate >= 0.001/s {at}"])

    def test_one_that_is_exceeded_fails_at_each_load(self):
        report, suite = self.junit("--p50", "1ns", "--p90", "1h", "--concurrency", "1,2", status=FAILED)
        self.assertEqual(suite.get("failures"), "2")
        self.assertEqual([case.get("name") for case in suite if case.find("failure") is not None],
                         ["p50 <= 1 ns at 1 caller", "p50 <= 1 ns at 2 callers"])
        self.assertFalse(report["passed"])
        for words in (["--max-cpu", "1ns"], ["--min-rate", "1000000000"]):
            self.bench(self.sigmoid, self.tensor, *words, status=FAILED)

    def test_one_that_needs_more_answers_fails(self):
        result, _ = self.bench(self.sigmoid, self.tensor, "--p999", "1h", "--rate", "100", "--arrival", "constant",
                               status=FAILED)
        self.assertIn("p99.9 is unknown: it takes 1000 answers, and there were 10; give more --seconds", result.stdout)


class Versus(BenchCase):
    def test_two_packages_take_turns_and_are_compared(self):
        slower = self.of_ops([{"op": "sigmoid"}] * 4 + [{"op": "softmax"}])
        result, report = self.bench(self.sigmoid, self.tensor, "--vs", slower, "--concurrency", "1",
                                    times=["--seconds", "0.3", "--warmup", "0.02", "--allow-noise"])
        load, = report["loads"]
        self.assertEqual(len(load["sides"]), 2)
        self.assertEqual([package["directory"] for package in report["packages"]], [str(self.sigmoid), str(slower)])
        for key in ("p50_ratio", "rate_ratio", "cpu_per_request_ratio"):
            ratio = load["comparison"][key]
            self.assertLessEqual(ratio["low"], ratio["ratio"])
            self.assertLessEqual(ratio["ratio"], ratio["high"])
        self.assertIn("x.npy': ", report["answers_differ"])
        self.assertRegex(result.stdout, r"(?m)^  B / A: p50 [\d.]+ \([\d.]+ to [\d.]+\), ")
        self.assertRegex(result.stdout, r"(?m)^DIFFER +the answers are not the same: ")
        self.assertRegex(result.stdout, r"(?m)^A +ops 1, no model, .*\nB +ops 1, no model, ")

    def test_answers_of_the_same_package_are_the_same_and_budgets_are_the_firsts(self):
        directory = package("tiny-cnn")
        image = directory / manifest(directory)["golden"][0]["input"]["file"]
        _, report = self.bench(directory, image, "--vs", directory, "--vs-engine", "torchscript", "--rate", "200",
                               "--p50", "1h")
        self.assertIsNone(report["answers_differ"])
        self.assertEqual([finding["name"] for finding in report["findings"] if finding["name"].startswith("p50")],
                         ["p50 <= 3600 s at 200/s, A"])

    def test_packages_that_take_different_inputs_cannot_be_compared(self):
        self.bench(self.sigmoid, self.tensor, "--vs", package("tiny-cnn"), status=FAILED, stderr="input '")


class Page(BenchCase):
    def page(self, *words, status=OK):
        path = self.tmp / "bench.html"
        self.bench(*words, "--html", path, status=status)
        return path.read_text()

    def assert_is_whole(self, page):
        """Well-formed, and needing nothing beside itself."""
        root = xml.etree.ElementTree.fromstring(page.replace("<!doctype html>", ""))
        self.assertNotIn("<script", page)
        self.assertNotRegex(page, r"(src|href)=|url\(|@import")
        for element in root.iter():
            for name, value in element.attrib.items():
                if name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height") and re.match(r"^[-\d]", value):
                    self.assertGreaterEqual(float(value), -1, (element.tag, name))
        return root

    def test_it_has_the_table_both_charts_and_the_budgets(self):
        root = self.assert_is_whole(self.page(self.sigmoid, self.tensor, "--concurrency", "1,2", "--p50", "1h", "--p90",
                                              "1ns", status=FAILED))
        charts = list(root.iter("svg"))
        self.assertEqual([chart.get("aria-label") for chart in charts],
                         ["latency over answers per second", "distribution of latencies"])
        self.assertEqual(len(list(charts[0].iter("circle"))), 4)  # p50 and p99 of two loads
        self.assertGreater(len(list(charts[1].iter("rect"))), 2)
        text = "".join(root.itertext())
        for part in ("p50 <= 3600 s at 1 caller", "kept", "not kept", "answers per second", "CPU per request", "ops 1"):
            self.assertIn(part, text)

    def test_of_two_packages_it_has_both(self):
        root = self.assert_is_whole(self.page(self.sigmoid, self.tensor, "--vs", self.of_ops([{"op": "softmax"}]),
                                              "--concurrency", "1"))
        text = "".join(root.itertext())
        for part in ("B as a multiple of A", "The answers differ", "1 caller, B: "):
            self.assertIn(part, text)

    def test_it_is_well_formed_whatever_the_names_and_however_little_was_answered(self):
        directory = self.tmp / "<&\"'>]]>\u001b\u009b\ufffe"
        shutil.copytree(self.sigmoid, directory)
        root = self.assert_is_whole(self.page(directory, self.tensor, "--concurrency", "1"))
        self.assertIn("<&\"'>]]>\\u001b\\u009b\ufffd", "".join(root.itertext()))
        self.assert_is_whole(self.page(self.sigmoid, self.tensor, "--rate", "10", "--arrival", "constant"))
        self.assert_is_whole(self.page(self.sigmoid, self.tensor, "--rate", "0.001", status=FAILED))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
