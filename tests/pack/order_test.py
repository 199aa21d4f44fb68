# SPDX-License-Identifier: Apache-2.0
"""The order of engines in the manifest. Run by ctest with the tool that was built; or: python tests/pack/order_test.py
[path of gantry]. Scripts that say what a tool measured stand for it where times have to be known."""

import json
import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import torch  # noqa: E402

from packing import PackingTest, gp, model_of  # noqa: E402
from gantry_pack.ordering import _by_time  # noqa: E402


def entry(kind, plan=None):
    return {"kind": kind, **({"options": {"plan": plan}} if plan else {})}


def names(engines):
    return [one["kind"] + (":" + one["options"]["plan"] if "plan" in one.get("options", {}) else "") for one in engines]


class ByTimeTest(PackingTest):
    def order(self, *engines):
        return names(_by_time([(entry(*name.split(":")), time) for name, time in engines]))

    def test_the_fastest_is_first(self):
        self.assertEqual(self.order(("torchscript", 9.0), ("aoti", 7.0), ("executorch", 5.0)),
                         ["executorch", "aoti", "torchscript"])

    def test_what_is_hardly_faster_stays_behind(self):
        self.assertEqual(self.order(("torchscript", 100.0), ("aoti", 98.0)), ["torchscript", "aoti"])
        self.assertEqual(self.order(("torchscript", 100.0), ("aoti", 96.0)), ["aoti", "torchscript"])

    def test_what_was_not_measured_is_last(self):
        self.assertEqual(self.order(("aoti", None), ("torchscript", 5.0), ("executorch", None)),
                         ["torchscript", "aoti", "executorch"])

    def test_the_fastest_plan_alone_is_kept_before_the_frozen_graph(self):
        self.assertEqual(self.order(("torchscript", 9.0), ("torchscript:fused", 5.0), ("torchscript:channels_last", 7.0)),
                         ["torchscript:fused", "torchscript"])
        self.assertEqual(self.order(("torchscript", 9.0), ("torchscript:fused", 12.0), ("torchscript:channels_last", 7.0)),
                         ["torchscript:channels_last", "torchscript"])

    def test_a_plan_that_gains_nothing_or_cannot_be_had_is_left_out(self):
        self.assertEqual(self.order(("torchscript", 9.0), ("torchscript:fused", 8.9), ("aoti", 12.0)),
                         ["torchscript", "aoti"])
        self.assertEqual(self.order(("torchscript", 9.0), ("torchscript:fused", None), ("aoti", 2.0)),
                         ["aoti", "torchscript"])

    def test_says_what_was_measured(self):
        self.order(("torchscript", 9.0), ("torchscript:fused", 5.25))
        self.assertIn("by the CPU time of one sample: torchscript (fused) 5.25 ms, torchscript 9 ms", self.said.getvalue())


class ScriptedToolTest(PackingTest):
    """With scripts that say what a tool measured."""

    def tool(self, *lines):
        path = self.dir / "gantry"
        said = "\n".join(lines)
        path.write_text(f"""#!/bin/sh
case "$1" in
--version) echo "gantry {gp.VERSION} (LibTorch 2.15.0)";;
time) cat <<END
{said}
END
;;
check) echo '<testsuite><testcase name="golden with torchscript"/></testsuite>' > "$4";;
esac
""")
        path.chmod(0o755)
        return path

    def engines(self, tool, **arguments):
        model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
        arguments = {"engine_order": "measured", **arguments}
        return names(self.pack_model(model, torch.rand(2, 3, 8, 8), [torch.rand(3, 8, 8)], tool=tool, **arguments)["engines"])

    def measured(self, *times):
        return self.tool(*(json.dumps({"model": "model", "engine": i, "ms": time} if time else
                                      {"model": "model", "engine": i, "problem": "it cannot"})
                           for i, time in enumerate(times)))

    def test_the_manifest_has_the_measured_order(self):
        self.assertEqual(self.engines(self.measured(9.0, 5.0, 6.0)), ["torchscript:fused", "torchscript"])
        gp.verify(self.package)
        self.assertEqual(self.engines(self.measured(9.0, None, 6.0)), ["torchscript:channels_last", "torchscript"])
        self.assertEqual(self.engines(self.measured(9.0, None, None)), ["torchscript"])

    def test_the_order_given_stays_if_it_is_wanted(self):
        self.assertEqual(self.engines(self.measured(9.0, 5.0, 6.0), engine_order="given"), ["torchscript"])
        with self.assertRaisesRegex(gp.PackError, 'engine_order: expected "measured" or "given", got \'fast\''):
            self.engines(False, engine_order="fast")

    def test_the_order_given_stays_if_nothing_can_be_measured(self):
        self.assertEqual(self.engines(self.tool("it crashed")), ["torchscript"])
        self.assertIn("engines stay in the order given: the gantry tool measured none: it crashed", self.said.getvalue())
        self.assertEqual(self.engines(False), ["torchscript"])

    def test_a_model_without_convolutions_is_not_measured(self):
        self.pack(model_of(lambda x: x * 2), torch.rand(2, 3), [torch.rand(3)], tool=self.measured(1.0),
                  engine_order="measured")
        self.assertNotIn("measuring", self.said.getvalue())


@unittest.skipUnless(TOOL, "no gantry tool was given")
class MeasuredTest(PackingTest):
    def test_the_tool_measures_what_was_packed(self):
        model = torch.nn.Sequential(torch.nn.ZeroPad2d(1), torch.nn.Conv2d(3, 32, 3), torch.nn.ReLU6(),
                                    torch.nn.ZeroPad2d(1), torch.nn.Conv2d(32, 32, 3, groups=32), torch.nn.ReLU6())
        engines = self.pack_model(model, torch.rand(2, 3, 64, 64), [torch.rand(3, 64, 64)], tool=TOOL,
                                  engine_order="measured")["engines"]
        self.assertIn(names(engines), [["torchscript"], ["torchscript:fused", "torchscript"],
                                       ["torchscript:channels_last", "torchscript"]])
        self.assertRegex(self.said.getvalue(), r"by the CPU time of one sample: .*torchscript \S+ ms")
        self.assertNotIn("not opened by", self.said.getvalue())


if __name__ == "__main__":
    unittest.main()
