# SPDX-License-Identifier: Apache-2.0
"""What the decoders compute, in torch: from what a detector's head gives for one sample to candidates."""
