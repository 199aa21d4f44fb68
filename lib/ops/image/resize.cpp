// SPDX-License-Identifier: Apache-2.0
// image.resize and image.resize_short.
#include <algorithm>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::image {
namespace {

using detail::check_side;
using detail::kMaxSide;

struct Resize {
  std::int64_t width;
  std::int64_t height;
  Resampling how;
};

struct ResizeShort {
  std::int64_t size;
  Resampling how;
};

Result<void> check(const Resize& params) {
  if (auto ok = check_side("width", params.width); !ok) return ok;
  if (auto ok = check_side("height", params.height); !ok) return ok;
  return detail::check_resampling(params.how);
}

Result<void> check(const ResizeShort& params) {
  if (auto ok = check_side("size", params.size); !ok) return ok;
  return detail::check_resampling(params.how);
}

Result<detail::Geometry> to_shorter_side(const ResizeShort& params, detail::ImageSize image) {
  const std::int64_t shorter = std::min(image.width, image.height);
  const std::int64_t longer = std::max(image.width, image.height);
  // Python's int(size * longer / shorter): an exact product, a division in double, truncation.
  const auto exact = static_cast<double>(params.size * longer) / static_cast<double>(shorter);
  if (exact >= static_cast<double>(kMaxSide) + 1.0)
    return Error(ErrorCode::kResourceExhausted, "a " + std::to_string(image.width) + "x" +
                                                    std::to_string(image.height) + " image with its shorter side at " +
                                                    std::to_string(params.size) + " has a side of more than " +
                                                    std::to_string(kMaxSide));
  const auto longer_side = static_cast<std::int64_t>(exact);
  const bool is_upright = image.width <= image.height;
  const detail::ImageSize size = {is_upright ? params.size : longer_side, is_upright ? longer_side : params.size};
  return detail::Geometry(detail::ResizeTo{size, params.how});
}

}  // namespace

Stage<Image, Image> resize(std::int64_t width, std::int64_t height, const Resampling& how) {
  const Resize params{width, height, how};
  return detail::make_geometry_op(
      "image.resize", params,
      "width=" + std::to_string(width) + ", height=" + std::to_string(height) + ", " + detail::to_text(how),
      check(params), [](const Resize& p, detail::ImageSize) {
        return detail::Geometry(detail::ResizeTo{{p.width, p.height}, p.how});
      });
}

Stage<Image, Image> resize_short(std::int64_t size, const Resampling& how) {
  const ResizeShort params{size, how};
  return detail::make_geometry_op("image.resize_short", params,
                                  "size=" + std::to_string(size) + ", " + detail::to_text(how), check(params),
                                  to_shorter_side);
}

}  // namespace gantry::image
