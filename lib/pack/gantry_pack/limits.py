# SPDX-License-Identifier: Apache-2.0
"""What the format of packages (lib/model/manifest.schema.md) allows."""

from __future__ import annotations

import re

FORMAT = 2
SUFFIXES = {"torchscript": ".ts", "aoti": ".pt2", "executorch": ".pte"}  # of a model's files, by engine, behind its name
ONLY_MODEL = "model"       # how a package calls its model where there is one
MAX_STAGE_BYTES = 4 << 20   # values of stages and results that one golden case stores whole
MAX_SAMPLE_BYTES = 1 << 20  # of values that stand for larger tensors, all in one golden case
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
SYMBOL_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_SIDE = 65535
MAX_RANK = 8  # dimensions of a tensor
MAX_LIBRARIES = 16
MAX_MODELS = 16
MAX_INPUTS = 16
MAX_MANIFEST_BYTES = 16 << 20
