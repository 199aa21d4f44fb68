// SPDX-License-Identifier: Apache-2.0
// Scores from logits, in float32 as torch computes them. A gate is a limit below which no score is computed: a head has
// millions of logits, only a few hundred pass a threshold, and exp() is the expensive part.
#pragma once

#include <cmath>
#include <cstdint>
#include <gantry/detect/decoders.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// torch.sigmoid.
inline float sigmoid(float logit) {
  return 1.0f / (1.0f + std::exp(-logit));
}

/// torch.logit in float64: -infinity for 0, infinity for 1.
inline double logit(double share) {
  return std::log(share / (1 - share));
}

/// Gate for sigmoid: if a logit is not above it, its sigmoid is not above `threshold` (0..1), for any rounding.
float sigmoid_gate(double threshold);
/// Gate for softmax: if a logit minus the row's largest is not above it, its softmax is not above `threshold` (0..1).
float softmax_gate(double threshold);
/// torch.softmax of a row. A NaN, or an infinite maximum, makes the whole row NaN.
void softmax_row(const float* logits, float* scores, std::int64_t count);

/// Whether any value is above the gate; few rows of a head have one. It has no branch, so that the compiler vectorizes
/// the loop.
inline bool any_above(const float* values, std::int64_t count, float gate) {
  unsigned any = 0;
  for (std::int64_t i = 0; i < count; ++i) any |= static_cast<unsigned>(values[i] > gate);
  return any != 0;
}

/// An activation that scores each value by itself: kNone or kSigmoid.
class Pointwise {
 public:
  Pointwise(detect::Activation activation, float threshold)
      : is_sigmoid_(activation == detect::Activation::kSigmoid),
        gate_(is_sigmoid_ ? sigmoid_gate(static_cast<double>(threshold)) : threshold) {}

  /// If false, the score is NaN or not above the threshold.
  bool may_pass(float value) const { return value > gate_; }
  bool may_any_pass(const float* values, std::int64_t count) const { return any_above(values, count, gate_); }
  float operator()(float value) const { return is_sigmoid_ ? sigmoid(value) : value; }
  /// The score if it may be above the threshold, else kNoScore.
  float gated(float value) const { return may_pass(value) ? (*this)(value) : kNoScore; }

 private:
  static constexpr float kNoScore = -1.0f;
  bool is_sigmoid_;
  float gate_;
};

/// "none", "softmax", "sigmoid".
const char* activation_name(detect::Activation activation);

}  // namespace gantry::inline GANTRY_ABI::detail
