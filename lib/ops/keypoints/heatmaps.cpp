// SPDX-License-Identifier: Apache-2.0
// keypoints.heatmaps.
#include <cmath>
#include <gantry/keypoints.hpp>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::keypoints {
namespace {

constexpr const char* kRefinements[] = {"none", "quarter"};
/// Peaks nearer to the edge are not refined.
constexpr std::int64_t kFirstRefined = 2;
constexpr float kQuarterCell = 0.25f;

struct Map {
  const float* values;
  std::int64_t width;
  std::int64_t height;

  float at(std::int64_t x, std::int64_t y) const { return values[y * width + x]; }
};

struct Peak {
  std::int64_t x = 0;
  std::int64_t y = 0;
  float value = 0;
};

/// The first maximum; NaN if the map has a NaN.
Peak peak_of(const Map& map) {
  const std::int64_t cells = map.width * map.height;
  std::int64_t best = 0;
  for (std::int64_t i = 0; i < cells; ++i) {
    if (std::isnan(map.values[i])) return {0, 0, map.values[i]};
    if (map.values[i] > map.values[best]) best = i;
  }
  return {best % map.width, best / map.width, map.values[best]};
}

/// A quarter towards the larger of two neighbours; 0 if they are equal, even infinite.
float quarter(float before, float behind) {
  return behind > before ? kQuarterCell : behind < before ? -kQuarterCell : 0.0f;
}

Keypoint keypoint_of(const Heatmaps& options, const Map& map) {
  const Peak peak = peak_of(map);
  const float score = options.activation == detect::Activation::kSigmoid ? detail::sigmoid(peak.value) : peak.value;
  if (!(score > 0)) return {0, 0, score};
  auto x = static_cast<float>(peak.x), y = static_cast<float>(peak.y);
  const auto is_within = [](std::int64_t place, std::int64_t side) {
    return place >= kFirstRefined && place + 1 < side;
  };
  if (options.refine == Refine::kQuarter && is_within(peak.x, map.width) && is_within(peak.y, map.height)) {
    x += quarter(map.at(peak.x - 1, peak.y), map.at(peak.x + 1, peak.y));
    y += quarter(map.at(peak.x, peak.y - 1), map.at(peak.x, peak.y + 1));
  }
  const auto stride = static_cast<float>(options.stride);
  return {x * stride, y * stride, score};
}

Result<Keypoints> run(const Heatmaps& options, const Tensor& tensor, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto maps, detail::head_tensor(tensor, "the heat maps", {"N", {"H", 1}, {"W", 1}}));
  const std::int64_t width = maps.shape()[2], height = maps.shape()[1];
  std::vector<Keypoint> points;
  points.reserve(static_cast<std::size_t>(maps.shape()[0]));
  for (std::int64_t i = 0; i < maps.shape()[0]; ++i) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    points.push_back(keypoint_of(options, {detail::values_of(maps) + i * width * height, width, height}));
  }
  return Keypoints(std::move(points));
}

Result<void> check(const Heatmaps& options) {
  if (options.refine > Refine::kQuarter) return Error(ErrorCode::kInvalidArgument, "unknown refine");
  if (options.activation != detect::Activation::kNone && options.activation != detect::Activation::kSigmoid)
    return Error(ErrorCode::kInvalidArgument, "activation must be none or sigmoid");
  return detail::check_side("stride", options.stride);
}

std::string text_of(const Heatmaps& options) {
  const auto refine = static_cast<std::size_t>(options.refine);
  return "stride=" + std::to_string(options.stride) +
         ", refine=" + (refine < std::size(kRefinements) ? kRefinements[refine] : "unknown") +
         ", activation=" + detail::activation_name(options.activation);
}

}  // namespace

Stage<Tensor, Keypoints> heatmaps(const Heatmaps& options) {
  return detail::make_op<Tensor, Keypoints>(
      "keypoints.heatmaps", options, text_of(options), check(options),
      [](const Heatmaps& p, Tensor&& tensor, const CallContext& call) { return run(p, tensor, call); });
}

}  // namespace gantry::inline GANTRY_ABI::keypoints
