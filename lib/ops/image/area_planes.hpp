// SPDX-License-Identifier: Apache-2.0
// The normalised means of areas of an image, as planes of float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>
#include <vector>

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The pixels of an axis that each output covers: begin(output) up to end(output).
class AreaAxis {
 public:
  AreaAxis(std::int64_t in, std::int64_t out) : in_(in), out_(out) {}
  std::int64_t begin(std::int64_t output) const { return output * in_ / out_; }
  std::int64_t end(std::int64_t output) const { return ((output + 1) * in_ + out_ - 1) / out_; }
  /// The most pixels that one output covers.
  std::int64_t most() const { return in_ / out_ + 2; }

 private:
  std::int64_t in_;
  std::int64_t out_;
};

/// Subtracted and divided by: one number, or one per channel.
struct AreaNormalize {
  std::vector<float> mean;
  std::vector<float> std;
};

/// About how many nanoseconds area_planes() takes on one thread.
std::int64_t area_work(const Image& image, ImageSize size);
/// Writes to `out`, f32[channels, size.height, size.width]. `normalize` must fit the channels. Errors: what interrupts
/// the call.
Result<void> area_planes(const Image& image, ImageSize size, const AreaNormalize& normalize, float* out,
                         const CallContext& call);

}  // namespace gantry::inline GANTRY_ABI::detail
