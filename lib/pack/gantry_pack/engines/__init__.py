# SPDX-License-Identifier: Apache-2.0
"""The engines of a package: exporting to each, and what is checked of it."""
