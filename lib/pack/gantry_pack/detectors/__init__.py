# SPDX-License-Identifier: Apache-2.0
"""Detectors: those that are packed from the model object alone, a file a family, and pipelines for heads of a known shape,
which pack() takes as `pipeline`: ultralytics(), detr()."""

from .detr import detr
from .ultralytics import ultralytics

__all__ = ["detr", "ultralytics"]
