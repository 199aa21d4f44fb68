// SPDX-License-Identifier: Apache-2.0
// Candidates of a table of scores with a row for each box and a column for each class.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/detect/candidates.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// f32[rows, classes], and what makes scores of it.
struct ClassScores {
  const float* values;
  std::int64_t rows;
  std::int64_t classes;
  detect::Activation activation = detect::Activation::kNone;
  std::int64_t background = -1;  ///< the class that is no candidate; -1: none
};

/// Of each row its best class, or each that is above the threshold, as row * classes + class. The best of all rows.
std::vector<Candidate> best_of(const ClassScores& scores, const detect::Candidates& rules, bool multi_label);

}  // namespace gantry::inline GANTRY_ABI::detail
