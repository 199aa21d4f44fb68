#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the TorchScript models that the engine's tests need and no package has: models that fail, lie or write where
they should not. All take x: f32[batch, 2] unless their comment says otherwise.

    python tests/engine/torch/make_models.py DIR              TorchScript files, a checkpoint and an exported program
    python tests/engine/torch/make_models.py DIR --aoti PT2   an AOTInductor package, and variants of the package PT2
    python tests/engine/torch/make_models.py DIR --cuda       an AOTInductor package for the GPU, a model that breaks it
"""

import argparse
import json
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Dict, List, Tuple

import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "lib" / "pack"))
from gantry_pack.engines.aoti import compile_aoti  # noqa: E402

import models_to_call
import models_with_convolutions
import models_with_hooks
import models_with_sizes
import models_with_state

warnings.filterwarnings("ignore", category=FutureWarning)


class Throws(torch.nn.Module):
    """Raises once an input is above 100."""

    def forward(self, x: Tensor) -> Tensor:
        if bool((x > 100).any()):
            raise ValueError("the input is too hot")
        return x * 2


class BadMatrix(torch.nn.Module):
    """An operation fails once an input is above 100."""

    def forward(self, x: Tensor) -> Tensor:
        if bool((x > 100).any()):
            return torch.mm(x, x.new_ones(7, 7))
        return x * 2


class Hungry(torch.nn.Module):
    """Wants 2^50 floats, where the input is, once an input is above 100."""

    def forward(self, x: Tensor) -> Tensor:
        if bool((x > 100).any()):
            return x.new_empty([1 << 50])
        return x * 2


class WrongShape(torch.nn.Module):
    """Gives a third column once an input is above 100."""

    def forward(self, x: Tensor) -> Tensor:
        if bool((x > 100).any()):
            return torch.cat([x, x[:, :1]], 1)
        return x * 2


class WrongDType(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if bool((x > 100).any()):
            return x.to(torch.float64)
        return x * 2


class Mutates(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x.view(-1)
        y.add_(1)
        return x * 2


class MutatesInList(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        parts: List[Tensor] = []
        parts.append(x)
        for part in parts:
            part.add_(1)
        return x * 2


def add_one_to(x: Tensor) -> Tensor:
    return x.add_(1)


class MutatesInFork(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.jit.wait(torch.jit.fork(add_one_to, x)) * 2


class MutatesWhatItForked(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.jit.wait(torch.jit.fork(torch.t, x)).add_(1).t() * 2


class Identity(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Weight(torch.nn.Module):
    """Ignores its input and gives out its weight, f32[2]."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([5.0, 6.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight


class Counts(torch.nn.Module):
    """Adds how often it was called, in a buffer that it writes to."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)
        return x + self.calls


class Transposed(torch.nn.Module):
    """f32[batch, 2] -> a view that is not contiguous, f32[2, batch]."""

    def forward(self, x: Tensor) -> Tensor:
        return (x * 2).t()


class SmallSlice(torch.nn.Module):
    """A small view of a large block."""

    def forward(self, x: Tensor) -> Tensor:
        return x.repeat(1000, 1)[: x.size(0)]


class Listed(torch.nn.Module):
    def forward(self, x: Tensor) -> List[Tensor]:
        return [x + 1, x + 2]


class Tupled(torch.nn.Module):
    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        return x + 1, x + 2


class Named(torch.nn.Module):
    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        return {"second": x + 2, "first": x + 1}


class Difference(torch.nn.Module):
    """(x, y, factor=2) -> factor * (x - y)."""

    def forward(self, x: Tensor, y: Tensor, factor: float = 2.0) -> Tensor:
        return factor * (x - y)


class Text(torch.nn.Module):
    def forward(self, x: Tensor, mode: str) -> Tensor:
        return x if mode == "same" else x * 2


class MatMul(torch.nn.Module):
    """Enough work for several threads: f32[batch, 256] -> same."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(11)
        self.weight = torch.nn.Parameter(torch.randn(256, 256) / 16)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(torch.mm(x, self.weight)) + x


class Large(torch.nn.Module):
    """16 MB of weights: f32[batch, 2048] -> same."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(13)
        self.linear = torch.nn.Linear(2048, 2048, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class Warns(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        warnings.warn("this must not be printed")
        return x * 2


class Sized(torch.nn.Module):
    """Knows only batches of one."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(1, 2) * 2


def make_missing_operator(directory):
    """A model whose operator is defined in this process alone."""
    library = torch.library.Library("gantry_test", "DEF")
    library.define("triple(Tensor x) -> Tensor")
    library.impl("triple", lambda x: x * 3, "CPU")

    class Triples(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ops.gantry_test.triple(x)

    torch.jit.script(Triples().eval()).save(directory / "triples.ts")
    try:
        import torchvision
    except ImportError:
        return

    class Suppress(torch.nn.Module):
        def forward(self, boxes: Tensor, scores: Tensor) -> Tensor:
            return torchvision.ops.nms(boxes, scores, 0.5)

    torch.jit.script(Suppress().eval()).save(directory / "nms.ts")


SCRIPTED = {"throws": Throws, "bad-matrix": BadMatrix, "hungry": Hungry, "wrong-shape": WrongShape,
            "wrong-dtype": WrongDType, "mutates": Mutates, "mutates-in-list": MutatesInList,
            "mutates-in-fork": MutatesInFork, "mutates-what-it-forked": MutatesWhatItForked, "identity": Identity,
            "weight": Weight, "counts": Counts, "transposed": Transposed, "small-slice": SmallSlice, "listed": Listed,
            "tupled": Tupled, "named": Named, "difference": Difference, "text": Text, "matmul": MatMul, "sized": Sized,
            "warns": Warns, "large": Large, **models_with_state.MODELS, **models_to_call.MODELS}


def make_scripted(directory):
    for name, model in SCRIPTED.items():
        torch.jit.script(model().eval()).save(directory / f"{name}.ts")
    torch.jit.freeze(torch.jit.script(models_with_state.WritesConstant().eval())).save(directory / "writes-constant.ts")
    models_with_hooks.make_hooked(directory)
    models_with_convolutions.save_all(directory)
    models_with_sizes.save_all(directory)
    make_missing_operator(directory)
    torch.save({"weight": torch.zeros(2)}, directory / "checkpoint.pt")
    torch.export.save(torch.export.export(Identity(), (torch.zeros(1, 2),)), directory / "exported.pt2")


class Indexed(torch.nn.Module):
    """Ops that take indices, or divide integers: argument i of forward(), i64[2, 3], changes result i alone, a number
    called "<argument>.0"."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(12)
        self.table = torch.nn.Parameter(torch.randn(8, 4))
        self.register_buffer("x", torch.randn(2, 8))

    def forward(self, embedding: Tensor, gather: Tensor, index: Tensor, index_put: Tensor, scatter: Tensor,
                scatter_add: Tensor, index_select: Tensor, take: Tensor, one_hot: Tensor, embedding_bag: Tensor,
                index_add: Tensor, index_copy: Tensor, index_fill: Tensor, cross_entropy: Tensor,
                floor_divide: Tensor, remainder: Tensor, truncate: Tensor) -> Dict[str, Tensor]:
        x = self.x
        rows = torch.arange(2).unsqueeze(1)
        ones = torch.ones(2, 3)
        put = x.clone()
        put[rows, index_put] = 1.0
        numbers = torch.tensor([7, -8, 9])
        results = {"embedding.0": functional.embedding(embedding, self.table),
                   "gather.0": x.gather(1, gather),
                   "index.0": x[rows, index],
                   "index_put.0": put,
                   "scatter.0": x.scatter(1, scatter, 5.0),
                   "scatter_add.0": x.scatter_add(1, scatter_add, ones),
                   "index_select.0": torch.index_select(x, 1, index_select[0]),
                   "take.0": torch.take(x, take),
                   "one_hot.0": functional.one_hot(one_hot, 8).to(torch.float32),
                   "embedding_bag.0": functional.embedding_bag(embedding_bag, self.table),
                   "index_add.0": torch.index_add(x, 1, index_add[0], ones),
                   "index_copy.0": torch.index_copy(x, 1, index_copy[0], ones),
                   "index_fill.0": torch.index_fill(x, 1, index_fill[0], 3.0),
                   "cross_entropy.0": functional.cross_entropy(x, cross_entropy[:, 0], reduction="none"),
                   "floor_divide.0": torch.floor_divide(numbers, floor_divide).to(torch.float32),
                   "remainder.0": torch.remainder(numbers, remainder).to(torch.float32),
                   "truncate.0": torch.div(numbers, truncate, rounding_mode="trunc").to(torch.float32)}
        return {name: (value * torch.arange(1, value.numel() + 1).view_as(value)).sum().view(1)
                for name, value in results.items()}


class IndexedNested(torch.nn.Module):
    """The same with a nested result, a part of which is None: {"embedding": (value, None), ...}."""

    def __init__(self):
        super().__init__()
        self.model = Indexed()

    def forward(self, *indices):
        return {name[:-2]: (value, None) for name, value in self.model(*indices).items()}


INDEXED = ("embedding gather index index_put scatter scatter_add index_select take one_hot embedding_bag index_add "
           "index_copy index_fill cross_entropy floor_divide remainder truncate").split()


def export_matmul(device):
    batch = torch.export.Dim("batch", min=1, max=4096)
    return torch.export.export(MatMul().eval().to(device), (torch.rand(3, 256, device=device),),
                               dynamic_shapes={"x": {0: batch}})


def make_operator():
    """An operator that only this process has."""
    library = torch.library.Library("gantry_test", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x * 2, "CPU")
    library.impl("twice", lambda x: torch.empty_like(x), "Meta")
    return library


class NeedsOperator(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.gantry_test.twice(x)


def compile_packages(directory):
    """Half a minute each."""
    compile_aoti(export_matmul("cpu"), directory / "matmul.pt2")
    batch = torch.export.Dim("batch", min=1, max=16)
    program = torch.export.export(Large().eval(), (torch.rand(2, 2048),), dynamic_shapes={"x": {0: batch}})
    compile_aoti(program, directory / "large.pt2")
    program = torch.export.export(Counts().eval(), (torch.rand(2, 2),), dynamic_shapes={"x": {0: batch}})
    compile_aoti(program, directory / "counts.pt2")
    library = make_operator()
    program = torch.export.export(NeedsOperator().eval(), (torch.rand(2, 2),), dynamic_shapes={"x": {0: batch}})
    compile_aoti(program, directory / "needs-operator.pt2")
    del library
    torch.jit.script(Indexed().eval()).save(directory / "indexed.ts")
    example = tuple(torch.tensor([[1, 2, 3], [3, 2, 1]]) for _ in INDEXED)
    compile_aoti(torch.export.export(IndexedNested().eval(), example), directory / "indexed.pt2")
    models_with_sizes.compile_all(directory, compile_aoti)


def rewrite(source, target, change_metadata=None, extra=(), change_weights=lambda weights: weights):
    """A copy of an AOTInductor package with other metadata (None: without), further entries, and other weights beside the
    library (None: without)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            data = old.read(name)
            if change_metadata and name.endswith("_metadata.json"):
                changed = {**json.loads(data), **change_metadata}
                data = json.dumps({key: value for key, value in changed.items() if value is not None}).encode()
            if name.endswith(".blob"):
                data = change_weights(data)
            if data is not None:
                new.writestr(name, data)
        for name, data in extra:
            new.writestr(name, data)


def make_packages(directory, source):
    with zipfile.ZipFile(source) as package:
        library = next(name for name in package.namelist() if name.endswith(".so"))
        is_outside = any(name.endswith(".blob") for name in package.namelist())   # torch 2.6 has weights inside
    folder = library[:library.rindex("/")]   # <root>/data/aotinductor/model; torch 2.6 writes no root
    rewrite(source, directory / "same.pt2")
    rewrite(source, directory / "slip.pt2",
            extra=[(f"{folder}/../../../../../gantry-slipped", b"out")])
    rewrite(source, directory / "other-torch.pt2", {"gantry_torch_version": "1.99"})
    rewrite(source, directory / "other-isa.pt2", {"gantry_march": "x86-64-v9"})
    rewrite(source, directory / "unknown-isa.pt2", {"AOTI_CPU_ISA": "ABACUS"})
    rewrite(source, directory / "two-isas.pt2", {"AOTI_CPU_ISA": "INVALID_VEC_ISA ABACUS"})
    rewrite(source, directory / "other-machine.pt2", {"AOTI_MACHINE": "pdp11"})
    rewrite(source, directory / "other-device.pt2", {"AOTI_DEVICE_KEY": "cuda"})
    foreign = {key: None for key in ("gantry_threads", "gantry_has_state", "gantry_inputs", "gantry_outputs")}
    rewrite(source, directory / "older-packer.pt2", foreign)
    rewrite(source, directory / "foreign.pt2", {**foreign, "gantry_mutates_inputs": None})
    rewrite(source, directory / "damaged-inputs.pt2", {"gantry_inputs": '[{"name": "x"}]'})
    rewrite(source, directory / "two-threads.pt2", {"gantry_threads": "2"})
    rewrite(source, directory / "two-libraries.pt2", extra=[(f"{folder}/second.so", b"\x7fELF")])
    rewrite(source, directory / "two-models.pt2", extra=[(f"{folder[:-len('model')]}other/second.so", b"\x7fELF")])
    rewrite(source, directory / "weights-outside.pt2", extra=[(f"{folder}/w.blob", b"1234")])
    rewrite(source, directory / "weights-pickled.pt2", extra=[(f"{folder}/x_weights_config.json", b"{}")])
    if is_outside:
        rewrite(source, directory / "weights-short.pt2", change_weights=lambda weights: weights[:-64])
        rewrite(source, directory / "weights-long.pt2", change_weights=lambda weights: weights + bytes(64))
        rewrite(source, directory / "weights-missing.pt2", change_weights=lambda weights: None)
    compile_packages(directory)


class OutOfRange(torch.nn.Module):
    """Looks up a row that does not exist once an input is above 100; a GPU reports that when it likes, and for good."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.ones(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        row = (x[:, 0] > 100).to(torch.long) * 1000
        return x * 2 * self.table[row]


def make_cuda(directory):
    """What is compiled for the GPU that is present."""
    torch._inductor.aoti_compile_and_package(export_matmul("cuda"), package_path=str(directory / "matmul-cuda.pt2"))
    torch.jit.script(OutOfRange().eval()).save(directory / "out-of-range.ts")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--aoti", type=Path, metavar="PT2")
    parser.add_argument("--cuda", action="store_true")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    if options.cuda:
        make_cuda(options.directory)
    elif options.aoti:
        make_packages(options.directory, options.aoti)
    else:
        make_scripted(options.directory)


if __name__ == "__main__":
    main()
