// SPDX-License-Identifier: Apache-2.0
// Decoders of heads with anchors, after torchvision's postprocess_detections() (models/detection/ssd.py, retinanet.py,
// fcos.py). Where torch.topk leaves ties open, the smaller index comes first.
#include <algorithm>
#include <cmath>
#include <gantry/detect/decoders.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/box_coders.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using detail::BoxCoder;
using detail::Candidate;
using detail::TopCandidates;

constexpr const char* kAnchors = "anchors";
constexpr const char* kLevels = "levels";
constexpr BoxCoder kSsdCoder{10.0f, 5.0f};
constexpr BoxCoder kRetinanetCoder{1.0f, 1.0f};

/// The outputs of a head for one sample.
struct Outputs {
  Tensor boxes;
  Tensor scores;
  Tensor anchors;
  std::int64_t count;  // number of anchors
  std::int64_t classes;

  const float* box(std::int64_t anchor) const { return detail::values_of(boxes) + 4 * anchor; }
  const float* anchor(std::int64_t anchor) const { return detail::values_of(anchors) + 4 * anchor; }
};

Result<Outputs> outputs_of(const AnchorHead& head, const Tensors& all) {
  GANTRY_ASSIGN_OR_RETURN(auto boxes, detail::head_tensor(all, head.boxes, {"N", 4}));
  const std::int64_t count = boxes.shape()[0];
  GANTRY_ASSIGN_OR_RETURN(auto scores, detail::head_tensor(all, head.scores, {count, {"C", 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto anchors, head.anchors
                                            ? detail::head_tensor(*head.anchors, "the parameter anchors", {count, 4})
                                            : detail::head_tensor(all, kAnchors, {count, 4}));
  const std::int64_t classes = scores.shape()[1];
  return Outputs{std::move(boxes), std::move(scores), std::move(anchors), count, classes};
}

Result<void> check(const AnchorHead& head) {
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("boxes", head.boxes));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("scores", head.scores));
  if (!head.anchors) return {};
  GANTRY_RETURN_IF_ERROR(detail::head_tensor(*head.anchors, "the parameter anchors", {"N", 4}));
  return {};
}

std::string to_text(const AnchorHead& head) {
  std::string text = ", boxes=" + head.boxes + ", scores=" + head.scores;
  return head.anchors ? text + ", anchors=" + head.anchors->to_string() : text;
}

// ---- levels

/// Checks that the levels add up to `count` anchors.
Result<std::vector<std::int64_t>> checked_levels(std::vector<std::int64_t> levels, const std::string& what,
                                                 std::int64_t count) {
  std::int64_t left = count;
  bool fits = true;
  for (const std::int64_t level : levels) {
    fits = fits && level >= 0 && level <= left;  // so that no sum overflows
    left -= fits ? level : 0;
  }
  if (fits && left == 0) return levels;
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(levels.size(), 8); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(levels[i]);
  if (levels.size() > 8) text += ", ..";
  return Error(ErrorCode::kInvalidArgument, what + ": expected numbers that make " + std::to_string(count) +
                                                ", the number of anchors, got [" + text + "]");
}

Result<std::vector<std::int64_t>> levels_of(const std::vector<std::int64_t>& given, const Tensors& all,
                                            std::int64_t count) {
  if (!given.empty()) return checked_levels(given, "the parameter levels", count);
  if (all.find(kLevels) == nullptr) return std::vector<std::int64_t>{count};
  GANTRY_ASSIGN_OR_RETURN(auto tensor, detail::head_tensor(all, kLevels, {"L"}, DType::kI64));
  const auto* const values = detail::values_of<std::int64_t>(tensor);
  return checked_levels({values, values + tensor.numel()}, detail::tensor_text(kLevels), count);
}

Result<void> check_levels(const std::vector<std::int64_t>& levels) {
  for (const std::int64_t level : levels)
    GANTRY_RETURN_IF_ERROR(detail::check_range("levels", level, 1, detail::kMaxClass));
  return {};
}

std::string levels_text(const std::vector<std::int64_t>& levels) {
  return levels.empty() ? "" : ", levels=" + detail::to_text(levels);
}

/// Calls select(top, begin, end) for the anchors of each level; returns all candidates, sorted.
template <class Select>
std::vector<Candidate> by_level(const Candidates& rules, const std::vector<std::int64_t>& levels,
                                const Select& select) {
  std::vector<Candidate> all;
  std::int64_t begin = 0;
  for (const std::int64_t level : levels) {
    TopCandidates top(rules);
    select(top, begin, begin + level);
    const auto best = top.take();
    all.insert(all.end(), best.begin(), best.end());
    begin += level;
  }
  detail::sort(all);
  return all;
}

// ---- ssd

/// The best of each class; index = class * anchors + anchor. Computes softmax only for rows that may have candidates.
std::vector<Candidate> best_of_each_class(const Candidates& rules, const Outputs& head) {
  constexpr std::int64_t kFirstClass = 1;  // class 0 is the background
  if (head.count == 0) return {};          // an empty head may have too many classes to allocate
  const float gate = detail::softmax_gate(static_cast<double>(rules.score));
  std::vector<TopCandidates> top(static_cast<std::size_t>(head.classes), TopCandidates(rules));
  std::vector<float> scores(static_cast<std::size_t>(head.classes));
  const float* logits = detail::values_of(head.scores);
  for (std::int64_t i = 0; i < head.count; ++i, logits += head.classes) {
    float best = -INFINITY;
    for (std::int64_t c = kFirstClass; c < head.classes; ++c) best = logits[c] > best ? logits[c] : best;
    const float largest = best > logits[0] ? best : logits[0];
    if (!(best - largest > gate)) continue;
    detail::softmax_row(logits, scores.data(), head.classes);
    for (std::int64_t c = kFirstClass; c < head.classes; ++c) {
      const float score = scores[static_cast<std::size_t>(c)];
      if (score > rules.score && detail::passes(rules, c))
        top[static_cast<std::size_t>(c)].add(score, c * head.count + i);
    }
  }
  std::vector<Candidate> all;
  for (TopCandidates& of_class : top) {
    const auto best = of_class.take();
    all.insert(all.end(), best.begin(), best.end());
  }
  detail::sort(all);
  return all;
}

Result<Detections> run_ssd(const Ssd& options, const Tensors& outputs) {
  GANTRY_ASSIGN_OR_RETURN(auto head, outputs_of(options.head, outputs));
  const std::int64_t count = head.count;
  return detail::detections_of(
      best_of_each_class(options.candidates, head),
      [&](std::int64_t index) { return kSsdCoder.decode(head.box(index % count), head.anchor(index % count)); },
      [&](std::int64_t index) { return index / count; });
}

// ---- retinanet and fcos: an index is anchor * classes + class

Result<Detections> run_retinanet(const Retinanet& options, const Tensors& outputs) {
  GANTRY_ASSIGN_OR_RETURN(auto head, outputs_of(options.head, outputs));
  GANTRY_ASSIGN_OR_RETURN(auto levels, levels_of(options.levels, outputs, head.count));
  const detail::Pointwise score(Activation::kSigmoid, options.candidates.score);
  const float* const logits = detail::values_of(head.scores);
  const auto select = [&](TopCandidates& top, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* const of_row = logits + row * head.classes;
      if (!score.may_any_pass(of_row, head.classes)) continue;
      for (std::int64_t c = 0; c < head.classes; ++c)
        if (score.may_pass(of_row[c]) && detail::passes(options.candidates, c))
          top.add(score(of_row[c]), row * head.classes + c);
    }
  };
  return detail::detections_of_rows(by_level(options.candidates, levels, select), head.classes, [&](std::int64_t row) {
    return kRetinanetCoder.decode(head.box(row), head.anchor(row));
  });
}

Result<Detections> run_fcos(const Fcos& options, const Tensors& outputs) {
  GANTRY_ASSIGN_OR_RETURN(auto head, outputs_of(options.head, outputs));
  GANTRY_ASSIGN_OR_RETURN(auto levels, levels_of(options.levels, outputs, head.count));
  GANTRY_ASSIGN_OR_RETURN(auto centres, detail::head_tensor(outputs, options.centerness, {head.count, 1}));
  // b is at most 1, so sqrt(a * b) > threshold requires a > threshold^2.
  const double threshold = static_cast<double>(options.candidates.score);
  const float gate = detail::sigmoid_gate(threshold * threshold);
  const float* const logits = detail::values_of(head.scores);
  const float* const centerness = detail::values_of(centres);
  const auto select = [&](TopCandidates& top, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* const of_row = logits + row * head.classes;
      if (!(centerness[row] > gate) || !detail::any_above(of_row, head.classes, gate)) continue;
      const float centre = detail::sigmoid(centerness[row]);
      for (std::int64_t c = 0; c < head.classes; ++c)
        if (of_row[c] > gate && detail::passes(options.candidates, c))
          top.add(std::sqrt(detail::sigmoid(of_row[c]) * centre), row * head.classes + c);
    }
  };
  return detail::detections_of_rows(by_level(options.candidates, levels, select), head.classes, [&](std::int64_t row) {
    return detail::decode_distances(head.box(row), head.anchor(row));
  });
}

Result<void> check(const Candidates& rules, const AnchorHead& head, const std::vector<std::int64_t>& levels) {
  GANTRY_RETURN_IF_ERROR(detail::check_candidates(rules));
  GANTRY_RETURN_IF_ERROR(check(head));
  return check_levels(levels);
}

}  // namespace

Stage<Tensors, Detections> ssd(const Ssd& options) {
  const Ssd params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.ssd", params, detail::to_text(params.candidates) + to_text(params.head),
      check(params.candidates, params.head, {}), [](const Ssd& p, Tensors&& outputs) { return run_ssd(p, outputs); });
}

Stage<Tensors, Detections> retinanet(const Retinanet& options) {
  const Retinanet params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.retinanet", params,
      detail::to_text(params.candidates) + to_text(params.head) + levels_text(params.levels),
      check(params.candidates, params.head, params.levels),
      [](const Retinanet& p, Tensors&& outputs) { return run_retinanet(p, outputs); });
}

Stage<Tensors, Detections> fcos(const Fcos& options) {
  const Fcos params = detail::prepared(options);
  Result<void> ok = check(params.candidates, params.head, params.levels);
  if (ok) ok = detail::check_tensor_name("centerness", params.centerness);
  return detail::make_op<Tensors, Detections>("detect.fcos", params,
                                              detail::to_text(params.candidates) + to_text(params.head) +
                                                  ", centerness=" + params.centerness + levels_text(params.levels),
                                              std::move(ok),
                                              [](const Fcos& p, Tensors&& outputs) { return run_fcos(p, outputs); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
