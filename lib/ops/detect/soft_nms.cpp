// SPDX-License-Identifier: Apache-2.0
// detect.soft_nms (Bodla et al., "Soft-NMS - Improving Object Detection With One Line of Code", 2017). Scores are
// lowered in float32, one after the other, as the paper's code does.
#include <algorithm>
#include <cmath>
#include <gantry/detect/nms.hpp>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/box_table.hpp"
#include "ops/detect/detection_columns.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

Result<void> check(const SoftNms& options) {
  if (options.decay > Decay::kGaussian) return Error(ErrorCode::kInvalidArgument, "unknown decay");
  if (options.suppress > Suppress::kTorchvision) return Error(ErrorCode::kInvalidArgument, "unknown suppress");
  GANTRY_RETURN_IF_ERROR(detail::check_range("iou", options.iou, 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("score", options.score, 0, 1));
  if (!(options.sigma > 0 && std::isfinite(options.sigma)))
    return Error(ErrorCode::kInvalidArgument, "sigma must be above 0, got " + detail::to_text(options.sigma));
  if (options.suppress == Suppress::kTorchvision)
    return Error(ErrorCode::kInvalidArgument, "soft_nms suppresses per_class or any; torchvision has none");
  return detail::check_range("max_count", options.max_count, 1, detail::kMaxK);
}

/// Sigma as a float, never 0: the square of a small overlap may become 0, and 0 / 0 is NaN.
float sigma_of(const SoftNms& options) {
  using Float = std::numeric_limits<float>;
  return static_cast<float>(
      std::clamp(options.sigma, static_cast<double>(Float::min()), static_cast<double>(Float::max())));
}

/// The factor for the score of a box that overlaps a better one.
float factor(const SoftNms& options, float overlap) {
  if (options.decay == Decay::kGaussian) return std::exp(-(overlap * overlap) / sigma_of(options));
  return overlap > static_cast<float>(options.iou) ? 1.0f - overlap : 1.0f;
}

/// The remaining detections; next() takes the best.
class SoftSuppression {
 public:
  SoftSuppression(const SoftNms& options, const Detections& detections)
      : options_(options), columns_(detections), table_(0), left_(detections.size()) {
    for (std::size_t i = 0; i < left_.size(); ++i) left_[i] = {i, 0};
    drop_low();
    fill_table();
  }

  bool empty() const { return left_.empty(); }
  float score(std::size_t index) const { return columns_.scores[index]; }

  /// Removes the best and lowers the scores of the others.
  std::size_t next() {
    std::size_t at = 0;
    for (std::size_t i = 1; i < left_.size(); ++i)
      if (score(left_[i].index) > score(left_[at].index)) at = i;
    const Left best = left_[at];
    left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(at));
    table_.overlaps(best.row, 0, overlaps_.size(), overlaps_.data());
    for (const auto [index, row] : left_) {
      const bool may_suppress =
          options_.suppress == Suppress::kAny || columns_.classes[index] == columns_.classes[best.index];
      // A NaN, of boxes without area or with a NaN, is no overlap.
      if (may_suppress && overlaps_[row] > 0) columns_.scores[index] *= factor(options_, overlaps_[row]);
    }
    drop_low();
    // The table keeps rows of removed ones. Refill it once they are the majority.
    if (2 * left_.size() < table_.size()) fill_table();
    return best.index;
  }

 private:
  struct Left {
    std::size_t index;  // of the detection
    std::size_t row;    // of the table
  };

  void fill_table() {
    table_ = detail::BoxTable(left_.size());
    overlaps_.resize(left_.size());
    for (std::size_t row = 0; row < left_.size(); ++row) {
      left_[row].row = row;
      table_.set(row, columns_.boxes[left_[row].index]);
    }
  }

  /// Drops NaN too.
  void drop_low() {
    const auto is_low = [this](const Left& one) { return !(score(one.index) >= static_cast<float>(options_.score)); };
    left_.erase(std::remove_if(left_.begin(), left_.end(), is_low), left_.end());
  }

  const SoftNms& options_;
  detail::DetectionColumns columns_;
  detail::BoxTable table_;
  std::vector<Left> left_;  // in the order of their indices
  std::vector<float> overlaps_;
};

Result<Detections> run_soft_nms(const SoftNms& options, Detections&& detections, const CallContext& call) {
  SoftSuppression suppression(options, detections);
  std::vector<std::size_t> kept;
  while (!suppression.empty() && kept.size() < static_cast<std::size_t>(options.max_count)) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    const std::size_t best = suppression.next();
    detections[best].score = suppression.score(best);
    kept.push_back(best);
  }
  return detail::taken(std::move(detections), kept);
}

}  // namespace

Stage<Detections, Detections> soft_nms(const SoftNms& options) {
  std::string text = std::string("decay=") + (options.decay == Decay::kLinear ? "linear" : "gaussian") +
                     ", iou=" + detail::to_text(options.iou) + ", sigma=" + detail::to_text(options.sigma) +
                     ", score=" + detail::to_text(options.score) +
                     ", suppress=" + (options.suppress == Suppress::kAny ? "any" : "per_class") +
                     ", max_count=" + std::to_string(options.max_count);
  return detail::make_op<Detections, Detections>(
      "detect.soft_nms", options, std::move(text), check(options),
      [](const SoftNms& p, Detections&& detections, const CallContext& call) {
        return run_soft_nms(p, std::move(detections), call);
      });
}

}  // namespace gantry::inline GANTRY_ABI::detect
