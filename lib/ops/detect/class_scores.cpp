// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/class_scores.hpp"

#include "ops/detect/activation.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr float kNoScore = -1.0f;

/// The softmax runs over all classes of a row, including the background.
std::vector<Candidate> best_by_softmax(const ClassScores& scores, const detect::Candidates& rules, bool multi_label) {
  if (scores.rows == 0) return {};  // an empty table may have too many classes to allocate
  TopCandidates top(rules);
  std::vector<float> shares(static_cast<std::size_t>(scores.classes));
  const float* row = scores.values;
  for (std::int64_t i = 0; i < scores.rows; ++i, row += scores.classes) {
    softmax_row(row, shares.data(), scores.classes);
    add_row(top, rules, multi_label, i, scores.classes,
            [&](std::int64_t c) { return c == scores.background ? kNoScore : shares[static_cast<std::size_t>(c)]; });
  }
  return top.take();
}

}  // namespace

std::vector<Candidate> best_of(const ClassScores& scores, const detect::Candidates& rules, bool multi_label) {
  if (scores.activation == detect::Activation::kSoftmax) return best_by_softmax(scores, rules, multi_label);
  const Pointwise score(scores.activation, rules.score);
  TopCandidates top(rules);
  const float* row = scores.values;
  for (std::int64_t i = 0; i < scores.rows; ++i, row += scores.classes)
    if (score.may_any_pass(row, scores.classes))
      add_row(top, rules, multi_label, i, scores.classes,
              [&](std::int64_t c) { return c == scores.background ? kNoScore : score.gated(row[c]); });
  return top.take();
}

}  // namespace gantry::inline GANTRY_ABI::detail
