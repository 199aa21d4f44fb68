// SPDX-License-Identifier: Apache-2.0
// detect.crop. Computes in double, so that every language rounds to the same pixels.
#include <algorithm>
#include <cmath>
#include <gantry/detect/crop.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

constexpr double kLeastMargin = -0.45;
constexpr double kMostMargin = 10;

/// begin..end along one axis.
struct Extent {
  double begin;
  double end;

  double length() const { return end - begin; }
  Extent grown(double by) const { return {begin - by, end + by}; }
};

/// Whole pixels along one axis, at least one.
struct Pixels {
  std::int64_t begin;
  std::int64_t count;
};

Pixels pixels_of(const Extent& extent, std::int64_t pixels, CropRounding rounding) {
  const auto side = static_cast<double>(pixels);
  const bool is_nearest = rounding == CropRounding::kNearest;
  const double first = is_nearest ? std::nearbyint(extent.begin) : std::trunc(extent.begin) - 1;
  const double begin = std::clamp(first, 0.0, side - 1);
  const double end = std::clamp(is_nearest ? std::nearbyint(extent.end) : std::trunc(extent.end), begin + 1, side);
  return {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end - begin)};
}

/// Maps the picture's own pixels to those of the image.
Extent extent_in(const FrameAxis* axis, float begin, float end) {
  Extent extent{static_cast<double>(begin), static_cast<double>(end)};
  if (axis != nullptr) extent = {axis->forth(extent.begin), axis->forth(extent.end)};
  return {std::min(extent.begin, extent.end), std::max(extent.begin, extent.end)};
}

struct Rectangle {
  Extent across;
  Extent down;
};

/// The box in the image's pixels.
Rectangle rectangle_of(const Box& box, const Frame* frame) {
  const bool is_turned = frame != nullptr && frame->is_turned;
  const Box turned = is_turned ? Box{box.y0, box.x0, box.y1, box.x1} : box;
  return {extent_in(frame != nullptr ? &frame->x : nullptr, turned.x0, turned.x1),
          extent_in(frame != nullptr ? &frame->y : nullptr, turned.y0, turned.y1)};
}

Rectangle grown(const Rectangle& from, const Crop& options) {
  Rectangle larger{from.across.grown(options.margin * from.across.length()),
                   from.down.grown(options.margin * from.down.length())};
  if (!options.square) return larger;
  const double missing = larger.across.length() - larger.down.length();
  if (missing > 0)
    larger.down = larger.down.grown(missing / 2);
  else
    larger.across = larger.across.grown(-missing / 2);
  return larger;
}

bool is_finite(const Box& box) {
  return std::isfinite(box.x0) && std::isfinite(box.y0) && std::isfinite(box.x1) && std::isfinite(box.y1);
}

Result<void> check(const Crop& options) {
  if (options.rounding > CropRounding::kFacenet) return Error(ErrorCode::kInvalidArgument, "unknown rounding");
  return detail::check_range("margin", options.margin, kLeastMargin, kMostMargin);
}

Result<std::vector<Image>> crops_of(const Crop& options, const std::tuple<Image, Detections>& input,
                                    const CallContext& call) {
  const auto& [image, detections] = input;
  const Frame* const known = call.element_frame(0);
  const Frame frame = known != nullptr ? *known : Frame::of(image.width(), image.height());
  std::vector<Image> crops;
  std::vector<std::optional<Frame>> frames;
  for (std::size_t i = 0; i < detections.size(); ++i) {
    if (!is_finite(detections[i].box))
      return Error(ErrorCode::kInvalidArgument, "the box of detection " + std::to_string(i) + " is not finite");
    const Rectangle part = grown(rectangle_of(detections[i].box, known), options);
    const Pixels across = pixels_of(part.across, image.width(), options.rounding),
                 down = pixels_of(part.down, image.height(), options.rounding);
    GANTRY_ASSIGN_OR_RETURN(auto crop, image.crop(across.begin, down.begin, across.count, down.count));
    crops.push_back(std::move(crop));
    frames.push_back(frame.cropped(static_cast<double>(across.begin), static_cast<double>(down.begin)));
  }
  call.set_frame(frame);
  call.set_element_frames(std::move(frames));
  return crops;
}

}  // namespace

Stage<std::tuple<Image, Detections>, std::vector<Image>> crop(const Crop& options) {
  std::string text = "margin=" + detail::to_text(options.margin) + (options.square ? ", square=true" : "") +
                     (options.rounding == CropRounding::kFacenet ? ", rounding=facenet" : "");
  return detail::make_op<std::tuple<Image, Detections>, std::vector<Image>>(
      "detect.crop", options, std::move(text), check(options),
      [](const Crop& p, std::tuple<Image, Detections>&& input, const CallContext& call) {
        return crops_of(p, input, call);
      });
}

}  // namespace gantry::inline GANTRY_ABI::detect
