# SPDX-License-Identifier: Apache-2.0
"""Engines, run in a process of their own."""
