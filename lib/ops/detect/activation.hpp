// SPDX-License-Identifier: Apache-2.0
// Scores from logits, in float32 as torch computes them, and gates: limits below which a score need not be computed.
// Heads have millions of logits, of which a few hundred are above a threshold, and exp() is the expensive part.
#pragma once

#include <cmath>
#include <cstdint>
#include <gantry/detect/decoders.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// torch.sigmoid.
inline float sigmoid(float logit) {
  return 1.0f / (1.0f + std::exp(-logit));
}

/// torch.logit, in float64: an infinity for 0 and 1.
inline double logit(double share) {
  return std::log(share / (1 - share));
}

/// The gate for sigmoid: a logit that is not above it has no sigmoid above `threshold` (0..1), for any rounding.
float sigmoid_gate(double threshold);
/// The gate for softmax: a logit, minus the row's largest, that is not above it has no softmax above `threshold`
/// (0..1).
float softmax_gate(double threshold);
/// torch.softmax of a row. With a NaN, or where the largest is infinite, all of it is NaN.
void softmax_row(const float* logits, float* scores, std::int64_t count);

/// Whether any of them is above the gate; few rows of a head have one. Without a branch, so that the loop becomes one
/// of vectors.
inline bool any_above(const float* values, std::int64_t count, float gate) {
  unsigned any = 0;
  for (std::int64_t i = 0; i < count; ++i) any |= static_cast<unsigned>(values[i] > gate);
  return any != 0;
}

/// A score by itself, which kNone and kSigmoid have.
class Pointwise {
 public:
  Pointwise(detect::Activation activation, float threshold)
      : is_sigmoid_(activation == detect::Activation::kSigmoid),
        gate_(is_sigmoid_ ? sigmoid_gate(static_cast<double>(threshold)) : threshold) {}

  /// False where the score is not above the threshold, or NaN.
  bool may_pass(float value) const { return value > gate_; }
  bool may_any_pass(const float* values, std::int64_t count) const { return any_above(values, count, gate_); }
  float operator()(float value) const { return is_sigmoid_ ? sigmoid(value) : value; }
  /// The score where it may be above the threshold; elsewhere something that is not.
  float gated(float value) const { return may_pass(value) ? (*this)(value) : kNoScore; }

 private:
  static constexpr float kNoScore = -1.0f;
  bool is_sigmoid_;
  float gate_;
};

/// "none", "softmax", "sigmoid".
const char* activation_name(detect::Activation activation);

}  // namespace gantry::inline GANTRY_ABI::detail
