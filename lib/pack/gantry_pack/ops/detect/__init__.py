# SPDX-License-Identifier: Apache-2.0
"""The reference of ops on detections, in PyTorch."""
