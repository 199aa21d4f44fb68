// SPDX-License-Identifier: Apache-2.0
// Heads of detectors by hand, and what decoders make of them as text.
#pragma once

#include <cmath>
#include <cstdint>
#include <gantry/detect.hpp>
#include <string>
#include <vector>

#include "core/number_text.hpp"
#include "ops/run_stage.hpp"

namespace gantry::inline GANTRY_ABI::test {

inline Tensor f32(const Shape& shape, const std::vector<float>& values) {
  return Tensor::from<float>(Span<const float>(values), shape).value();
}
inline Tensor i64(const std::vector<std::int64_t>& values) {
  return Tensor::from<std::int64_t>(Span<const std::int64_t>(values), {static_cast<std::int64_t>(values.size())})
      .value();
}
inline Tensor i32(const std::vector<std::int32_t>& values) {
  return Tensor::from<std::int32_t>(Span<const std::int32_t>(values), {static_cast<std::int64_t>(values.size())})
      .value();
}
inline Tensor zeros(const Shape& shape, DType dtype = DType::kF32) {
  return Tensor::zeros(dtype, shape).value();
}

/// A number with so few digits that rounding does not show.
inline std::string short_text(float value) {
  return std::isfinite(value) ? detail::to_text(std::round(static_cast<double>(value) * 1000) / 1000)
                              : detail::to_text(value);
}

/// "1 0.5 [0, 1, 2, 3]; 0 0.25 [...]": class, score and box of each.
inline std::string text_of(const Detections& detections) {
  std::string text;
  for (const Detection& one : detections) {
    const float numbers[] = {one.box.x0, one.box.y0, one.box.x1, one.box.y1};
    text += (text.empty() ? "" : "; ") + std::to_string(one.index) + " " + short_text(one.score);
    for (std::size_t i = 0; i < 4; ++i) text += (i == 0 ? " [" : ", ") + short_text(numbers[i]);
    text += "]";
  }
  return text;
}
inline std::string text_of(const Result<Detections>& result) {
  return result ? text_of(*result) : result.error().to_string();
}

/// The classes and scores alone: "1 0.5; 0 0.25".
inline std::string scores_of(const Result<Detections>& result) {
  if (!result) return result.error().to_string();
  std::string text;
  for (const Detection& one : *result)
    text += (text.empty() ? "" : "; ") + std::to_string(one.index) + " " + short_text(one.score);
  return text;
}

/// The logit whose sigmoid is `share`.
inline float logit(double share) {
  return static_cast<float>(std::log(share / (1 - share)));
}

}  // namespace gantry::inline GANTRY_ABI::test
