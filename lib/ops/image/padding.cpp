// SPDX-License-Identifier: Apache-2.0
// Borders that repeat or mirror the image, as numpy's pad, which torchvision's Pad uses.
#include "ops/image/padding.hpp"

#include <algorithm>
#include <cstring>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The pixel in 0..size that is repeated at `position`.
std::int64_t mapped(std::int64_t position, std::int64_t size, image::PadMode mode) {
  if (mode == image::PadMode::kEdge) return std::clamp<std::int64_t>(position, 0, size - 1);
  if (position < 0) return -position;
  return position < size ? position : 2 * (size - 1) - position;
}

}  // namespace

Result<Image> extended(const Image& source, const Extend& extend) {
  auto out = Image::make(extend.size.width, extend.size.height, source.colour());
  if (!out) return out;
  const std::size_t channels = source.channels();
  const auto copy = [channels](const std::uint8_t* from, std::int64_t x, std::uint8_t* to, std::int64_t to_x) {
    std::memcpy(to + static_cast<std::size_t>(to_x) * channels, from + static_cast<std::size_t>(x) * channels,
                channels);
  };
  for (std::int64_t y = 0; y < extend.size.height; ++y) {
    const std::uint8_t* in = source.row(mapped(y - extend.top, source.height(), extend.mode));
    std::uint8_t* row = out->mutable_row(y);
    for (std::int64_t x = 0; x < extend.left; ++x)
      copy(in, mapped(x - extend.left, source.width(), extend.mode), row, x);
    std::memcpy(row + static_cast<std::size_t>(extend.left) * channels, in,
                static_cast<std::size_t>(source.width()) * channels);
    for (std::int64_t x = extend.left + source.width(); x < extend.size.width; ++x)
      copy(in, mapped(x - extend.left, source.width(), extend.mode), row, x);
  }
  return out;
}

}  // namespace gantry::inline GANTRY_ABI::detail
