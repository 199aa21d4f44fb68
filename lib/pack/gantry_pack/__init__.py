# SPDX-License-Identifier: Apache-2.0
"""gantry-pack: turns a PyTorch model, and the Python preprocessing it was trained with, into a gantry package.

    from gantry_pack import pack
    pack("cats/1", model, torch.rand(1, 3, 224, 224), name="cats", version="1",
         pipeline=weights.transforms(), labels=weights.meta["categories"], samples=["cat.jpg", "dog.jpg"])

`pack` exports the model, runs the Python stack on the samples, stores every intermediate value as a golden case that
the C++ side must reproduce before it serves, and writes the directory in one step. It refuses to write a package whose
Python-side checks fail: exported model against the eager one, translated ops against the transform, and
the pipeline against your own `reference` callable. The format is lib/model/manifest.schema.md; lib/pack/README.md is
the guide.

Needs torch. Pillow, torchvision and cryptography (or the openssl tool) only where they are used, and nothing but the
standard library to be imported.
"""

from . import detectors
from .command_line import main
from .console import say
from .differences import difference
from .edges import check_pipeline
from .errors import CheckFailed, PackError
from .integrity import verify
from .model.given import Model
from .ops.op import Op
from .ops.table import OPS
from .packing import pack
from .reference import run_pipeline
from .signing import generate_key, sign
from .tolerance import EXACT, Tolerance
from .translation.translator import translate
from .values import Boxes, Classes, Detection, Detections, FoundQuad, Keypoints, Masks, Payload, Quads, RunLengths
from .version import VERSION

__all__ = ["EXACT", "OPS", "VERSION", "Boxes", "CheckFailed", "Classes", "Detection", "Detections", "FoundQuad", "Keypoints",
           "Masks", "Model", "Op", "PackError", "Payload", "Quads", "RunLengths", "Tolerance", "check_pipeline", "detectors",
           "difference", "generate_key", "main", "pack", "run_pipeline", "say", "sign", "translate", "verify"]
