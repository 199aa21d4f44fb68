// SPDX-License-Identifier: Apache-2.0
// detect.centernet: xingyizhou/CenterNet, src/lib/models/decode.py, ctdet_decode(). Computes its maximum over 3x3
// scores only around candidates.
#include <algorithm>
#include <gantry/detect/grid.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

/// A map of height x width.
struct Plane {
  std::int64_t height;
  std::int64_t width;

  std::int64_t size() const { return height * width; }
};

/// Whether no neighbour has a larger score or NaN. A larger logit may have the same sigmoid.
bool is_peak(const float* heat, const Plane& plane, std::int64_t x, std::int64_t y, float score,
             const detail::Pointwise& activation) {
  const float own = heat[y * plane.width + x];
  for (std::int64_t row = std::max<std::int64_t>(y - 1, 0); row <= std::min(y + 1, plane.height - 1); ++row)
    for (std::int64_t column = std::max<std::int64_t>(x - 1, 0); column <= std::min(x + 1, plane.width - 1); ++column) {
      const float other = heat[row * plane.width + column];
      if (!(other <= own) && !(activation(other) <= score)) return false;
    }
  return true;
}

/// An index is class * cells + cell.
std::vector<detail::Candidate> peaks(const Centernet& options, const Tensor& heatmap, const Plane& plane) {
  const detail::Pointwise activation(options.activation, options.candidates.score);
  detail::TopCandidates top(options.candidates);
  for (std::int64_t c = 0; c < heatmap.shape()[0]; ++c) {
    if (!detail::passes(options.candidates, c)) continue;
    const float* const heat = detail::values_of(heatmap) + c * plane.size();
    for (std::int64_t cell = 0; cell < plane.size(); ++cell) {
      if (!activation.may_pass(heat[cell])) continue;
      const float score = activation(heat[cell]);
      if (score > top.threshold() && is_peak(heat, plane, cell % plane.width, cell / plane.width, score, activation))
        top.add(score, c * plane.size() + cell);
    }
  }
  return top.take();
}

Result<Detections> run_centernet(const Centernet& options, const Tensors& outputs) {
  GANTRY_ASSIGN_OR_RETURN(auto heatmap, detail::head_tensor(outputs, options.heatmap, {{"C", 1}, {"H", 1}, {"W", 1}}));
  const Plane plane{heatmap.shape()[1], heatmap.shape()[2]};
  GANTRY_ASSIGN_OR_RETURN(auto sizes, detail::head_tensor(outputs, options.sizes, {2, plane.height, plane.width}));
  Result<Tensor> offset = Tensor();
  if (!options.offset.empty()) offset = detail::head_tensor(outputs, options.offset, {2, plane.height, plane.width});
  GANTRY_RETURN_IF_ERROR(offset);
  const float* const size_of = detail::values_of(sizes);
  const float* const offset_of = options.offset.empty() ? nullptr : detail::values_of(*offset);
  const auto stride = static_cast<float>(options.stride);
  return detail::detections_of(
      peaks(options, heatmap, plane),
      [&](std::int64_t index) {
        const std::int64_t cell = index % plane.size(), below = cell + plane.size();
        const float x = static_cast<float>(cell % plane.width) + (offset_of ? offset_of[cell] : 0.5f);
        const float y = static_cast<float>(cell / plane.width) + (offset_of ? offset_of[below] : 0.5f);
        const float half_width = size_of[cell] / 2, half_height = size_of[below] / 2;
        return Box{(x - half_width) * stride, (y - half_height) * stride, (x + half_width) * stride,
                   (y + half_height) * stride};
      },
      [&](std::int64_t index) { return index / plane.size(); });
}

Result<void> check(const Centernet& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_candidates(params.candidates));
  GANTRY_RETURN_IF_ERROR(detail::check_range("stride", params.stride, 1, detail::kMaxSide));
  if (params.activation != Activation::kNone && params.activation != Activation::kSigmoid)
    return Error(ErrorCode::kInvalidArgument, "activation must be none or sigmoid");
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("heatmap", params.heatmap));
  return detail::check_tensor_name("sizes", params.sizes);
}

}  // namespace

Stage<Tensors, Detections> centernet(const Centernet& options) {
  const Centernet params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.centernet", params,
      detail::to_text(params.candidates) + ", stride=" + std::to_string(params.stride) +
          ", activation=" + detail::activation_name(params.activation) + ", heatmap=" + params.heatmap +
          ", sizes=" + params.sizes + ", offset=" + params.offset,
      check(params), [](const Centernet& p, Tensors&& outputs) { return run_centernet(p, outputs); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
