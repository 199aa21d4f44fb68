# SPDX-License-Identifier: Apache-2.0
"""Walks the preprocessing that people have: every preset of torchvision's weights, every configuration of timm, open_clip's
transforms, and transformers' image processors. Each is translated and equal on five pictures bit for bit, by the Python
reference of the ops and, of one in a few, by the ops in C++; or it is refused and listed here with the reason.

  python tests/pack/translation_test.py [--probe BUILD/bin/image_probe]
"""

import argparse
import collections
import io
import json
import random
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy
import open_clip.transform
import timm
import torch
import torchvision
import transformers
from PIL import Image
from timm.data import create_transform, resolve_data_config

from packing import gp
from gantry_pack.translation.translator import apply_transform

PROBE = None
EVERY = 4  # one in so many runs in C++ too

# What is not translated, and why. Of torchvision by the class of the preset, of transformers without "ImageProcessor".
NOT_OF_TORCHVISION = {
    "VideoClassification": "takes the frames of a video, and a pipeline takes one image",
    "OpticalFlow": "takes two images",
}
NOT_OF_TRANSFORMERS = {
    "cuts an image into parts or patches, as many as its size asks for": [
        "Aria", "Emu3", "Gemma3", "Glm4v", "GotOcr2", "Idefics2", "Idefics3", "LlavaNext", "LlavaOnevision", "Mllama",
        "Pixtral", "Qwen2VL", "Siglip2"],
    "resamples float32 numbers, after rescaling": ["DINOv3ViT", "DepthPro", "Owlv2"],
    "draws, recognises text or warps by boxes first": ["LayoutLMv2", "Pix2Struct", "VitPose"],
    "has a rule of its own for sizes": ["BridgeTower", "Donut", "GLPN", "Mask2Former", "MaskFormer", "OneFormer",
                                        "Swin2SR", "TextNet", "Vilt", "Yolos"],
    "takes videos or several images": ["SuperGlue", "Vivit", "VideoMAE"],
}
OF_TRANSFORMERS = [
    "Beit", "Bit", "Blip", "CLIP", "Chameleon", "ChineseCLIP", "ConditionalDetr", "ConvNext", "DPT", "DeformableDetr", "DeiT",
    "Detr", "EfficientNet", "GroundingDino", "Levit", "Llava", "MobileNetV1", "MobileNetV2", "MobileViT", "OwlViT", "Perceiver",
    "PoolFormer", "Pvt", "RTDetr", "Sam", "Segformer", "Siglip", "ViT"]
# Configurations besides the defaults: of published models, or for what the defaults leave out.
CONFIGURATIONS = {
    "ViT": [{"resample": 3, "size": 384}, {"do_normalize": False}, {"do_rescale": False}, {"resample": 1},
            {"do_rescale": False, "do_normalize": False}, {"size": {"shortest_edge": 200, "longest_edge": 300}},
            {"size": {"max_height": 150, "max_width": 200}}, {"do_resize": False, "do_center_crop": True, "crop_size": 100},
            {"do_convert_rgb": True, "rescale_factor": 1 / 127.5}],
    "CLIP": [{"size": 336, "crop_size": 336}, {"size": {"height": 64, "width": 80}}, {"crop_size": {"height": 301, "width": 90}}],
    "ConvNext": [{"size": {"shortest_edge": 224}}, {"size": {"shortest_edge": 224}, "crop_pct": 0.95, "resample": 2}],
    "DPT": [{"size": {"height": 266, "width": 266}, "keep_aspect_ratio": True, "ensure_multiple_of": 14},
            {"ensure_multiple_of": 32, "resample": 2}],
    "Detr": [{"size": {"shortest_edge": 240, "longest_edge": 300}},
             {"size": {"shortest_edge": 240, "longest_edge": 400}, "pad_size": {"height": 420, "width": 800}},
             {"size": {"max_height": 240, "max_width": 300}}, {"do_pad": False, "do_normalize": False}],
    "EfficientNet": [{"resample": 0}, {"include_top": False, "resample": 2}],
    "Llava": [{"do_pad": True, "size": {"height": 200, "width": 200}}],
    "MobileViT": [{"do_flip_channel_order": False}],
    "Perceiver": [{"size": 100, "crop_size": 150}],
    "PoolFormer": [{"crop_pct": None}, {"size": {"height": 200, "width": 200}, "crop_pct": 0.95}],
    "Sam": [{"size": {"longest_edge": 100}, "pad_size": {"height": 100, "width": 100}, "resample": 3}],
    "Segformer": [{"size": {"height": 100, "width": 130}}],
}
# What else any processor may be told; not all of them heed all of it.
SWITCHES = ("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_pad", "do_convert_rgb")
OPTIONS = {"pad_size": [{"height": 300, "width": 420}], "crop_size": [50, {"height": 70, "width": 300}], "resample": [1, 2, 3],
           "size": [{"shortest_edge": 60}, {"height": 64, "width": 48}, {"shortest_edge": 60, "longest_edge": 100}],
           "rescale_factor": [1 / 127.5, 0.0078], "image_mean": [[0.1, 0.2, 0.3]]}
# torch takes either of two pixels as near; Pillow has one rule.
REFUSED_CONFIGURATIONS = {("EfficientNet", json.dumps({"resample": 0}), "torchvision")}


def pictures():
    """Landscape, portrait, tiny, large, and gray with odd sides; as image.decode gives them."""
    made = []
    for seed, (width, height, mode) in enumerate([(320, 213, "RGB"), (97, 260, "RGB"), (5, 3, "RGB"), (640, 481, "RGB"),
                                                  (61, 61, "L")]):
        rng = numpy.random.default_rng(seed)
        blobs = rng.integers(0, 256, (1 + height // 9, 1 + width // 9, 3), dtype=numpy.uint8)
        smooth = Image.fromarray(blobs).resize((width, height), Image.Resampling.BICUBIC)
        noisy = numpy.asarray(smooth).astype(int) + rng.integers(-20, 21, (height, width, 3))
        made.append(Image.fromarray(noisy.clip(0, 255).astype(numpy.uint8)).convert(mode).convert("RGB"))
    return made


def geometry_of(ops):
    """The ops without their numbers: what costs time, and is the same for many statistics."""
    text = [{key: value for key, value in op.items() if key not in ("mean", "std")} for op in ops]
    return json.dumps(text)


class TranslationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pictures, cls.seen, cls.geometries = pictures(), set(), set()
        cls.in_cpp = []  # (ops, index of the picture, expected)
        torch.set_num_threads(1)

    @classmethod
    def tearDownClass(cls):
        print(f"{len(cls.seen)} different transforms of {len(cls.geometries)} kinds", file=sys.stderr)

    def assert_equal(self, name, transform, text=None):
        """Each geometry on five pictures; other statistics of the same on the tiny one."""
        ops = gp.translate(transform)
        key = (json.dumps(ops), repr(transform) if text is None else text)
        if key in self.seen:
            return
        self.seen.add(key)
        kind = (geometry_of(ops), None if text is None else text)
        is_new = kind not in self.geometries
        self.geometries.add(kind)
        for index, picture in enumerate(self.pictures):
            if is_new or index == 2:
                self.compare(name, ops, transform, index, picture)

    def compare(self, name, ops, transform, index, picture):
        wanted = got = None
        try:
            wanted = apply_transform(transform, picture)
        except (ValueError, RuntimeError, TypeError) as error:
            problem = str(error)
        try:
            got = gp.run_pipeline(ops, picture)
        except gp.PackError as error:
            self.assertIsNone(wanted, f"{name} on {picture.size}: the ops refuse it: {error}")
            return
        self.assertIsNotNone(wanted, f"{name} on {picture.size}: Python refuses it: {problem if wanted is None else ''}")
        problem = gp.difference(got, wanted, gp.EXACT, "value")
        self.assertIsNone(problem, f"{name} on {picture.size}: {problem}; {ops}")
        if len(self.seen) % EVERY == 0:
            self.in_cpp.append((name, ops, index, numpy.asarray(got)))

    def test_a_presets_of_torchvision(self):
        refused = collections.Counter()
        for name in torchvision.models.list_models():
            for weights in torchvision.models.get_model_weights(name):
                preset = weights.transforms()
                kind = getattr(preset, "func", type(preset)).__name__
                if kind in NOT_OF_TORCHVISION:
                    refused[kind] += 1
                    with self.assertRaisesRegex(gp.PackError, NOT_OF_TORCHVISION[kind].split(",")[0].replace("takes", ".*")):
                        gp.translate(preset)
                else:
                    self.assert_equal(str(weights), preset)
        self.assertEqual(set(refused), set(NOT_OF_TORCHVISION))

    def test_b_configurations_of_timm(self):
        names = timm.list_pretrained()
        self.assertGreater(len(names), 1500)
        for name in names:
            config = timm.models.get_pretrained_cfg(name).to_dict()
            self.assert_equal(name, create_transform(**resolve_data_config(pretrained_cfg=config)))
        for size in ((3, 224, 224), (3, 96, 128)):
            for mode in ("border", "squash", "center"):
                for share in (0.875, 1.0):
                    for filter_name in ("bicubic", "bilinear", "nearest"):
                        own = create_transform(size, crop_mode=mode, crop_pct=share, interpolation=filter_name)
                        self.assert_equal(f"{size} {mode}", own)
        self.assert_equal("prefetcher", create_transform(64, use_prefetcher=True))
        self.assert_equal("not normalised", create_transform(64, normalize=False))

    def test_c_transforms_of_open_clip(self):
        for size in (224, (96, 128)):
            for mode in ("shortest", "longest", "squash"):
                for filter_name in ("bicubic", "bilinear"):
                    for fill in (0, 127):
                        self.assert_equal(f"open_clip {size} {mode}", open_clip.transform.image_transform(
                            size, is_train=False, resize_mode=mode, interpolation=filter_name, fill_color=fill))

    def processor(self, name, backend, options):
        kind = getattr(transformers, f"{name}ImageProcessor{'Pil' if backend == 'pil' else ''}", None)
        return None if kind is None else kind(**options)

    def test_d_image_processors_of_transformers(self):
        for name in OF_TRANSFORMERS:
            for options in [{}, *CONFIGURATIONS.get(name, [])]:
                for backend in ("torchvision", "pil"):
                    processor = self.processor(name, backend, options)
                    if processor is None:
                        continue
                    text = json.dumps(options)
                    with self.subTest(name, backend=backend, options=text):
                        if (name, text, backend) in REFUSED_CONFIGURATIONS:
                            with self.assertRaisesRegex(gp.PackError, "'nearest-exact' takes either"):
                                gp.translate(processor)
                        else:
                            self.assert_equal(f"{name} {backend} {text}", processor, f"{name} {backend} {text}")

    def test_d_image_processors_with_options_of_any_kind(self):
        chance = random.Random(6)
        translated = 0
        for name in OF_TRANSFORMERS:
            for backend in ("torchvision", "pil"):
                for _ in range(20):
                    options = {key: chance.choice([True, False]) for key in SWITCHES if chance.random() < 0.5}
                    options.update((key, chance.choice(values)) for key, values in OPTIONS.items() if chance.random() < 0.3)
                    try:
                        processor = self.processor(name, backend, options)
                        ops = None if processor is None else gp.translate(processor)
                    except (gp.PackError, ValueError, TypeError):
                        continue  # refused, by either
                    if ops is not None:
                        translated += 1
                        with self.subTest(name, backend=backend, options=options):
                            self.compare(f"{name} {backend} {options}", ops, processor, 1, self.pictures[1])
        self.assertGreater(translated, 200)

    def test_e_image_processors_that_are_not_translated(self):
        for reason, names in NOT_OF_TRANSFORMERS.items():
            for name in names:
                for backend in ("torchvision", "pil"):
                    processor = self.processor(name, backend, {})
                    if processor is None:  # not every class has both
                        continue
                    with self.subTest(name, reason=reason), self.assertRaisesRegex(gp.PackError, r"its own method .*\(\)"):
                        gp.translate(processor)

    def test_f_timm_models_in_transformers(self):
        config = timm.models.get_pretrained_cfg("resnet50.a1_in1k").to_dict()
        self.assert_equal("TimmWrapper", transformers.TimmWrapperImageProcessor(config), "TimmWrapper")

    def test_g_a_package_of_a_processor(self):
        processor = transformers.CLIPImageProcessor(size=32, crop_size=32)
        model = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()).eval()
        files = [io.BytesIO(), io.BytesIO()]
        for file, picture in zip(files, self.pictures):
            picture.save(file, "PNG")

        def reference(file):
            return model(processor(Image.open(io.BytesIO(file)).convert("RGB"), return_tensors="pt")["pixel_values"])[0]
        with tempfile.TemporaryDirectory() as folder:
            package = gp.pack(Path(folder) / "p", model, torch.rand(1, 3, 32, 32), name="p", version="1",
                              pipeline=["image.decode", processor, "model"], reference=reference,
                              samples=[file.getvalue() for file in files], engines=("torchscript",), max_batch=1)
            steps = json.loads((package / "gantry.json").read_text())["pipeline"]
        self.assertEqual([step["op"] for step in steps],
                         ["image.decode", "image.resize_short", "image.center_crop", "image.to_tensor", "model"])

    def test_h_what_a_processor_does_besides_is_refused(self):
        class Brighter(transformers.ViTImageProcessor):
            def rescale(self, image, scale, **others):
                return super().rescale(image, 2 * scale)
        cases = [(Brighter(), True, r"what its own method rescale\(\) does has no translation"),
                 (transformers.CLIPImageProcessor(), False, "it blends transparent pixels with white"),
                 (transformers.ViTImageProcessor(size={"longest_edge": 9}), True, r"size \{'longest_edge': 9\} has no op"),
                 (transformers.ViTImageProcessor(resample=4), True, "interpolation 'box' has no op on u8 tensors")]
        for processor, is_rgb, message in cases:
            with self.subTest(message), self.assertRaisesRegex(gp.PackError, "cannot translate .*" + message):
                gp.translate(processor, is_rgb)
        with self.assertRaisesRegex(gp.PackError, "cannot translate step 2 of Compose, .*: it must be the first"):
            gp.translate(torchvision.transforms.Compose([torchvision.transforms.ToTensor(), transformers.ViTImageProcessor()]))

    def test_z_the_same_ops_in_cpp(self):
        if PROBE is None:
            self.skipTest("no --probe")
        self.assertGreater(len(self.in_cpp), 50)
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for index, picture in enumerate(self.pictures):
                numpy.save(folder / f"{index}.npy", numpy.asarray(picture))
            listing = [{"takes": "image", "gives": "tensor" if ops[-1]["op"] == "image.to_tensor" or
                        not ops[-1]["op"].startswith("image.") else "image", "pipeline": ops,
                        "in": str(folder / f"{picture}.npy"), "out": str(folder / f"{number}.out.npy")}
                       for number, (_, ops, picture, _) in enumerate(self.in_cpp)]
            (folder / "cases.json").write_text(json.dumps(listing))
            subprocess.run([PROBE, str(folder / "cases.json")], check=True)
            for case, (name, ops, picture, expected) in zip(listing, self.in_cpp):
                out = Path(case["out"])
                self.assertTrue(out.exists(), f"{name}: {ops}")
                got = numpy.load(out)
                self.assertEqual((got.dtype, got.shape), (expected.dtype, expected.shape), name)
                self.assertEqual(got.tobytes(), expected.tobytes(), f"{name} on {self.pictures[picture].size}: {ops}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probe")
    known, rest = parser.parse_known_args()
    PROBE = known.probe
    warnings.simplefilter("ignore")
    unittest.main(argv=[sys.argv[0], *rest])
