// SPDX-License-Identifier: Apache-2.0
// image.thumbnail: src/PIL/Image.py, thumbnail(), on an image in memory.
#include <algorithm>
#include <cmath>
#include <gantry/image.hpp>
#include <string>

#include "ops/image/image_op.hpp"
#include "ops/image/pillow_resize.hpp"
#include "ops/image/resampling.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

/// The whole number next to `side` with the smaller error, or the smaller of two equal ones; at least 1.
template <class F>
std::int64_t nearest_side(double side, F error) {
  const double low = std::floor(side), high = std::ceil(side);
  return std::max<std::int64_t>(static_cast<std::int64_t>(error(high) < error(low) ? high : low), 1);
}

detail::ImageSize thumbnail_size(const Thumbnail& options, detail::ImageSize image) {
  if (options.width >= image.width && options.height >= image.height) return image;
  const auto width = static_cast<double>(options.width), height = static_cast<double>(options.height);
  const double aspect = static_cast<double>(image.width) / static_cast<double>(image.height);
  if (width / height >= aspect)
    return {nearest_side(height * aspect, [&](double side) { return std::abs(aspect - side / height); }),
            options.height};
  return {options.width,
          nearest_side(width / aspect, [&](double side) { return side == 0 ? 0.0 : std::abs(aspect - width / side); })};
}

Resize resize_to(const Thumbnail& options, detail::ImageSize size) {
  Resize resize;
  resize.width = size.width;
  resize.height = size.height;
  resize.how = options.filter;
  resize.reducing_gap = options.reducing_gap;
  return resize;
}

}  // namespace

Stage<Image, Image> thumbnail(const Thumbnail& options) {
  const Resize largest = resize_to(options, {options.width, options.height});
  return detail::make_geometry_op(
      "image.thumbnail", options,
      "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height) + ", " +
          detail::to_text(largest.how) + detail::box_text(largest),
      detail::check_resize(largest), [](const Thumbnail& params, detail::ImageSize image) {
        return detail::resize_steps(resize_to(params, thumbnail_size(params, image)), image);
      });
}

}  // namespace gantry::inline GANTRY_ABI::image
