// SPDX-License-Identifier: Apache-2.0
// image.pad: a constant border, as torchvision's Pad on PIL images.
#include <cstring>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"
#include "ops/image/padding.hpp"
#include "ops/parameters.hpp"

namespace gantry {
namespace detail {

Result<Image> padded(const Image& source, const image::Pad& options) {
  if (options.left == 0 && options.top == 0 && options.right == 0 && options.bottom == 0) return source;
  auto out = Image::make(source.width() + options.left + options.right, source.height() + options.top + options.bottom,
                         source.colour());
  if (!out) return out;
  const std::size_t channels = source.channels();
  const std::size_t left = static_cast<std::size_t>(options.left) * channels;
  const std::size_t middle = static_cast<std::size_t>(source.width()) * channels;
  const std::size_t right = static_cast<std::size_t>(options.right) * channels;
  for (std::int64_t y = 0; y < out->height(); ++y) {
    std::uint8_t* row = out->mutable_row(y);
    const std::int64_t source_y = y - options.top;
    if (source_y < 0 || source_y >= source.height()) {
      std::memset(row, options.value, left + middle + right);
      continue;
    }
    std::memset(row, options.value, left);
    std::memcpy(row + left, source.row(source_y), middle);
    std::memset(row + left + middle, options.value, right);
  }
  return out;
}

}  // namespace detail

namespace image {
namespace {

Result<void> check(const Pad& options) {
  using Side = std::pair<const char*, std::int64_t>;
  for (const auto& [name, size] : {Side{"left", options.left}, Side{"top", options.top}, Side{"right", options.right},
                                   Side{"bottom", options.bottom}})
    if (auto ok = detail::check_range(name, size, 0, detail::kMaxSide); !ok) return ok;
  return {};
}

}  // namespace

Stage<Image, Image> pad(const Pad& options) {
  return detail::make_geometry_op(
      "image.pad", options,
      "left=" + std::to_string(options.left) + ", top=" + std::to_string(options.top) +
          ", right=" + std::to_string(options.right) + ", bottom=" + std::to_string(options.bottom) +
          ", value=" + std::to_string(options.value),
      check(options), [](const Pad& p, detail::ImageSize image) {
        const detail::ImageSize size = {image.width + p.left + p.right, image.height + p.top + p.bottom};
        return detail::Geometry(detail::Window{-p.left, -p.top, size, p.value});
      });
}

}  // namespace image
}  // namespace gantry
