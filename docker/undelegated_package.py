# SPDX-License-Identifier: Apache-2.0
"""Packs a small classifier of which XNNPACK does not compute everything: it needs ExecuTorch's own kernels.

    python docker/undelegated_package.py DIRECTORY
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "models"))
from exporting import photo  # noqa: E402, first: it finds gantry_pack
import gantry_pack  # noqa: E402
import torch  # noqa: E402


class RunningBrightness(torch.nn.Module):
    """The brightness of red, of red and green, of all: XNNPACK has no cumulative sum."""

    def forward(self, image):
        return torch.cumsum(image.mean(dim=(2, 3)), dim=1)


gantry_pack.pack(Path(sys.argv[1]), name="undelegated", version="1", model=RunningBrightness().eval(), engines=("executorch",),
                 example_inputs=torch.zeros(1, 3, 32, 32), input_names=["image"], output_names=["logits"],
                 pipeline=["image.decode", {"op": "image.resize", "width": 32, "height": 32},
                           {"op": "image.to_tensor", "mode": "affine", "mean": 127, "std": 128}, "model", "softmax",
                           {"op": "top_k", "k": 3}],
                 labels=["red", "green", "blue"], samples=[photo("chelsea.png"), photo("coffee.png")])
