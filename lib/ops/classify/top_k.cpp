// SPDX-License-Identifier: Apache-2.0
// top_k, above and label. Equal scores go by index, as in a stable descending sort; torch.topk leaves ties open.
#include <algorithm>
#include <cmath>
#include <gantry/classify.hpp>
#include <numeric>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

struct TopK {
  std::int64_t k;
  Labels labels;
};

struct Label {
  Labels labels;
};

Result<Span<const float>> scores_of(const Tensor& tensor) {
  if (tensor.rank() != 1)
    return Error(ErrorCode::kInvalidArgument, "expected scores f32[n], got " + tensor.to_string());
  auto scores = tensor.values<float>();
  if (!scores) return scores;
  for (std::size_t i = 0; i < scores->size(); ++i)
    if (std::isnan((*scores)[i])) return Error(ErrorCode::kInvalidArgument, "score " + std::to_string(i) + " is NaN");
  return scores;
}

/// The scores as a dense tensor. Checks that none is NaN and that `labels` is empty or has one per score.
Result<Tensor> checked(const Tensor& tensor, const Labels& labels) {
  auto dense = tensor.device().is_cpu() ? tensor.contiguous() : Result<Tensor>(tensor);
  if (!dense) return dense;
  GANTRY_ASSIGN_OR_RETURN(auto scores, scores_of(*dense));
  if (labels.empty() || labels.size() == scores.size()) return dense;
  return Error(ErrorCode::kInvalidArgument,
               std::to_string(labels.size()) + " labels do not fit " + std::to_string(scores.size()) + " scores");
}

/// The best `k` of the classes in `order`, best first.
Classes best_of(std::vector<std::size_t> order, std::int64_t k, Span<const float> scores, const Labels& labels) {
  const std::size_t count = std::min(static_cast<std::size_t>(k), order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
      [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<Class> classes;
  classes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = order[i];
    classes.push_back(
        {static_cast<std::int64_t>(index), labels.empty() ? std::string() : labels[index], scores[index]});
  }
  return Classes(std::move(classes));
}

Result<Classes> best_classes(const TopK& params, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(auto dense, checked(tensor, params.labels));
  const auto scores = dense.values<float>().value();
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return best_of(std::move(order), params.k, scores, params.labels);
}

Result<void> check(const Above& params) {
  if (params.threshold.empty()) return Error(ErrorCode::kInvalidArgument, "threshold needs one number at least");
  for (const float each : params.threshold)
    if (!std::isfinite(each))
      return Error(ErrorCode::kInvalidArgument, "threshold must be finite, got " + detail::to_text(each));
  return detail::check_range("max_count", params.max_count, 0, detail::kMaxK);
}

Result<Classes> classes_above(const Above& params, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(auto dense, checked(tensor, params.labels));
  const auto scores = dense.values<float>().value();
  const bool is_one = params.threshold.size() == 1;
  if (!is_one && params.threshold.size() != scores.size())
    return Error(ErrorCode::kInvalidArgument, std::to_string(params.threshold.size()) + " thresholds do not fit " +
                                                  std::to_string(scores.size()) + " scores");
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > params.threshold[is_one ? 0 : i]) found.push_back(i);
  const auto count = params.max_count > 0 ? params.max_count : static_cast<std::int64_t>(found.size());
  return best_of(std::move(found), count, scores, params.labels);
}

Result<Classes> labelled(const Labels& labels, Classes classes) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(classes[i].label, labels.of(classes[i].index));
  }
  return classes;
}

}  // namespace

Stage<Tensor, Classes> top_k(std::int64_t k, Labels labels) {
  std::string text = "k=" + std::to_string(k);
  if (!labels.empty()) text += ", labels=" + std::to_string(labels.size());
  return detail::make_op<Tensor, Classes>("top_k", TopK{k, std::move(labels)}, std::move(text),
                                          detail::check_range("k", k, 1, detail::kMaxK),
                                          [](const TopK& p, Tensor&& tensor) { return best_classes(p, tensor); });
}

Stage<Tensor, Classes> above(Above options) {
  std::string text = "threshold=" + detail::to_text(options.threshold);
  if (options.max_count > 0) text += ", max_count=" + std::to_string(options.max_count);
  if (!options.labels.empty()) text += ", labels=" + std::to_string(options.labels.size());
  auto checked_options = check(options);
  return detail::make_op<Tensor, Classes>("above", std::move(options), std::move(text), std::move(checked_options),
                                          [](const Above& p, Tensor&& tensor) { return classes_above(p, tensor); });
}

Stage<Classes, Classes> label(Labels labels) {
  Result<void> check;
  if (labels.empty()) check = Error(ErrorCode::kInvalidArgument, "labels are empty");
  std::string text = "labels=" + std::to_string(labels.size());
  return detail::make_op<Classes, Classes>(
      "label", Label{std::move(labels)}, std::move(text), std::move(check),
      [](const Label& p, Classes&& classes) { return labelled(p.labels, std::move(classes)); });
}

}  // namespace gantry::inline GANTRY_ABI
