# SPDX-License-Identifier: Apache-2.0
"""Writes the .pte files that the tests of the ExecuTorch engine load into a folder, unless they are newer than this file.

    python make_models.py FOLDER
"""
import logging
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import torch  # noqa: E402
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner  # noqa: E402
from executorch.exir import to_edge_transform_and_lower  # noqa: E402


class Rows(torch.nn.Module):
    """y = [x0 + 2 x1 + 1, 3 x0 + 4 x1 - 1]: exact in float32 for small integers."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        with torch.no_grad():
            self.linear.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
            self.linear.bias.copy_(torch.tensor([1.0, -1.0]))

    def forward(self, x):
        return self.linear(x)


class Largest(torch.nn.Module):
    """Nothing of it is delegated: it needs ExecuTorch's own kernels. Two outputs of two types."""

    def forward(self, x):
        values, indices = torch.topk(x, 2, dim=1)
        return values, indices


class Sorted(torch.nn.Module):
    """ExecuTorch has no kernel for it."""

    def forward(self, x):
        return torch.sort(x, dim=1).values


class Sum(torch.nn.Module):
    """Two inputs, of which the second is added as integers."""

    def forward(self, x, n):
        return x + n.to(torch.float32)


class Convolutions(torch.nn.Module):
    """Some 600 KB of weights, and enough to compute to be seen waiting."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 3, padding=1), torch.nn.ReLU(),
                                          torch.nn.Conv2d(64, 128, 3, padding=1), torch.nn.ReLU(),
                                          torch.nn.Conv2d(128, 64, 3, padding=1), torch.nn.ReLU())

    def forward(self, x):
        return self.layers(x).mean(dim=(2, 3))


class Large(torch.nn.Module):
    """8 MB of weights."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(1024, 2048)

    def forward(self, x):
        return self.linear(x)


def quantized(module, calibration):
    """`module` in int8, as PyTorch's own recipe for XNNPACK makes it; `calibration`: batches of inputs."""
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(torch.export.export(module.eval(), calibration[0]).module(), quantizer)
    for inputs in calibration:
        prepared(*inputs)
    return convert_pt2e(prepared)


def export(folder, name, module, examples, dynamic_shapes=None, delegated=True):
    """`examples`: {method: inputs}."""
    if not isinstance(module, torch.fx.GraphModule):  # one that was exported before has no modes
        module.eval()
    programs = {method: torch.export.export(module, inputs, dynamic_shapes=dynamic_shapes)
                for method, inputs in examples.items()}
    partitioner = {method: [XnnpackPartitioner()] for method in programs} if delegated else None
    program = to_edge_transform_and_lower(programs, partitioner=partitioner).to_executorch()
    (folder / name).write_bytes(program.buffer)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "complete"
    if done.exists() and done.stat().st_mtime > pathlib.Path(__file__).stat().st_mtime:
        return
    rows = {1: (torch.zeros(1, 2),), 4: (torch.zeros(4, 2),)}
    export(folder, "rows_1.pte", Rows(), {"forward": rows[1]})
    export(folder, "rows_4.pte", Rows(), {"forward": rows[4]})
    export(folder, "rows_1_4.pte", Rows(), {"forward_1": rows[1], "forward_4": rows[4]})
    export(folder, "rows_to_8.pte", Rows(), {"forward": (torch.zeros(8, 2),)},
           dynamic_shapes={"x": {0: torch.export.Dim("batch", min=1, max=8)}})
    export(folder, "rows_as_serve.pte", Rows(), {"serve": rows[1]})
    export(folder, "largest.pte", Largest(), {"forward": (torch.zeros(1, 4),)}, delegated=False)
    export(folder, "sorted.pte", Sorted(), {"forward": (torch.zeros(1, 4),)}, delegated=False)
    export(folder, "sum.pte", Sum(), {"forward": (torch.zeros(1, 3), torch.zeros(1, 3, dtype=torch.int64))},
           delegated=False)
    export(folder, "convolutions.pte", Convolutions(),
           {"forward": (torch.zeros(1, 3, 64, 64),), "forward_2": (torch.zeros(2, 3, 64, 64),)})
    export(folder, "large.pte", Large(), {"forward": (torch.zeros(1, 1024),)})
    torch.manual_seed(1)
    int8 = quantized(Convolutions(), [(torch.rand(1, 3, 64, 64),) for _ in range(8)])
    export(folder, "convolutions_int8.pte", int8, {"forward": (torch.zeros(1, 3, 64, 64),)})
    done.touch()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
