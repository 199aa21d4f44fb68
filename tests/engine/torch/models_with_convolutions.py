# SPDX-License-Identifier: Apache-2.0
"""Convolutional models for the plans of the TorchScript engine. All take x: f32[batch, 3, 12, 12] or larger."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Body(nn.Module):
    """A bit of everything that plans rewrite: a stem with a pad and relu_, a dilated depthwise convolution with a pad, a
    residual sum, and a view of what was a picture: f32[batch, 3, 12, 12] -> f32[batch, 288]."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.deep = nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(8, 8, 3, dilation=2, groups=8), nn.ReLU6(),
                                  nn.Conv2d(8, 8, 1, padding=0))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.deep(x) + x
        return x.view(x.shape[0], -1)


class Padded(nn.Module):
    """A pad before a convolution with a padding of its own."""

    def __init__(self, pad, convolution=None):
        super().__init__()
        self.pad, self.convolution = pad, convolution or nn.Conv2d(3, 4, 3, padding=(1, 2), stride=(2, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(self.pad(x))


class PaddedTwice(nn.Module):
    """Two convolutions read what is padded."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (1, 1, 1, 1))
        return self.first(x) + self.second(x)


class PaddedAndChanged(nn.Module):
    """What was padded is written to before the convolution reads the copy."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x * 2
        padded = functional.pad(x, (1, 1, 1, 1))
        x[:, 0] = 100.0
        return self.convolution(padded) + x.mean()


class Infinite(Padded):
    """An infinite weight makes NaN of a zero that is there, and nothing of one that is not."""

    def __init__(self):
        super().__init__(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3))
        with torch.no_grad():
            self.convolution.weight[0, 0, 0, 0] = float("inf")


class Activations(nn.Module):
    """Every activation that oneDNN computes within a convolution, and one that two read."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 4, 3) for _ in range(8))

    def forward(self, x: Tensor) -> Tensor:
        shared = self.layers[7](x)
        return (functional.relu(self.layers[0](x)) + functional.relu6(self.layers[1](x))
                + functional.hardtanh(self.layers[2](x), -0.25, 0.5) + functional.hardswish(self.layers[3](x))
                + functional.hardsigmoid(self.layers[4](x)) + torch.sigmoid(self.layers[5](x))
                + functional.silu(self.layers[6](x)) + torch.relu(shared) * shared)


class Counting(nn.Module):
    """Keeps state."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return self.convolution(x) + self.count


class Strided(nn.Module):
    """Looks at memory."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)
        return torch.as_strided(y, [y.shape[0], 4], [y.stride(0), y.stride(1)])


def models():
    pads = {
        "symmetric": nn.ZeroPad2d((2, 2, 1, 1)), "asymmetric": nn.ZeroPad2d((0, 1, 0, 1)),
        "of-ones": nn.ConstantPad2d(1, 1.0), "reflect": nn.ReflectionPad2d(1), "crop": nn.ZeroPad2d(-1)}
    yield from ((f"pad-{name}", Padded(pad)) for name, pad in pads.items())
    yield "pad-channels", Padded(nn.ConstantPad3d((1, 1, 1, 1, 1, 1), 0.0), nn.Conv2d(5, 4, 3))
    yield "pad-same", Padded(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3, padding="same"))
    yield "pad-two-readers", PaddedTwice()
    yield "pad-changed", PaddedAndChanged()
    yield "pad-infinite", Infinite()
    yield "conv-body", Body()
    yield "conv-activations", Activations()
    yield "conv-state", Counting()
    yield "conv-strided", Strided()


def save_all(directory):
    torch.manual_seed(21)
    for name, model in models():
        torch.jit.save(torch.jit.script(model.eval()), str(directory / f"{name}.ts"))
    torch.manual_seed(22)
    traced = torch.jit.trace(Body().eval(), torch.rand(2, 3, 12, 12))
    torch.jit.save(traced, str(directory / "conv-body-traced.ts"))
