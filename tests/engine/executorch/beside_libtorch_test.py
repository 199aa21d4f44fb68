#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LibTorch computes the same bits, with as many instructions, whether ExecuTorch is in its process or not, and whoever is
loaded first.

    python beside_libtorch_test.py PROGRAM LIBGANTRY_TORCH MODEL.ts MODEL.pte
"""
import subprocess
import sys
import unittest

ARGUMENTS = sys.argv[1:5]
del sys.argv[1:5]


class BesideLibTorch(unittest.TestCase):
    def run_in(self, order):
        done = subprocess.run([ARGUMENTS[0], order, *ARGUMENTS[1:]], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        bits, instructions = done.stdout.split()
        return bits, int(instructions)

    def test_bits_and_instructions_are_the_same(self):
        bits, instructions = self.run_in("alone")
        for order in ("before", "after"):
            other_bits, other_instructions = self.run_in(order)
            self.assertEqual(other_bits, bits, order)
            if instructions:  # else the kernel does not let them be counted
                self.assertLess(abs(other_instructions / instructions - 1), 0.05, order)


if __name__ == "__main__":
    unittest.main()
