// SPDX-License-Identifier: Apache-2.0
// The order of candidates is total, so the selection does not depend on the order of insertion.
#include "ops/detect/candidates.hpp"

#include <algorithm>

#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

bool is_before(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

}  // namespace

Result<void> check_candidates(const detect::Candidates& rules) {
  GANTRY_RETURN_IF_ERROR(check_range("score", rules.score, 0, 1));
  GANTRY_RETURN_IF_ERROR(check_range("top", rules.top, 1, kMaxCandidates));
  for (const std::int64_t label : rules.classes) GANTRY_RETURN_IF_ERROR(check_range("classes", label, 0, kMaxClass));
  return {};
}

detect::Candidates sorted(detect::Candidates rules) {
  auto& classes = rules.classes;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return rules;
}

std::string to_text(const detect::Candidates& rules) {
  std::string text = "score=" + to_text(rules.score) + ", top=" + std::to_string(rules.top);
  return rules.classes.empty() ? text : text + ", classes=" + to_text(rules.classes);
}

bool passes(const detect::Candidates& rules, std::int64_t label) {
  return rules.classes.empty() || std::binary_search(rules.classes.begin(), rules.classes.end(), label);
}

void TopCandidates::keep(const Candidate& candidate) {
  if (is_full_ && !is_before(candidate, worst_)) return;
  kept_.push_back(candidate);
  if (kept_.size() >= 2 * top_) cut();
}

void TopCandidates::cut() {
  if (kept_.size() <= top_) return;
  const auto worst = kept_.begin() + static_cast<std::ptrdiff_t>(top_ - 1);
  std::nth_element(kept_.begin(), worst, kept_.end(), is_before);
  worst_ = *worst;
  is_full_ = true;
  kept_.resize(top_);
}

std::vector<Candidate> TopCandidates::take() {
  cut();
  sort(kept_);
  return std::move(kept_);
}

void sort(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), is_before);
}

void add_soft_masks(Detections& detections, const std::vector<Candidate>& candidates, std::int64_t classes,
                    const std::shared_ptr<const MaskHead>& head) {
  for (std::size_t i = 0; head && i < candidates.size(); ++i)
    detections[i].soft_mask = SoftMask(head, candidates[i].index / classes, detections[i].box);
}

}  // namespace gantry::inline GANTRY_ABI::detail
