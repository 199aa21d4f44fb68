# SPDX-License-Identifier: Apache-2.0
"""Payloads of types of the host's: recorded as their codec writes them. Run by ctest; or: python tests/pack/payload_test.py"""

import unittest

import torch
from packing import PackingTest, gp


class Payloads(PackingTest):
    POINTS = [[1.0, 2.0], [3.0, 4.5]]

    def record(self, gives, sample=None, **arguments):
        ops = {"acme.flatten": gp.Op("Landmarks", "Tensor", None, lambda value: torch.tensor(value.json).reshape(-1)),
               "acme.landmarks": gp.Op("Tensor", "Landmarks", None, gives)}
        sample = gp.Payload("landmarks", self.POINTS) if sample is None else sample
        return self.pack(torch.nn.Identity(), torch.rand(1, 4), [sample], ops=ops,
                         pipeline=["acme.flatten", "model", "acme.landmarks"], **arguments)

    def test_golden_cases_hold_what_the_codec_writes(self):
        manifest = self.record(lambda row: gp.Payload("landmarks", row.reshape(-1, 2).tolist()))
        golden = manifest["golden"][0]
        self.assertEqual(golden["input"], {"landmarks": self.POINTS})
        self.assertEqual(golden["result"]["value"], {"landmarks": self.POINTS})

    def test_lists_of_them_are_lists(self):
        manifest = self.record(lambda row: [gp.Payload("point", pair) for pair in row.reshape(-1, 2).tolist()])
        self.assertEqual(manifest["golden"][0]["result"]["value"], {"list": [{"point": pair} for pair in self.POINTS]})

    def test_a_value_that_is_none_is_refused(self):
        with self.assertRaisesRegex(gp.PackError, r"cannot hold a set; .* gantry_pack\.Payload\(name of its codec, JSON\)"):
            self.record(lambda row: {1})

    def test_what_is_no_name_or_no_json_is_refused(self):
        for name in ("", "Landmarks", "a b", "list", "tensors"):
            with self.subTest(name), self.assertRaisesRegex(gp.PackError, "expected the name of a codec"):
                gp.Payload(name, 1)
        for json in (float("nan"), {1}, torch.zeros(1)):
            with self.subTest(json), self.assertRaisesRegex(gp.PackError, "Payload 'a': what a codec writes is JSON"):
                gp.Payload("a", json)

    def test_differences_name_the_place(self):
        def differ(got, expected, tolerance=gp.EXACT):
            return gp.difference(got, expected, tolerance, "result")
        one, other = gp.Payload("a", {"k": [1.0, 2]}), gp.Payload("a", {"k": [1.0, 2.5]})
        self.assertIsNone(differ(one, one))
        self.assertEqual(differ(one, other), "result 'k'[1]: got 2, expected 2.5 (tolerance: exact)")
        self.assertIsNone(differ(one, other, gp.Tolerance(0.5)))
        self.assertEqual(differ(one, gp.Payload("b", 1)), "result: got Payload('a', {'k': [1.0, 2]}), expected Payload('b', 1)")
        self.assertIn("got 3", differ(3, one))

    def test_a_reference_gives_them_as_well(self):
        def landmarks(row):
            return gp.Payload("landmarks", row.reshape(-1, 2).tolist())
        self.record(landmarks, reference=lambda sample: gp.Payload("landmarks", sample.json))
        with self.assertRaisesRegex(gp.CheckFailed, "disagree"):
            self.record(landmarks, reference=lambda sample: gp.Payload("landmarks", [[1, 2], [3, 5]]))


if __name__ == "__main__":
    unittest.main()
