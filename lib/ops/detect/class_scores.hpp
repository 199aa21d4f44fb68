// SPDX-License-Identifier: Apache-2.0
// Selects candidates from a table of scores with a row per box and a column per class.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/detect/candidates.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// f32[rows, classes], and the activation for them.
struct ClassScores {
  const float* values;
  std::int64_t rows;
  std::int64_t classes;
  detect::Activation activation = detect::Activation::kNone;
  std::int64_t background = -1;  ///< the class that is no candidate; -1: none
};

/// The best of all rows, as row * classes + class: a row's best class, or if `multi_label` all above the threshold.
std::vector<Candidate> best_of(const ClassScores& scores, const detect::Candidates& rules, bool multi_label);

}  // namespace gantry::inline GANTRY_ABI::detail
