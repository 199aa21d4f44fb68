// SPDX-License-Identifier: Apache-2.0
// image.resize, image.resize_short and image.resize_long.
#include <algorithm>
#include <cmath>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"
#include "ops/image/pillow_resize.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::image {
namespace {

using detail::check_side;
using detail::kMaxSide;

struct ResizeShort {
  std::int64_t size;
  Resampling how;
  std::int64_t max_size;  // 0: none
};

struct ResizeLong {
  std::int64_t size;
  Resampling how;
};

Result<void> check(const ResizeLong& params) {
  if (auto ok = check_side("size", params.size); !ok) return ok;
  return detail::check_resampling(params.how);
}

Result<void> check(const ResizeShort& params) {
  if (auto ok = check_side("size", params.size); !ok) return ok;
  if (params.max_size != 0)
    if (auto ok = detail::check_range("max_size", params.max_size, params.size + 1, kMaxSide); !ok) return ok;
  return detail::check_resampling(params.how);
}

/// Python's int(a * b / c): an exact product, a division in double, truncation.
double python_ratio(std::int64_t a, std::int64_t b, std::int64_t c) {
  return std::trunc(static_cast<double>(a * b) / static_cast<double>(c));
}

detail::Geometry to_sides(detail::ImageSize image, std::int64_t shorter, std::int64_t longer, const Resampling& how) {
  const bool is_upright = image.width <= image.height;
  return detail::ResizeTo{{is_upright ? shorter : longer, is_upright ? longer : shorter}, how};
}

Result<detail::Geometry> to_shorter_side(const ResizeShort& params, detail::ImageSize image) {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  const double long_side = python_ratio(params.size, longer, shorter);
  if (params.max_size != 0 && long_side > static_cast<double>(params.max_size)) {
    const auto short_side =
        static_cast<std::int64_t>(python_ratio(params.max_size, params.size, static_cast<std::int64_t>(long_side)));
    return to_sides(image, std::max<std::int64_t>(short_side, 1), params.max_size, params.how);
  }
  if (long_side > static_cast<double>(kMaxSide))
    return Error(ErrorCode::kResourceExhausted, "a " + std::to_string(image.width) + "x" +
                                                    std::to_string(image.height) + " image with its shorter side at " +
                                                    std::to_string(params.size) + " has a side of more than " +
                                                    std::to_string(kMaxSide))
        .with_reason(ErrorReason::kInputTooLarge);
  return to_sides(image, params.size, static_cast<std::int64_t>(long_side), params.how);
}

detail::Geometry to_longer_side(const ResizeLong& params, detail::ImageSize image) {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  const auto short_side = static_cast<std::int64_t>(python_ratio(params.size, shorter, longer));
  return to_sides(image, std::max<std::int64_t>(short_side, 1), params.size, params.how);
}

}  // namespace

Stage<Image, Image> resize(const Resize& options) {
  return detail::make_geometry_op("image.resize", options,
                                  "width=" + std::to_string(options.width) +
                                      ", height=" + std::to_string(options.height) + ", " +
                                      detail::to_text(options.how) + detail::box_text(options),
                                  detail::check_resize(options), detail::resize_steps);
}

Stage<Image, Image> resize(std::int64_t width, std::int64_t height, const Resampling& how) {
  Resize options;
  options.width = width;
  options.height = height;
  options.how = how;
  return resize(options);
}

Stage<Image, Image> resize_short(std::int64_t size, const Resampling& how, std::int64_t max_size) {
  const ResizeShort params{size, how, max_size};
  std::string text = "size=" + std::to_string(size) + ", " + detail::to_text(how);
  if (max_size != 0) text += ", max_size=" + std::to_string(max_size);
  return detail::make_geometry_op("image.resize_short", params, std::move(text), check(params), to_shorter_side);
}

Stage<Image, Image> resize_long(std::int64_t size, const Resampling& how) {
  const ResizeLong params{size, how};
  return detail::make_geometry_op("image.resize_long", params,
                                  "size=" + std::to_string(size) + ", " + detail::to_text(how), check(params),
                                  to_longer_side);
}

}  // namespace gantry::image
