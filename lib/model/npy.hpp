// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy file format, versions 1.0 and 2.0 (numpy/lib/format.py).
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/tensor.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Reads little-endian, C-order arrays of f4 f2 f8 u1 i1 i2 i4 i8 b1. invalid_argument for any other file. Thread-safe.
/// Cost: one copy.
GANTRY_API Result<Tensor> parse_npy(const Bytes& file);

/// Version 1.0. bf16, which NumPy lacks, is written as u2. The tensor must be on the CPU.
GANTRY_API Result<Bytes> to_npy(const Tensor& tensor);

}  // namespace gantry::inline GANTRY_ABI::detail
