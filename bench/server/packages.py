# SPDX-License-Identifier: Apache-2.0
"""Packages for the server's benchmarks: python bench/server/packages.py DIR [--engine executorch|torchscript] [--onnx FILE]

DIR/photo has `classify`, the demo's classifier: a photo in, five classes out. DIR/tensor has `logits`, its network alone: a
tensor of 602,112 bytes in. DIR/nothing has `nothing`, which takes the same tensor and gives back four of its numbers. FILE is
the network for the peers' ONNX Runtime.
"""
import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib/pack"), str(ROOT / "examples/models")]
import efficientnet_lite0
import gantry_pack
import torch


class Nothing(torch.nn.Module):
    def forward(self, x):
        return x[:, 0, 0, :4].clone()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--engine", default="executorch", choices=("executorch", "torchscript"))
    parser.add_argument("--onnx", type=Path, help="needs the packages onnx and onnxscript")
    arguments = parser.parse_args()
    common = {"version": "1", "engines": [arguments.engine]}
    recipe = efficientnet_lite0.recipe([arguments.engine])
    if not (arguments.directory / "photo/classify/1/gantry.json").exists():
        gantry_pack.pack(arguments.directory / "photo/classify/1", **{**recipe, "name": "classify", "provenance": None})
    torch.manual_seed(1)
    x = torch.randn(2, 3, 224, 224)
    if not (arguments.directory / "tensor/logits/1/gantry.json").exists():
        gantry_pack.pack(arguments.directory / "tensor/logits/1", recipe["model"], x, name="logits", input_names=["x"], output_names=["y"],
                         samples=[x[0]], max_batch=16, tolerance=recipe["tolerance"], **common)
    if not (arguments.directory / "nothing/nothing/1/gantry.json").exists():
        gantry_pack.pack(arguments.directory / "nothing/nothing/1", Nothing().eval(), x, name="nothing", input_names=["x"],
                         output_names=["y"], samples=[x[0]], **common)
    if arguments.onnx and not arguments.onnx.exists():
        torch.onnx.export(recipe["model"], (x,), str(arguments.onnx), input_names=["x"], output_names=["y"], dynamo=True,
                          dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},))


if __name__ == "__main__":
    main()
