// SPDX-License-Identifier: Apache-2.0
// The values of a tensor in binary, as Open Inference Protocol v2 sends them beside JSON and in gRPC: row-major and
// little endian; of BYTES each string behind its length in 4 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/bytes.hpp>
#include <vector>

#include "infer_message.hpp"

namespace gantry_server {

/// The number of elements; invalid_argument for a negative extent, too many dimensions, and a number beyond memory.
gantry::Result<std::size_t> count_of(const std::vector<std::int64_t>& extents);
/// Of extents that count_of() has checked.
gantry::Shape to_shape(const std::vector<std::int64_t>& extents);

/// The values of `input`, whose datatype and shape are known, with `count` elements. They refer to `bytes`, which they
/// keep alive and may write to; one that is not aligned for its dtype is copied. invalid_argument with the expected and
/// the actual size.
gantry::Result<void> read_binary(const gantry::Bytes& bytes, std::size_t count, InferTensor& input);
/// A tensor's own memory, or a copy of the strings.
gantry::Bytes write_binary(const InferTensor& output);

}  // namespace gantry_server
