// SPDX-License-Identifier: Apache-2.0
// Planes: the planes of a tensor, for the ops on them.
#pragma once

#include <cstdint>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

struct Planes {
  const float* values;
  std::int64_t count;  ///< the number of planes: samples * channels
  std::int64_t channels;
  std::int64_t height;
  std::int64_t width;
};

/// invalid_argument unless it is a contiguous f32[channels, height, width] or f32[n, channels, height, width], not
/// empty.
inline Result<Planes> planes_of(const Tensor& tensor) {
  auto values = tensor.values<float>();
  const bool fits = values.ok() && (tensor.rank() == 3 || tensor.rank() == 4) && tensor.numel() > 0;
  if (!fits)
    return Error(ErrorCode::kInvalidArgument,
                 "takes a contiguous f32[channels, height, width] or f32[n, channels, height, width], got " +
                     tensor.to_string());
  const Shape& shape = tensor.shape();
  const std::size_t last = tensor.rank() - 1;
  const std::int64_t height = shape[last - 1], width = shape[last];
  return Planes{values->data(), tensor.numel() / (height * width), shape[last - 2], height, width};
}

}  // namespace gantry::inline GANTRY_ABI::detail
