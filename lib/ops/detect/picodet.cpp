// SPDX-License-Identifier: Apache-2.0
// detect.picodet: PaddleDetection, deploy/python/picodet_postprocess.py, PicoDetPostProcess up to its suppression.
#include <algorithm>
#include <gantry/detect/grid.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/detect/cells.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

/// A level's tensors.
struct Level {
  Tensor scores;
  Tensor distributions;
  std::int64_t begin;  // index of its first cell
  std::int64_t bins;
};

struct Head {
  std::vector<Level> levels;
  std::int64_t classes = 0;
};

Result<Level> level_of(const detail::CellLevel& cells, const NamedTensor& scores, const NamedTensor& distributions,
                       const detail::HeadAxis& classes) {
  const std::string at = " at stride " + std::to_string(cells.stride);
  GANTRY_ASSIGN_OR_RETURN(
      auto table, detail::head_tensor(scores.tensor, detail::tensor_text(scores.name) + at, {cells.count(), classes}));
  GANTRY_ASSIGN_OR_RETURN(auto codes,
                          detail::head_tensor(distributions.tensor, detail::tensor_text(distributions.name) + at,
                                              {cells.count(), {"4 * bins", 8}}));
  if (codes.shape()[1] % 4 != 0)
    return Error(ErrorCode::kInvalidArgument, detail::tensor_text(distributions.name) + at + ": expected f32[" +
                                                  std::to_string(cells.count()) + ", 4 * bins], got " +
                                                  codes.to_string());
  const std::int64_t bins = codes.shape()[1] / 4;
  return Level{std::move(table), std::move(codes), cells.begin, bins};
}

Result<Head> head_of(const detail::Cells& cells, const Tensors& outputs) {
  const std::size_t count = cells.levels().size();
  if (outputs.size() != 2 * count)
    return Error(ErrorCode::kInvalidArgument, "expected " + std::to_string(2 * count) + " tensors, scores of " +
                                                  std::to_string(count) + " levels, then their distributions, got " +
                                                  std::to_string(outputs.size()));
  Head head;
  for (std::size_t i = 0; i < count; ++i) {
    const detail::HeadAxis classes = i == 0 ? detail::HeadAxis("C", 1) : detail::HeadAxis(head.classes);
    GANTRY_ASSIGN_OR_RETURN(auto level, level_of(cells.levels()[i], outputs[i], outputs[count + i], classes));
    head.classes = level.scores.shape()[1];
    head.levels.push_back(std::move(level));
  }
  return head;
}

/// Adds the level's candidates, as cell * classes + class. Selects the best cells by their best class, then adds the
/// classes of each.
void add_level(const Picodet& options, const Level& level, std::int64_t classes,
               std::vector<detail::Candidate>& candidates) {
  const Candidates& rules = options.candidates;
  const detail::Pointwise score(options.activation, rules.score);
  const float* const values = detail::values_of(level.scores);
  const auto wanted = [&](std::int64_t cell, std::int64_t c) {
    return detail::passes(rules, c) ? score.gated(values[cell * classes + c]) : -1.0f;
  };
  detail::TopCandidates top(rules);
  for (std::int64_t cell = 0; cell < level.scores.shape()[0]; ++cell)
    if (score.may_any_pass(values + cell * classes, classes))
      detail::add_row(top, rules, false, cell, classes, [&](std::int64_t c) { return wanted(cell, c); });
  for (const detail::Candidate& best : top.take()) {
    const std::int64_t cell = best.index / classes, first = (level.begin + cell) * classes;
    if (!options.multi_label) candidates.push_back({best.score, first + best.index % classes});
    for (std::int64_t c = 0; options.multi_label && c < classes; ++c)
      if (const float value = wanted(cell, c); value > rules.score) candidates.push_back({value, first + c});
  }
}

Result<Detections> run_picodet(const Picodet& options, const Tensors& outputs) {
  const detail::Cells cells(options.width, options.height, options.strides);
  GANTRY_ASSIGN_OR_RETURN(auto head, head_of(cells, outputs));
  std::vector<detail::Candidate> candidates;
  std::int64_t most_bins = 0;
  for (const Level& level : head.levels) {
    add_level(options, level, head.classes, candidates);
    most_bins = std::max(most_bins, level.bins);
  }
  detail::sort(candidates);
  std::vector<float> scratch(2 * static_cast<std::size_t>(most_bins));
  return detail::detections_of_rows(candidates, head.classes, [&](std::int64_t row) {
    std::size_t i = 0;
    while (i + 1 < head.levels.size() && row >= head.levels[i + 1].begin) ++i;
    const Level& level = head.levels[i];
    const float* const code = detail::values_of(level.distributions) + (row - level.begin) * 4 * level.bins;
    return detail::distribution_box(cells[row], code, level.bins, 1, scratch.data());
  });
}

Result<void> check(const Picodet& params) {
  GANTRY_RETURN_IF_ERROR(detail::Cells::check(params.width, params.height, params.strides));
  if (params.activation != Activation::kNone && params.activation != Activation::kSigmoid)
    return Error(ErrorCode::kInvalidArgument, "activation must be none or sigmoid");
  return detail::check_candidates(params.candidates);
}

}  // namespace

Stage<Tensors, Detections> picodet(const Picodet& options) {
  const Picodet params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.picodet", params,
      detail::Cells::text_of(params.width, params.height, params.strides) + detail::to_text(params.candidates) +
          ", activation=" + detail::activation_name(params.activation) +
          ", multi_label=" + (params.multi_label ? "true" : "false"),
      check(params), [](const Picodet& p, Tensors&& outputs) { return run_picodet(p, outputs); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
