// SPDX-License-Identifier: Apache-2.0
// image.pad, as torchvision's Pad on PIL images.
#include <algorithm>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"
#include "ops/parameters.hpp"

namespace gantry::image {
namespace {

const char* name_of(PadMode mode) {
  return mode == PadMode::kEdge ? "edge" : mode == PadMode::kReflect ? "reflect" : "constant";
}

Result<void> check(const Pad& options) {
  using Side = std::pair<const char*, std::int64_t>;
  for (const auto& [name, size] : {Side{"left", options.left}, Side{"top", options.top}, Side{"right", options.right},
                                   Side{"bottom", options.bottom}})
    if (auto ok = detail::check_range(name, size, 0, detail::kMaxSide); !ok) return ok;
  if (options.mode == PadMode::kConstant || options.mode == PadMode::kEdge || options.mode == PadMode::kReflect)
    return {};
  return Error(ErrorCode::kInvalidArgument, "unknown mode");
}

Result<detail::Geometry> to_padded(const Pad& options, detail::ImageSize image) {
  const detail::ImageSize size = {image.width + options.left + options.right,
                                  image.height + options.top + options.bottom};
  if (options.mode == PadMode::kConstant)
    return detail::Geometry(detail::Window{-options.left, -options.top, size, options.value});
  const bool fits =
      std::max(options.left, options.right) < image.width && std::max(options.top, options.bottom) < image.height;
  if (options.mode == PadMode::kReflect && !fits)
    return Error(ErrorCode::kInvalidArgument, "a border that mirrors the image must be smaller than it, which is " +
                                                  std::to_string(image.width) + "x" + std::to_string(image.height));
  return detail::Geometry(detail::Extend{options.left, options.top, size, options.mode});
}

}  // namespace

Stage<Image, Image> pad(const Pad& options) {
  std::string text = "left=" + std::to_string(options.left) + ", top=" + std::to_string(options.top) +
                     ", right=" + std::to_string(options.right) + ", bottom=" + std::to_string(options.bottom) +
                     ", value=" + std::to_string(options.value);
  if (options.mode != PadMode::kConstant) text += std::string(", mode=") + name_of(options.mode);
  return detail::make_geometry_op("image.pad", options, std::move(text), check(options), to_padded);
}

}  // namespace gantry::image
