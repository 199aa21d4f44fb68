// SPDX-License-Identifier: Apache-2.0
// Shared by all decoders: selects the scores that become candidates, their order and their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/detect/decoders.hpp>
#include <gantry/result.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

inline constexpr std::int64_t kMaxCandidates = 65536;
inline constexpr std::int64_t kMaxClass = (std::int64_t{1} << 31) - 1;

Result<void> check_candidates(const detect::Candidates& rules);
/// The rules with ascending, unique classes, as passes() requires.
detect::Candidates sorted(detect::Candidates rules);
/// Parameters of an op, with sorted candidates.
template <class P>
P prepared(P params) {
  params.candidates = sorted(std::move(params.candidates));
  return params;
}
/// "score=0.25, top=300, classes=[1, 2]".
std::string to_text(const detect::Candidates& rules);
/// Whether the rules, which must be sorted, accept this class.
bool passes(const detect::Candidates& rules, std::int64_t label);

/// A score, and its index among all scores of its head; the decoder defines what the index means.
struct Candidate {
  float score;
  std::int64_t index;
};

/// Selects the best scores above a threshold. Holds at most twice as many as it returns; add() costs amortized O(1).
class TopCandidates {
 public:
  TopCandidates(float threshold, std::int64_t top) : threshold_(threshold), top_(static_cast<std::size_t>(top)) {}
  explicit TopCandidates(const detect::Candidates& rules) : TopCandidates(rules.score, rules.top) {}

  float threshold() const { return threshold_; }
  /// Adds a score; indices may come in any order. NaN is ignored.
  void add(float score, std::int64_t index) {
    if (score > threshold_) keep({score, index});
  }
  /// Descending by score; equal scores by index.
  std::vector<Candidate> take();

 private:
  void keep(const Candidate& candidate);
  void cut();

  float threshold_;
  std::size_t top_;
  bool is_full_ = false;
  Candidate worst_{};  // the worst one kept, once is_full_
  std::vector<Candidate> kept_;
};

/// Descending by score, equal scores by index. For candidates of several selections.
void sort(std::vector<Candidate>& candidates);

/// Adds the candidates of a row, as row * classes + class: each accepted class if `multi_label`, else the best if
/// accepted. `score(class)` gives a score; the first of equal ones is the best.
template <class Score>
void add_row(TopCandidates& top, const detect::Candidates& rules, bool multi_label, std::int64_t row,
             std::int64_t classes, const Score& score) {
  float best = top.threshold();
  std::int64_t label = -1;
  for (std::int64_t c = 0; c < classes; ++c) {
    const float value = score(c);
    if (!(value > best)) continue;
    if (!multi_label) {
      best = value;
      label = c;
    } else if (passes(rules, c)) {
      top.add(value, row * classes + c);
    }
  }
  if (label >= 0 && passes(rules, label)) top.add(best, row * classes + label);
}

/// Makes detections from box(index) and label(index).
template <class BoxOf, class LabelOf>
Detections detections_of(const std::vector<Candidate>& candidates, const BoxOf& box, const LabelOf& label) {
  std::vector<Detection> entries(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    entries[i].index = label(candidates[i].index);
    entries[i].score = candidates[i].score;
    entries[i].box = box(candidates[i].index);
  }
  return Detections(std::move(entries));
}

/// Sets each detection's keypoints to keypoints(row), where an index is row * classes + class.
template <class KeypointsOf>
Detections with_keypoints(Detections detections, const std::vector<Candidate>& candidates, std::int64_t classes,
                          const KeypointsOf& keypoints) {
  for (std::size_t i = 0; i < candidates.size(); ++i)
    detections[i].keypoints = keypoints(candidates[i].index / classes);
  return detections;
}

/// detections_of() where an index is row * classes + class, and `box` takes the row.
template <class BoxOf>
Detections detections_of_rows(const std::vector<Candidate>& candidates, std::int64_t classes, const BoxOf& box) {
  return detections_of(
      candidates, [&](std::int64_t index) { return box(index / classes); },
      [&](std::int64_t index) { return index % classes; });
}

/// Gives each detection of detections_of_rows() its row of `head` as a soft mask over its current box. Does nothing if
/// `head` is null.
void add_soft_masks(Detections& detections, const std::vector<Candidate>& candidates, std::int64_t classes,
                    const std::shared_ptr<const MaskHead>& head);

}  // namespace gantry::inline GANTRY_ABI::detail
