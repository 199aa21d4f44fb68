# SPDX-License-Identifier: Apache-2.0
"""OnnxModule: a convolutional network of an .onnx file as a torch.nn.Module, which torch exports like any other. It
supports the kinds of nodes in exports of PaddlePaddle's detectors, and refuses other kinds by name."""

import numpy
import onnx
import torch
from onnx import numpy_helper

functional = torch.nn.functional


def attributes_of(node):
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def conv(node, x, weight, bias=None):
    top, left, bottom, right = node["pads"]
    if (top, left) != (bottom, right):
        raise SystemExit("a convolution with a border of different sides is not known here")
    return functional.conv2d(x, weight, bias, node["strides"], (top, left), node["dilations"], node["group"])


def conv_transpose(node, x, weight, bias=None):
    top, left, bottom, right = node["pads"]
    if (top, left) != (bottom, right):
        raise SystemExit("a transposed convolution with a border of different sides is not known here")
    return functional.conv_transpose2d(x, weight, bias, node["strides"], (top, left), 0, node["group"], node["dilations"])


def resize(node, x, _, factors):
    if node["mode"] != b"nearest" or node["coordinate_transformation_mode"] != b"asymmetric":
        raise SystemExit("a Resize that is not nearest and asymmetric is not known here")
    return functional.interpolate(x, scale_factor=factors[2:], mode="nearest")


KINDS = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "BatchNormalization": lambda node, x, scale, shift, mean, variance: functional.batch_norm(
        x, mean, variance, scale, shift, eps=node["epsilon"]),
    "Add": lambda node, a, b: a + b,
    "Mul": lambda node, a, b: a * b,
    "Div": lambda node, a, b: a / b,
    "Clip": lambda node, x, low, high: x.clamp(low, high),
    "Concat": lambda node, *parts: torch.cat(parts, node["axis"]),
    "Split": lambda node, x, sizes: torch.split(x, sizes, node["axis"]),
    "Reshape": lambda node, x, shape: x.reshape(x.shape[0], *shape[1:]),  # any number of samples
    "Transpose": lambda node, x: x.permute(*node["perm"]),
    "Resize": resize,
    "Relu": lambda node, x: functional.relu(x),
    "Sigmoid": lambda node, x: torch.sigmoid(x),
    "HardSigmoid": lambda node, x: (x * node["alpha"] + node["beta"]).clamp(0, 1),
    "HardSwish": lambda node, x: functional.hardswish(x),
    "GlobalAveragePool": lambda node, x: functional.adaptive_avg_pool2d(x, 1),
}

TAKE_LISTS = {"Reshape", "Resize", "Split"}  # of sizes and factors, which are constants of the program


class OnnxModule(torch.nn.Module):
    """Takes the one input of the graph, f32 with a leading batch axis, and returns its outputs as a dict by `names`."""

    def __init__(self, path, names):
        super().__init__()
        graph = onnx.load(str(path)).graph
        values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        values.update((node.output[0], numpy_helper.to_array(attributes_of(node)["value"])) for node in graph.node
                      if node.op_type == "Constant")
        self.steps = with_hardswish([(node.op_type, attributes_of(node), list(node.input), list(node.output))
                                     for node in graph.node if node.op_type != "Constant"], values)
        unknown = {kind for kind, *_ in self.steps} - set(KINDS)
        if unknown:
            raise SystemExit(f"{path}: nodes of the kinds {', '.join(sorted(unknown))} are not known here")
        self.input = graph.input[0].name
        self.outputs = dict(zip(names, (output.name for output in graph.output), strict=True))
        self.constants = {}  # numbers, lists of them, and names of buffers
        lists = {name for kind, _, inputs, _ in self.steps if kind in TAKE_LISTS for name in inputs[1:]}
        for index, name in enumerate(sorted({name for _, _, inputs, _ in self.steps for name in inputs} & set(values))):
            tensor = torch.from_numpy(numpy.array(values[name]))
            if tensor.numel() == 1 or name in lists:
                self.constants[name] = tensor.item() if tensor.numel() == 1 else tensor.tolist()
            else:
                self.register_buffer(f"weight_{index}", tensor)
                self.constants[name] = f"weight_{index}"

    def forward(self, image):
        values = {self.input: image}
        for name, constant in self.constants.items():
            values[name] = getattr(self, constant) if isinstance(constant, str) else constant
        for kind, attributes, inputs, outputs in self.steps:
            given = KINDS[kind](attributes, *[values[name] for name in inputs])
            values.update(zip(outputs, given if isinstance(given, tuple) else (given,), strict=True))
        return {name: values[output] for name, output in self.outputs.items()}


def with_hardswish(steps, values):
    """Replaces x * clip(x + 3, 0, 6) / 6, four nodes, by one node that engines compute in one step."""
    made_by = {output: step for step in steps for output in step[3]}

    def inner(name, kind):
        step = made_by.get(name)
        return step if step is not None and step[0] == kind else None

    def source_of(step):
        """The input of the hardswish; None if `step` is not one."""
        product = inner(step[2][0], "Mul") if step[0] == "Div" and scalar(step[2][1]) == 6 else None
        clip = product and inner(product[2][1], "Clip")
        added = clip and inner(clip[2][0], "Add")
        if not added or [scalar(name) for name in (*clip[2][1:], added[2][1])] != [0, 6, 3]:
            return None
        return added[2][0] if added[2][0] == product[2][0] else None

    def scalar(name):
        return float(values[name].reshape(-1)[0]) if name in values and values[name].size == 1 else None
    found = [("HardSwish", {}, [source], step[3]) if (source := source_of(step)) else step for step in steps]
    # Removes, from the back, what only the four nodes needed.
    needed = {output for step in steps for output in step[3]} - {name for step in steps for name in step[2]}
    kept = []
    for step in reversed(found):
        if needed & set(step[3]):
            kept.append(step)
            needed.update(step[2])
    return kept[::-1]
