// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/activation.hpp"

#include <limits>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Float32 rounds scores up by less than this.
constexpr double kGateMargin = 1e-6;

}  // namespace

float sigmoid_gate(double threshold) {
  const double least = threshold - kGateMargin;
  if (!(least > 0)) return -std::numeric_limits<float>::infinity();
  // The margin lowered the logit by at least 4e-6; rounding to float32 moves it by at most 8e-7.
  return static_cast<float>(logit(least));
}

float softmax_gate(double threshold) {
  const double least = threshold - kGateMargin;
  if (!(least > 0)) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(std::log(least));
}

void softmax_row(const float* logits, float* scores, std::int64_t count) {
  float largest = -std::numeric_limits<float>::infinity();
  for (std::int64_t i = 0; i < count; ++i) largest = logits[i] > largest ? logits[i] : largest;
  double sum = 0;  // float32 would lose the last digits over thousands of classes
  for (std::int64_t i = 0; i < count; ++i) {
    scores[i] = std::exp(logits[i] - largest);
    sum += static_cast<double>(scores[i]);
  }
  const auto divisor = static_cast<float>(sum);
  for (std::int64_t i = 0; i < count; ++i) scores[i] /= divisor;
}

const char* activation_name(detect::Activation activation) {
  switch (activation) {
    case detect::Activation::kNone:
      return "none";
    case detect::Activation::kSoftmax:
      return "softmax";
    case detect::Activation::kSigmoid:
      return "sigmoid";
  }
  return "unknown";
}

}  // namespace gantry::inline GANTRY_ABI::detail
