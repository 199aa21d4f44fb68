# SPDX-License-Identifier: Apache-2.0
"""The gantry tool from outside: what it prints, how it exits, and that its answers are the Python stack's.
Run by ctest; or: python tests/cli/cli_test.py GANTRY TEST_PACKAGES_DIR [CLASS]"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

import numpy

GANTRY, PACKAGES = sys.argv[1], Path(sys.argv[2])
OK, FAILED, COULD_NOT_RUN, USAGE = 0, 1, 2, 64


def gantry(*words):
    return subprocess.run([GANTRY, *map(str, words)], capture_output=True, text=True, timeout=120)


def package(name):
    return PACKAGES / name / "1"


def manifest(directory):
    return json.loads((directory / "gantry.json").read_text())


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def array(rendered):
    kinds = {"f32": "float32", "i64": "int64"}
    return numpy.array(rendered["data"], dtype=kinds[rendered["dtype"]]).reshape(rendered["shape"])


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.tmp = Path(temporary.name)

    def copy(self, name):
        return Path(shutil.copytree(package(name), Path(tempfile.mkdtemp(dir=self.tmp)) / name))

    def of_ops(self, pipeline, inputs=()):
        """A package without models."""
        directory = Path(tempfile.mkdtemp(dir=self.tmp)) / "ops"
        directory.mkdir()
        content = {"format": 2, "name": "ops", "version": "1", "pipeline": pipeline, "golden": [], "files": []}
        if inputs:
            content["inputs"] = [{"name": name} for name in inputs]
        (directory / "gantry.json").write_text(json.dumps(content))
        return directory

    def reseal(self, directory, change=None):
        """Makes the sizes and hashes of gantry.json true again after a change of files, and changes it."""
        content = manifest(directory)
        if change:
            change(content)
        for file in content["files"]:
            data = (directory / file["path"]).read_bytes()
            file.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        (directory / "gantry.json").write_text(json.dumps(content))

    def expect(self, result, status, stderr=""):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertIn(stderr, result.stderr)
        return result

    def assert_classes(self, got, expected):
        self.assertEqual([(c["index"], c["label"]) for c in got], [(c["index"], c["label"]) for c in expected])
        numpy.testing.assert_allclose([c["score"] for c in got], [c["score"] for c in expected], rtol=1e-4, atol=1e-5)


class CommandLine(Case):
    def test_help_and_version_succeed(self):
        for words in (["--help"], ["run", "--help"]):
            self.assertIn("gantry run PKG INPUT...", self.expect(gantry(*words), OK).stdout)
        self.assertRegex(self.expect(gantry("--version"), OK).stdout, r"^gantry \d+\.\d+\.\d+ \((ExecuTorch \S+; )?LibTorch \d+\.\d+")

    def test_ops_lists_all_ops_by_domain(self):
        text = self.expect(gantry("ops"), OK).stdout
        self.assertRegex(text, r"(?m)^pipeline\n(  .*\n)*  each +list<A> -> list<B> +does the same to every item")
        self.assertRegex(text, r"(?m)^  image\.resize +Image -> Image +makes the image width x height")
        self.assertRegex(text, r"(?m)^predicates of `when`\n(  .*\n)*  image\.is_gray +Image +whether")

    def test_ops_shows_one_with_its_parameters_limits_reference_and_example(self):
        text = self.expect(gantry("ops", "image.crop_short"), OK).stdout
        for line in ("image.crop_short: Image -> Image", "  fraction  above 0, at most 1; default 1",
                     '  centre    half_even, floor, truncate; default "half_even"', "reference: transformers: Perceiver's",
                     "tolerance: exact", 'example: {"op": "image.crop_short", "fraction": 0.875}'):
            self.assertIn(line, text)
        text = self.expect(gantry("ops", "image.center_crop"), OK).stdout
        self.assertIn("  give size, or width and height", text)
        self.assertIn("top_k: Tensor f32[n] -> Classes", self.expect(gantry("ops", "top_k"), OK).stdout)

    def test_ops_as_json_is_the_table_that_is_installed(self):
        table = json.loads(self.expect(gantry("ops", "--json"), OK).stdout)
        names = [op["name"] for op in table["ops"]]
        self.assertEqual(names, sorted(names))
        self.assertIn("when", names)
        self.assertEqual(table, json.loads((PACKAGES.parent / "share" / "gantry" / "ops.json").read_text()))

    def test_one_op_as_json_is_its_entry_of_the_table(self):
        table = json.loads(self.expect(gantry("ops", "--json"), OK).stdout)
        for name in ("image.resize", "when"):
            entry, = (op for op in table["ops"] if op["name"] == name)
            self.assertEqual(json.loads(self.expect(gantry("ops", name, "--json"), OK).stdout), entry)
        result = self.expect(gantry("ops", "resize", "--json"), USAGE, "unknown op 'resize'; near it are image.resize")
        self.assertEqual(result.stdout, "")

    def test_an_unknown_op_is_answered_with_near_ones(self):
        self.expect(gantry("ops", "resize"), USAGE,
                    "unknown op 'resize'; near it are image.resize, image.resize_fit, image.resize_long")
        self.expect(gantry("ops", "transcribe"), USAGE, "unknown op 'transcribe'; `gantry ops` lists all")

    def test_wrong_usage_says_what_is_right(self):
        cases = {"usage: gantry|gantry: run": [], "unknown command 'rnu'": ["rnu"],
                 "too few arguments\nusage: gantry run PKG": ["run", package("tiny-mlp")],
                 "unknown option '--utnil'; known are --engine": ["run", "p", "i", "--utnil", "x"],
                 "--until STAGE and --npy FILE go together": ["run", "p", "i", "--until", "pipeline[0]"],
                 "--until takes one input": ["run", "p", "i", "j", "--until", "x", "--npy", "y"],
                 "--device": ["run", "p", "i", "--device", "tpu"], "too many arguments": ["inspect", "a", "b"],
                 "doctor": ["doctor", "now"], "--junit needs a value": ["check", "p", "--junit"]}
        for message, words in cases.items():
            with self.subTest(words=words):
                result = gantry(*words)
                self.assertEqual((result.returncode, result.stdout), (USAGE, ""))
                self.assertTrue(any(part in result.stderr for part in message.split("|")), result.stderr)

    def test_a_directory_that_is_no_package_could_not_run(self):
        for words in (["run", self.tmp, "x.png"], ["check", self.tmp], ["inspect", self.tmp / "absent"]):
            with self.subTest(words=words):
                result = self.expect(gantry(*words), COULD_NOT_RUN)
                self.assertIn("not_found", result.stdout + result.stderr)
        self.assertIn("there is no package directory", gantry("inspect", self.tmp / "absent").stderr)
        self.assertIn("is a file; a package is the directory", gantry("inspect", __file__).stderr)
        self.assertIn("holds no gantry.json; give the directory of a package", gantry("inspect", self.tmp).stderr)

    @unittest.skipIf(os.geteuid() != 0, "needs to become another user")
    def test_a_file_that_cannot_be_read_is_not_called_altered(self):
        directory = self.copy("tiny-mlp")
        for parent in (self.tmp, directory.parent, directory):
            parent.chmod(0o755)
        (directory / "model.ts").chmod(0)

        result = subprocess.run([GANTRY, "check", str(directory)], capture_output=True, text=True, timeout=120,
                                preexec_fn=lambda: os.setresuid(65534, 65534, 65534))
        self.expect(result, COULD_NOT_RUN)
        self.assertRegex(result.stdout, r"could not run +files: .*'model.ts': cannot be opened: Permission denied")
        self.assertNotIn("not what was published", result.stdout)

    def test_links_within_a_package_are_followed(self):
        directory = self.copy("tiny-mlp")
        (directory / "..2024").mkdir()
        for path in list(directory.iterdir()):
            if path.name != "..2024":
                path.rename(directory / "..2024" / path.name)
                path.symlink_to(f"..data/{path.name}")
        (directory / "..data").symlink_to("..2024")
        self.expect(gantry("check", directory), OK)
        blob = self.tmp / "blob"
        (directory / "..2024" / "model.ts").rename(blob)
        (directory / "..2024" / "model.ts").symlink_to(blob)
        result = self.expect(gantry("check", directory), FAILED)
        self.assertRegex(result.stdout, r"FAILED +files: .*'model.ts': is a symbolic link to '..data/model.ts', which leads out of.* to '.*blob'; .*cp -rL")

    def test_doctor_shows_versions_budget_and_runtimes(self):
        text = self.expect(gantry("doctor"), OK).stdout
        for pattern in (r"gantry +\d", r"LibTorch +\d+\.\d+.* from .*libtorch_cpu", r"engines +(executorch, )?torchscript, aoti\n", r"CPU +\S",
                        r"budget +\d+ CPU", r"throttled +\S",
                        r"memory +\d+(\.\d+)? [KMGT]iB: ", r"OpenMP +\S", r"variables +\S", r"CUDA +this LibTorch"):
            self.assertRegex(text, pattern)


    def test_results_that_cannot_be_written_are_a_failure(self):
        directory = package("tiny-mlp")
        source = directory / manifest(directory)["golden"][0]["input"]["npy"]
        for words in (["--help"], ["run", "--help"], ["--version"], ["doctor"], ["inspect", directory],
                      ["check", directory], ["run", directory, source]):
            for redirection in (">/dev/full", ">&-"):
                with self.subTest(words=words, redirection=redirection):
                    result = subprocess.run(["sh", "-c", f'exec "$@" {redirection}', "sh", GANTRY, *map(str, words)],
                                            stderr=subprocess.PIPE, text=True, timeout=120)
                    self.assertEqual(result.returncode, COULD_NOT_RUN, result.stderr)
                    self.assertIn("gantry: cannot write to standard output", result.stderr)

    def test_nothing_is_printed_into_a_file_when_the_streams_are_closed(self):
        directory, out = package("tiny-mlp"), self.tmp / "out.npy"
        source = directory / manifest(directory)["golden"][0]["input"]["npy"]
        command = [GANTRY, "run", directory, source, "--until", "pipeline[0]", "--npy", out]
        subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *map(str, command)], timeout=120)
        rest = out.read_bytes()
        numpy.load(out)
        self.assertNotIn(b"input", rest)


class Run(Case):
    def run_golden(self, name, index=0):
        """The tool's line for the input of a golden case, and the case."""
        case = manifest(package(name))["golden"][index]
        source = package(name) / (case["input"].get("file") or case["input"].get("npy"))
        return lines(self.expect(gantry("run", package(name), source), OK))[0], case

    def test_classes_are_the_python_stacks(self):
        for index in range(len(manifest(package("tiny-cnn"))["golden"])):
            line, case = self.run_golden("tiny-cnn", index)
            self.assertEqual(list(line), ["input", "model", "version", "result", "ms"])
            self.assertEqual((line["model"], line["version"]), ("tiny-cnn", "1"))
            self.assertGreater(line["ms"], 0)
            self.assertEqual(list(line["result"]), ["classes"])
            self.assert_classes(line["result"]["classes"], case["result"]["value"]["classes"])

    def test_sizes_follow_from_the_input(self):
        shapes = []
        for index in range(3):
            line, case = self.run_golden("suppression", index)
            for name, path in case["result"]["value"]["tensors"].items():
                got, expected = array(line["result"]["tensors"][name]), numpy.load(package("suppression") / path)
                self.assertEqual(got.shape, expected.shape)
                numpy.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
            shapes.append(line["result"]["tensors"]["kept"]["shape"])
        self.assertEqual(shapes[1:], [[1, 4], [0, 4]])
        text = self.expect(gantry("inspect", package("suppression")), OK).stdout
        self.assertIn("  follows from the input: found\n  an output has no row for each sample: one sample a call\n", text)
        self.expect(gantry("check", package("suppression")), OK)

    def test_a_tensor_pipeline_takes_and_gives_tensors(self):
        for name in ("tiny-mlp", "no-batch"):
            line, case = self.run_golden(name)
            expected = numpy.load(package(name) / case["result"]["value"]["npy"])
            numpy.testing.assert_allclose(array(line["result"]["tensors"]["output"]), expected, rtol=1e-5, atol=1e-6)

    def test_several_tensors_are_given_by_name(self):
        directory = package("two-inputs")
        case = manifest(directory)["golden"][0]
        files = case["input"]["tensors"]
        argument = ",".join(f"{name}={directory / file}" for name, file in files.items())
        tensors = lines(self.expect(gantry("run", directory, argument), OK))[0]["result"]["tensors"]
        self.assertEqual(list(tensors), ["joined", "best"])
        for name, file in case["result"]["value"]["tensors"].items():
            numpy.testing.assert_allclose(array(tensors[name]), numpy.load(directory / file), rtol=1e-5)
        error = lines(self.expect(gantry("run", directory, directory / next(iter(files.values()))), FAILED))[0]["error"]
        self.assertIn("name=a.npy,name=b.npy", error["message"])

    def test_json_is_an_input_as_it_is_a_result(self):
        directory = package("tiny-mlp")
        source = directory / manifest(directory)["golden"][0]["input"]["npy"]
        values = numpy.load(source)
        path = self.tmp / "input.json"
        path.write_text(json.dumps({"tensors": {"any name": {"dtype": "f32", "shape": list(values.shape),
                                                             "data": values.tolist()}}}))
        from_json, from_npy = lines(self.expect(gantry("run", directory, path, source), OK))
        self.assertEqual(from_json["result"], from_npy["result"])
        path.write_text(json.dumps({"tensors": {"x": {"dtype": "f32", "shape": [4], "data": [1]}}}))
        error = lines(self.expect(gantry("run", directory, path), FAILED))[0]["error"]
        self.assertIn("input.json': tensors.x.data: expected a list of 4 values, got 1", error["message"])

    def test_lists_and_tuples_keep_their_form(self):
        line, case = self.run_golden("tiny-five-crop")
        crops, tensor = line["result"]["tuple"]
        expected = case["result"]["value"]["tuple"]
        for got, want in zip(crops["list"], expected[0]["list"], strict=True):
            self.assert_classes(got["classes"], want["classes"])
        numpy.testing.assert_allclose(array(tensor["tensors"]["output"]),
                                      numpy.load(package("tiny-five-crop") / expected[1]["npy"]), rtol=1e-5)

    def test_several_inputs_may_be_one_json_object_and_files_have_commas_in_their_names(self):
        directory = self.of_ops([{"op": "fork", "branches": [[{"op": "select", "name": name}, {"op": "sigmoid"}]
                                                             for name in ("a", "b")]},
                                 {"op": "bundle", "names": ["p", "q"]}], ["a", "b"])
        a, b, both = self.tmp / "x,y=1,z.npy", self.tmp / "b,.npy", self.tmp / "both.json"
        numpy.save(a, numpy.float32([0, 1]))
        numpy.save(b, numpy.float32([2]))

        def of(values):
            return {"tensors": {"x": {"dtype": "f32", "shape": [len(values)], "data": values}}}
        both.write_text(json.dumps({"b": of([2]), "a": of([0, 1])}))
        by_name, reverse, by_object = lines(self.expect(gantry("run", directory, f"a={a},b={b}", f"b={b},a={a}", both), OK))
        for line in (by_name, reverse, by_object):
            numpy.testing.assert_allclose(array(line["result"]["tensors"]["p"]), [0.5, 0.7310586], rtol=1e-5)
            numpy.testing.assert_allclose(array(line["result"]["tensors"]["q"]), [0.8807971], rtol=1e-5)
        self.assertEqual(by_name["result"], by_object["result"])
        for content, message in (('{"a": 1}', "both.json': expected an object with the keys 'a', 'b', got an object with 'a'"),
                                 ('[1, 2]', "expected an object with the keys 'a', 'b', got a list"),
                                 ('{"a": 1, "c": 2}', "expected an object with the keys 'a', 'b', got"),
                                 (json.dumps({"a": of([0]), "b": 7}), "both.json': b: expected Tensor, which is {"),
                                 ('{"a"', "both.json': ")):
            with self.subTest(content):
                both.write_text(content)
                error = lines(self.expect(gantry("run", directory, both), FAILED))[0]["error"]
                self.assertIn(message, error["message"])
        error = lines(self.expect(gantry("run", directory, b), FAILED))[0]["error"]
        self.assertIn("name=a.npy,name=b.npy, or as one .json file, an object with a value for each name", error["message"])

    def test_a_tensor_pipeline_names_the_files_that_it_takes(self):
        directory, picture = self.of_ops([{"op": "sigmoid"}]), self.tmp / "a.png"
        picture.write_bytes(b"a picture")
        error = lines(self.expect(gantry("run", directory, picture), FAILED))[0]["error"]
        self.assertIn("a.png': this pipeline takes Tensor: give a .npy or .json file", error["message"])

    def test_a_bad_input_fails_alone(self):
        directory = package("tiny-cnn")
        good = directory / manifest(directory)["golden"][0]["input"]["file"]
        bad = self.tmp / "bad.png"
        bad.write_bytes(b"no picture")
        result = self.expect(gantry("run", directory, good, bad, self.tmp / "absent.png", good), FAILED)
        first, broken, absent, last = lines(result)
        self.assertEqual(first["result"], last["result"])
        self.assertEqual(list(broken), ["input", "error"])
        self.assertEqual(broken["input"], str(bad))
        self.assertEqual(broken["error"]["code"], "invalid_argument")
        self.assertIn("pipeline 'tiny-cnn' > stage 'image.decode': ", broken["error"]["message"])
        self.assertEqual(absent["error"]["code"], "not_found")

    def test_a_tensor_that_does_not_fit_is_refused(self):
        wrong = {"shape": numpy.zeros(5, "f4"), "dtype": numpy.zeros(4, "f8"), "rank": numpy.zeros((1, 4), "f4")}
        for name, values in wrong.items():
            numpy.save(self.tmp / f"{name}.npy", values)
        result = self.expect(gantry("run", package("tiny-mlp"), *(self.tmp / f"{name}.npy" for name in wrong)), FAILED)
        for line in lines(result):
            self.assertEqual(line["error"]["code"], "invalid_argument")
            self.assertIn("stage 'model'", line["error"]["message"])

    def test_explain_shows_the_plan_and_the_times_on_stderr(self):
        directory = package("tiny-cnn")
        inputs = [directory / case["input"]["file"] for case in manifest(directory)["golden"][:3]]
        result = self.expect(gantry("run", directory, *inputs, "--explain"), OK)
        self.assertEqual(len(lines(result)), 3)
        self.assertIn("pipeline 'tiny-cnn': ", result.stderr)
        for path, op in enumerate(op["op"] for op in manifest(directory)["pipeline"]):
            time = r"part of pipeline\[0\]" if path in (1, 2) else r"[\d.]+ +[\d.]+%"   # decoded and resized in one step
            self.assertRegex(result.stderr, rf"pipeline\[{path}\] {op} +3 +0 +{time}")

    def test_golden_cases_may_run_the_first_time_alone(self):
        directory, cache = package("tiny-cnn"), self.tmp / "cache"
        picture = directory / manifest(directory)["golden"][0]["input"]["file"]
        cases = len(manifest(directory)["golden"])
        first, second = (gantry("run", directory, picture, "--explain", "--golden-cache", cache) for _ in range(2))
        self.assertEqual([first.returncode, second.returncode], [OK, OK], first.stderr + second.stderr)
        self.assertIn(f"golden: {cases} cases passed", first.stderr)
        self.assertIn(f"golden cases: 1 of {cases} run, since all passed", second.stderr)
        self.assertEqual(lines(first)[0]["result"], lines(second)[0]["result"])
        self.assertEqual(len(list(cache.iterdir())), 1)
        refused = gantry("run", directory, picture, "--golden-cache", self.tmp / "no" / "such")
        self.assertEqual(refused.returncode, COULD_NOT_RUN)
        self.assertIn("cannot be made: No such file or directory", refused.stderr)

    def test_an_engine_the_package_lacks_could_not_run(self):
        self.expect(gantry("run", package("tiny-mlp"), "x.npy", "--engine", "aoti"), COULD_NOT_RUN, "'aoti'")


class Until(Case):
    def test_every_stage_gives_what_python_had_there(self):
        directory = package("tiny-cnn")
        compared = 0
        for case in manifest(directory)["golden"]:
            for stage in case["stages"]:
                if "npy" not in stage["value"]:
                    continue
                out = self.tmp / "out.npy"
                line = lines(self.expect(gantry("run", directory, directory / case["input"]["file"], "--until",
                                                stage["at"], "--npy", out), OK))[0]
                got, expected = numpy.load(out), numpy.load(directory / stage["value"]["npy"])
                self.assertEqual((line["stage"], line["shape"]), (stage["at"], list(expected.shape)))
                if stage["tolerance"] == "exact":
                    numpy.testing.assert_array_equal(got, expected)
                else:
                    numpy.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
                compared += 1
        self.assertGreaterEqual(compared, 5)

    def test_a_stage_may_be_named_by_its_op(self):
        directory = package("tiny-cnn")
        source = directory / manifest(directory)["golden"][0]["input"]["file"]
        line = lines(self.expect(gantry("run", directory, source, "--until", "image.resize", "--npy",
                                        self.tmp / "a.npy"), OK))[0]
        self.assertEqual((line["stage"], line["dtype"], line["shape"]), ("pipeline[1]", "u8", [32, 32, 3]))

    def test_what_passed_inside_each_is_stacked(self):
        directory = package("tiny-five-crop")
        case = manifest(directory)["golden"][0]
        at = "pipeline[3].branches[0][1].do[0]"
        line = lines(self.expect(gantry("run", directory, directory / case["input"]["file"], "--until", at, "--npy",
                                        self.tmp / "a.npy"), OK))[0]
        self.assertEqual(line["shape"], [5, 3, 8, 8])
        items = next(stage for stage in case["stages"] if stage["at"] == at)["value"]["list"]
        expected = numpy.stack([numpy.load(directory / item["npy"]) for item in items])
        numpy.testing.assert_array_equal(numpy.load(self.tmp / "a.npy"), expected)

    def test_mistakes_are_explained(self):
        directory = package("tiny-five-crop")
        color, gray = (directory / case["input"]["file"] for case in manifest(directory)["golden"][:2])

        def until(source, stage, npy=self.tmp / "a.npy"):
            return gantry("run", directory, source, "--until", stage, "--npy", npy)
        self.expect(until(color, "pipeline[9]"), USAGE, "there are: pipeline[0] image.decode, ")
        self.expect(until(color, "image.to_tensor"), USAGE, "several stages are called 'image.to_tensor'")
        flip = "pipeline[1].else[0]"
        self.expect(until(color, flip), OK)
        error = lines(self.expect(until(gray, flip), FAILED))[0]["error"]
        self.assertEqual(error["code"], "failed_precondition")
        self.assertIn("did not run for this input", error["message"])
        error = lines(self.expect(until(color, "fork"), FAILED))[0]["error"]
        self.assertEqual(error["code"], "unsupported")
        self.expect(until(color, flip, self.tmp / "absent" / "a.npy"), COULD_NOT_RUN, "cannot write")


class InspectAndCheck(Case):
    def test_inspect_needs_no_model_that_loads(self):
        directory = self.copy("tiny-five-crop")
        (directory / "model.ts").write_bytes(b"no model")
        self.reseal(directory)
        text = self.expect(gantry("inspect", directory), OK).stdout
        for part in ("tiny-five-crop 1\n", "torchscript  model.ts (for any, torch >=", ": usable, serves",
                     "crop: f32[batch, channels, 8, 8]", "at most 8 samples in one call",
                     "pipeline[3].branches[0][1].do[2]  softmax", "pipeline[2]  image.resize_short(filter=lanczos, size=12)",
                     "2 cases", "golden/0/input.png", "every file is as listed",
                     "  torchscript: skipped, it cannot be loaded: "):
            self.assertIn(part, text)

    def test_each_of_several_models_is_shown_and_checked(self):
        text = self.expect(gantry("inspect", package("two-models")), OK).stdout
        for part in ("model 'encoder'\n", "model 'head'\n", "  out  scaled: f32[batch, 3]\n", "  in   features\n  in   scale\n",
                     "  encoder: torchscript: TorchScript, LibTorch", "  head: torchscript: TorchScript, LibTorch",
                     "pipeline[2]  model(name=head)"):
            self.assertIn(part, text)
        text = self.expect(gantry("check", package("two-models")), OK).stdout
        for name in ("encoder", "head"):
            self.assertRegex(text, rf"ok +golden of {name} with torchscript: 3 cases, .* at batch 1 and 8")

        def spoil(content):
            content["models"]["head"]["engines"][0]["requires"] = {"torch": "1.99"}
        directory = self.copy("two-models")
        self.reseal(directory, spoil)
        self.expect(gantry("run", directory, "x.npy"), COULD_NOT_RUN, "model 'head': engine 'torchscript' requires torch 1.99")

    def test_several_inputs_are_given_by_name(self):
        directory = package("two-models")
        for case in manifest(directory)["golden"]:
            files = {name: directory / value["npy"] for name, value in case["inputs"].items()}
            line, = lines(self.expect(gantry("run", directory, ",".join(f"{name}={path}" for name, path in files.items())), OK))
            expected = numpy.load(directory / case["result"]["value"]["npy"])
            numpy.testing.assert_allclose(array(next(iter(line["result"]["tensors"].values()))), expected, rtol=1e-5)
        for words, message in ((f"features={files['features']}", "this pipeline takes features=FILE,scale=FILE"),
                               (f"features={files['features']},size={files['scale']}", "takes features=FILE,scale=FILE"),
                               (str(files["scale"]), "several inputs are given as name=a.npy,name=b.npy"),
                               (f"features={files['features']},scale=absent.npy", "input 'scale'")):
            with self.subTest(words):
                self.assertIn(message, lines(self.expect(gantry("run", directory, words), FAILED))[0]["error"]["message"])

    def test_inspect_says_how_sequences_are_padded(self):
        self.assertIn("  pads T to 8, 16, 24\n", self.expect(gantry("inspect", package("tiny-encoder")), OK).stdout)

    def test_check_passes_and_writes_junit(self):
        report = self.tmp / "report.xml"
        text = self.expect(gantry("check", package("tiny-cnn"), "--junit", report), OK).stdout
        self.assertRegex(text, r"ok +golden with torchscript: 4 cases, \d+ boundaries")
        suite = xml.etree.ElementTree.parse(report).getroot()
        self.assertEqual((suite.tag, suite.get("failures"), suite.get("errors")), ("testsuite", "0", "0"))
        self.assertEqual([case.get("name") for case in suite],
                         ["signature", "manifest", "files", "golden with torchscript"])
        self.expect(gantry("check", package("tiny-cnn"), "--junit", self.tmp / "absent" / "x"), COULD_NOT_RUN)

    def test_an_altered_package_is_refused_by_every_command(self):
        def flip_a_byte(directory):
            data = bytearray((directory / "model.ts").read_bytes())
            data[len(data) // 2] ^= 1
            (directory / "model.ts").write_bytes(data)
        changes = {"changed": flip_a_byte, "missing": lambda d: (d / "labels.txt").unlink(),
                   "extra": lambda d: (d / "extra.txt").write_text("x")}
        for name, change in changes.items():
            with self.subTest(name):
                directory = self.copy("tiny-cnn")
                change(directory)
                report = self.tmp / "report.xml"
                text = self.expect(gantry("check", directory, "--junit", report), FAILED).stdout
                self.assertRegex(text, r"FAILED +files: ")
                self.assertRegex(text, r"skipped +golden: ")
                failed = [case.get("name") for case in xml.etree.ElementTree.parse(report).getroot()
                          if case.find("failure") is not None]
                self.assertEqual(failed, ["files"])
                self.expect(gantry("inspect", directory), FAILED)
                self.expect(gantry("run", directory, "x.png"), COULD_NOT_RUN, "failed_precondition")

    def test_wrong_answers_fail_the_check(self):
        directory = self.copy("tiny-mlp")
        expected = directory / manifest(directory)["golden"][0]["result"]["value"]["npy"]
        numpy.save(expected, numpy.load(expected) + 0.01)
        self.reseal(directory)
        text = self.expect(gantry("check", directory), FAILED).stdout
        self.assertRegex(text, r"ok +files: ")
        self.assertRegex(text, r"FAILED +golden with torchscript: ")
        self.expect(gantry("run", directory, "x.npy"), COULD_NOT_RUN)

    def test_what_the_machine_lacks_is_not_the_packages_fault(self):
        text = self.expect(gantry("check", package("tiny-mlp"), "--engine", "aoti"), COULD_NOT_RUN).stdout
        self.assertRegex(text, r"could not run +golden with aoti: not_found: .*it has 'torchscript'")

        def need_another_torch(content):
            content["models"]["model"]["engines"][0]["requires"] = {"torch": "1.99"}
        directory = self.copy("tiny-mlp")
        self.reseal(directory, need_another_torch)
        text = self.expect(gantry("check", directory), COULD_NOT_RUN).stdout
        self.assertRegex(text, r"skipped +golden with torchscript: failed_precondition: .*requires torch 1\.99")
        self.assertIn("not usable: failed_precondition: engine 'torchscript' requires torch 1.99",
                      self.expect(gantry("inspect", directory), OK).stdout)
        self.expect(gantry("run", directory, "x.npy"), COULD_NOT_RUN, "requires torch 1.99")

    def test_engines_of_one_file_are_told_apart_and_measured(self):
        """Two plans of one TorchScript file, and a third that there is not."""
        def add_plans(content):
            engines = content["models"]["model"]["engines"]
            engines += [{**engines[0], "options": {"plan": plan}} for plan in ("channels_last", "fastest")]
        directory = self.copy("tiny-cnn")
        self.reseal(directory, add_plans)
        text = self.expect(gantry("inspect", directory), OK).stdout
        self.assertRegex(text, r'torchscript +model\.ts \(for any, torch [^)]*; \d+(\.\d+)?(e-?\d+)? MB; plan "channels_last"\): usable')
        rows = [json.loads(line) for line in self.expect(gantry("time", directory, "--json"), OK).stdout.splitlines()]
        self.assertEqual([(row["model"], row["engine"]) for row in rows], [("model", 0), ("model", 1), ("model", 2)])
        self.assertTrue(rows[0]["ms"] > 0 and rows[1]["ms"] > 0)
        self.assertIn("option 'plan': expected 'frozen', 'channels_last' or 'fused', got 'fastest'", rows[2]["problem"])
        text = self.expect(gantry("time", directory), OK).stdout
        self.assertRegex(text, r"model: torchscript \(model\.ts, engines\[1\]\): \d+\.\d+ ms")

    def test_a_package_without_golden_cases_is_not_called_proven(self):
        directory = self.copy("tiny-mlp")

        def drop_golden(content):
            content["golden"] = []
            content["files"] = [file for file in content["files"] if not file["path"].startswith("golden/")]
        self.reseal(directory, drop_golden)
        shutil.rmtree(directory / "golden")
        self.assertRegex(self.expect(gantry("check", directory), OK).stdout, r"skipped +golden with torchscript: .*samples")

    def test_each_of_two_engines_of_a_kind_is_checked(self):
        directory = self.copy("tiny-mlp")
        shutil.copy(package("no-batch") / "model.ts", directory / "other.ts")

        def add_engine(content):
            content["models"]["model"]["engines"].append({**content["models"]["model"]["engines"][0], "file": "other.ts"})
            content["files"].append({"path": "other.ts"})
        self.reseal(directory, add_engine)
        for words in ([], ["--engine", "torchscript"]):
            text = self.expect(gantry("check", directory, *words), FAILED).stdout
            self.assertRegex(text, r"ok +golden with torchscript \(model\.ts\): ")
            self.assertRegex(text, r"FAILED +golden with torchscript \(other\.ts\): ")

    def test_files_that_are_not_listed_fail_the_check(self):
        def forget_golden(content):
            content["files"] = [file for file in content["files"] if not file["path"].startswith("golden/0/")]

        def forget_labels(content):
            content["files"] = [file for file in content["files"] if file["path"] != "labels.txt"]
        directory = self.copy("tiny-cnn")
        self.reseal(directory, forget_golden)
        text = self.expect(gantry("check", directory), FAILED).stdout
        self.assertRegex(text, r"FAILED +manifest: .*golden\[0\]\.input\.file: .* is not listed in files")
        directory = self.copy("tiny-cnn")
        (directory / "labels.txt").unlink()
        self.reseal(directory, forget_labels)
        text = self.expect(gantry("check", directory), FAILED).stdout
        self.assertRegex(text, r"FAILED +golden with torchscript: .*labels: file 'labels.txt' is not listed in files")

    def test_inspect_names_what_is_no_op(self):
        pipelines = {
            '[1]': "pipeline[0]  not an op: expected an object with the key op, got 1",
            '["abc"]': "pipeline[0]  not an op: expected an object with the key op, got \"abc\"",
            '[{"op": "fork", "branches": [{"op": "softmax"}]}]':
                "pipeline[0].branches[0]  not a list of ops: an object",
            '[{"op": "each", "do": 7}]': "pipeline[0].do  not a list of ops: 7",
            '[{"op": "fork", "branches": {"a": []}}]': "pipeline[0].branches  not a list of lists of ops: an object",
            '[{"op": 7, "then": []}]': "pipeline[0]  not an op: expected an object with the key op, got an object",
        }
        for pipeline, expected in pipelines.items():
            with self.subTest(pipeline):
                directory = self.copy("tiny-mlp")
                self.reseal(directory, lambda content, ops=json.loads(pipeline): content.update(pipeline=ops))
                result = self.expect(gantry("inspect", directory), FAILED)
                self.assertIn(expected, result.stdout)
                self.assertIn("every file is as listed", result.stdout)
                self.assertNotIn("json.exception", result.stderr)
                self.expect(gantry("check", directory), FAILED)

    def test_inspect_takes_the_parameters_of_unknown_ops_as_they_are(self):
        directory = self.copy("tiny-mlp")
        self.reseal(directory, lambda content: content.update(pipeline=[{"op": "host.op", "do": "fast", "then": [1]}]))
        text = self.expect(gantry("inspect", directory), FAILED).stdout  # without --plugin
        self.assertIn("pipeline[0]  host.op(do=fast, then=[1])\n", text)
        self.assertIn("  cannot be opened: invalid_argument: pipeline[0].op: unknown op 'host.op'", text)

    def test_inspect_refuses_the_pipelines_that_open_refuses(self):
        pipelines = {
            '[{"op": "model"}, {"op": "softmax", "i64": 3}]': r"pipeline\[1\].i64: unknown key",
            '[{"op": "model"}, {"op": "image.decode"}]': r"pipeline\[1\]: 'image.decode' takes .*, but the op before it gives",
            '[{"op": "softmax"}]': "models.model: no op of the pipeline uses it",
            '[{"op": "model", "name": "other"}]': r"pipeline\[0\].name: there is no model 'other'",
            '[{"op": "model"}, {"op": "label", "labels": "absent.txt"}]': "absent.txt",
        }
        good = self.expect(gantry("inspect", package("tiny-mlp"), "--no-load"), OK).stdout
        self.assertNotIn("cannot be opened", good)
        for pipeline, expected in pipelines.items():
            with self.subTest(pipeline):
                directory = self.copy("tiny-mlp")
                self.reseal(directory, lambda content, ops=json.loads(pipeline): content.update(pipeline=ops))
                text = self.expect(gantry("inspect", directory, "--no-load"), FAILED).stdout
                self.assertRegex(text, f"(?m)^  cannot be opened: \\w+: .*{expected}")
                self.assertNotIn("serves", text)

    def test_a_package_cannot_steer_the_terminal(self):
        directory = self.copy("tiny-mlp")
        evil = "a\u001b[31m\u009b\u007f\r\nz"

        def change(content):
            content["created"] = evil
            content["provenance"] = {"git": evil, "metrics": {evil: 1}}
            content["latency"] = {"p99_ms": 1, "at": evil}
            content["accuracy"] = {"eval": evil, "metric": evil, "floor": 0}
            content["pipeline"].append({"op": "softmax", evil: evil})
        self.reseal(directory, change)
        for words in (["inspect", directory], ["check", directory], ["run", directory, "x.npy"],
                      ["check", directory, "--engine", evil], ["run", directory, "x", "--device", evil]):
            with self.subTest(words=words):
                result = gantry(*words)
                text = result.stdout + result.stderr
                self.assertIn("\\u001b[31m\\u009b\\u007f\\u000d\\u000az", text)
                for character in "\u001b\u009b\u007f\r":
                    self.assertNotIn(character, text)

    def test_junit_says_of_which_type_an_error_is(self):
        directory, report = self.copy("tiny-cnn"), self.tmp / "report.xml"
        self.reseal(directory, lambda manifest: manifest["pipeline"][0].update(max_pixels=10))
        self.expect(gantry("check", directory, "--junit", report), COULD_NOT_RUN)
        errors = list(xml.etree.ElementTree.parse(report).getroot().iter("error"))
        self.assertEqual([error.get("type") for error in errors], ["resource_exhausted.input_too_large"])

    def test_junit_is_well_formed_whatever_the_names(self):
        for name in (b"bytes\xff\xc3(", b"control\x01\x1b\r\n\t\x7f", b"<&\"'>]]>", "\ufffe\uffff\u0085\U0001f600".encode()):
            with self.subTest(name):
                directory = os.path.join(os.fsencode(self.tmp), name)
                shutil.copytree(os.fsencode(package("tiny-mlp")), directory)
                with open(os.path.join(directory, b"extra" + name), "w"):
                    pass
                report = self.tmp / "report.xml"
                result = subprocess.run([GANTRY, "check", directory, "--junit", report], capture_output=True, timeout=120)
                self.assertEqual(result.returncode, FAILED)
                self.assertIn("FAILED", result.stdout.decode())
                suite = xml.etree.ElementTree.parse(report).getroot()
                self.assertEqual([case.get("name") for case in suite], ["signature", "manifest", "files", "golden"])

    def test_inspect_says_why_a_signature_file_is_none(self):
        kinds = {"is not a regular file": lambda path: path.mkdir(), "the limit is": lambda path: path.write_bytes(bytes(17 << 20)),
                 "has 63 bytes, an Ed25519 signature has 64": lambda path: path.write_bytes(bytes(63))}
        for message, make in kinds.items():
            directory = self.copy("tiny-mlp")
            make(directory / "gantry.json.sig")
            self.assertIn(message, self.expect(gantry("inspect", directory), FAILED).stdout)

    def test_inspect_shows_how_names_were_matched(self):
        text = self.expect(gantry("inspect", package("tiny-cnn")), OK).stdout
        self.assertRegex(text, r"\nloaded\n  torchscript: TorchScript, LibTorch \d")
        self.assertNotIn("\nloaded\n", self.expect(gantry("inspect", package("tiny-cnn"), "--no-load"), OK).stdout)

    def test_inspect_loads_nothing_of_what_is_not_as_published(self):
        directory = self.copy("tiny-mlp")
        (directory / "extra.txt").write_text("x")
        self.assertNotIn("\nloaded\n", self.expect(gantry("inspect", directory), FAILED).stdout)

    def test_signatures(self):
        signed, key, other = package("tiny-mlp-signed"), PACKAGES / "key.pub.pem", PACKAGES / "other.pub.pem"
        self.assertRegex(self.expect(gantry("check", signed, "--trusted-key", key), OK).stdout, r"ok +signature: ")
        self.expect(gantry("check", signed, "--trusted-key", other, "--trusted-key", key), OK)
        for words in ([signed, "--trusted-key", other], [package("tiny-mlp"), "--trusted-key", key]):
            text = self.expect(gantry("check", *words), FAILED).stdout
            self.assertRegex(text, r"FAILED +signature: ")
            self.assertRegex(text, r"skipped +manifest: ")
            self.expect(gantry("inspect", *words), COULD_NOT_RUN, "failed_precondition")
        self.expect(gantry("inspect", signed, "--trusted-key", key), OK)
        self.expect(gantry("run", signed, "x.npy", "--trusted-key", other), COULD_NOT_RUN, "gantry.json.sig")
        self.expect(gantry("check", signed, "--trusted-key", self.tmp / "absent.pem"), COULD_NOT_RUN, "absent.pem")
        self.expect(gantry("check", signed, "--trusted-key", signed / "gantry.json"), USAGE, "PEM")

    def test_nothing_of_a_package_is_read_before_its_signature_is_verified(self):
        key = PACKAGES / "key.pub.pem"

        def append(text):
            def change(directory):
                with open(directory / "gantry.json", "ab") as file:
                    file.write(text)
            return change
        changes = {"one more byte": append(b" "), "not JSON": append(b"}{"),
                   "empty": lambda d: (d / "gantry.json").write_bytes(b""),
                   "another format": lambda d: (d / "gantry.json").write_text('{"format": 99}'),
                   "another signature": lambda d: (d / "gantry.json.sig").write_bytes(bytes(64)),
                   "short signature": lambda d: (d / "gantry.json.sig").write_bytes(bytes(63)),
                   "no signature": lambda d: (d / "gantry.json.sig").unlink()}
        for name, change in changes.items():
            with self.subTest(name):
                directory = self.copy("tiny-mlp-signed")
                change(directory)
                text = self.expect(gantry("check", directory, "--trusted-key", key), FAILED).stdout
                self.assertRegex(text, r"^FAILED +signature: ")
                self.assertNotRegex(text, r"(?m)^(ok|FAILED|could not run) +(manifest|files|golden)")
                for words in (["inspect", directory], ["run", directory, "x.npy"]):
                    result = self.expect(gantry(*words, "--trusted-key", key), COULD_NOT_RUN, "gantry.json.sig")
                    self.assertEqual(result.stdout, "")

    def test_a_signature_that_cannot_be_read_is_not_ok(self):
        key = PACKAGES / "key.pub.pem"
        kinds = {"not a regular file": lambda path: path.mkdir(), "is not there": lambda path: path.symlink_to("x"),
                 "the limit is": lambda path: path.write_bytes(bytes(17 << 20))}
        for message, make in kinds.items():
            with self.subTest(message):
                directory = self.copy("tiny-mlp-signed")
                (directory / "gantry.json.sig").unlink()
                make(directory / "gantry.json.sig")
                text = self.expect(gantry("check", directory, "--trusted-key", key), COULD_NOT_RUN).stdout
                self.assertRegex(text, rf"^could not run +signature: .*{message}")
                self.assertNotRegex(text, r"(?m)^(ok|FAILED) ")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
