# SPDX-License-Identifier: Apache-2.0
"""Names for types that many modules use in annotations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

if TYPE_CHECKING:
    import torch

Json = dict[str, Any]       # an object of the manifest: an op of a pipeline, a tensor of a signature, an engine
Steps = list[Json]          # of a pipeline, or other such objects
Batch = tuple["torch.Tensor", ...]   # inputs or outputs of one call of a model
FilePath = Union[str, "os.PathLike[str]"]
Check = Callable[[Any], Optional[str]]   # of a parameter: None, or what was expected
Origin = tuple[str, str, Any]            # path of the first op, path of the last op, and the transform that became these
Case = tuple[dict[str, Any], Any, dict[str, Any], dict[str, Any], Any]   # see Recorder.run
