// SPDX-License-Identifier: Apache-2.0
// image.resize, image.resize_short, image.resize_long and image.resize_fit.
#include <algorithm>
#include <cmath>
#include <gantry/image.hpp>
#include <iterator>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/image_op.hpp"
#include "ops/image/pillow_resize.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

using detail::check_side;
using detail::kMaxSide;

struct ResizeShort {
  std::int64_t size;
  Resampling how;
  std::int64_t max_size;  // 0: no limit
  Rounding rounding;
};

struct ResizeLong {
  std::int64_t size;
  Resampling how;
  Rounding rounding;
};

const char* text_of(Rounding rounding) {
  return rounding == Rounding::kRound ? "round" : rounding == Rounding::kHalfUp ? "half_up" : "truncate";
}

/// Accepts truncation, and the one other rule of an op.
Result<void> check(Rounding rounding, Rounding other) {
  if (rounding == Rounding::kTruncate || rounding == other) return {};
  return Error(ErrorCode::kInvalidArgument, std::string("rounding must be truncate or ") + text_of(other));
}

Result<void> check(const ResizeLong& params) {
  GANTRY_RETURN_IF_ERROR(check(params.rounding, Rounding::kHalfUp));
  GANTRY_RETURN_IF_ERROR(check_side("size", params.size));
  return detail::check_resampling(params.how);
}

Result<void> check(const ResizeShort& params) {
  GANTRY_RETURN_IF_ERROR(check(params.rounding, Rounding::kRound));
  GANTRY_RETURN_IF_ERROR(check_side("size", params.size));
  const std::int64_t lowest = params.rounding == Rounding::kRound ? params.size : params.size + 1;
  if (params.max_size != 0) GANTRY_RETURN_IF_ERROR(detail::check_range("max_size", params.max_size, lowest, kMaxSide));
  return detail::check_resampling(params.how);
}

Result<void> check(const Fit& params) {
  GANTRY_RETURN_IF_ERROR(check(params.rounding, Rounding::kRound));
  if (params.fit != FitTo::kInside && params.fit != FitTo::kCover && params.fit != FitTo::kNearest)
    return Error(ErrorCode::kInvalidArgument, "unknown fit");
  GANTRY_RETURN_IF_ERROR(check_side("width", params.width));
  GANTRY_RETURN_IF_ERROR(check_side("height", params.height));
  if (params.multiple != 0) GANTRY_RETURN_IF_ERROR(check_side("multiple", params.multiple));
  if (params.multiple != 0 && params.rounding != Rounding::kRound)
    return Error(ErrorCode::kInvalidArgument, "multiple goes with rounding=round");
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

/// `width` and `height` are whole numbers; an error if no image can have them.
Result<detail::Geometry> to_size(detail::ImageSize image, double width, double height, const Resampling& how) {
  const auto text = [](double side) { return detail::to_text(side); };
  const std::string what = "a " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                           " image would become " + text(width) + "x" + text(height);
  if (width < 1 || height < 1) return Error(ErrorCode::kInvalidArgument, what);
  const auto limit = static_cast<double>(detail::kMaxUnseenSide);  // the visible part is checked later
  if (width > limit || height > limit)
    return Error(ErrorCode::kResourceExhausted,
                 what + ", and sides are at most " + std::to_string(detail::kMaxUnseenSide))
        .with_reason(ErrorReason::kInputTooLarge);
  return detail::Geometry(detail::ResizeTo{{static_cast<std::int64_t>(width), static_cast<std::int64_t>(height)}, how});
}

/// transformers' get_size_with_aspect_ratio() (image_transforms.py), if max_size limits.
Result<detail::Geometry> to_limited_side(const ResizeShort& params, detail::ImageSize image) {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  const auto short_side = static_cast<double>(shorter), long_side = static_cast<double>(longer);
  const double exact = static_cast<double>(params.max_size * shorter) / long_side;
  const double new_short = std::nearbyint(exact);
  if (new_short == short_side) return detail::Geometry(detail::ResizeTo{image, params.how});
  const double new_long = std::trunc(exact * long_side / short_side);
  const bool is_upright = image.width <= image.height;
  return to_size(image, is_upright ? new_short : new_long, is_upright ? new_long : new_short, params.how);
}

/// True if DETR's rule limits the longer side. Its comparison differs from torchvision's in fractions of a pixel.
bool is_limited(const ResizeShort& params, std::int64_t shorter, std::int64_t longer) {
  if (params.max_size == 0 || params.rounding != Rounding::kRound) return false;
  const double ratio = static_cast<double>(longer) / static_cast<double>(shorter);
  return ratio * static_cast<double>(params.size) > static_cast<double>(params.max_size);
}

Result<detail::Geometry> to_shorter_side(const ResizeShort& params, detail::ImageSize image) {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  if (is_limited(params, shorter, longer)) return to_limited_side(params, image);
  const double long_side = python_ratio(params.size, longer, shorter);
  if (params.rounding == Rounding::kTruncate && params.max_size != 0 &&
      long_side > static_cast<double>(params.max_size)) {
    const auto short_side =
        static_cast<std::int64_t>(python_ratio(params.max_size, params.size, static_cast<std::int64_t>(long_side)));
    return to_sides(image, std::max<std::int64_t>(short_side, 1), params.max_size, params.how);
  }
  if (long_side > static_cast<double>(detail::kMaxUnseenSide))
    return Error(ErrorCode::kResourceExhausted, "a " + std::to_string(image.width) + "x" +
                                                    std::to_string(image.height) + " image with its shorter side at " +
                                                    std::to_string(params.size) + " has a side of more than " +
                                                    std::to_string(detail::kMaxUnseenSide))
        .with_reason(ErrorReason::kInputTooLarge);
  return to_sides(image, params.size, static_cast<std::int64_t>(long_side), params.how);
}

Result<detail::Geometry> to_fit(const Fit& params, detail::ImageSize image) {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  const auto to_width = static_cast<double>(params.width), to_height = static_cast<double>(params.height);
  const double scale_x = to_width / width, scale_y = to_height / height;
  const double ratio_x = width / to_width, ratio_y = height / to_height;
  double scale = std::min(scale_x, scale_y), ratio = std::max(ratio_x, ratio_y);
  if (params.fit == FitTo::kCover) scale = std::max(scale_x, scale_y), ratio = std::min(ratio_x, ratio_y);
  if (params.fit == FitTo::kNearest) {
    const bool by_width = std::abs(1 - scale_x) < std::abs(1 - scale_y);
    scale = by_width ? scale_x : scale_y;
    ratio = by_width ? ratio_x : ratio_y;
  }
  const auto side_of = [&](double side) {
    const auto multiple = static_cast<double>(params.multiple);
    if (params.multiple != 0) return std::nearbyint(scale * side / multiple) * multiple;
    return params.rounding == Rounding::kRound ? std::nearbyint(side / ratio) : std::trunc(side * scale);
  };
  return to_size(image, side_of(width), side_of(height), params.how);
}

Result<detail::Geometry> to_longer_side(const ResizeLong& params, detail::ImageSize image) {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  if (params.rounding == Rounding::kHalfUp) {
    const double scale = static_cast<double>(params.size) / static_cast<double>(longer);
    const auto scaled = [&](std::int64_t side) { return std::trunc(static_cast<double>(side) * scale + 0.5); };
    return to_size(image, scaled(image.width), scaled(image.height), params.how);
  }
  const auto short_side = static_cast<std::int64_t>(python_ratio(params.size, shorter, longer));
  return detail::Geometry(to_sides(image, std::max<std::int64_t>(short_side, 1), params.size, params.how));
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

Stage<Image, Image> resize_short(std::int64_t size, const Resampling& how, std::int64_t max_size, Rounding rounding) {
  const ResizeShort params{size, how, max_size, rounding};
  std::string text = "size=" + std::to_string(size) + ", " + detail::to_text(how);
  if (max_size != 0) text += ", max_size=" + std::to_string(max_size);
  if (rounding != Rounding::kTruncate) text += std::string(", rounding=") + text_of(rounding);
  return detail::make_geometry_op("image.resize_short", params, std::move(text), check(params), to_shorter_side);
}

Stage<Image, Image> resize_fit(const Fit& options) {
  const char* const fits[] = {"inside", "cover", "nearest"};
  const auto fit = static_cast<std::size_t>(options.fit);
  std::string text = "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height) +
                     ", fit=" + (fit < std::size(fits) ? fits[fit] : "unknown") +
                     ", rounding=" + text_of(options.rounding) + ", " + detail::to_text(options.how);
  if (options.multiple != 0) text += ", multiple=" + std::to_string(options.multiple);
  return detail::make_geometry_op("image.resize_fit", options, std::move(text), check(options), to_fit);
}

Stage<Image, Image> resize_long(std::int64_t size, const Resampling& how, Rounding rounding) {
  const ResizeLong params{size, how, rounding};
  std::string text = "size=" + std::to_string(size) + ", " + detail::to_text(how);
  if (rounding != Rounding::kTruncate) text += std::string(", rounding=") + text_of(rounding);
  return detail::make_geometry_op("image.resize_long", params, std::move(text), check(params), to_longer_side);
}

}  // namespace gantry::inline GANTRY_ABI::image
