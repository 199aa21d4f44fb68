// SPDX-License-Identifier: Apache-2.0
// The codec of Masks: [{"size": [height, width], "counts": "..."}].
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gantry/registry.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/ops.hpp"
#include "ops/segment/mask_json.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// At most 1/4 of a mask's pixels may differ.
constexpr std::int64_t kLargestShare = 4;

/// How many pixels may differ: the outline may move by the tolerance of a place, but by no more than a quarter of the
/// mask.
std::int64_t allowed_pixels(const RunLengths& expected, const Tolerance& tolerance) {
  if (tolerance.is_exact) return 0;
  const auto box = expected.bounding_box();
  const double off =
      tolerance.atol + tolerance.rtol * static_cast<double>(std::max(expected.height(), expected.width()));
  const double pixels = std::ceil(off * 2 * static_cast<double>(box[2] + box[3]));
  return static_cast<std::int64_t>(std::clamp(pixels, 0.0, static_cast<double>(expected.area() / kLargestShare)));
}

void write_masks(const Masks& masks, JsonWriter& json) {
  json.begin_list();
  for (const RunLengths& mask : masks) write_mask(mask, json);
  json.end_list();
}

Result<Masks> read_masks(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(const auto items, json.items());
  std::vector<RunLengths> masks;
  for (const JsonView& item : items) {
    GANTRY_ASSIGN_OR_RETURN(auto mask, read_mask(item));
    masks.push_back(std::move(mask));
  }
  return Masks(std::move(masks));
}

Result<Tensors> masks_to_tensors(const Masks& masks) {
  std::vector<const RunLengths*> all;
  for (const RunLengths& mask : masks) all.push_back(&mask);
  GANTRY_ASSIGN_OR_RETURN(auto planes, mask_planes(all));
  return Tensors{{"masks", std::move(planes)}};
}

Result<Masks> masks_from_tensors(const Tensors& tensors) {
  if (tensors.size() != 1)
    return Error(ErrorCode::kInvalidArgument, "expected one tensor, got " + std::to_string(tensors.size()));
  const Tensor& planes = tensors[0].tensor;
  const bool is_byte = planes.dtype() == DType::kU8 || planes.dtype() == DType::kBool;
  if (!is_byte || planes.rank() != 3)
    return Error(ErrorCode::kInvalidArgument, "masks are u8[n, height, width], got " + planes.to_string());
  std::vector<RunLengths> masks;
  for (std::int64_t i = 0; i < planes.shape()[0]; ++i) {
    GANTRY_ASSIGN_OR_RETURN(const auto plane, planes.select(0, i));
    GANTRY_ASSIGN_OR_RETURN(auto mask, RunLengths::of(plane));
    masks.push_back(std::move(mask));
  }
  return Masks(std::move(masks));
}

std::optional<std::string> masks_difference(const Masks& expected, const Masks& got, const Tolerance& tolerance) {
  if (expected.size() != got.size())
    return "expected " + std::to_string(expected.size()) + " masks, got " + std::to_string(got.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    if (auto text = mask_difference(expected[i], got[i], tolerance))
      return "masks[" + std::to_string(i) + "]: " + *text;
  return std::nullopt;
}

std::string line_of(const Masks& masks) {
  std::string text = std::to_string(masks.size()) + " masks";
  for (std::size_t i = 0; i < masks.size(); ++i) text += (i == 0 ? ": " : "; ") + mask_text(masks[i]);
  return text;
}

}  // namespace

void write_mask(const RunLengths& mask, JsonWriter& json) {
  json.begin_object().key("size").begin_list().value(mask.height()).value(mask.width()).end_list();
  json.field("counts", mask.to_string()).end_object();
}

Result<RunLengths> read_mask(const JsonView& json) {
  JsonFields fields(json);
  const JsonView size = fields.require("size");
  const std::string counts = fields.string("counts");
  GANTRY_RETURN_IF_ERROR(fields.finish());
  GANTRY_ASSIGN_OR_RETURN(const auto sides, size.items());
  if (sides.size() != 2) return size.error("expected [height, width], got " + std::to_string(sides.size()) + " items");
  GANTRY_ASSIGN_OR_RETURN(const auto height, sides[0].integer());
  GANTRY_ASSIGN_OR_RETURN(const auto width, sides[1].integer());
  auto mask = RunLengths::parse(counts, height, width);
  if (!mask) return json.error(mask.error().message());
  return mask;
}

std::optional<std::string> mask_difference(const RunLengths& expected, const RunLengths& got,
                                           const Tolerance& tolerance) {
  if (expected.height() != got.height() || expected.width() != got.width() || expected.empty() != got.empty())
    return "expected a mask of " + mask_text(expected) + ", got " + mask_text(got);
  const std::int64_t differing = expected.differing_pixels(got), allowed = allowed_pixels(expected, tolerance);
  if (differing <= allowed) return std::nullopt;
  return std::to_string(differing) + " pixels differ from the mask of " + mask_text(expected) + "; " +
         (allowed > 0 ? std::to_string(allowed) + " may (" : "none may (") + tolerance.to_string() + ")";
}

Result<Tensor> mask_planes(const std::vector<const RunLengths*>& masks) {
  const std::int64_t height = masks.empty() ? 0 : masks[0]->height(), width = masks.empty() ? 0 : masks[0]->width();
  for (std::size_t i = 0; i < masks.size(); ++i) {
    GANTRY_RETURN_IF_ERROR(masks[i]->check());
    if (masks[i]->height() != height || masks[i]->width() != width)
      return Error(ErrorCode::kInvalidArgument, "masks of several sizes make no tensor: mask 0 is of " +
                                                    mask_text(*masks[0]) + ", mask " + std::to_string(i) + " of " +
                                                    mask_text(*masks[i]));
  }
  auto planes = Tensor::make(DType::kU8, {static_cast<std::int64_t>(masks.size()), height, width});
  if (!planes) return planes;
  auto* bytes = static_cast<std::uint8_t*>(planes->mutable_data());
  for (const RunLengths* mask : masks) {
    GANTRY_ASSIGN_OR_RETURN(const auto plane, mask->to_tensor());
    std::memcpy(bytes, plane.data(), plane.size_bytes());
    bytes += plane.size_bytes();
  }
  return planes;
}

std::string mask_text(const RunLengths& mask) {
  if (mask.empty()) return "no size";
  return std::to_string(mask.width()) + "x" + std::to_string(mask.height()) + " with " + std::to_string(mask.area()) +
         " pixels";
}

void add_masks_codec(Registry& registry) {
  Codec<Masks> codec;
  codec.name = "masks";
  codec.write_json = write_masks;
  codec.read_json = read_masks;
  codec.to_tensors = masks_to_tensors;
  codec.from_tensors = [](const Tensors& tensors) { return masks_from_tensors(tensors); };
  codec.difference = masks_difference;
  codec.line = line_of;
  registry.add_codec(codec);
}

}  // namespace gantry::inline GANTRY_ABI::detail
