# SPDX-License-Identifier: Apache-2.0
"""Forms as bodies of gantry-server: python multipart_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos."""
import io
import json
import pathlib
import struct
import sys
import unittest

import numpy
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib/pack"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import gantry_pack  # noqa: E402
from running_server import RunningServer  # noqa: E402
from served import MODELS, PROGRAM, photo, picture_models  # noqa: E402

FORM = "multipart/form-data; boundary=XyZ"


def disposition(name, file_name="a"):
    return f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"'


def part(name, content, media_type=None, *headers):
    lines = [disposition(name), *([f"Content-Type: {media_type}"] if media_type else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n"


def form(*parts, end=b"--XyZ--\r\n"):
    return b"".join(b"--XyZ\r\n" + one for one in parts) + end


def npy(values):
    file = io.BytesIO()
    numpy.save(file, numpy.array(values, dtype=numpy.float32))
    return file.getvalue()


def pack_two_inputs(folder):
    """Two named inputs, a picture and a row: the sum of the picture's pixels, and the row times two."""
    import torch

    class Total(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1).sum(1, keepdim=True)
    pipeline = [{"op": "fork", "branches": [[{"op": "select", "name": "picture"}, "image.decode", "image.to_tensor", "model"],
                                            [{"op": "select", "name": "row"}]]}, {"op": "bundle", "names": ["total", "row"]}]
    image = io.BytesIO()
    Image.new("RGB", (4, 4), (255, 0, 0)).save(image, "PNG")
    gantry_pack.pack(folder, Total().eval(), torch.rand(2, 3, 4, 4), name="two", version="1", input_names=["x"],
                     output_names=["total"], engines=["torchscript"], tool=False, inputs=["picture", "row"], pipeline=pipeline,
                     samples=[{"picture": image.getvalue(), "row": torch.rand(2)}])


class Forms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        models = picture_models(cls)
        for name in ("affine", "typed"):
            (models / name).symlink_to(pathlib.Path(MODELS).resolve() / name)
        pack_two_inputs(models / "two/1")
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, models, "--requests.max_samples", "3"))
        cls.photo = photo()
        other = io.BytesIO()
        Image.open(io.BytesIO(cls.photo)).rotate(180).save(other, "PNG")
        cls.other = other.getvalue()

    def send(self, body, model="efficientnet-lite0", content_type=FORM):
        return self.server.json("POST", f"/v2/models/{model}/infer", body, {"Content-Type": content_type})

    def alone(self, picture):
        status, answer = self.send(picture, content_type="image/png")
        self.assertEqual(status, 200, answer)
        return answer

    def refused(self, body, status, *fragments, model="efficientnet-lite0", content_type=FORM):
        got, answer = self.send(body, model, content_type)
        self.assertEqual(got, status, answer)
        for fragment in fragments:
            self.assertIn(fragment, answer["error"])

    def test_one_file_is_answered_as_alone(self):
        for body, content_type in [
                (form(part("input", self.photo, "image/png")), FORM),
                (form(part("input", self.photo)), 'Multipart/Form-Data; charset=utf-8; boundary="XyZ"'),
                (form(part("input", self.photo, "application/octet-stream", "Content-Transfer-Encoding: binary", "X-Y: z"),
                      end=b"--XyZ--"), FORM),
                (form(b"content-disposition:form-data;name=input\r\n\r\n" + self.photo + b"\r\n"), FORM)]:
            status, answer = self.send(body, content_type=content_type)
            self.assertEqual((status, answer), (200, self.alone(self.photo)))

    def test_files_of_one_name_are_a_batch_in_order(self):
        status, answer = self.send(form(*(part("input", one, "image/png") for one in (self.photo, self.other, self.photo))))
        self.assertEqual(status, 200, answer)
        first, second = self.alone(self.photo), self.alone(self.other)
        self.assertNotEqual(first, second)
        self.assertEqual(len(answer), 3)
        for got, expected in zip(answer, (first, second, first), strict=True):
            for one, other in zip(got["classes"], expected["classes"], strict=True):
                self.assertEqual(one["label"], other["label"])
                self.assertAlmostEqual(one["score"], other["score"], delta=1e-5)  # in a batch sums have another order

    def test_answers_say_which_model(self):
        status, headers, _ = self.server.ask("POST", "/v2/models/affine/versions/9/infer", form(part("x", npy([1, 2, 3, 4]), "application/x-npy")),
                                             {"Content-Type": FORM})
        self.assertEqual((status, headers["X-Model-Name"], headers["X-Model-Version"]), (200, "affine", "9"))

    def test_the_media_type_of_a_part_says_how_it_is_read(self):
        body = json.dumps({"tensors": {"x": {"dtype": "f32", "shape": [4], "data": [1, 2, 3, 4]}}}).encode()
        raw_status, raw = self.send(body, "affine", "application/x-npy")
        self.assertEqual(raw_status, 400, raw)
        raw_status, expected = self.send(npy([1, 2, 3, 4]), "affine", "application/x-npy")
        self.assertEqual(raw_status, 200, expected)
        for content, media_type in ((npy([1, 2, 3, 4]), "application/x-npy"), (body, "application/json; charset=utf-8")):
            self.assertEqual(self.send(form(part("x", content, media_type)), "affine"), (200, expected), media_type)
        self.refused(form(part("x", body)), 501, "part 0, 'x'", model="affine")

    def test_several_inputs_by_name(self):
        red, blue = (io.BytesIO() for _ in range(2))
        Image.new("RGB", (4, 4), (255, 0, 0)).save(red, "PNG")
        Image.new("RGB", (4, 4), (255, 0, 255)).save(blue, "PNG")
        rows = [npy([1, 2]), npy([3, 4])]
        parts = [part("row", rows[0], "application/x-npy"), part("picture", red.getvalue(), "image/png"),
                 part("picture", blue.getvalue()), part("row", rows[1], "application/x-npy")]
        status, answer = self.send(form(*parts), "two")
        self.assertEqual(status, 200, answer)
        values = [{name: tensor["data"] for name, tensor in one["tensors"].items()} for one in answer]
        self.assertEqual(values, [{"total": [16], "row": [1, 2]}, {"total": [32], "row": [3, 4]}])
        self.refused(form(*parts[:3]), 400, "input 'picture' has 2 files, input 'row' has 1", model="two")
        self.refused(form(parts[1]), 400, "input 'row' is missing", model="two")
        self.refused(form(part("pictures", red.getvalue())), 400, "unknown name 'pictures'; the inputs are 'picture', 'row'",
                     "did you mean 'picture'?", model="two")
        self.refused(red.getvalue(), 400, "2 inputs", "as a form", model="two", content_type="image/png")

    def test_the_tensors_of_a_model_by_name(self):
        _, model = self.server.json("GET", "/v2/models/typed")
        dtypes = {"FP32": "<f4", "FP64": "<f8", "UINT8": "|u1", "INT8": "|i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "BOOL": "|b1"}
        files = []
        for one in model["inputs"]:
            file = io.BytesIO()
            numpy.save(file, numpy.ones(3, dtype=dtypes[one["datatype"]]))
            files.append(part(one["name"], file.getvalue(), "application/x-npy"))
        status, answer = self.send(form(*reversed(files)), "typed")
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["tensors"]["int16_out"]["data"], [1, 1, 1])
        self.refused(form(*files[1:]), 400, "is missing", model="typed")

    def test_boundaries(self):
        good = form(part("input", self.photo))
        self.refused(good, 400, "without its boundary", content_type="multipart/form-data")
        self.refused(good, 400, "1 to 70", content_type="multipart/form-data; boundary=" + "x" * 71)
        self.refused(good, 400, "1 to 70", content_type='multipart/form-data; boundary="a;b"')
        self.refused(good, 400, "expected multipart/form-data; boundary", content_type="multipart/form-data; boundary=a; boundary=b")
        self.refused(good, 400, "does not begin with its boundary, '--other'", content_type="multipart/form-data; boundary=other")
        self.refused(b"\r\n" + good, 400, "does not begin with its boundary")
        self.refused(b"", 400, "does not begin with its boundary")
        self.refused(form(part("input", self.photo), end=b""), 400, "part 0", "without its last boundary")
        self.refused(form(part("input", self.photo), end=b"--XyZ"), 400, "part 1", "or '--', behind the boundary")
        self.refused(form(part("input", b"a\r\n--XyZ9\r\nb")), 400, "part 1", "behind the boundary")
        self.refused(form(part("input", self.photo), end=b"--XyZ\r\n"), 400, "part 1", "the body ends in its headers")
        self.refused(form(part("input", self.photo), end=b"--XyZ--\r\nmore"), 400, "6 bytes behind the last boundary")
        self.refused(form(), 400, "the body has no part")

    def test_headers_of_parts(self):
        def headers(*lines):
            return form("\r\n".join(lines).encode() + b"\r\n\r\nx\r\n")
        self.refused(headers("Content-Type: image/png"), 400, "part 0", "no header Content-Disposition")
        self.refused(form(b"\r\nx\r\n"), 400, "no header Content-Disposition")
        for bad in ("attachment; name=\"input\"", "form-data", "form-data; name=\"\"", "form-data; name=\"input", "form-data; name=a b",
                    "form-data; name=a; name=b", "form-data; name=a" + "".join(f"; p{i}=x" for i in range(9))):
            self.refused(headers("Content-Disposition: " + bad), 400, "expected Content-Disposition: form-data; name=")
        self.refused(headers(disposition("input"), disposition("input")), 400, "a second Content-Disposition")
        self.refused(headers(disposition("input"), "Content-Type: a/b", "Content-Type: a/b"), 400, "a second Content-Type")
        self.refused(headers(disposition("input"), "no colon"), 400, "expected a header 'Name: value', got 'no colon'")
        self.refused(headers(disposition("input"), " folded: x"), 400, "expected a header")
        self.refused(headers(disposition("input") + "\nX: y"), 400, "lines end with CR LF")
        self.refused(headers(disposition("input"), "X: " + "x" * 9000), 413, "longer than 8192 bytes")
        self.refused(headers(disposition("input"), "Content-Transfer-Encoding: base64"), 415, "'base64' is not decoded")

    def test_contents(self):
        self.refused(form(part("input", self.photo), part("input", b"")), 400, "part 1, 'input'", "the file is empty")
        # RFC 2046: the line end of the empty line may be that of the boundary
        self.refused(form(b'Content-Disposition: form-data; name="input"\r\n\r\n'), 400, "the file is empty")
        self.refused(form(part("file", self.photo)), 400, "part 0", "unknown name 'file'; the inputs are 'input'")
        self.refused(form(part("inptu", self.photo)), 400, "did you mean 'input'?")
        self.refused(form(part("input", b"GIF89a", "image/gif")), 415, "image.decode")
        self.refused(form(part("input", self.photo), part("input", self.photo[:1000])), 400, "sample 1", "image.decode")
        self.refused(form(*[part("input", self.photo)] * 4), 400, "more than 3 parts")
        row = part("x", npy([1, 2, 3, 4]), "application/x-npy")
        self.refused(form(row, part("x", npy([1, 2, 3]), "application/x-npy")), 400, "sample 1", model="affine")

    def test_a_message_of_the_protocol_stays_one(self):
        head = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}]}).encode()
        status, answer = self.server.json("POST", "/v2/models/affine/infer", head + struct.pack("<4f", 1, 2, 3, 4),
                                          {"Content-Type": FORM, "Inference-Header-Content-Length": str(len(head))})
        self.assertEqual((status, answer["outputs"][0]["data"]), (200, [3, 5, 7, 9]))

    def test_a_large_form(self):
        large = io.BytesIO()
        Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (1200, 1200, 3), dtype=numpy.uint8)).save(large, "PNG")
        body = form(part("input", large.getvalue()), part("input", self.photo))
        self.assertGreater(len(body), 4_000_000)
        status, answer = self.send(body)
        self.assertEqual(status, 200, answer)
        self.assertEqual([one["classes"][0]["label"] for one in answer],
                         [self.alone(one)["classes"][0]["label"] for one in (large.getvalue(), self.photo)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
