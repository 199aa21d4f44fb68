# SPDX-License-Identifier: Apache-2.0
"""What gantry-pack promises: translation equal to torchvision, refusals by name, checks that bite, integrity, signatures,
packages that appear whole or not at all, and its command line. Run by ctest; or: python tests/pack/pack_test.py."""

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy
import torch
import torchvision
from PIL import Image
from torchvision import transforms as v1
from torchvision.transforms import v2

ROOT = Path(__file__).resolve().parents[2]
PACKER = ROOT / "lib" / "pack" / "gantry_pack"
sys.path.insert(0, str(PACKER.parent))
import gantry_pack as gp  # noqa: E402
from gantry_pack import signing  # noqa: E402
from gantry_pack.directory import Directory, published  # noqa: E402
from gantry_pack.expansion import expand  # noqa: E402
from gantry_pack.running.children import PLACE, SERVE  # noqa: E402

os.environ.setdefault("GANTRY_TOOL", "")  # the last step of pack() is in open_test.py

TORCHSCRIPT = ("torchscript",)


def image(width, height, seed=0, mode="RGB"):
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, len(mode)), dtype=numpy.uint8)
    return Image.fromarray(pixels[:, :, 0] if mode == "L" else pixels, mode)


def png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def mlp(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).eval()


def classifier(classes=5):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
                               torch.nn.Flatten(), torch.nn.Linear(4, classes)).eval()


IMAGE_PIPELINE = ["image.decode", {"op": "image.resize", "width": 16, "height": 16}, "image.to_tensor", "model",
                  "softmax", {"op": "top_k", "k": 3}]
LABELS = ["a", "b", "c", "d", "e"]


class DifferenceTest(unittest.TestCase):
    def test_an_infinity_equals_itself_only_whatever_the_tolerance(self):
        infinity = math.inf
        for tolerance in (gp.EXACT, gp.Tolerance(rtol=1e-5), gp.Tolerance(atol=1e9), gp.Tolerance(1, 1)):
            for got, expected in ((1.0, infinity), (infinity, 1.0), (infinity, -infinity), (-infinity, infinity),
                                  (math.nan, infinity), (infinity, math.nan), (infinity, infinity),
                                  (-infinity, -infinity), (math.nan, math.nan)):
                with self.subTest(got=got, expected=expected, tolerance=str(tolerance)):
                    is_same = got == expected or (math.isnan(got) and math.isnan(expected))
                    tensors = gp.difference(torch.tensor([got]), torch.tensor([expected]), tolerance, "value")
                    self.assertEqual(tensors is None, is_same, tensors)
                    wanted = gp.Classes([(0, "cat", expected)])
                    for value in (gp.Classes([(0, "cat", got)]), [("cat", got)], torch.tensor([got])):
                        classes = gp.difference(value, wanted, tolerance, "value")
                        self.assertEqual(classes is None, is_same, classes)


class InTemporaryDirectory(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = Path(holder.name)
        self.quiet = io.StringIO()
        stderr, sys.stderr = sys.stderr, self.quiet
        self.addCleanup(setattr, sys, "stderr", stderr)

    def pack_mlp(self, name="mlp", **arguments):
        given = {"engines": TORCHSCRIPT, "samples": [torch.tensor([1.0, 2, 3, 4])], **arguments}
        return gp.pack(self.dir / name, given.pop("model", mlp()), torch.rand(2, 4), name=name, version="1", **given)

    def pack_images(self, name="images", **arguments):
        given = {"engines": TORCHSCRIPT, "samples": [png(image(30, 20))], "pipeline": IMAGE_PIPELINE, "labels": LABELS,
                 **arguments}
        return gp.pack(self.dir / name, classifier(), torch.rand(1, 3, 16, 16), name=name, version="1", **given)

    def manifest(self, package):
        return json.loads((package / "gantry.json").read_text())

    def model(self, package):
        """What the manifest says of its only model."""
        return self.manifest(package)["models"]["model"]


# ---- Translation --------------------------------------------------------------------------------------------------

def classification_presets():
    """One transform of each kind that torchvision's classification weights use."""
    found = {}
    for module in (torchvision.models, torchvision.models.quantization):
        for name in torchvision.models.list_models(module=module):
            for weights in torchvision.models.get_model_weights(name):
                preset = weights.transforms()
                found.setdefault(repr(preset), preset)
    return found


class TranslationTest(unittest.TestCase):
    def assert_equal(self, transform, picture):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = transform(picture)
        got = gp.run_pipeline(gp.translate(transform), picture)
        if isinstance(wanted, tuple):
            wanted = list(wanted)
        problem = gp.difference(got, wanted, gp.EXACT, "value")
        self.assertIsNone(problem, f"{transform} on {picture.size}: {problem}")

    def test_every_preset_of_classification_weights_is_bit_equal(self):
        presets = classification_presets()
        self.assertGreater(len(presets), 15)
        for preset in presets.values():
            for width, height, mode in ((301, 200, "RGB"), (97, 260, "RGB")):
                self.assert_equal(preset, image(width, height, 1, mode))

    def test_random_v1_compositions_are_bit_equal(self):
        chance = random.Random(7)
        for case in range(150):
            steps = [self.random_geometry(v1, chance) for _ in range(chance.randint(0, 4))]
            steps = [v1.Compose(steps[:2]), *steps[2:]] + [v1.ToTensor()]
            if chance.random() < 0.7:
                steps.append(v1.Normalize(*self.random_mean_and_std(chance)))
            picture = image(chance.randint(1, 90), chance.randint(1, 90), case)
            self.assert_equal(v1.Compose(steps), picture)

    def test_random_v2_compositions_are_bit_equal(self):
        chance = random.Random(8)
        for case in range(150):
            steps = [self.random_geometry(v2, chance) for _ in range(chance.randint(0, 4))]
            steps += [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
            if chance.random() < 0.7:
                steps.append(v2.Normalize(*self.random_mean_and_std(chance)))
            transform = v2.Compose(steps)
            self.assert_equal(transform, image(chance.randint(1, 90), chance.randint(1, 90), case))

    def test_random_v2_compositions_on_u8_tensors_are_bit_equal(self):
        chance = random.Random(9)
        modes = [mode for mode in v1.InterpolationMode if mode.value in ("bilinear", "bicubic", "lanczos", "nearest")]
        for case in range(100):
            mode = chance.choice(modes)
            size = chance.choice([chance.randint(1, 60), (chance.randint(1, 60), chance.randint(1, 60))])
            antialias = mode.value == "lanczos" or chance.choice([True, False])
            steps = [chance.choice([v2.ToImage(), v2.PILToTensor()]), v2.ToDtype(torch.uint8, scale=True),
                     v2.Resize(size, mode, antialias=antialias), self.random_geometry(v2, chance, has_resize=False),
                     v2.ToDtype(torch.float32, scale=chance.choice([True, False])), v2.Normalize([0.4], [0.2])]
            self.assert_equal(v2.Compose(steps[:chance.randint(3, 6)]), image(*chance.choices(range(1, 90), k=2), case))

    def random_geometry(self, kit, chance, has_resize=True):
        side = lambda: chance.randint(1, 60)  # noqa: E731
        filters = list(v1.InterpolationMode)
        steps = [
            lambda: kit.Resize(side(), chance.choice(filters)),
            lambda: kit.Resize((side(), side()), chance.choice(filters)),
            lambda: kit.CenterCrop(side()),
            lambda: kit.CenterCrop((side(), side())),
            lambda: kit.Pad(chance.choice([side(), [side(), side()], [side(), 0, side(), side()]]),
                            fill=chance.randint(0, 255)),
            lambda: kit.Pad([chance.randint(0, 9) for _ in range(4)], padding_mode="edge"),
            lambda: kit.Resize(side(), chance.choice(filters), max_size=60 + side()),
            lambda: kit.RandomHorizontalFlip(chance.choice([0, 1])),
            lambda: kit.RandomVerticalFlip(1.0)]
        return chance.choice(steps if has_resize else steps[2:6] + steps[7:])()

    def random_mean_and_std(self, chance):
        return [chance.random() for _ in range(3)], [chance.uniform(0.05, 1) for _ in range(3)]

    def test_the_converting_transforms_are_bit_equal(self):
        for steps in ([v1.PILToTensor(), v1.ConvertImageDtype(torch.float32)], [v1.ToTensor(), v1.CenterCrop(9)],
                      [v1.ToTensor(), v1.CenterCrop(60), v1.Normalize(0.5, 0.25)], [v1.PILToTensor(), v1.Pad(2, 7),
                      v1.ConvertImageDtype(torch.float32)]):
            self.assert_equal(v1.Compose(steps), image(31, 20))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # v2.ToTensor is deprecated
            self.assert_equal(v2.Compose([v2.RGB(), v2.Identity(), v2.ToTensor(), v2.Normalize([0.1], [0.2])]),
                              image(31, 20))
        self.assert_equal(torch.nn.Sequential(v1.Resize(9), v1.CenterCrop(7)), image(31, 20))

    def test_gray_images_are_bit_equal(self):
        self.assert_equal(v1.Compose([v1.Resize(20), v1.CenterCrop(24), v1.ToTensor(), v1.Normalize(0.4, 0.3)]),
                          image(50, 41, 3, "L"))

    def test_every_way_to_pad_and_to_limit_a_resize_is_bit_equal(self):
        for kit in (v1, v2):
            for transform in (kit.Pad(3, padding_mode="reflect"), kit.Pad([1, 2, 3, 4], padding_mode="edge"),
                              kit.Pad((5, 0), fill=9), kit.Resize(20, max_size=25), kit.Resize([20], max_size=400)):
                self.assert_equal(transform, image(50, 31))
            for mode in ("edge", "reflect"):
                after = kit.Compose([v1.PILToTensor(), kit.Pad(2, padding_mode=mode),
                                     v1.ConvertImageDtype(torch.float32)])
                self.assert_equal(after, image(31, 20))
        self.assert_equal(v2.Resize(None, max_size=33), image(50, 31))
        self.assert_equal(v2.Pad(2, fill=None), image(9, 9))
        self.assertEqual(gp.translate(v1.Pad(1, padding_mode="edge")),
                         [{"op": "image.pad", "left": 1, "top": 1, "right": 1, "bottom": 1, "mode": "edge"}])

    def test_what_follows_five_crop_is_done_for_each_crop(self):
        self.assert_equal(v1.Compose([v1.Resize(30), v1.FiveCrop((20, 11))]), image(40, 50))
        transform = v2.Compose([v2.FiveCrop(16), v2.CenterCrop(10), v2.ToImage(),
                                v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.1, 0.2, 0.3])])
        self.assertEqual([op["op"] for op in gp.translate(transform)], ["image.five_crop", "each"])
        self.assert_equal(transform, image(40, 50))

    def test_what_ends_before_normalize_or_goes_on_after_it_is_bit_equal(self):
        float32 = torch.float32
        for steps in ([v1.PILToTensor()], [v2.ToImage(), v2.ToDtype(float32)], [v1.ToTensor(), v1.Normalize(0.2, 0.3),
                      v1.Normalize([0.1, 0, 0.2], 3)], [v2.ToImage(), v2.ToDtype(float32), v2.Normalize([100], [50])],
                      [v1.Grayscale(), v1.Resize(9), v1.ToTensor()], [v2.Grayscale(3), v2.ToImage()],
                      [v1.Pad(2, fill=(1, 2, 3)), v1.ToTensor()]):
            self.assert_equal(v1.Compose(steps), image(31, 20))

    def test_functions_are_known_by_what_they_do(self):
        def convert(picture):
            """Of CLIP, by whatever name."""
            return picture.convert("RGB")
        for function in (convert, lambda x: x, lambda im: im.convert("RGB") if im.mode != "RGB" else im):
            self.assertEqual(gp.translate(v1.Compose([function, v1.Lambda(function)])), [])
        self.assertEqual(gp.translate(convert, is_rgb=False), [{"op": "image.to_rgb"}])
        mode = "L"
        for function in (lambda x: x.convert("L"), lambda x: x.convert(mode), lambda x, y=0: x, lambda x: x.rotate("RGB"), len):
            with self.assertRaises(gp.PackError):
                gp.translate(v1.Compose([function]))

    def test_an_image_that_may_not_be_rgb_is_converted_where_the_transform_does(self):
        steps, _ = expand([{"op": "image.decode", "colour": "unchanged"}, v2.Compose([v2.RGB(), v2.ToImage()])], None)
        self.assertEqual([op["op"] for op in steps], ["image.decode", "image.to_rgb", "image.to_tensor"])
        steps, _ = expand(["image.decode", {"op": "image.flip"}, v2.RGB(), v2.ToImage()], None)
        self.assertEqual([op["op"] for op in steps], ["image.decode", "image.flip", "image.to_tensor"])

    def test_says_how_far_it_came_and_what_remains(self):
        inner = v1.Compose([v1.CenterCrop(8), v1.ColorJitter(), v1.ToTensor()])
        with self.assertRaises(gp.PackError) as caught:
            gp.translate(v1.Compose([v1.Resize(9), inner, v1.Normalize(0, 1)]))
        lines = str(caught.exception).splitlines()
        self.assertRegex(lines[0], "cannot translate step 2 of Compose, step 2 of Compose, torchvision.transforms.ColorJitter: ")
        done = eval("[" + "".join(lines[2:4]) + "]")
        self.assertEqual(done, gp.translate(v1.Compose([v1.Resize(9), v1.CenterCrop(8)])))
        self.assertRegex(lines[4], r"what remains: ColorJitter\(.*\), ToTensor\(\), Normalize\(.*\)$")

    def test_names_what_it_cannot_translate(self):
        float32 = torch.float32
        cases = [
            (v1.ColorJitter(), "torchvision.transforms.ColorJitter: there is no op"),
            (v2.Compose([v2.ToImage(), v2.Grayscale()]), "Grayscale: on a tensor its rounding"),
            (v2.GaussianBlur(3), "torchvision.transforms.v2.GaussianBlur"),
            (v1.Lambda(lambda x: x + 1), "<lambda>: what it does is not known"),
            (lambda x: x * 2, "<lambda>: what it does is not known"),
            (torchvision.models.ResNet18_Weights.DEFAULT.transforms, "it makes a transform and is none; call it"),
            (v1.ToTensor, "it makes a transform and is none; call it"),
            (type("MyResize", (v1.Resize,), {})(8), "it is a subclass of Resize, which may do something else"),
            (v1.RandomHorizontalFlip(0.5), r"RandomHorizontalFlip: it is random \(p=0.5\)"),
            (v1.Compose([v1.Resize(8), v1.RandomCrop(4)]), "torchvision.transforms.RandomCrop"),
            (v2.Resize((8, 9), max_size=20), "Resize: max_size goes with one size"),
            (v1.Compose([v1.ToTensor(), v1.Resize(8)]), "Resize: on a float tensor it resamples otherwise"),
            (v1.Compose([v1.PILToTensor(), v1.Resize(8)]), "Resize: on a tensor it resamples in float32; use .*v2"),
            (v2.Compose([v2.ToImage(), v2.Resize(8, v1.InterpolationMode.NEAREST_EXACT)]), "takes either of two pixels"),
            (v1.Compose([v1.ToTensor(), v1.Normalize(0, 1), v1.CenterCrop(3)]), "CenterCrop: it comes after Normalize"),
            (v1.Normalize(0, 1), "Normalize: it must come after ToTensor"),
            (v1.Compose([v1.ToTensor(), v1.ToTensor()]), "ToTensor: the image is a tensor already"),
            (v1.Pad(2, padding_mode="symmetric"), "padding_mode 'symmetric' has no op; constant, edge and reflect have"),
            (v1.Pad(2, fill=(1, 2)), "expected a number 0..255"),
            (v1.Compose([v1.ToTensor(), v1.Pad(2, fill=1)]), "fill other than 0 on a float tensor"),
            (v2.Compose([v2.ToImage(), v2.ToDtype(torch.float16, scale=True)]), "only float32 has an op"),
            (v2.ToDtype(float32, scale=True), "before ToImage"),
            (v1.Compose([v1.FiveCrop(3), v1.ToTensor()]), "ToTensor: after FiveCrop use"),
            (v2.Compose([v2.FiveCrop(3), v2.PILToTensor()]), "v2.PILToTensor: after FiveCrop use"),
            (v1.TenCrop(3), "torchvision.transforms.TenCrop"),
            (torchvision.models.optical_flow.Raft_Large_Weights.DEFAULT.transforms(), "OpticalFlow: it takes two images"),
        ]
        for transform, message in cases:
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, "cannot translate .*" + message):
                gp.translate(transform)
        with self.assertRaisesRegex(gp.PackError, "supported: .*Compose, .*Resize, CenterCrop"):
            gp.translate(v1.ColorJitter())


# ---- The ops' Python reference ------------------------------------------------------------------------------------

class ReferenceTest(unittest.TestCase):
    def test_ops_that_take_one_of_several_sizes_take_their_other_parameters_too(self):
        for op in ({"op": "image.letterbox", "size": 8, "value": [1, 2, 3]}, {"op": "image.pad_to", "square": True, "value": 9},
                   {"op": "image.center_crop", "width": 8, "height": 9, "centre": "floor"}):
            self.assertEqual(gp.check_pipeline([op]), ("Image", "Image"))
        for op in ({"op": "image.center_crop", "size": 8, "width": 9}, {"op": "image.pad_to", "size": 8, "square": True}):
            with self.assertRaisesRegex(gp.PackError, "takes size or width and height"):
                gp.check_pipeline([op])

    def test_resize_takes_pillows_box_and_reducing_gap(self):
        picture = image(50, 40)
        resize = {"op": "image.resize", "width": 9, "height": 7, "filter": "bicubic"}
        got = gp.run_pipeline([{**resize, "box": [0.1, 0, 49.5, 40], "reducing_gap": 1.5}], picture)
        box = tuple(float(numpy.float32(side)) for side in (0.1, 0, 49.5, 40))
        self.assertEqual(got.tobytes(), picture.resize((9, 7), Image.Resampling.BICUBIC, box, 1.5).tobytes())
        with self.assertRaisesRegex(gp.PackError, "does not lie in the 50x40 image"):
            gp.run_pipeline([{**resize, "box": [0, 0, 51, 40]}], picture)
        for wrong, message in (({"box": [1, 0, 1, 2]}, "0 <= left < right"), ({"box": 3}, "left, top, right, bottom"),
                               ({"reducing_gap": 0.5}, "expected 0 or a number from 1 on")):
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                gp.check_pipeline([{**resize, **wrong}])
        with self.assertRaisesRegex(gp.PackError, "reference opencv has no box"):
            gp.run_pipeline([{**resize, "filter": "bilinear", "reference": "opencv", "box": [0, 0, 9, 9]}], picture)

    def test_resamples_and_normalises_tensors(self):
        tensor = torch.randn(3, 9, 7)
        ops = [{"op": "interpolate", "width": 5, "height": 20, "mode": "bicubic", "antialias": True},
               {"op": "normalize", "mean": [0.1, 0.2, 0.3], "std": 0.5}]
        expected = torch.nn.functional.interpolate(tensor[None], (20, 5), mode="bicubic", antialias=True)[0]
        expected = v1.Normalize([0.1, 0.2, 0.3], [0.5] * 3)(expected)
        self.assertTrue(torch.equal(gp.run_pipeline(ops, tensor), expected))
        with self.assertRaisesRegex(gp.PackError, "normalize: 2 numbers for 3 channels"):
            gp.run_pipeline([{"op": "normalize", "mean": [1, 2], "std": 1}], tensor)

    def test_warps_as_torchvision_does(self):
        picture = image(50, 40)
        tensor = torch.from_numpy(numpy.asarray(picture).copy()).permute(2, 0, 1)
        got = gp.run_pipeline([{"op": "image.affine", "angle": 30, "scale": 0.5, "filter": "bilinear", "fill": 7}], picture)
        expected = v2.functional.affine(tensor, 30.0, [0.0, 0.0], 0.5, [0.0, 0.0], v2.InterpolationMode.BILINEAR, 7)
        self.assertEqual(numpy.asarray(got).tobytes(), expected.permute(1, 2, 0).contiguous().numpy().tobytes())
        start, end = [0, 0, 50, 0, 50, 40, 0, 40], [3, 2, 49, 1, 44, 40, 0, 39]
        got = gp.run_pipeline([{"op": "image.perspective", "start": start, "end": end}], picture)
        pairs = [[numbers[i:i + 2] for i in range(0, 8, 2)] for numbers in (start, end)]
        expected = v2.functional.perspective(tensor, *pairs)
        self.assertEqual(numpy.asarray(got).tobytes(), expected.permute(1, 2, 0).contiguous().numpy().tobytes())
        with self.assertRaisesRegex(gp.PackError, "expected 8 numbers"):
            gp.check_pipeline([{"op": "image.perspective", "start": [1], "end": end}])

    def test_reads_frames_without_a_header(self):
        import cv2
        frame = numpy.random.default_rng(3).integers(0, 256, (9, 8), dtype=numpy.uint8)
        op = {"op": "image.from_raw", "width": 8, "height": 6}
        for name in ("nv12", "nv21", "i420"):
            expected = cv2.cvtColor(frame, getattr(cv2, f"COLOR_YUV2RGB_{name.upper()}"))
            got = gp.run_pipeline([{**op, "format": name}], frame.tobytes())
            self.assertEqual(numpy.asarray(got).tobytes(), expected.tobytes())
        got = gp.run_pipeline([{**op, "format": "bgr", "row_stride": 30}], bytes(range(180)))
        rows = numpy.arange(180, dtype=numpy.uint8).reshape(6, 30)[:, :24].reshape(6, 8, 3)
        self.assertEqual(numpy.asarray(got).tobytes(), rows[:, :, ::-1].tobytes())
        with self.assertRaisesRegex(gp.PackError, "image.from_raw: 3 bytes do not fit"):
            gp.run_pipeline([{**op, "format": "gray"}], b"abc")
        samples = numpy.arange(24, dtype="<u2").reshape(2, 3, 4)
        got = gp.run_pipeline([{"op": "image.raw_to_tensor", "sample": "u16", "width": 3, "height": 2, "channels": 4,
                                "scale": 0.1}], samples.tobytes())
        expected = samples.astype(numpy.float32).transpose(2, 0, 1) * numpy.float32(0.1)
        self.assertEqual(numpy.asarray(got).tobytes(), expected.tobytes())

    def test_resize_has_the_filters_of_each_reference(self):
        import cv2
        picture = image(50, 40)
        pixels = numpy.asarray(picture)
        resize = {"op": "image.resize", "width": 30, "height": 70}
        got = gp.run_pipeline([{**resize, "filter": "area", "reference": "opencv"}], picture)
        self.assertEqual(got.tobytes(), cv2.resize(pixels, (30, 70), interpolation=cv2.INTER_AREA).tobytes())
        got = gp.run_pipeline([{**resize, "filter": "bicubic", "reference": "torch_u8", "antialias": False}], picture)
        tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
        expected = v2.functional.resize(tensor, [70, 30], v2.InterpolationMode.BICUBIC, antialias=False)
        self.assertEqual(got.tobytes(), expected.permute(1, 2, 0).contiguous().numpy().tobytes())
        for wrong, message in (({"filter": "area"}, "reference pillow has no filter area; its filters are box"),
                               ({"filter": "lanczos", "reference": "opencv"}, "its filters are bilinear bicubic lanczos4"),
                               ({"filter": "bilinear", "antialias": False}, "antialias=false is for reference torch_u8")):
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                gp.run_pipeline([{**resize, **wrong}], picture)

    def test_thumbnail_is_that_of_an_image_in_memory(self):
        picture = image(50, 40)
        got = gp.run_pipeline([{"op": "image.thumbnail", "size": 12}], picture)
        picture.thumbnail((12, 12))
        self.assertEqual(got.tobytes(), picture.tobytes())

    def test_affine_rounds_each_operation_to_f32(self):
        picture = image(5, 4)
        got = gp.run_pipeline([{"op": "image.to_tensor", "mode": "affine", "mean": [127.5, 3.1, 0.1],
                                "std": [128, 0.7, 3]}], picture)
        pixels = numpy.asarray(picture).astype(numpy.float32)
        wanted = (pixels - numpy.float32([127.5, 3.1, 0.1])) / numpy.float32([128, 0.7, 3])
        self.assertEqual(got.numpy().tobytes(), wanted.transpose(2, 0, 1).tobytes())

    def test_top_k_keeps_index_order_for_equal_scores_and_refuses_nan(self):
        scores = torch.tensor([0.5, 1.0, 0.5, 1.0, 0.5])
        got = gp.run_pipeline([{"op": "top_k", "k": 4}], scores)
        self.assertEqual([entry[0] for entry in got], [1, 3, 0, 2])
        self.assertEqual(len(gp.run_pipeline([{"op": "top_k", "k": 40}], scores)), 5)
        many = torch.randint(0, 4, (2000,), generator=torch.Generator().manual_seed(1)).float()
        got = gp.run_pipeline([{"op": "top_k", "k": 2000}], many)
        self.assertEqual([entry[0] for entry in got], numpy.argsort(-many.numpy(), kind="stable").tolist())
        with self.assertRaisesRegex(gp.PackError, "NaN"):
            gp.run_pipeline([{"op": "top_k", "k": 4}], torch.tensor([float("nan")]))

    def test_decode_keeps_or_converts_the_colour_model(self):
        rgba = Image.merge("RGBA", [image(4, 3, i, "L") for i in range(4)])
        palette = image(4, 3).quantize(8)
        for picture, unchanged in ((image(4, 3, 0, "L"), "L"), (image(4, 3), "RGB"), (rgba, "RGBA"),
                                   (palette, "RGB"), (image(4, 3, 0, "L").convert("1"), "L"),
                                   (rgba.convert("LA"), "RGBA")):
            data = png(picture)
            self.assertEqual(gp.run_pipeline([{"op": "image.decode"}], data).mode, "RGB")
            self.assertEqual(gp.run_pipeline([{"op": "image.decode", "colour": "unchanged"}], data).mode, unchanged)

    def test_decode_refuses_what_the_op_refuses(self):
        gif = io.BytesIO()
        image(3, 3).save(gif, "GIF")
        for data, options, message in ((gif.getvalue(), {}, "GIF"), (b"junk", {}, "cannot read"),
                                       (png(image(9, 9))[:90], {}, "cannot read"),
                                       (png(image(9, 9)), {"approx_size": 4}, "no counterpart in Pillow"),
                                       (png(image(9, 9)), {"max_pixels": 80}, "the limit is 80"),
                                       (png(image(9, 9)), {"max_bytes": 80}, "the limit is 80")):
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                gp.run_pipeline([{"op": "image.decode", **options}], data)

    def test_decode_clips_gray_of_16_bits_as_pillow_does(self):
        deep = Image.fromarray(numpy.array([[0, 255, 256, 65535]], numpy.uint16))
        with contextlib.redirect_stderr(io.StringIO()) as said:
            got = gp.run_pipeline([{"op": "image.decode", "colour": "unchanged"}], png(deep))
            colour = gp.run_pipeline([{"op": "image.decode"}], png(deep))
        self.assertEqual((got.mode, list(got.tobytes())), ("L", [0, 255, 255, 255]))
        self.assertEqual(colour.tobytes(), deep.convert("RGB").tobytes())
        self.assertIn("gray of 16 bits", said.getvalue())

    def test_decode_accepts_a_truncated_file_when_asked_to(self):
        data, op = png(image(9, 9))[:90], {"op": "image.decode", "truncated": "accept"}
        self.assertEqual(gp.run_pipeline([op], data).size, (9, 9))
        with self.assertRaisesRegex(gp.PackError, "cannot read"):
            gp.run_pipeline([{"op": "image.decode"}], data)

    def test_exif_orientation_is_applied_when_asked_for(self):
        picture, exif, buffer = image(6, 4), Image.Exif(), io.BytesIO()
        exif[0x0112] = 6
        picture.save(buffer, "PNG", exif=exif)
        ask = {"op": "image.decode", "exif_orientation": True}
        self.assertEqual(gp.run_pipeline([ask], buffer.getvalue()).size, (4, 6))
        self.assertEqual(gp.run_pipeline([{"op": "image.decode"}], buffer.getvalue()).size, (6, 4))

    def test_when_takes_the_side_that_the_predicate_says(self):
        ops = [{"op": "when", "if": {"predicate": "image.is_gray"}, "then": [],
                "else": [{"op": "image.center_crop", "size": 2}]}]
        self.assertEqual(gp.run_pipeline(ops, image(5, 5)).size, (2, 2))
        self.assertEqual(gp.run_pipeline(ops, image(5, 5, 0, "L")).size, (5, 5))

    def test_mistakes_in_a_pipeline_are_named_with_their_path(self):
        crop = {"op": "image.center_crop", "size": 4}
        cases = [
            ([], "pipeline: needs at least one op"),
            ([{"op": "image.blur"}], r"pipeline\[0\].op: unknown op 'image.blur'"),
            ([{"op": "image.resize_short", "size": "large"}], r"pipeline\[0\].size: expected an integer, got 'large'"),
            ([{"op": "image.resize_short", "size": 0}], r"pipeline\[0\].size: expected 1..65535"),
            ([{"op": "image.resize_short", "size": True}], r"size: expected an integer"),
            ([{"op": "image.resize_short", "sise": 1}], r"pipeline\[0\].sise: unknown key"),
            ([{"op": "image.resize", "width": 3}], r"pipeline\[0\].height: required"),
            ([{"op": "image.center_crop", "size": 3, "width": 3}], "takes size or width and height"),
            ([{"op": "image.center_crop"}], "takes size or width and height"),
            ([{"op": "image.to_tensor", "std": [1, 0, 1]}], "std: must not be 0"),
            ([{"op": "image.to_tensor", "mean": [1, 2]}], "mean: expected a number, or one per channel"),
            ([{"op": "image.to_tensor", "mean": float("inf")}], "mean: expected a finite number"),
            ([{"op": "image.decode"}, {"op": "softmax"}], r"pipeline\[1\]: 'softmax' takes Tensor, but .* gives it Image"),
            ([{"op": "each", "do": [crop]}, crop], r"takes Image, but the op before it gives it list<Image>"),
            ([crop, {"op": "each", "do": [crop]}], r"pipeline\[1\]: 'each' takes a list, but it is given Image"),
            ([{"op": "each"}], r"takes exactly the keys \['do'\]"),
            ([{"op": "fork", "branches": []}], "needs 1..16 lists"),
            ([{"op": "when", "if": {"predicate": "x"}, "then": [], "else": []}], "unknown predicate 'x'"),
            ([{"op": "when", "if": {"predicate": "image.is_gray"}, "then": [], "else": [{"op": "image.to_tensor"}]}],
             "'then' gives Image, 'else' gives Tensor"),
            ([{"op": "fork", "branches": [[crop], [{"op": "image.decode"}]]}], "the branches take Image, Bytes"),
        ]
        for ops, message in cases:
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                gp.check_pipeline(ops)


# ---- Packing ------------------------------------------------------------------------------------------------------

class PackTest(InTemporaryDirectory):
    def test_records_every_stage_of_the_python_stack(self):
        data = png(image(30, 20))
        package = self.pack_images(samples=[data])
        case = self.manifest(package)["golden"][0]
        model = classifier()
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        resized = picture.resize((16, 16), Image.Resampling.BILINEAR)
        tensor = v1.functional.to_tensor(resized)
        with torch.no_grad():
            logits = model(tensor[None])[0]
        self.assertEqual((package / case["input"]["file"]).read_bytes(), data)
        self.assertEqual([stage["at"] for stage in case["stages"]], [f"pipeline[{i}]" for i in range(6)])
        values = [numpy.load(package / stage["value"]["npy"]) for stage in case["stages"][:5]]
        for got, wanted in zip(values, (picture, resized, tensor.numpy(), logits.numpy(),
                                        logits.softmax(-1).numpy())):
            numpy.testing.assert_array_equal(got, numpy.asarray(wanted))
        self.assertEqual([stage["tolerance"] for stage in case["stages"]],
                         ["exact"] * 3 + [{"atol": 1e-4, "rtol": 1e-4}] * 3)
        best = int(logits.argmax())
        self.assertEqual(case["result"]["value"]["classes"][0],
                         {"index": best, "label": LABELS[best], "score": float(logits.softmax(-1)[best])})
        self.assertEqual((package / "labels.txt").read_text(), "a\nb\nc\nd\ne\n")

    def test_the_exported_model_gives_the_eager_answers_at_every_batch_size(self):
        model = classifier()
        loaded = torch.jit.load(str(self.pack_images() / "model.ts"))
        for size in (1, 3, 16):
            batch = torch.rand(size, 3, 16, 16)
            torch.testing.assert_close(loaded(batch), model(batch), atol=1e-6, rtol=1e-5)

    def test_finds_the_batch_axis_or_its_absence(self):
        class Mixing(torch.nn.Module):
            def forward(self, x):
                return x - x.mean(0, keepdim=True)

        class Total(torch.nn.Module):
            def forward(self, x):
                return x.sum(0)
        signature = self.model(self.pack_mlp())
        self.assertEqual(signature["inputs"], [{"name": "input", "dtype": "f32", "shape": ["batch", 4]}])
        self.assertEqual(signature["outputs"], [{"name": "output", "dtype": "f32", "shape": ["batch", 3]}])
        for i, model in enumerate((Mixing(), Total())):
            package = self.pack_mlp(f"none{i}", model=model.eval(), samples=[torch.rand(2, 4)])
            self.assertEqual(self.model(package)["inputs"][0]["shape"], [2, 4])

    def test_a_transform_alone_gets_decode_model_and_classes(self):
        transform = v1.Compose([v1.Resize(20), v1.CenterCrop(16), v1.ToTensor(), v1.Normalize([0.5] * 3, [0.2] * 3)])
        ops = self.manifest(self.pack_images(pipeline=transform))["pipeline"]
        self.assertEqual([op["op"] for op in ops], ["image.decode", "image.resize_short", "image.center_crop",
                                                    "image.to_tensor", "model", "softmax", "top_k"])
        self.assertEqual(ops[-1], {"op": "top_k", "k": 5, "labels": "labels.txt"})

    def test_transforms_may_stand_among_ops_and_inside_each(self):
        pipeline = ["image.decode", v1.Resize(20), {"op": "image.five_crop", "size": 16},
                    {"op": "each", "do": [v1.ToTensor(), "model", "softmax", {"op": "top_k", "k": 1}]}]
        case = self.manifest(self.pack_images(pipeline=pipeline))["golden"][0]
        self.assertEqual(len(case["result"]["value"]["list"]), 5)
        inner = {stage["at"]: stage["value"] for stage in case["stages"]}
        self.assertEqual(len(inner["pipeline[3].do[1]"]["list"]), 5)

    def test_a_script_module_is_taken_as_it_is(self):
        class Branching(torch.nn.Module):
            def forward(self, x):
                if bool(x.sum() > 0):
                    return x
                return -x
        samples = [torch.tensor([1.0, 2]), torch.tensor([-1.0, -2])]
        script = torch.jit.script(Branching().eval())
        package = gp.pack(self.dir / "s", script, torch.rand(2), name="s", version="1", samples=samples, batch=False)
        self.assertEqual([engine["kind"] for engine in self.model(package)["engines"]], ["torchscript"])
        with self.assertRaisesRegex(gp.PackError, "not a ScriptModule"):
            gp.pack(self.dir / "t", script, torch.rand(2), name="t", version="1", engines=("aoti",), batch=False)

    def test_a_traced_model_that_differs_is_refused(self):
        class Branching(torch.nn.Module):
            def forward(self, x):
                return x if bool(x.sum() > 0) else -x
        with self.assertRaisesRegex(gp.CheckFailed, "the torchscript model differs from the eager one.*torch.jit.script"):
            gp.pack(self.dir / "b", Branching().eval(), torch.ones(2), name="b", version="1", engines=TORCHSCRIPT,
                    samples=[torch.tensor([-1.0, -2])], batch=False)
        self.assert_left_nothing()

    def test_a_reference_that_disagrees_is_refused(self):
        model = classifier()

        def good(sample):
            picture = Image.open(io.BytesIO(sample)).convert("RGB").resize((16, 16), Image.Resampling.BILINEAR)
            return model(v1.functional.to_tensor(picture)[None]).softmax(-1)

        def as_labels(sample):
            scores = good(sample)[0]
            return [(LABELS[int(i)], float(scores[i])) for i in scores.argsort(descending=True)[:3]]
        self.pack_images("good", reference=good)
        self.pack_images("labels", reference=as_labels)
        bad = [(lambda sample: good(sample) * 1.01, "has score"),
               (lambda sample: good(sample).flip(-1), "class . .*has score"),
               (lambda sample: as_labels(sample)[:2], "2 classes, expected 3"),
               (lambda sample: [(label + "!", score) for label, score in as_labels(sample)], "expected '"),
               (lambda sample: [0.5], "gives 1 scores")]
        for reference, message in bad:
            with self.subTest(message), self.assertRaisesRegex(gp.CheckFailed, "disagree: sample 0.*" + message):
                self.pack_images("bad", reference=reference)
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["good", "labels"])

    def test_a_reference_of_tensors_is_compared_too(self):
        model = mlp()
        self.pack_mlp("good", reference=lambda sample: model(sample[None])[0])
        with self.assertRaisesRegex(gp.CheckFailed, r"1 of 3 values differ; at \[2\]"):
            self.pack_mlp("bad", reference=lambda sample: model(sample[None])[0] + torch.tensor([0, 0, 0.1]))

    def test_a_transform_that_differs_from_its_translation_is_refused(self):
        class Liar(v1.CenterCrop):
            def forward(self, img):
                return super().forward(img).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        Liar.__module__, Liar.__name__ = v1.CenterCrop.__module__, "CenterCrop"
        with self.assertRaisesRegex(gp.CheckFailed, "the translated ops differ from the transform: sample 0"):
            self.pack_images(pipeline=["image.decode", Liar(16), "image.to_tensor", "model", "softmax", {"op": "top_k", "k": 1}])

    def test_wrong_arguments_are_named(self):
        cases = [
            ({"engines": ("onnx",)}, "engines: expected one or more"),
            ({"max_batch": 0}, "max_batch: expected 1..65536"),
            ({"model": mlp().train()}, "training mode"),
            ({"model": "x"}, "expected a torch.nn.Module"),
            ({"samples": [torch.rand(5)]}, r"sample 0: model: input 'input' of a sample is f32\[4\], got tensor f32\[5\]"),
            ({"samples": [numpy.zeros(4)]}, r"got tensor f64\[4\]"),
            ({"samples": [], "reference": lambda x: x}, "needs samples="),
            ({"tolerance": {"abs": 1}}, "tolerance: expected"),
            ({"tolerance": {"atol": -1}}, "not negative"),
            ({"provenance": {"author": "x"}}, "provenance: unknown keys"),
            ({"provenance": {"metrics": {"top1": "high"}}}, "metrics is an object of numbers"),
            ({"provenance": {"git": 7}}, "git is a string"),
            ({"latency": {"p99": 3}}, "latency: expected"),
            ({"padding": {"dim": "length"}}, r"padding\['dim'\]: no input has a dimension 'length'"),
            ({"padding": {"lengths": [8]}}, "padding: expected"),
            ({"reference": lambda sample: sample.nothing}, "sample 0: your reference raised AttributeError"),
            ({"shapes": {"x": [1]}}, "there is no input or output"),
            ({"shapes": {"input": ["batch", 5]}}, r"but the example is \[2, 4\]"),
            ({"input_names": ["a", "b"]}, "input_names: expected 1 different names"),
            ({"pipeline": "model"}, "pipeline: expected a list"),
            ({"pipeline": ["model", {"op": "label", "labels": "x.txt"}]}, "takes Classes, but"),
            ({"pipeline": ["model", {"op": "top_k", "k": 1, "labels": "x.txt"}]}, "has no file 'x.txt'"),
            ({"pipeline": ["model", {"op": "top_k", "k": 1}], "labels": ["a"]}, "1 labels for 3 scores"),
            ({"labels": ["a\nb"]}, "without line breaks"),
            ({"files": {"../x": b""}}, "not a file name"),
            ({"sign_key": "missing.pem"}, "no such key file"),
        ]
        for arguments, message in cases:
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                self.pack_mlp("wrong", **arguments)
        with self.assertRaisesRegex(gp.PackError, r"name: expected \[a-z0-9\]"):
            gp.pack(self.dir / "x", mlp(), torch.rand(1, 4), name="Big", version="1")
        self.assert_left_nothing()

    def test_tensor_results_and_several_inputs(self):
        class Two(torch.nn.Module):
            def forward(self, a, b):
                return {"sum": a + b, "count": (a > 0).sum(-1)}
        package = gp.pack(self.dir / "two", Two().eval(), (torch.rand(2, 3), torch.rand(2, 3)), name="two", version="1",
                          engines=TORCHSCRIPT, samples=[{"a": torch.rand(3), "b": torch.rand(3)}])
        manifest = self.manifest(package)
        self.assertEqual([spec["name"] for spec in manifest["models"]["model"]["outputs"]], ["sum", "count"])
        self.assertEqual(manifest["models"]["model"]["outputs"][1], {"name": "count", "dtype": "i64", "shape": ["batch"]})
        self.assertEqual(list(manifest["golden"][0]["result"]["value"]["tensors"]), ["sum", "count"])

    def pack_sequences(self, name, padding, model=None):
        class Encoder(torch.nn.Module):
            def __init__(self):
                super().__init__()
                torch.manual_seed(0)
                self.tokens, self.places = torch.nn.Embedding(50, 8), torch.nn.Embedding(12, 8)
                self.layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

            def forward(self, ids, mask):
                hidden = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
                hidden = self.layer(hidden, src_key_padding_mask=mask == 0)
                return hidden, (hidden * mask.unsqueeze(-1)).sum(1)
        def sequence(*shape):
            return {"ids": torch.randint(1, 50, shape), "mask": torch.ones(shape, dtype=torch.int64)}
        return gp.pack(self.dir / name, (model or Encoder()).eval(), tuple(sequence(2, 5).values()), name="s", version="1",
                       engines=TORCHSCRIPT, samples=[sequence(length) for length in (3, 8, 9)], padding=padding,
                       output_names=["hidden", "sum"],
                       shapes={"ids": ["batch", "T"], "mask": ["batch", "T"], "hidden": ["batch", "T", 8]})

    def test_padding_is_written_where_it_changes_no_answer(self):
        padding = {"dim": "T", "lengths": [4, 8, 12], "values": {"ids": 7}}
        self.assertEqual(self.model(self.pack_sequences("s", padding))["padding"], padding)

    def test_padding_that_changes_answers_is_refused(self):
        class Mean(torch.nn.Module):
            def forward(self, ids, mask):
                hidden = torch.nn.functional.one_hot(ids, 8 * 7)[..., :8].float()
                return hidden, hidden.mean(1) + mask.sum(1, keepdim=True)
        with self.assertRaisesRegex(gp.CheckFailed, "'T' of 3 padded to 4: output 'sum': .*must mask what is padded"):
            self.pack_sequences("mean", {"dim": "T", "lengths": [4, 8]}, Mean())
        with self.assertRaisesRegex(gp.CheckFailed, "'T' of 3 padded to 16: it fails"):
            self.pack_sequences("long", {"dim": "T", "lengths": [4, 16]})
        self.assert_left_nothing()

    def test_mistakes_in_padding_are_named(self):
        cases = [
            ({"dim": "batch"}, r"padding\['dim'\]: no input"),
            ({"dim": "T", "mask": "mask"}, "padding: expected"),
            ({"dim": "T", "lengths": []}, r"padding\['lengths'\]: expected 1..1024 ascending"),
            ({"dim": "T", "lengths": [8, 4]}, r"padding\['lengths'\]"),
            ({"dim": "T", "lengths": [0]}, r"padding\['lengths'\]"),
            ({"dim": "T", "lengths": [4.5]}, r"padding\['lengths'\]"),
            ({"dim": "T", "values": [0]}, r"padding\['values'\]: expected an object"),
            ({"dim": "T", "values": {"x": 0}}, r"padding\['values'\]\['x'\]: no such input"),
            ({"dim": "T", "values": {"ids": "0"}}, "expected a finite number"),
            ({"dim": "T", "values": {"ids": 0.5}}, "0.5 is not a value of i64"),
            ({"dim": "T", "values": {"ids": 2 ** 63}}, "is not a value of i64"),
        ]
        for padding, message in cases:
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, message):
                self.pack_sequences("wrong", padding)
        self.assert_left_nothing()

    def test_own_ops_run_their_python_reference(self):
        double = gp.Op("Tensor", "Tensor", None, lambda value, by: value * by)
        package = self.pack_mlp(pipeline=["model", {"op": "acme.scale", "by": 2}], ops={"acme.scale": double})
        case = self.manifest(package)["golden"][0]
        first, second = (numpy.load(package / stage["value"]["npy"]) for stage in case["stages"])
        numpy.testing.assert_array_equal(first * 2, second)

    def test_an_evaluation_below_its_floor_is_refused(self):
        samples = [torch.rand(4) for _ in range(6)]
        best = [int(mlp()(sample[None]).argmax()) for sample in samples]
        package = self.pack_mlp("eval", eval={"cases": list(zip(samples, best)), "floor": 0.9})
        self.assertEqual(self.manifest(package)["accuracy"], {"eval": "eval", "metric": "top1", "floor": 0.9})
        wrong = [(index + 1) % 3 for index in best]
        with self.assertRaisesRegex(gp.CheckFailed, "top1 0.0000 on 6 cases, the floor is 0.9"):
            self.pack_mlp("bad", eval={"cases": list(zip(samples, wrong)), "floor": 0.9})

    # -- a package appears whole or not at all

    def assert_left_nothing(self):
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_refuses_an_existing_directory_unless_told_to_replace_it(self):
        package = self.pack_mlp()
        before = (package / "gantry.json").read_bytes()
        with self.assertRaisesRegex(gp.PackError, "exists; packages are immutable"):
            self.pack_mlp()
        self.assertEqual((package / "gantry.json").read_bytes(), before)
        self.pack_mlp(max_batch=2, overwrite=True)
        self.assertEqual(self.model(package)["max_batch"], 2)
        self.assertEqual([path.name for path in self.dir.iterdir()], ["mlp"])

    def test_replaces_nothing_but_a_package_or_an_empty_directory(self):
        out = self.dir / "mlp"

        def holds(name, text):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text)
        kept = {
            "a file": lambda: out.write_bytes(b"a photo"),
            "a link that leads nowhere": lambda: out.symlink_to(self.dir / "nowhere"),
            "a directory with 1, notes.txt, but no gantry.json":
                lambda: (holds("1/gantry.json", "{}"), holds("notes.txt", "precious")),
            "a directory with a, b, c and 2 more, but no gantry.json": lambda: [holds(name, "") for name in "abcde"],
            "a directory with gantry.json, but no gantry.json": lambda: holds("gantry.json/file", ""),
            "a directory with gantry.json, of which gantry.json cannot be read": lambda: holds("gantry.json", "{"),
            "a directory with gantry.json, of which gantry.json is not that of a package":
                lambda: holds("gantry.json", '{"name": "another tool"}'),
        }
        for what, make in kept.items():
            with self.subTest(what):
                make()
                before = sorted((path, path.read_bytes() if path.is_file() else b"") for path in self.dir.rglob("*"))
                said = io.StringIO()
                with self.assertRaisesRegex(gp.PackError, f"mlp is {what}.*; overwrite=True .--force. replaces a package"), \
                        contextlib.redirect_stderr(said):
                    self.pack_mlp(overwrite=True)
                self.assertEqual(said.getvalue(), "", "nothing was begun")
                after = sorted((path, path.read_bytes() if path.is_file() else b"") for path in self.dir.rglob("*"))
                self.assertEqual(after, before)
                if out.is_dir() and not out.is_symlink():
                    shutil.rmtree(out)
                else:
                    out.unlink()
        out.mkdir()
        self.pack_mlp(overwrite=True)
        gp.verify(out)

    def test_of_two_at_once_the_second_does_not_replace_the_first(self):
        with self.assertRaisesRegex(gp.PackError, "p exists; packages are immutable"), published(self.dir / "p", False):
            with published(self.dir / "p", False) as faster:
                (faster / "gantry.json").write_text("faster")
        self.assertEqual((self.dir / "p" / "gantry.json").read_text(), "faster")
        self.assertEqual([path.name for path in self.dir.iterdir()], ["p"])

    def test_what_was_there_comes_back_if_it_cannot_be_replaced(self):
        package = self.pack_mlp()
        rename = os.rename

        def no_rename(source, target):  # as if another process had put its own there
            if str(source).endswith(".part"):
                raise OSError(errno.ENOTEMPTY, "Directory not empty")
            rename(source, target)
        os.rename = no_rename
        try:
            with self.assertRaisesRegex(gp.PackError, "cannot be put in its place: Directory not empty; is another"):
                self.pack_mlp(overwrite=True)
        finally:
            os.rename = rename
        gp.verify(package)
        self.assertEqual([path.name for path in self.dir.iterdir()], ["mlp"])

    def test_a_failure_on_the_way_leaves_the_old_package(self):
        package = self.pack_mlp()
        before = {path: path.read_bytes() for path in package.rglob("*") if path.is_file()}
        for broken in ("list_files", "store"):
            original = getattr(Directory, broken)
            setattr(Directory, broken, lambda *_: (_ for _ in ()).throw(OSError("disk full")))
            try:
                with self.assertRaisesRegex(OSError, "disk full"):
                    self.pack_mlp(overwrite=True)
                with self.assertRaisesRegex(OSError, "disk full"):
                    self.pack_mlp("other")
            finally:
                setattr(Directory, broken, original)
        self.assertEqual({path: path.read_bytes() for path in package.rglob("*") if path.is_file()}, before)
        self.assertEqual([path.name for path in self.dir.iterdir()], ["mlp"])


# ---- Integrity and signatures -------------------------------------------------------------------------------------

class IntegrityTest(InTemporaryDirectory):
    def test_every_file_is_listed_with_its_size_and_hash(self):
        package = self.pack_images()
        listed = {entry["path"]: entry for entry in self.manifest(package)["files"]}
        found = {path.relative_to(package).as_posix(): path.read_bytes() for path in package.rglob("*")
                 if path.is_file() and path.name != "gantry.json"}
        self.assertEqual(set(listed), set(found))
        for path, content in found.items():
            self.assertEqual(listed[path]["bytes"], len(content))
            self.assertEqual(listed[path]["sha256"], hashlib.sha256(content).hexdigest())

    def test_a_changed_byte_in_any_file_is_detected(self):
        package, chance = self.pack_images(), random.Random(1)
        gp.verify(package)
        for entry in self.manifest(package)["files"]:
            path, content = package / entry["path"], (package / entry["path"]).read_bytes()
            places = range(len(content)) if len(content) < 64 else chance.sample(range(len(content)), 12)
            for place in places:
                changed = bytearray(content)
                changed[place] ^= 1 << chance.randrange(8)
                path.write_bytes(changed)
                with self.assertRaisesRegex(gp.CheckFailed, re.escape(entry["path"]) + ": its SHA-256"):
                    gp.verify(package)
            path.write_bytes(content)
        gp.verify(package)

    def test_wrong_sizes_missing_extra_and_linked_files_are_detected(self):
        package = self.pack_images()
        labels = package / "labels.txt"
        content = labels.read_bytes()
        labels.write_bytes(content + b"\n")
        with self.assertRaisesRegex(gp.CheckFailed, "labels.txt has 11 bytes, the manifest says 10"):
            gp.verify(package)
        labels.unlink()
        with self.assertRaisesRegex(gp.CheckFailed, "labels.txt is listed in the manifest but missing"):
            gp.verify(package)
        (self.dir / "elsewhere").write_bytes(content)
        labels.symlink_to(self.dir / "elsewhere")
        with self.assertRaisesRegex(gp.CheckFailed, "labels.txt is a symbolic link"):
            gp.verify(package)
        labels.unlink()
        labels.write_bytes(content)
        (package / "golden" / "extra").write_bytes(b"")
        with self.assertRaisesRegex(gp.CheckFailed, "golden/extra is not listed"):
            gp.verify(package)

    def test_bad_manifests_are_refused(self):
        package = self.pack_mlp()
        good = self.manifest(package)

        def with_files(**change):
            return json.dumps({**good, "files": [{**good["files"][0], **change}, *good["files"][1:]]})
        cases = [("{", "gantry.json"), ("[]", "format None"), (json.dumps({**good, "format": 3}), "has format 3, this version reads format 2$"),
                 (json.dumps({**good, "format": 1}), "has format 1, this version reads format 2; pack the model again"),
                 ('{"format": 2, "format": 2}', "duplicate key 'format'"),
                 (json.dumps({k: v for k, v in good.items() if k != "files"}), "'files' is missing"),
                 (with_files(path="../x"), "not a file name"), (with_files(path="/etc/passwd"), "not a file name"),
                 (with_files(path=good["files"][1]["path"]), "listed twice"), (with_files(mode=1), "expected path"),
                 (json.dumps({**good, "files": 5}), "'files' is not a list"), ("[" * 200000, "recursion"),
                 (json.dumps({**good, "format": "2"}), "has format '2'"), (json.dumps({**good, "format": True}), "format True"),
                 (with_files(path="\ud800"), "no UTF-8"), (with_files(path="a" * 300), "at most 255")]
        for text, message in cases:
            (package / "gantry.json").write_text(text)
            with self.subTest(message), self.assertRaisesRegex(gp.CheckFailed, message):
                gp.verify(package)
        with self.assertRaisesRegex(gp.PackError, "is not a package"):
            gp.verify(self.dir)

    def with_and_without_cryptography(self):
        yield "cryptography"
        original = signing._has_cryptography
        signing._has_cryptography = lambda: False
        self.addCleanup(setattr, signing, "_has_cryptography", original)
        yield "openssl"
        signing._has_cryptography = original

    def test_signatures_of_both_tools_are_interchangeable(self):
        package = self.pack_mlp()
        for maker in self.with_and_without_cryptography():
            private, public = gp.generate_key(self.dir / f"{maker}.pem")
            self.assertEqual(public.name, f"{maker}.pub.pem")
            self.assertEqual(private.stat().st_mode & 0o777, 0o600)
            self.assertIn("BEGIN PRIVATE KEY", private.read_text())
            self.assertIn("BEGIN PUBLIC KEY", public.read_text())
        signatures = {}
        for signer in self.with_and_without_cryptography():
            for key in ("cryptography", "openssl"):
                gp.sign(package, self.dir / f"{key}.pem")
                signature = (package / "gantry.json.sig").read_bytes()
                self.assertEqual(len(signature), 64)
                self.assertEqual(signatures.setdefault(key, signature), signature)
                for _ in self.with_and_without_cryptography():
                    gp.verify(package, self.dir / f"{key}.pub.pem")
        for _ in self.with_and_without_cryptography():
            with self.assertRaisesRegex(gp.CheckFailed, "the signature is not one of"):
                gp.verify(package, self.dir / "cryptography.pub.pem")

    def test_any_changed_byte_of_a_signed_manifest_is_detected(self):
        private, public = gp.generate_key(self.dir / "key.pem")
        package = self.pack_mlp(sign_key=private)
        gp.verify(package, public)
        path, chance = package / "gantry.json", random.Random(2)
        content = path.read_bytes()
        for place in chance.sample(range(len(content)), 60):
            changed = bytearray(content)
            changed[place] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
            with self.assertRaises(gp.CheckFailed):
                gp.verify(package, public)
        path.write_bytes(content)
        signature = package / "gantry.json.sig"
        raw = bytearray(signature.read_bytes())
        raw[9] ^= 4
        signature.write_bytes(raw)
        with self.assertRaisesRegex(gp.CheckFailed, "signature is not one of"):
            gp.verify(package, public)
        signature.write_bytes(raw[:-1])
        with self.assertRaisesRegex(gp.CheckFailed, "has 63 bytes"):
            gp.verify(package, public)
        signature.unlink()
        with self.assertRaisesRegex(gp.CheckFailed, "is not signed"):
            gp.verify(package, public)

    def test_keys_are_not_overwritten_and_other_kinds_are_refused(self):
        gp.generate_key(self.dir / "key.pem")
        with self.assertRaisesRegex(gp.PackError, "exists; keys are not overwritten"):
            gp.generate_key(self.dir / "key.pem")
        package = self.pack_mlp()
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", self.dir / "rsa.pem"], check=True,
                       capture_output=True)
        (self.dir / "junk.pem").write_text("junk")
        for _ in self.with_and_without_cryptography():
            for key in ("rsa.pem", "junk.pem", "missing.pem"):
                with self.subTest(key), self.assertRaisesRegex(gp.PackError, key):
                    gp.sign(package, self.dir / key)
        self.assertFalse((package / "gantry.json.sig").exists())


# ---- Command line -------------------------------------------------------------------------------------------------

RECIPE = """
import torch
from gantry_pack import PackError   # the tool itself is importable in a recipe
def recipe():
    torch.manual_seed(0)
    return dict(name="mlp", version="2", model=torch.nn.Linear(2, 2).eval(), example_inputs=torch.rand(1, 2),
                samples=[torch.rand(2)], engines=("torchscript",), {extra})
"""


class CommandLineTest(InTemporaryDirectory):
    def run_tool(self, *arguments, code=0):
        done = subprocess.run([sys.executable, PACKER, *map(str, arguments)], cwd=self.dir, text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def write_recipe(self, extra=""):
        (self.dir / "recipe.py").write_text(RECIPE.replace("{extra}", extra))

    def test_builds_signs_and_verifies(self):
        self.write_recipe()
        self.assertIn("keep it secret", self.run_tool("--generate-key", "key.pem"))
        self.assertIn("wrote mlp/2", self.run_tool("build", "recipe.py"))
        self.assertIn("mlp 2 is intact", self.run_tool("verify", "mlp/2"))
        self.assertIn("is not signed", self.run_tool("verify", "mlp/2", "--key", "key.pub.pem", code=1))
        self.assertIn("signed mlp/2", self.run_tool("--sign", "key.pem", "mlp/2"))
        self.assertIn("intact and signed", self.run_tool("verify", "mlp/2", "--key", "key.pub.pem"))
        self.run_tool("build", "recipe.py", "--out", "there", "--sign", "key.pem", "--engine", "torchscript")
        self.run_tool("verify", "there", "--key", "key.pub.pem")
        self.assertIn("exists", self.run_tool("build", "recipe.py", code=2))
        self.run_tool("build", "recipe.py", "--force")

    def test_exit_codes_say_what_went_wrong(self):
        self.assertIn("usage", self.run_tool(code=64))
        self.assertIn("invalid choice", self.run_tool("paint", code=64))
        self.assertIn("invalid choice", self.run_tool("build", "recipe.py", "--engine", "onnx", code=64))
        self.assertIn("no such recipe", self.run_tool("build", "recipe.py", code=2))
        self.assertIn("is not a package", self.run_tool("verify", ".", code=2))
        self.write_recipe("colour=1")
        self.assertIn("returns 'colour', which pack() does not take", self.run_tool("build", "recipe.py", code=2))
        self.write_recipe("reference=lambda sample: sample + 1")
        self.assertIn("check failed: the pipeline and your reference disagree",
                      self.run_tool("build", "recipe.py", code=1))
        (self.dir / "recipe.py").write_text("def recipe(): return 1 / 0")
        self.assertIn("ZeroDivisionError", self.run_tool("build", "recipe.py", code=2))
        self.assertFalse((self.dir / "mlp").exists() and any((self.dir / "mlp").iterdir()))

    def test_a_recipe_that_is_none_is_named(self):
        for given, message in (({"version": 3}, "version: expected"), ({"name": None}, "name: expected"),
                               ({"out": 5}, "out: expected")):
            (self.dir / "recipe.py").write_text(RECIPE.replace("{extra}", "") + f"ok = recipe\ndef recipe(): return {{**ok(), **{given}}}\n")
            self.assertRegex(self.run_tool("build", "recipe.py", code=2), f"^gantry-pack: {message}")
        (self.dir / "recipe.py").write_text("raise SystemExit(0)")
        self.assertIn("calls exit(0); nothing was made", self.run_tool("build", "recipe.py", code=2))
        (self.dir / "recipe.txt").write_text(RECIPE)
        self.assertIn("a recipe is a Python file", self.run_tool("build", "recipe.txt", code=2))
        self.assertIn("expected the name of", self.run_tool("generate-key", "", code=2))

    def test_an_interrupted_build_leaves_nothing_and_says_so(self):
        for number in (signal.SIGINT, signal.SIGTERM):  # to the whole group of processes, as Ctrl-C does
            self.write_recipe(f"reference=lambda sample: __import__('os').killpg(0, {int(number)})")
            done = subprocess.run([sys.executable, PACKER, "build", "recipe.py"], cwd=self.dir, text=True, check=False,
                                  capture_output=True, start_new_session=True)
            with self.subTest(number):
                self.assertEqual((done.returncode, done.stderr), (2, "gantry-pack: interrupted\n"))
                self.assertEqual(list((self.dir / "mlp").iterdir()), [])

    def test_a_child_that_is_interrupted_as_it_starts_says_nothing(self):
        program = (f"import os, signal, sys; sys.path.insert(0, {str(PACKER.parent)!r})\n"
                   "from gantry_pack.running.children import Children\n"
                   "child = Children.start()\n"
                   "while b'python' not in open(f'/proc/{child.pid}/cmdline', 'rb').read(): pass\n"
                   "os.kill(child.pid, signal.SIGINT)\n"
                   "child.stdin.close(); sys.exit(child.wait())")
        done = subprocess.run([sys.executable, "-c", program], text=True, check=False, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_child_is_silent_about_work_that_an_interrupted_parent_took_back(self):
        done = subprocess.run([sys.executable, "-c", SERVE, str(PLACE)], input=f"{self.dir / 'gone'}\n", text=True,
                              check=False, capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "1\n", ""))

    def test_help_names_commands_and_exit_codes(self):
        text = self.run_tool("--help")
        for word in ("build", "verify", "sign", "generate-key", "Exit codes"):
            self.assertIn(word, text)
        self.assertIn("--engine", self.run_tool("build", "--help"))

    def test_verify_and_sign_do_not_import_torch(self):
        package = self.pack_mlp()
        code = ("import sys, runpy; sys.modules['torch'] = None; sys.argv = ['gantry-pack', 'verify', sys.argv[1]]; "
                f"runpy.run_path({str(PACKER)!r}, run_name='__main__')")
        done = subprocess.run([sys.executable, "-c", code, package], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


# ---- The guide ----------------------------------------------------------------------------------------------------

class ReadmeTest(InTemporaryDirectory):
    def test_every_snippet_of_the_guide_runs(self):
        text = (PACKER.parent / "README.md").read_text()
        snippets = re.findall(r"^```(python|sh)\n(.*?)^```", text, re.M | re.S)
        self.assertGreaterEqual(len(snippets), 4)
        bin_dir = self.dir / "bin"
        bin_dir.mkdir()
        (bin_dir / "gantry-pack").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PACKER}" "$@"\n')
        (bin_dir / "gantry-pack").chmod(0o755)
        for name, seed in (("cat.png", 1), ("dog.png", 2)):
            image(90, 70, seed).save(self.dir / name)
        environment = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "PYTHONPATH": str(PACKER.parent)}
        for i, (language, code) in enumerate(snippets):
            named = re.match(r"# (\w+\.py)\n", code)
            if named:
                (self.dir / named.group(1)).write_text(code)
                continue
            script = self.dir / f"snippet_{i}.py"  # torch.jit.script reads the source
            script.write_text(code)
            command = [sys.executable, script] if language == "python" else ["sh", "-e", "-c", code]
            done = subprocess.run(command, cwd=self.dir, env=environment, text=True, capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, f"snippet {i}:\n{code}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main(verbosity=1)
