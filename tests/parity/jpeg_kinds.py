# SPDX-License-Identifier: Apache-2.0
"""JPEG files of every kind that was once read otherwise than by Pillow: KINDS, for file_kinds.py."""

KINDS = {}
