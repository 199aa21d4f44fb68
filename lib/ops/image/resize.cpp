// SPDX-License-Identifier: Apache-2.0
// image.resize and image.resize_short.
#include <algorithm>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/filter_names.hpp"
#include "ops/image/resample.hpp"
#include "ops/parameters.hpp"

namespace gantry::image {
namespace {

using detail::check_side;
using detail::kMaxSide;

struct Resize {
  std::int64_t width;
  std::int64_t height;
  Filter filter;
};

struct ResizeShort {
  std::int64_t size;
  Filter filter;
};

Result<void> check_filter(Filter filter) {
  if (static_cast<std::size_t>(filter) < detail::kFilterNames.size()) return {};
  return Error(ErrorCode::kInvalidArgument, "unknown filter");
}

Result<void> check(const Resize& params) {
  if (auto ok = check_side("width", params.width); !ok) return ok;
  if (auto ok = check_side("height", params.height); !ok) return ok;
  return check_filter(params.filter);
}

Result<void> check(const ResizeShort& params) {
  if (auto ok = check_side("size", params.size); !ok) return ok;
  return check_filter(params.filter);
}

Result<Image> resize_short_side(const ResizeShort& params, const Image& image) {
  const std::int64_t shorter = std::min(image.width(), image.height());
  const std::int64_t longer = std::max(image.width(), image.height());
  // Python's int(size * longer / shorter): an exact product, a division in double, truncation.
  const auto exact = static_cast<double>(params.size * longer) / static_cast<double>(shorter);
  if (exact >= static_cast<double>(kMaxSide) + 1.0)
    return Error(ErrorCode::kResourceExhausted, "a " + std::to_string(image.width()) + "x" +
                                                    std::to_string(image.height()) +
                                                    " image with its shorter side at " + std::to_string(params.size) +
                                                    " has a side of more than " + std::to_string(kMaxSide));
  const auto new_longer = static_cast<std::int64_t>(exact);
  const bool is_upright = image.width() <= image.height();
  return detail::resample(image, is_upright ? params.size : new_longer, is_upright ? new_longer : params.size,
                          params.filter);
}

}  // namespace

Stage<Image, Image> resize(std::int64_t width, std::int64_t height, Filter filter) {
  const Resize params{width, height, filter};
  return detail::make_op<Image, Image>(
      "image.resize", params,
      "width=" + std::to_string(width) + ", height=" + std::to_string(height) + ", filter=" + detail::to_text(filter),
      check(params),
      [](const Resize& p, Image&& image) { return detail::resample(image, p.width, p.height, p.filter); });
}

Stage<Image, Image> resize_short(std::int64_t size, Filter filter) {
  const ResizeShort params{size, filter};
  return detail::make_op<Image, Image>(
      "image.resize_short", params, "size=" + std::to_string(size) + ", filter=" + detail::to_text(filter),
      check(params), [](const ResizeShort& p, Image&& image) { return resize_short_side(p, image); });
}

}  // namespace gantry::image
