# SPDX-License-Identifier: Apache-2.0
"""The model: calls, state, batch axis, signature."""
