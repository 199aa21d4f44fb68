// SPDX-License-Identifier: Apache-2.0
// detect.sliding_window: facenet_pytorch, models/utils/detect_face.py.
#include <algorithm>
#include <array>
#include <cmath>
#include <gantry/detect/cascade.hpp>
#include <gantry/detect/nms.hpp>
#include <limits>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/box_sides.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/detect/score_order.hpp"
#include "ops/image/pyramid_levels.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using Levels = std::tuple<Image, std::vector<Tensors>>;

/// Candidate windows as columns, and how far each of their sides moves.
struct Windows {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<std::array<float, 4>> moves;

  void add(const Box& box, float score, const std::array<float, 4>& move) {
    boxes.push_back(box);
    scores.push_back(score);
    moves.push_back(move);
  }
  void add(const Windows& other, std::size_t i) { add(other.boxes[i], other.scores[i], other.moves[i]); }
  /// Keeps the best `count`, in order of score, if there are more.
  void cut(std::size_t count) {
    if (boxes.size() <= count) return;
    const std::vector<std::uint32_t> order = detail::order_by_score(Span<const float>(scores));
    Windows best;
    for (std::size_t i = 0; i < count; ++i) best.add(*this, order[i]);
    *this = std::move(best);
  }
};

using Kept = Result<std::vector<std::size_t>>;

Kept suppressed(const Windows& windows, double iou, const CallContext& call) {
  return nms(Span<const Box>(windows.boxes), Span<const float>(windows.scores), iou,
             std::numeric_limits<std::size_t>::max(), call);
}

/// The model's outputs for one level.
struct WindowHead {
  Tensor scores;
  Tensor boxes;
};

Result<WindowHead> window_head_of(const SlidingWindow& options, const Tensors& answer) {
  GANTRY_ASSIGN_OR_RETURN(
      auto scores, detail::head_tensor(answer, options.scores, {{"C", options.foreground + 1}, {"h", 0}, {"w", 0}}));
  GANTRY_ASSIGN_OR_RETURN(auto boxes,
                          detail::head_tensor(answer, options.boxes, {4, scores.shape()[1], scores.shape()[2]}));
  return WindowHead{std::move(scores), std::move(boxes)};
}

/// The windows of one level with a score of at least options.score, the best first.
Windows windows_of(const SlidingWindow& options, const WindowHead& head, double scale) {
  const std::int64_t width = head.scores.shape()[2], cells = head.scores.shape()[1] * width;
  const float* const scores = detail::values_of(head.scores) + options.foreground * cells;
  const float* const moves = detail::values_of(head.boxes);
  detail::TopCandidates top(std::nextafter(options.score, -1.0f), options.top);
  for (std::int64_t cell = 0; cell < cells; ++cell) top.add(scores[cell], cell);
  const auto by = static_cast<float>(scale);
  const auto stride = static_cast<float>(options.stride), window = static_cast<float>(options.window);
  Windows found;
  for (const detail::Candidate& one : top.take()) {
    const std::int64_t cell = one.index;
    const float x = stride * static_cast<float>(cell % width), y = stride * static_cast<float>(cell / width);
    found.add({std::floor((x + 1) / by), std::floor((y + 1) / by), std::floor((x + window) / by),
               std::floor((y + window) / by)},
              one.score, {moves[cell], moves[cells + cell], moves[2 * cells + cell], moves[3 * cells + cell]});
  }
  return found;
}

Result<Detections> run_sliding_window(const SlidingWindow& options, const Levels& input, const CallContext& call) {
  const auto& [image, answers] = input;
  const std::vector<double> scales = options.levels.scales(image.width(), image.height());
  if (answers.size() != scales.size())
    return Error(ErrorCode::kInvalidArgument,
                 "expected what a model gave for each of the " + std::to_string(scales.size()) + " levels (" +
                     detail::levels_text(options.levels) + ") of an image of " + std::to_string(image.width()) + "x" +
                     std::to_string(image.height()) + ", got " + std::to_string(answers.size()));
  const auto top = static_cast<std::size_t>(options.top);
  Windows all;
  for (std::size_t level = 0; level < answers.size(); ++level) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    auto head = window_head_of(options, answers[level]);
    if (!head) return std::move(head).error().within("level " + std::to_string(level));
    const Windows found = windows_of(options, *head, scales[level]);
    GANTRY_ASSIGN_OR_RETURN(const auto kept, suppressed(found, options.level_iou, call));
    for (const std::size_t i : kept) all.add(found, i);
  }
  all.cut(top);
  GANTRY_ASSIGN_OR_RETURN(const auto kept, suppressed(all, options.iou, call));
  std::vector<Detection> entries(kept.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t from = kept[i];
    entries[i].score = all.scores[from];
    entries[i].box = detail::BoxSides(all.boxes[from], false).moved(all.moves[from].data());
  }
  const Frame* const frame = call.element_frame(0);
  call.set_frame(frame ? *frame : Frame::of(image.width(), image.height()));
  return Detections(std::move(entries));
}

Result<void> check(const SlidingWindow& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_levels(options.levels));
  GANTRY_RETURN_IF_ERROR(detail::check_side("window", options.window));
  GANTRY_RETURN_IF_ERROR(detail::check_side("stride", options.stride));
  GANTRY_RETURN_IF_ERROR(detail::check_candidates({options.score, options.top}));
  GANTRY_RETURN_IF_ERROR(detail::check_range("level_iou", options.level_iou, 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("iou", options.iou, 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("foreground", options.foreground, 0, detail::kMaxSide));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("scores", options.scores));
  return detail::check_tensor_name("boxes", options.boxes);
}

}  // namespace

Stage<Levels, Detections> sliding_window(const SlidingWindow& options) {
  std::string text = detail::levels_text(options.levels) + ", window=" + std::to_string(options.window) +
                     ", stride=" + std::to_string(options.stride) + ", score=" + detail::to_text(options.score) +
                     ", level_iou=" + detail::to_text(options.level_iou) + ", iou=" + detail::to_text(options.iou) +
                     ", top=" + std::to_string(options.top) + ", foreground=" + std::to_string(options.foreground) +
                     ", scores=" + options.scores + ", boxes=" + options.boxes;
  return detail::make_op<Levels, Detections>("detect.sliding_window", options, std::move(text), check(options),
                                             [](const SlidingWindow& p, Levels&& input, const CallContext& call) {
                                               return run_sliding_window(p, input, call);
                                             });
}

}  // namespace gantry::inline GANTRY_ABI::detect
