// SPDX-License-Identifier: Apache-2.0
// Geometric steps carried out one after the other, each on a whole image.
#include "ops/image/geometry.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "ops/image/orientation.hpp"
#include "ops/image/padding.hpp"
#include "ops/image/resample.hpp"
#include "ops/parameters.hpp"

namespace gantry::detail {
namespace {

Result<Image> apply_window(const Window& window, const Image& source) {
  const std::int64_t right = window.left + window.size.width;
  const std::int64_t bottom = window.top + window.size.height;
  image::Pad border;
  border.left = std::max<std::int64_t>(-window.left, 0);
  border.top = std::max<std::int64_t>(-window.top, 0);
  border.right = std::max<std::int64_t>(right - source.width(), 0);
  border.bottom = std::max<std::int64_t>(bottom - source.height(), 0);
  border.value = window.fill;
  auto large_enough = padded(source, border);
  if (!large_enough) return large_enough;
  return large_enough->crop(window.left + border.left, window.top + border.top, window.size.width, window.size.height);
}

}  // namespace

ImageSize size_after(const GeometryStep& step, ImageSize before) {
  if (const auto* resize = std::get_if<ResizeTo>(&step)) return resize->size;
  if (const auto* window = std::get_if<Window>(&step)) return window->size;
  return before;
}

Result<void> check_image_bytes(ImageSize size, std::size_t channels) {
  const auto pixel_bytes = static_cast<std::int64_t>(channels);
  if (size.width <= kMaxImageSize / pixel_bytes / size.height) return {};
  return Error(ErrorCode::kResourceExhausted, "an image of " + std::to_string(size.width) + "x" +
                                                  std::to_string(size.height) + " pixels of " +
                                                  std::to_string(channels) + " bytes exceeds the limit of " +
                                                  std::to_string(kMaxImageSize) + " bytes");
}

Result<Image> carry_out(const GeometryStep& step, const Image& image) {
  if (const auto* resize = std::get_if<ResizeTo>(&step))
    return resample(image, resize->size.width, resize->size.height, resize->how);
  if (const auto* window = std::get_if<Window>(&step)) return apply_window(*window, image);
  return oriented(image, std::get<Mirror>(step).axis == image::FlipAxis::kHorizontal ? Orientation::kFlipLeftRight
                                                                                     : Orientation::kFlipTopBottom);
}

Result<Image> carry_out(const Geometry& geometry, Image image) {
  for (const GeometryStep& step : geometry) {
    auto next = carry_out(step, image);
    if (!next) return next;
    image = *std::move(next);
  }
  return image;
}

}  // namespace gantry::detail
