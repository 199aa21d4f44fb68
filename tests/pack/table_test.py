# SPDX-License-Identifier: Apache-2.0
"""The packer's ops are the library's: names, types, parameters, defaults, limits, tolerances. Run by ctest; or:
python tests/pack/table_test.py build/share/gantry/ops.json"""

import json
import math
import sys
import unittest
from pathlib import Path

import numpy
import torch

from packing import gp
from gantry_pack import edges, pipeline, stage_tolerances
from gantry_pack.ops.boxes import carried_back
from gantry_pack.ops.frame import Axis, Frame
from gantry_pack.ops.op import UNRECORDED
from gantry_pack.ops.table import PREDICATES
from gantry_pack.run_lengths import of_pixels
from gantry_pack.stage_tolerances import carried
from gantry_pack.values import Detections, SoftMask

TABLE = json.loads(Path(sys.argv.pop(1)).read_text())
FRAME = Frame(4, 3, Axis(0.25, 3), Axis(-0.5, 2))  # what boxes are of: shrunk, with a border, mirrored
COMPOUND = {op["name"]: op for op in TABLE["ops"] if op["domain"] == "pipeline"}
OPS = {op["name"]: op for op in TABLE["ops"] if op["domain"] != "pipeline"}


def parameters(op):
    return {parameter["name"]: parameter for parameter in op["parameters"]}


def alternatives(op):
    return {name for names in op.get("one_of", ()) for name in names}


def samples(parameter, example):
    """(value, whether it is allowed) around the limits that the library states for one parameter."""
    kind = parameter["type"]
    if kind == "choice":
        yield from ((choice, True) for choice in parameter["choices"])
        yield from (("unknown", False), (1, False))
    elif kind == "boolean":
        yield from ((True, True), (False, True), (1, False), ("true", False))
    elif kind == "file":
        yield from (("labels.txt", True), ("", False), (1, False))
    elif kind in ("integer", "number"):
        yield from of_numbers(parameter)
        yield from (("many", False), ([], False), (None, False), (True, False))
        if kind == "integer":
            yield 1.5, False
    elif kind == "numbers":
        yield from of_lists(parameter, example)


def of_numbers(parameter):
    step = 1 if parameter["type"] == "integer" else 0.25
    lowest, above, highest = (parameter.get(key) for key in ("minimum", "exclusive_minimum", "maximum"))
    if lowest is not None:
        yield from ((lowest, True), (lowest + step, True))
        if not (parameter.get("or_zero") and lowest - step == 0):
            yield lowest - step, False
    if above is not None:
        yield from ((above, False), (above + step, True), (above - step, False))
    if highest is not None:
        yield from ((highest, True), (highest + step, False))
    if parameter.get("or_zero"):
        yield 0, True
    if parameter.get("nonzero"):
        yield 0, False
    if lowest is None and above is None:
        yield from ((-2.5, True), (1e300, True), (math.inf, False), (math.nan, False))


def of_lists(parameter, example):
    counts = parameter.get("counts", [])
    valid = example.get(parameter["name"], [0, 0, 9, 9] if parameter["name"] == "box" else [5] * (counts or [1])[0])
    valid = valid if isinstance(valid, list) else [valid]
    yield valid, True
    for count in (1, 2, 3, 4, 5, 8, 9):
        if counts and count not in counts:
            yield [5] * count, False
        elif len(counts) != 1:
            yield [5] * count, True
    if not counts or 1 in counts:
        yield 5, True
    if "minimum" in parameter:
        yield [parameter["minimum"] - 1, *valid[1:]], False
    if "maximum" in parameter:
        yield [parameter["maximum"] + 1, *valid[1:]], False
    if parameter.get("nonzero"):
        yield [0, *valid[1:]], False
    if parameter.get("whole"):
        yield [1.5, *valid[1:]], False
    yield from (([], False), ("many", False), ([*valid[1:], "x"], False), ([*valid[1:], math.nan], False))


class TableTest(unittest.TestCase):
    def test_the_ops_are_the_same(self):
        self.assertEqual(sorted(gp.OPS), sorted(OPS))
        self.assertEqual(set(COMPOUND), set(pipeline.COMPOUND))
        for name, op in COMPOUND.items():
            required = {parameter["name"] for parameter in op["parameters"] if parameter["required"]}
            self.assertEqual(pipeline.COMPOUND[name], required, name)

    def test_the_predicates_are_the_same(self):
        self.assertEqual({name: takes for name, (takes, _) in PREDICATES.items()},
                         {each["name"]: each["takes"] for each in TABLE["predicates"]})

    def test_every_op_takes_and_gives_the_same(self):
        for name, op in gp.OPS.items():
            self.assertEqual((op.takes, op.gives), (OPS[name]["takes"], OPS[name]["gives"]), name)

    def test_every_op_has_the_same_parameters_defaults_and_alternatives(self):
        for name, op in gp.OPS.items():
            known = parameters(OPS[name])
            self.assertEqual(sorted(op.params), sorted(known), name)
            self.assertEqual(sorted(map(sorted, op.one_of or ())), sorted(map(sorted, OPS[name].get("one_of", ()))), name)
            for parameter, (_, default) in op.params.items():
                with self.subTest(f"{name} {parameter}"):
                    if parameter in alternatives(OPS[name]) and default is None:
                        continue  # one of them is given
                    self.assertEqual(default is ..., known[parameter]["required"])
                    expected = known[parameter].get("default")
                    self.assertEqual(None if default is ... else default, expected)
                    self.assertIs(isinstance(default, bool), isinstance(expected, bool))

    def test_every_parameter_has_the_same_limits(self):
        for name, op in gp.OPS.items():
            for parameter, stated in parameters(OPS[name]).items():
                for value, is_allowed in samples(stated, OPS[name]["example"]):
                    with self.subTest(f"{name} {parameter}={value!r}"):
                        self.assertEqual(op.params[parameter][0](value) is None, is_allowed)

    def test_the_examples_are_accepted(self):
        for name, op in OPS.items():
            with self.subTest(name):
                self.assertEqual(edges.check_pipeline([op["example"]]), (op["takes"], op["gives"]))

    def test_every_op_has_the_same_tolerance(self):
        for name, op in gp.OPS.items():
            self.assertEqual(op.rounding.text, OPS[name]["tolerance"].removesuffix("; with `approx_size` there is no reference"),
                             name)

    def test_every_op_gives_a_value_of_the_type_that_it_says(self):
        from PIL import Image
        types = {"Image": Image.Image, "Tensor": torch.Tensor, "Classes": gp.Classes, "list<Image>": list, "list<Tensor>": list,
                 "Bytes": bytes, "Detections": Detections, "Boxes": gp.Boxes, "Keypoints": gp.Keypoints, "Masks": gp.Masks,
                 "Quads": gp.Quads}
        for name, op in gp.OPS.items():
            if op.rounding is UNRECORDED:
                continue
            with self.subTest(name):
                self.assertIsInstance(run_example(name), types[op.gives])

    def test_what_no_golden_case_can_hold_says_so(self):
        for name, words in {"detect.draw": {}, "detect.draw_quads": {}, "image.encode": {"format": "png", "quality": 75}}.items():
            with self.subTest(name), self.assertRaisesRegex(gp.PackError, f"^{name}: .*no answer can be recorded"):
                gp.OPS[name].run(None, **words)
        with self.assertRaisesRegex(gp.PackError, "^image.encode: an op before it may differ"):
            gp.OPS["image.encode"].carries(gp.Tolerance(1))


def example_arguments(name):
    """The example's parameters, small enough for small inputs."""
    op = dict(OPS[name]["example"])
    sizes = {"size": 8, "width": 8, "height": 6, "left": 1, "top": 2, "multiple": 4}
    for key, value in sizes.items():
        if key in op and not (name == "image.pad"):
            op[key] = value
    if name in ("image.letterbox", "image.pad_to", "pad_to"):
        op.update({key: 64 for key in ("size", "width", "height") if key in op})
    if "labels" in op:
        op["labels"] = ["a", "b", "c"]
    if "table" in op:
        op["table"] = torch.rand(3, 8)
    return gp.OPS[name].arguments(op)


def head_of(name):
    """What a detector's head may give; 8x6 pixels are one cell at every stride."""
    scores, boxes = torch.rand(3, 4), torch.rand(3, 4)
    if name == "detect.yolov8_raw":
        return torch.rand(64 + 2, 3)
    if name == "detect.centernet":
        return {"heatmap": torch.rand(2, 5, 6), "wh": torch.rand(2, 5, 6), "offset": torch.rand(2, 5, 6)}
    if name == "detect.picodet":
        return {f"scores{i}": torch.rand(1, 2) for i in range(4)} | {f"boxes{i}": torch.rand(1, 32) for i in range(4)}
    if OPS[name]["takes"] == "Tensor":
        return torch.rand(6, 3) if name == "detect.yolov8" else torch.rand(3, 7)
    if name == "detect.yolov8_seg":
        return {"output0": torch.rand(4 + 3 + 2, 5), "output1": torch.rand(2, 3, 4)}
    return {"boxes": boxes, "pred_boxes": boxes, "scores": scores, "pred_logits": scores, "anchors": boxes,
            "centerness": torch.rand(3, 1)}


def example_input(name):
    import io
    from PIL import Image
    pixels = numpy.random.default_rng(3).integers(1, 255, (30, 40, 3), dtype=numpy.uint8)
    image = Image.fromarray(pixels)
    if name == "image.decode":
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()
    if name == "image.from_raw":
        return bytes(8 * 6 * 3)
    if name == "image.raw_to_tensor":
        return bytes(8 * 6 * 2)
    if name in ("top_k", "above"):
        return torch.rand(3)
    if name == "detect.db":
        return torch.nn.functional.pad(torch.rand(9, 20) / 2 + 0.5, (5, 5, 5, 5))
    if name == "embeddings.nearest":
        return torch.rand(8)
    if name == "detect.sliding_window":
        return image, [{"scores": torch.rand(2, 5, 6), "boxes": torch.rand(4, 5, 6)} for _ in range(2)]
    if name == "segment.binary":
        return torch.rand(8, 8)
    if name.startswith("segment.") and name != "segment.input":
        labels = torch.randint(0, 9, (30, 40), dtype=torch.int32)
        return (image, labels) if name == "segment.overlay" else labels
    if name == "image.unletterbox":
        return torch.rand(3, 4)
    if name == "keypoints.points":
        return torch.rand(3, 3)
    if OPS[name]["gives"] == "Detections" and OPS[name]["takes"] in ("Tensor", "Tensors"):
        return head_of(name)
    found = gp.Detections([gp.Detection(1, "", 0.5, (2.0, 3.0, 20.0, 9.0), ((4.0, 5.0, 0.5),)),
                           gp.Detection(0, "", 0.25, (2.0, 4.0, 21.0, 9.0), ((4.0, 5.0, 0.5),))])
    if name in ("detect.paste_masks", "detect.masks_of"):
        found = gp.Detections(one._replace(soft_mask=SoftMask(torch.rand(3, 3), one.box), mask=of_pixels(torch.rand(3, 4) > 0.5))
                              for one in found)
    quads = gp.Quads([gp.FoundQuad(((2.0, 3.0), (20.0, 4.0), (19.0, 12.0), (1.0, 11.0)), 0.5)])
    return {"Image": image, "Tensor": torch.rand(3, 8, 8), "Classes": gp.Classes([(1, "", 0.5)]), "Detections": found,
            "tuple<Tensor, Tensor>": (torch.rand(3, 8, 8), torch.rand(3, 4, 4)),
            "Keypoints": gp.Keypoints([(4.0, 5.0, 0.5)]), "Quads": quads,
            "tuple<Image, Detections>": (image, found), "tuple<Image, Quads>": (image, quads),
            "tuple<Detections, list<Tensors>>": (found, [{"scores": torch.rand(2), "boxes": torch.rand(4)}] * 2),
            "tuple<Detections, list<Classes>>": (found, [gp.Classes([(2, "c", 0.5)])] * 2)}[gp.OPS[name].takes]


def run_example(name, value=None):
    frame = {"frame": FRAME} if gp.OPS[name].takes_frame else {}
    return gp.OPS[name].run(example_input(name) if value is None else value, **frame, **example_arguments(name))


def arrays(value):
    for each in value if isinstance(value, list) else [value]:
        yield numpy.asarray(each, numpy.float64)


class CarriedTest(unittest.TestCase):
    """What a difference in an op's input becomes: stage_tolerances.carried says how much at most."""

    def test_the_ops_that_it_names_exist(self):
        named = stage_tolerances.MOVES_PIXELS | stage_tolerances.DIVIDES_BY_STD | {"interpolate", "image.unpremultiply"}
        self.assertEqual(named - set(OPS), set())

    def test_a_difference_grows_by_no_more_than_it_says(self):
        from PIL import Image
        random = numpy.random.default_rng(5)
        for name, op in gp.OPS.items():
            # a file's bytes are given; which class is best is decided, not computed, as is what a candidate is
            if (op.takes not in ("Image", "Tensor") or name.startswith("segment")
                    or name in ("top_k", "above", "embeddings.nearest", "image.encode")
                    or op.gives in ("Detections", "Keypoints", "Quads")):
                continue
            with self.subTest(name):
                torch.manual_seed(0)
                before = example_input(name)
                if op.takes == "Image":
                    step, moved = 1.0, numpy.asarray(before, numpy.int16) + random.integers(-1, 2, (30, 40, 3))
                    after = Image.fromarray(moved.astype(numpy.uint8))
                else:
                    step = 0.01
                    after = before + (torch.rand(before.shape) * 2 - 1) * step
                allowed = carried_back(gp.Tolerance(step), [FRAME]) if op.takes_frame \
                    else carried(OPS[name]["example"], example_arguments(name), gp.Tolerance(step))
                for a, b in zip(arrays(run_example(name, before)), arrays(run_example(name, after)), strict=True):
                    limit = allowed.atol + allowed.rtol * numpy.abs(a)
                    self.assertLessEqual(float((numpy.abs(a - b) - limit).max()), 1e-6)


if __name__ == "__main__":
    unittest.main(verbosity=1)
