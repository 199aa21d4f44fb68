# SPDX-License-Identifier: Apache-2.0
"""Ops: their parameters, their types, and the Python reference of each."""
