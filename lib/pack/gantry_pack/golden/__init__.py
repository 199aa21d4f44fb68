# SPDX-License-Identifier: Apache-2.0
"""Golden cases: what the Python stack gives, for the C++ side to compare with."""
