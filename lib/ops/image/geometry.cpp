// SPDX-License-Identifier: Apache-2.0
// Carries out geometric steps one after the other, each on a whole image.
#include "ops/image/geometry.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_engine.hpp"
#include "ops/image/padding.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<void> check_image_bytes(ImageSize size, std::size_t channels) {
  const auto pixel_bytes = static_cast<std::int64_t>(channels);
  if (size.width <= kMaxImageSize / pixel_bytes / size.height) return {};
  return Error(ErrorCode::kResourceExhausted,
               "an image of " + std::to_string(size.width) + "x" + std::to_string(size.height) + " pixels of " +
                   std::to_string(channels) + " bytes exceeds the limit of " + std::to_string(kMaxImageSize) + " bytes")
      .with_reason(ErrorReason::kInputTooLarge);
}

std::string to_text(const image::Fill& fill) {
  if (fill.channels() == 0) return std::to_string(fill[0]);
  std::string text = "[" + std::to_string(fill[0]);
  for (std::size_t c = 1; c < fill.channels(); ++c) text += ", " + std::to_string(fill[c]);
  return text + "]";
}

Result<void> check_fill(const GeometryStep& step, std::size_t channels) {
  const auto* window = std::get_if<Window>(&step);
  if (!window || window->fill.channels() == 0 || window->fill.channels() == channels) return {};
  return Error(ErrorCode::kInvalidArgument, "value " + to_text(window->fill) + " has " +
                                                std::to_string(window->fill.channels()) +
                                                " numbers, but the image has " + std::to_string(channels) +
                                                (channels == 1 ? " channel" : " channels"));
}

Result<void> check_resized_sides(ImageSize size) {
  if (std::max(size.width, size.height) <= kMaxSide) return {};
  return Error(ErrorCode::kResourceExhausted, "resizing to " + std::to_string(size.width) + "x" +
                                                  std::to_string(size.height) + " pixels makes a side of more than " +
                                                  std::to_string(kMaxSide))
      .with_reason(ErrorReason::kInputTooLarge);
}

Result<Image> carry_out(const GeometryStep& step, const Image& image) {
  GANTRY_RETURN_IF_ERROR(check_fill(step, image.channels()));
  RowPass pass(size_of(image));
  if (!pass.add(step)) return extended(image, std::get<Extend>(step));
  if (pass.resize()) GANTRY_RETURN_IF_ERROR(check_resized_sides(pass.visible().size));
  return run_pass(pass, image);
}

Result<Image> carry_out(const Geometry& geometry, Image image) {
  for (const GeometryStep& step : geometry) {
    GANTRY_ASSIGN_OR_RETURN(image, carry_out(step, image));
  }
  return image;
}

}  // namespace gantry::inline GANTRY_ABI::detail
