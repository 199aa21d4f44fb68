// SPDX-License-Identifier: Apache-2.0
// image.letterbox and its inverse for boxes (ultralytics: data/augment.py LetterBox, utils/ops.py scale_boxes).
#include <algorithm>
#include <cmath>
#include <gantry/image.hpp>
#include <string>

#include "ops/image/image_op.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::image {
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

/// Half of what is left, rounded down at halves.
std::int64_t offset_of(double left_over) {
  return rounded(left_over / 2 - 0.1);
}

Result<void> check(const Letterbox& params) {
  if (auto ok = detail::check_side("width", params.width); !ok) return ok;
  if (auto ok = detail::check_side("height", params.height); !ok) return ok;
  return detail::check_resampling(params.how);
}

detail::Geometry to_letterbox(const Letterbox& params, detail::ImageSize image) {
  const double ratio = ratio_of(params, image.width, image.height);
  const detail::ImageSize inner = {std::max<std::int64_t>(rounded(static_cast<double>(image.width) * ratio), 1),
                                   std::max<std::int64_t>(rounded(static_cast<double>(image.height) * ratio), 1)};
  return {detail::ResizeTo{inner, params.how},
          detail::Window{-offset_of(static_cast<double>(params.width - inner.width)),
                         -offset_of(static_cast<double>(params.height - inner.height)),
                         {params.width, params.height},
                         params.value}};
}

float back(float position, double offset, double ratio, std::int64_t side) {
  const double original = (static_cast<double>(position) - offset) / ratio;
  return static_cast<float>(std::isnan(original) ? original : std::clamp(original, 0.0, static_cast<double>(side)));
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

std::array<float, 4> unletterbox(const std::array<float, 4>& box, const Letterbox& options, std::int64_t width,
                                 std::int64_t height) {
  const detail::RoundingScope rounding;
  const double ratio = ratio_of(options, width, height);
  const auto left =
      static_cast<double>(offset_of(static_cast<double>(options.width) - static_cast<double>(width) * ratio));
  const auto top =
      static_cast<double>(offset_of(static_cast<double>(options.height) - static_cast<double>(height) * ratio));
  return {back(box[0], left, ratio, width), back(box[1], top, ratio, height), back(box[2], left, ratio, width),
          back(box[3], top, ratio, height)};
}

}  // namespace gantry::image
