// SPDX-License-Identifier: Apache-2.0
// The mask of one detection at the size of its picture.
#pragma once

#include <cmath>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/detect/soft_mask.hpp>
#include <gantry/frame.hpp>
#include <gantry/result.hpp>
#include <gantry/segment/run_lengths.hpp>
#include <gantry/tensor.hpp>
#include <vector>

#include "ops/segment/bilinear.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Whether a coordinate is finite and at most 2^31 in magnitude.
inline bool is_near(float place) {
  constexpr float kFarthest = 0x1p31f;
  return std::fabs(place) <= kFarthest;
}

/// Whether a mask can be pasted onto the box: all its coordinates are near.
inline bool is_placed(const Box& box) {
  return is_near(box.x0) && is_near(box.y0) && is_near(box.x1) && is_near(box.y1);
}

/// The work budget of all masks of a call, and its deadline.
///
/// Ownership: borrows the call.
/// Threads:   one thread.
/// Errors:    resource_exhausted once the budget is spent; those of call.interruption().
/// Cost:      begin_column() reads the clock in one call of 32.
class PasteBudget {
 public:
  explicit PasteBudget(const CallContext& call) : call_(call) {}

  /// Spends columns * values.
  Result<void> spend(std::int64_t columns, std::int64_t values);
  Result<void> begin_column();

 private:
  const CallContext& call_;
  std::int64_t left_ = std::int64_t{1} << 32;
  std::uint32_t columns_ = 0;
};

/// Pastes probabilities f32[h, w] over `box`, in the picture's own pixels. The frame says how the picture lies in the
/// model's input.
Result<RunLengths> paste_over_box(const Tensor& probabilities, const Box& box, const Frame& frame, float threshold,
                                  PasteBudget& budget);

/// Makes the masks of one picture, which share their prototypes.
class PrototypePaste {
 public:
  /// `prototypes`: contiguous f32[k, h, w].
  PrototypePaste(const Frame& frame, const Tensor& prototypes, std::int64_t stride);

  bool is_for(const Frame& frame, const Tensor& prototypes, std::int64_t stride) const {
    return frame == frame_ && prototypes.data() == prototypes_.data() && prototypes.shape() == prototypes_.shape() &&
           stride == stride_;
  }
  /// `coefficients`: f32[k]; `box`: in pixels of the model's input.
  Result<RunLengths> paste(const Tensor& coefficients, const Box& box, float gate, PasteBudget& budget) const;

 private:
  /// A half-open range.
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t count() const { return end - begin; }
    bool is_empty() const { return end <= begin; }
  };
  /// Logits within the box, as lines along the picture's columns, surrounded by zeros.
  struct Crop {
    Range lines;
    Range elements;
    std::vector<float> values;
    const float* line(std::int64_t index) const;
  };
  class InputLines;

  Crop crop_of(const Box& box) const;
  void fill(Crop& crop, const Tensor& coefficients) const;
  Range shown(const PlaneAxis& axis, const Range& prototypes) const;

  Frame frame_;
  Tensor prototypes_;
  std::int64_t stride_;
  PlaneAxis across_;  // the picture's columns in the input's lines
  PlaneAxis down_;    // its rows along a line
};

}  // namespace gantry::inline GANTRY_ABI::detail
