// SPDX-License-Identifier: Apache-2.0
// image.pad, as torchvision's Pad on PIL images, and image.pad_to.
#include <algorithm>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/image_op.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

const char* name_of(PadMode mode) {
  return mode == PadMode::kEdge ? "edge" : mode == PadMode::kReflect ? "reflect" : "constant";
}

Result<void> check(const Pad& options) {
  using Side = std::pair<const char*, std::int64_t>;
  for (const auto& [name, size] : {Side{"left", options.left}, Side{"top", options.top}, Side{"right", options.right},
                                   Side{"bottom", options.bottom}})
    GANTRY_RETURN_IF_ERROR(detail::check_range(name, size, 0, detail::kMaxSide));
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

/// The kind of size that PadTo asks for.
enum class Target { kSize, kMultiple, kSquare };

Result<Target> target_of(const PadTo& options) {
  const bool has_size = options.width != 0 || options.height != 0;
  if (has_size + (options.multiple != 0) + options.square != 1)
    return Error(ErrorCode::kInvalidArgument, "takes one of width and height, multiple, square");
  return has_size ? Target::kSize : options.square ? Target::kSquare : Target::kMultiple;
}

Result<void> check(const PadTo& options) {
  GANTRY_ASSIGN_OR_RETURN(const Target target, target_of(options));
  if (options.anchor != Anchor::kCentre && options.anchor != Anchor::kTopLeft)
    return Error(ErrorCode::kInvalidArgument, "unknown anchor");
  if (target == Target::kMultiple) return detail::check_side("multiple", options.multiple);
  if (target == Target::kSquare) return {};
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", options.width));
  return detail::check_side("height", options.height);
}

std::string text_of(const PadTo& options) {
  const Result<Target> target = target_of(options);
  std::string text = "unknown";
  if (target && *target == Target::kSquare) text = "square=true";
  if (target && *target == Target::kMultiple) text = "multiple=" + std::to_string(options.multiple);
  if (target && *target == Target::kSize)
    text = "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height);
  if (options.anchor == Anchor::kTopLeft) text += ", anchor=top_left";
  return text + ", value=" + detail::to_text(options.value);
}

std::int64_t next_multiple(std::int64_t side, std::int64_t multiple) {
  return (side + multiple - 1) / multiple * multiple;
}

Result<detail::Geometry> to_larger(const PadTo& options, detail::ImageSize image) {
  detail::ImageSize size = {options.width, options.height};
  if (options.square) size.width = size.height = std::max(image.width, image.height);
  if (options.multiple != 0)
    size = {next_multiple(image.width, options.multiple), next_multiple(image.height, options.multiple)};
  if (size.width < image.width || size.height < image.height)
    return Error(ErrorCode::kInvalidArgument, "the image of " + std::to_string(image.width) + "x" +
                                                  std::to_string(image.height) + " pixels is larger than " +
                                                  std::to_string(size.width) + "x" + std::to_string(size.height));
  if (options.anchor == Anchor::kTopLeft) return detail::Geometry(detail::Window{0, 0, size, options.value});
  return detail::Geometry(
      detail::Window{-((size.width - image.width) / 2), -((size.height - image.height) / 2), size, options.value});
}

}  // namespace

Stage<Image, Image> pad_to(const PadTo& options) {
  return detail::make_geometry_op("image.pad_to", options, text_of(options), check(options), to_larger);
}

Stage<Image, Image> pad(const Pad& options) {
  std::string text = "left=" + std::to_string(options.left) + ", top=" + std::to_string(options.top) +
                     ", right=" + std::to_string(options.right) + ", bottom=" + std::to_string(options.bottom) +
                     ", value=" + detail::to_text(options.value);
  if (options.mode != PadMode::kConstant) text += std::string(", mode=") + name_of(options.mode);
  return detail::make_geometry_op("image.pad", options, std::move(text), check(options), to_padded);
}

}  // namespace gantry::inline GANTRY_ABI::image
