// SPDX-License-Identifier: Apache-2.0
// image.letterbox (ultralytics: data/augment.py LetterBox).
#include <algorithm>
#include <cmath>
#include <gantry/image.hpp>
#include <string>

#include "core/return_if_error.hpp"
#include "ops/image/image_op.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

/// Python's round().
std::int64_t rounded(double value) {
  return static_cast<std::int64_t>(std::nearbyint(value));
}

double ratio_of(const Letterbox& params, std::int64_t width, std::int64_t height) {
  const double ratio = std::min(static_cast<double>(params.height) / static_cast<double>(height),
                                static_cast<double>(params.width) / static_cast<double>(width));
  return params.scale_up ? ratio : std::min(ratio, 1.0);
}

/// Half of the pixels left over; halves round down.
std::int64_t offset_of(double left_over) {
  return rounded(left_over / 2 - 0.1);
}

Result<void> check(const Letterbox& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", params.width));
  GANTRY_RETURN_IF_ERROR(detail::check_side("height", params.height));
  return detail::check_resampling(params.how);
}

detail::Geometry to_letterbox(const Letterbox& params, detail::ImageSize image) {
  const double ratio = ratio_of(params, image.width, image.height);
  const detail::ImageSize inner = {std::max<std::int64_t>(rounded(static_cast<double>(image.width) * ratio), 1),
                                   std::max<std::int64_t>(rounded(static_cast<double>(image.height) * ratio), 1)};
  return {detail::ResizeTo{inner, params.how, {}, {}, {}, ratio},
          detail::Window{-offset_of(static_cast<double>(params.width - inner.width)),
                         -offset_of(static_cast<double>(params.height - inner.height)),
                         {params.width, params.height},
                         params.value}};
}

}  // namespace

Stage<Image, Image> letterbox(const Letterbox& options) {
  return detail::make_geometry_op(
      "image.letterbox", options,
      "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height) +
          ", value=" + detail::to_text(options.value) + ", scale_up=" + (options.scale_up ? "true" : "false") + ", " +
          detail::to_text(options.how),
      check(options), to_letterbox);
}

}  // namespace gantry::inline GANTRY_ABI::image
