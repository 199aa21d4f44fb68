# SPDX-License-Identifier: Apache-2.0
"""What golden cases hold: tolerances as the table of ops promises them, and a bounded number of bytes. Run by ctest; or:
python tests/pack/golden_test.py."""

import hashlib
import unittest

import numpy
import torch

from packing import PackingTest, gp, model_of
from gantry_pack.limits import MAX_STAGE_BYTES
from gantry_pack.stage_tolerances import carried


def picture(width, height, seed=0):
    import io
    from PIL import Image
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


class ToleranceTest(PackingTest):
    def tolerances(self, pipeline, model=None, samples=(), **arguments):
        manifest = self.pack(model or model_of(lambda x: x * 2), torch.rand(1, 3, 40, 40), samples, pipeline=pipeline,
                             **arguments)
        case = manifest["golden"][0]
        return [stage["tolerance"] for stage in case["stages"]] + [case["result"]["tolerance"]]

    def test_a_warp_may_be_off_by_one_and_what_follows_by_what_that_becomes(self):
        warp = {"op": "image.affine", "angle": 17.3, "filter": "bilinear"}
        steps = ["image.decode", warp, {"op": "image.to_tensor", "mean": 0.5, "std": [0.25, 0.5, 0.5]}, "model"]
        found = self.tolerances(steps, samples=[picture(40, 40)])
        self.assertEqual(found[:2], ["exact", {"atol": 1, "rtol": 0}])
        self.assertAlmostEqual(found[2]["atol"], 1 / 255 / 0.25)
        self.assertAlmostEqual(found[3]["atol"], 4 * 2 * 1 / 255 / 0.25, places=4)  # what doubling makes of it, four times
        self.assertIn("may differ by rounding in C++, which was seen to move the model's answers by", self.said.getvalue())
        found = self.tolerances(["image.decode", {**warp, "filter": "nearest"}, "image.to_tensor", "model"],
                                samples=[picture(40, 40)])
        self.assertEqual(found, ["exact"] * 3 + [{"atol": 1e-4, "rtol": 1e-4}] * 2)

    def test_a_model_decides_by_shapes_integers_and_what_it_finds(self):
        """Behind a warp, of which a pixel may be off by one."""
        class Found(torch.nn.Module):  # the brighter half first, of two that are equal but for rounding
            def forward(self, image):
                halves = (image[0, :, :, :20].double().mean(), image[0, :, :, 20:].double().mean())
                return torch.stack(halves).sort(descending=True).indices.float()[:, None] * 100 + 1
        steps = ["image.decode", {"op": "image.affine", "angle": 17.3, "filter": "bilinear"}, "image.to_tensor", "model"]
        even = torch.full((40, 40, 3), 128, dtype=torch.uint8)
        sample = self.dir / "even.png"
        from PIL import Image
        Image.fromarray(even.numpy()).save(sample)
        decides = "seen to change what the model decides"
        for model, shapes, is_decided in (
                (model_of(lambda x: (x * 60).exp()), None, False),  # by more than 1 %, and yet it decides nothing
                (model_of(lambda x: (x.mean((1, 2, 3)) * 1e6).round().long()), None, True),
                (Found(), {"image": ["batch", 3, 40, 40], "rows": ["found", 1]}, True)):
            self.said.seek(self.said.truncate(0))
            found = self.tolerances(steps, model, [sample], **({"shapes": shapes, "output_names": ["rows"], "input_names": ["image"]}
                                                               if shapes else {}))
            self.assertEqual(decides in self.said.getvalue(), is_decided, self.said.getvalue())
            self.assertEqual(found[3]["atol"] > 1e-4, not is_decided)

    def test_every_mode_of_to_tensor_but_affine_divides_a_difference_by_255(self):
        for mode, atol in (("torchvision", 1 / 255), ("hf_numpy", 1 / 255), ("scaled", 1 / 255), ("affine", 1)):
            op = {"op": "image.to_tensor", "mode": mode}
            self.assertAlmostEqual(carried(op, gp.OPS[op["op"]].arguments(op), gp.Tolerance(1)).atol, atol)

    def test_resampled_tensors_may_be_off_by_a_part_of_the_largest_value(self):
        op = {"op": "interpolate", "width": 40, "height": 40, "mode": "bicubic"}
        tensor = torch.rand(3, 20, 30) * 100
        found = self.tolerances([op, {"op": "normalize", "mean": 0, "std": 0.5}, "model"], samples=[tensor])
        largest = float(gp.run_pipeline([op], tensor).abs().max())
        self.assertAlmostEqual(found[0]["atol"], 4e-5 * largest)
        self.assertAlmostEqual(found[1]["atol"], 4e-5 * largest / 0.5)
        found = self.tolerances([{**op, "mode": "nearest"}, "model"], samples=[tensor])
        self.assertEqual(found[0], "exact")


class StorageTest(PackingTest):
    STEPS = ["image.decode", {"op": "image.resize", "width": 40, "height": 40}, "image.to_tensor", "model"]

    def pack_pictures(self, limit=MAX_STAGE_BYTES, samples=1):
        return self.pack(model_of(lambda x: x * 2), torch.rand(1, 3, 40, 40),
                         [picture(400 + i, 300, i) for i in range(samples)], pipeline=self.STEPS, max_stage_bytes=limit)

    def test_small_stages_are_stored_whole(self):
        for stage in self.pack_pictures()["golden"][0]["stages"]:
            self.assertEqual(list(stage["value"]), ["npy"])
        self.assertNotIn("max_stage_bytes", self.said.getvalue())

    def test_beyond_the_limit_exact_stages_are_digests(self):
        stages = self.pack_pictures(120_000)["golden"][0]["stages"]
        self.assertEqual([list(stage["value"])[0] for stage in stages], ["digest", "npy", "npy", "npy"])
        decoded = gp.run_pipeline([{"op": "image.decode"}], picture(400, 300))
        self.assertEqual(stages[0]["value"]["digest"], {
            "sha256": hashlib.sha256(numpy.asarray(decoded).tobytes()).hexdigest(), "dtype": "u8", "shape": [300, 400, 3]})
        self.assertIn("golden cases store 0.1 MB of stages whole (max_stage_bytes=120000); beyond that, exact stages are held "
                      "by a digest and others by a sample of their values: pipeline[0] (0.4 MB) by a digest",
                      self.said.getvalue())

    def test_beyond_the_limit_answers_are_samples_of_every_row_and_channel(self):
        case = self.pack_pictures(1000)["golden"][0]
        self.assertEqual([list(stage["value"])[0] for stage in case["stages"]], ["digest"] * 3 + ["sample"])
        sample = case["result"]["value"]["sample"]
        self.assertEqual(sample["shape"], [3, 40, 40])
        values = numpy.load(self.package / sample["npy"])
        self.assertLessEqual(values.nbytes, 1000)
        self.assertEqual(len(values), -(-4800 // sample["step"]))
        seen = numpy.unravel_index(numpy.arange(0, 4800, sample["step"]), (3, 40, 40))
        self.assertEqual([len(set(axis.tolist())) for axis in seen], [3, 40, 40])

    def test_a_package_of_big_tensors_is_bounded(self):
        self.pack(model_of(lambda x: x.repeat(1, 20, 1, 1)), torch.rand(1, 3, 200, 200),
                  [torch.rand(3, 200, 200) for _ in range(3)], max_stage_bytes=1 << 20)
        golden = sum(path.stat().st_size for path in (self.package / "golden").rglob("*.npy"))
        self.assertLess(golden, 3 * (480_000 + (2 << 20) + 1000))

    def test_nan_is_held_by_values_since_it_may_have_any_bits(self):
        steps = [{"op": "interpolate", "width": 40, "height": 40, "mode": "nearest"}, "model"]
        tensor = torch.rand(3, 40, 40)
        for filled, form in ((tensor, "digest"), (tensor.where(tensor > 0.1, torch.nan), "sample")):
            stages = self.pack(model_of(lambda x: x * 2), torch.rand(1, 3, 40, 40), [filled], pipeline=steps,
                               max_stage_bytes=0)["golden"][0]["stages"]
            self.assertEqual(list(stages[0]["value"]), [form])

    def test_a_stage_of_bf16_is_held_by_a_digest(self):
        steps = ["image.decode", {"op": "image.to_tensor", "dtype": "bf16"}, "model"]
        case = self.pack(model_of(lambda x: x.float() * 2), torch.rand(1, 3, 8, 8).bfloat16(), [picture(8, 8)],
                         pipeline=steps)["golden"][0]
        self.assertEqual(case["stages"][1]["value"]["digest"]["dtype"], "bf16")


if __name__ == "__main__":
    unittest.main(verbosity=1)
