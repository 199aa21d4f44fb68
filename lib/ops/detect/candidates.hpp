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
/// Its classes in ascending order, each once, as passes() needs them.
detect::Candidates sorted(detect::Candidates rules);
/// Parameters of an op, with sorted candidates.
template <class P>
P prepared(P params) {
  params.candidates = sorted(std::move(params.candidates));
  return params;
}
/// "score=0.25, top=300, classes=[1, 2]".
std::string to_text(const detect::Candidates& rules);
/// Whether candidates of this class are wanted, by sorted rules.
bool passes(const detect::Candidates& rules, std::int64_t label);

/// A score, and its index among all scores of its head; the decoder defines what the index means.
struct Candidate {
  float score;
  std::int64_t index;
};

/// Selects the best scores above a threshold. It keeps at most twice as many as it returns, and each costs amortized
/// O(1).
class TopCandidates {
 public:
  TopCandidates(float threshold, std::int64_t top) : threshold_(threshold), top_(static_cast<std::size_t>(top)) {}
  explicit TopCandidates(const detect::Candidates& rules) : TopCandidates(rules.score, rules.top) {}

  float threshold() const { return threshold_; }
  /// Adds a score; indices may come in any order. NaN is ignored.
  void add(float score, std::int64_t index) {
    if (score > threshold_) keep({score, index});
  }
  /// In descending order of score, equal ones by index.
  std::vector<Candidate> take();

 private:
  void keep(const Candidate& candidate);
  void cut();

  float threshold_;
  std::size_t top_;
  bool is_full_ = false;
  Candidate worst_{};  // of those that stayed, once it is full
  std::vector<Candidate> kept_;
};

/// By falling score, equal ones by index: candidates of several selections.
void sort(std::vector<Candidate>& candidates);

/// Adds a row's candidates, as row * classes + class: each class that is wanted, or its best class alone, if that is
/// wanted. `score(class)`; of equal ones the first is the best.
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

/// `box(index)` and `label(index)` of each candidate.
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

/// What is made of the row of each of these detections, where an index is row * classes + class.
template <class KeypointsOf>
Detections with_keypoints(Detections detections, const std::vector<Candidate>& candidates, std::int64_t classes,
                          const KeypointsOf& keypoints) {
  for (std::size_t i = 0; i < candidates.size(); ++i)
    detections[i].keypoints = keypoints(candidates[i].index / classes);
  return detections;
}

/// The same where an index is row * classes + class, and `box` takes the row.
template <class BoxOf>
Detections detections_of_rows(const std::vector<Candidate>& candidates, std::int64_t classes, const BoxOf& box) {
  return detections_of(
      candidates, [&](std::int64_t index) { return box(index / classes); },
      [&](std::int64_t index) { return index % classes; });
}

/// Gives each detection of detections_of_rows() its row of a head of masks, with the box as it is. Without a head
/// nothing.
void add_soft_masks(Detections& detections, const std::vector<Candidate>& candidates, std::int64_t classes,
                    const std::shared_ptr<const MaskHead>& head);

}  // namespace gantry::inline GANTRY_ABI::detail
