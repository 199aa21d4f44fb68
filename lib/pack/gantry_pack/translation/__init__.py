# SPDX-License-Identifier: Apache-2.0
"""Transforms and image processors to ops."""
