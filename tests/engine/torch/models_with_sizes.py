# SPDX-License-Identifier: Apache-2.0
"""Models whose outputs have sizes of their own, with what Python gives for inputs of several sizes:
sizes/NAME/CASE/in.npy, 0.npy, 1.npy, ..."""

from typing import Tuple

import numpy
import torch
from torch import Tensor, nn


class FullyConvolutional(nn.Module):
    """MTCNN's proposal network with weights of its own: f32[batch, 3, H, W] -> f32[batch, 2, h, w], f32[batch, 4, h, w],
    with h = ceil((H - 2) / 2) - 4."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 10, 3), nn.PReLU(10), nn.MaxPool2d(2, 2, ceil_mode=True),
                                  nn.Conv2d(10, 16, 3), nn.PReLU(16), nn.Conv2d(16, 32, 3), nn.PReLU(32))
        self.faces, self.boxes = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        x = self.body(image)
        return self.faces(x).softmax(1), self.boxes(x)


class Suppression(nn.Module):
    """Non-maximum suppression inside: f32[1, n, 5], boxes and scores -> f32[found, 4], f32[found]."""

    def forward(self, boxes: Tensor) -> Tuple[Tensor, Tensor]:
        left = boxes[0]
        left = left[left[:, 4] > 0.5]
        left = left[left[:, 4].argsort(descending=True)]
        found = left[:0]
        while left.shape[0] > 0:
            best = left[:1]
            found = torch.cat([found, best])
            low = torch.maximum(left[:, :2], best[:, :2])
            high = torch.minimum(left[:, 2:4], best[:, 2:4])
            common = (high - low).clamp(min=0).prod(1)
            area = (left[:, 2:4] - left[:, :2]).prod(1)
            whole = (best[:, 2:4] - best[:, :2]).prod(1)
            left = left[common / (area + whole - common) < 0.4]
        return found[:, :4], found[:, 4]


class Bright(nn.Module):
    """A strided map, and the places of the picture that are bright: f32[1, 3, H, W] -> f32[1, 2, h, w], i64[found, 2]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 2, 3, stride=2)

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        return self.body(image), (image[0].mean(0) > 0.75).nonzero()


def pictures():
    sizes = [(48, 64), (13, 27), (99, 40), (12, 12)]
    return {f"{height}x{width}": torch.rand(1, 3, height, width) for height, width in sizes}


def boxes():
    corner = torch.rand(1, 30, 2) * 50
    random = torch.cat([corner, corner + 20, torch.rand(1, 30, 1)], 2)
    none = random.clone()
    none[..., 4] = 0.1
    return {"some": random, "one": random[:, random[0, :, 4].argmax()][:, None], "none": none}


def record(directory, name, model, inputs):
    for case, value in inputs.items():
        where = directory / "sizes" / name / case
        where.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            outputs = model(value)
        numpy.save(where / "in.npy", numpy.ascontiguousarray(value.numpy()))
        for i, output in enumerate(outputs):
            numpy.save(where / f"{i}.npy", numpy.ascontiguousarray(output.numpy()))


def save_all(directory):
    torch.manual_seed(0)
    network = FullyConvolutional().eval()
    torch.jit.trace(network, torch.rand(2, 3, 48, 64)).save(directory / "convolutional.ts")
    record(directory, "convolutional", network, pictures())
    torch.jit.script(Suppression().eval()).save(directory / "suppression.ts")
    record(directory, "suppression", Suppression().eval(), boxes())


def compile_all(directory, compile_aoti):
    torch.manual_seed(0)
    model = Bright().eval()
    height, width = torch.export.Dim("H", min=7), torch.export.Dim("W", min=7)
    program = torch.export.export(model, (torch.rand(1, 3, 48, 64),), dynamic_shapes={"image": {2: height, 3: width}})
    compile_aoti(program, directory / "bright.pt2", {
        "inputs": [{"name": "image", "shape": ["batch", 3, "H", "W"]}],
        "outputs": [{"name": "map", "shape": ["batch", 2, "h", "w"]}, {"name": "places", "shape": ["found", 2]}]})
    record(directory, "bright", model, {**pictures(), "dark": torch.zeros(1, 3, 20, 20)})
