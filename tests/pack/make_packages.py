#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small packages, of seeded random models, for the C++ tests: DIR/<name>/1 for

    tiny-cnn         Bytes -> Classes   decode, resize, to_tensor, model, softmax, top_k; PNG, JPEG and gray samples
    tiny-five-crop   Bytes -> (list<Classes>, Tensor)   when, fork and each around the model; gray and RGB samples
    tiny-mlp         Tensor -> Tensor   f32[batch, 4] -> f32[batch, 3]
    two-inputs       Tensors -> Tensors   f32[batch, 3] and i64[batch] -> f32[batch, 3] and i64[batch]
    tiny-encoder     Tensors -> Tensors   i64[batch, T] and its mask -> f32[batch, T, 16] and f32[batch, 16]; padded
    no-batch         Tensor -> Tensor   f32[n, 2] -> f32[2], without a batch axis
    suppression      Tensor -> Tensors   f32[batch, n, 5] -> f32[found, 4] and f32[found]; some, one and none are found
    two-models       (Tensor, Tensor) -> Tensor   an encoder and a head, the head with a named input of its own
    moody            Tensor -> Tensor   f32[batch, 4], doubled; throws over 100, a wrong shape under -100
    tiny-mlp-signed  tiny-mlp, signed with DIR/key.pem (public: DIR/key.pub.pem); DIR/other.pub.pem did not sign it
and with --aoti
    tiny-mlp-aoti    tiny-mlp with the engines aoti and torchscript, in this order
    padded-cnn-aoti  Tensor -> Tensor   f32[batch, 3, 16, 16] -> f32[batch, 5]; padding of its own before convolutions; a
                     file for one sample and one for four

    python tests/pack/make_packages.py DIR [--aoti] [NAME...]

Nothing is done for a package that the same scripts and the same torch made before.
"""

import argparse
import hashlib
import importlib.metadata
import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib" / "pack"))
import gantry_pack  # noqa: E402
SIZES = ROOT / "tests" / "engine" / "torch"
sys.path.insert(0, str(SIZES))

CLASSES = [f"class {i}" for i in range(10)]


def fingerprint():
    digest = hashlib.sha256(importlib.metadata.version("torch").encode())
    for path in (Path(__file__), SIZES / "models_with_sizes.py", *sorted((ROOT / "lib" / "pack" / "gantry_pack").rglob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def picture(width, height, seed, mode="RGB", form="PNG"):
    """An encoded image of smooth colours with some noise, so that JPEG and resampling have something to do."""
    import numpy
    from PIL import Image
    random = numpy.random.default_rng(seed)
    channels = len(mode)
    small = random.integers(0, 256, (5, 5, channels), dtype=numpy.uint8)
    image = Image.fromarray(small[:, :, 0] if channels == 1 else small).resize((width, height), Image.Resampling.BICUBIC)
    noisy = numpy.asarray(image, dtype=numpy.int16) + random.integers(-9, 10, numpy.asarray(image).shape)
    out = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(numpy.uint8)).save(out, form)
    return out.getvalue()


def tiny_cnn():
    import torch
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, stride=2, padding=1), torch.nn.BatchNorm2d(8),
                                torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3, stride=2, padding=1), torch.nn.ReLU(),
                                torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(16, 10)).eval()
    with torch.no_grad():
        model[7].weight *= 20
    return dict(model=model, example_inputs=torch.zeros(1, 3, 32, 32), input_names=["image"], output_names=["logits"],
                pipeline=["image.decode", {"op": "image.resize", "width": 32, "height": 32},
                          {"op": "image.to_tensor", "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]},
                          "model", "softmax", {"op": "top_k", "k": 3}],
                labels=CLASSES, max_batch=8,
                samples=[picture(61, 47, 1), picture(40, 90, 2, form="JPEG"), picture(32, 32, 3, "L"),
                         picture(20, 20, 4, "RGBA")])


def tiny_five_crop():
    import torch
    torch.manual_seed(2)

    class AnyChannels(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(64, 4)

        def forward(self, crop):
            return 8 * self.linear(crop.mean(1).flatten(1))
    classify = ["image.to_tensor", "model", "softmax", {"op": "top_k", "k": 2}]
    return dict(model=AnyChannels().eval(), example_inputs=torch.rand(2, 3, 8, 8), output_names=["logits"],
                shapes={"crop": ["batch", "channels", 8, 8]},
                pipeline=[{"op": "image.decode", "colour": "unchanged"},
                          {"op": "when", "if": {"predicate": "image.is_gray"}, "then": [],
                           "else": [{"op": "image.flip"}, {"op": "image.pad", "left": 2, "value": 9}]},
                          {"op": "image.resize_short", "size": 12, "filter": "lanczos"},
                          {"op": "fork", "branches": [
                              [{"op": "image.five_crop", "size": 8}, {"op": "each", "do": classify}],
                              [{"op": "image.center_crop", "width": 6, "height": 4}, "image.to_tensor", "sigmoid"]]}],
                labels=CLASSES[:4], max_batch=8, samples=[picture(30, 20, 5), picture(17, 25, 6, "L")])


def tiny_mlp():
    import torch
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).eval()
    return dict(model=model, example_inputs=torch.rand(1, 4), input_names=["features"], output_names=["scores"],
                max_batch=16, samples=[torch.tensor([0.0, 1.0, -2.0, 3.0]), torch.rand(4), torch.zeros(4)])


def padded_cnn():
    import torch
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.ZeroPad2d(1), torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU6(),
                                torch.nn.ZeroPad2d((0, 1, 0, 1)), torch.nn.Conv2d(8, 8, 3, stride=2, groups=8),
                                torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 5)).eval()
    return dict(model=model, example_inputs=torch.rand(1, 3, 16, 16), input_names=["image"], output_names=["logits"],
                max_batch=8, batch_sizes=[1, 4], samples=[torch.rand(3, 16, 16) for _ in range(3)])


def two_inputs():
    import torch
    torch.manual_seed(4)

    class TwoInputs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(5, 3)

        def forward(self, features, item):
            joined = features * self.table(item)
            return {"joined": joined, "best": joined.argmax(-1)}
    return dict(model=TwoInputs().eval(), example_inputs=(torch.rand(2, 3), torch.tensor([0, 4])), max_batch=4,
                samples=[{"features": torch.rand(3), "item": torch.tensor(2)}, (torch.rand(3), torch.tensor(4))])


def tiny_encoder():
    """BERT in small: embeddings of tokens and places, two layers that heed the mask, a mean over what is real."""
    import torch
    torch.manual_seed(5)

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = torch.nn.Embedding(100, 16), torch.nn.Embedding(32, 16)
            layer = torch.nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu")
            self.layers = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

        def forward(self, input_ids, attention_mask):
            places = torch.arange(input_ids.shape[1], device=input_ids.device)
            hidden = self.layers(self.tokens(input_ids) + self.places(places),
                                 src_key_padding_mask=attention_mask == 0)
            real = attention_mask.unsqueeze(-1)
            return {"hidden": hidden, "pooled": (hidden * real).sum(1) / real.sum(1)}

    def sequence(*shape):
        return torch.randint(1, 100, shape), torch.ones(shape, dtype=torch.int64)
    return dict(model=Encoder().eval(), example_inputs=sequence(2, 7), max_batch=8,
                shapes={"input_ids": ["batch", "T"], "attention_mask": ["batch", "T"], "hidden": ["batch", "T", 16]},
                padding={"dim": "T", "lengths": [8, 16, 24], "values": {"input_ids": 99}},
                tolerance={"atol": 1e-5, "rtol": 1e-5},
                samples=[sequence(length) for length in (1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 25, 32)])


def no_batch():
    import torch

    class SumRows(torch.nn.Module):
        def forward(self, rows):
            return rows.sum(0)
    return dict(model=SumRows().eval(), example_inputs=torch.rand(3, 2), shapes={"rows": ["n", 2]}, batch=False,
                output_names=["sum"], max_batch=1, samples=[torch.rand(5, 2), torch.rand(1, 2)])


def suppression():
    import torch
    from models_with_sizes import Suppression, boxes
    torch.manual_seed(5)
    cases = boxes()
    return dict(model=torch.jit.script(Suppression().eval()), example_inputs=cases["some"], output_names=["kept", "scores"],
                shapes={"boxes": ["batch", "n", 5], "kept": ["found", 4], "scores": ["found"]},
                samples=[value[0] for value in cases.values()])


def two_models():
    """The head takes what the encoder makes of the one input, and the other input as it is."""
    import torch
    torch.manual_seed(6)

    class Head(torch.nn.Module):
        def forward(self, hidden, scale):
            return hidden * scale
    how = {"engines": ("torchscript",), "max_batch": 8}
    models = {"encoder": gantry_pack.Model(torch.nn.Linear(4, 3).eval(), torch.rand(2, 4), output_names=["hidden"], **how),
              "head": gantry_pack.Model(Head().eval(), (torch.rand(2, 3), torch.rand(2, 3)), output_names=["scaled"], **how)}
    pipeline = [{"op": "fork", "branches": [[{"op": "select", "name": "features"}, {"op": "model", "name": "encoder"}],
                                            [{"op": "select", "name": "scale"}]]},
                {"op": "bundle", "names": ["hidden", "scale"]}, {"op": "model", "name": "head"}]
    return dict(models=models, inputs=["features", "scale"], pipeline=pipeline,
                samples=[{"features": torch.rand(4), "scale": torch.rand(3)} for _ in range(3)])


def moody():
    """Throws for values over 100, gives the wrong shape for values under -100, and doubles all others."""
    import torch

    class Moody(torch.nn.Module):
        def forward(self, features):
            if float(features.max()) > 100.0:
                raise RuntimeError("the features are over 100")
            doubled = features * 2.0
            if float(features.min()) < -100.0:
                return doubled[:, :2]
            return doubled
    return dict(model=torch.jit.script(Moody().eval()), example_inputs=torch.rand(2, 4), input_names=["features"],
                output_names=["doubled"], max_batch=4, samples=[torch.tensor([0.0, 1.0, -2.0, 3.0])])


AOTI = {"tiny-mlp-aoti": tiny_mlp, "padded-cnn-aoti": padded_cnn}
PACKAGES = {"moody": moody, "two-models": two_models, "tiny-cnn": tiny_cnn, "tiny-five-crop": tiny_five_crop,
            "tiny-mlp": tiny_mlp, "two-inputs": two_inputs, "tiny-encoder": tiny_encoder, "no-batch": no_batch,
            "suppression": suppression, "tiny-mlp-signed": tiny_mlp}


def make(directory, name):
    out = directory / name / "1"
    stamp = directory / f"{name}.stamp"
    if (out / "gantry.json").exists() and stamp.exists() and stamp.read_text() == fingerprint():
        return
    stamp.unlink(missing_ok=True)
    arguments = {**PACKAGES, **AOTI}[name]()
    if "models" not in arguments:
        arguments["engines"] = ("torchscript",)
    if name in AOTI:
        arguments["engines"] = ("aoti", "torchscript")
    if name == "tiny-mlp-signed":
        for key in ("key.pem", "other.pem"):
            if not (directory / key).exists():
                gantry_pack.generate_key(directory / key)
        arguments["sign_key"] = directory / "key.pem"
    # The tests that need these packages open them, with a tool of their own build.
    gantry_pack.pack(out, name=name, version="1", overwrite=True, tool=False, **arguments)
    stamp.write_text(fingerprint())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--aoti", action="store_true", help="make only the packages that need AOTInductor's compiler")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    for name in options.names or (AOTI if options.aoti else PACKAGES):
        make(options.directory, name)


if __name__ == "__main__":
    main()
