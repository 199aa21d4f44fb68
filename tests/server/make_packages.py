# SPDX-License-Identifier: Apache-2.0
"""Packages for the server's tests: python make_packages.py DIR [ENGINE]

ENGINE: torchscript, which the tests need; or another one, for what abuse.py and soak.py need."""
import pathlib
import shutil
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib/pack"))
import gantry_pack  # noqa: E402

# The datatypes of the protocol that PyTorch's models take, with the values that a round trip could lose.
DTYPES = {"FP32": torch.float32, "FP64": torch.float64, "FP16": torch.float16, "BF16": torch.bfloat16, "UINT8": torch.uint8,
          "INT8": torch.int8, "INT16": torch.int16, "INT32": torch.int32, "INT64": torch.int64, "BOOL": torch.bool}


class Echo(torch.nn.Module):
    """Gives back what it gets, in new memory."""

    def forward(self, fp32, fp64, fp16, bf16, uint8, int8, int16, int32, int64, bool_):
        return (fp32.clone(), fp64.clone(), fp16.clone(), bf16.clone(), uint8.clone(), int8.clone(), int16.clone(),
                int32.clone(), int64.clone(), bool_.clone())


class Typed(torch.nn.Module):
    """The same of the datatypes that have typed contents in gRPC."""

    def forward(self, fp32, fp64, uint8, int8, int16, int32, int64, bool_):
        return (fp32.clone(), fp64.clone(), uint8.clone(), int8.clone(), int16.clone(), int32.clone(), int64.clone(),
                bool_.clone())


class Affine(torch.nn.Module):
    def forward(self, x):
        return x * 2 + 1


class Slow(torch.nn.Module):
    """Takes some tenths of a second."""

    def forward(self, x):
        y = torch.ones(256, 256)
        for _ in range(100):
            y = torch.tanh(torch.mm(y, y))
        return x + y[0, 0] * 0


def main(directory, engine):
    shutil.rmtree(directory, ignore_errors=True)
    common = dict(engines=[engine], tool=False)
    torch.manual_seed(1)
    x = torch.rand(2, 4)
    for version in ("1", "9", "10"):
        gantry_pack.pack(directory / "affine" / version, Affine().eval(), x, name="affine", version=version,
                         input_names=["x"], output_names=["y"], samples=[x[0]], **common)
    # A package that has become another one: the server does not look into hidden folders, but can be started with one.
    five = torch.rand(2, 5)
    gantry_pack.pack(directory / ".other/affine/1", Affine().eval(), five, name="affine", version="1", input_names=["x"],
                     output_names=["y"], samples=[five[0]], **common)
    slow = Slow().eval()
    gantry_pack.pack(directory / "slow/1", torch.jit.script(slow) if engine == "torchscript" else slow, x, name="slow",
                     version="1", input_names=["x"], output_names=["y"], samples=[x[0]], **common)
    if engine != "torchscript":
        return
    names = [name.lower() + ("_" if name == "BOOL" else "") for name in DTYPES]
    inputs = tuple((torch.rand(2, 3) * 100).to(dtype) for dtype in DTYPES.values())
    gantry_pack.pack(directory / "echo/1", Echo().eval(), inputs, name="echo", version="1", input_names=names,
                     output_names=[f"{name}_out" for name in names], **common)  # .npy holds no bf16: no golden case
    typed = [(name, value) for name, value in zip(names, inputs, strict=True) if name not in ("fp16", "bf16")]
    gantry_pack.pack(directory / "typed/1", Typed().eval(), tuple(value for _, value in typed), name="typed", version="1",
                     input_names=[name for name, _ in typed], output_names=[f"{name}_out" for name, _ in typed], **common)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "torchscript")
