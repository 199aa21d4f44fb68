// SPDX-License-Identifier: Apache-2.0
// top_k and label. Ties go to the smaller index, as a stable descending sort; torch.topk leaves them open.
#include <algorithm>
#include <cmath>
#include <gantry/classify.hpp>
#include <numeric>
#include <utility>

#include "ops/parameters.hpp"

namespace gantry {
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

Result<Classes> best_classes(const TopK& params, const Tensor& tensor) {
  auto dense = tensor.device().is_cpu() ? tensor.contiguous() : Result<Tensor>(tensor);
  if (!dense) return std::move(dense).error();
  auto scores = scores_of(*dense);
  if (!scores) return std::move(scores).error();
  if (!params.labels.empty() && params.labels.size() != scores->size())
    return Error(ErrorCode::kInvalidArgument, std::to_string(params.labels.size()) + " labels do not fit " +
                                                  std::to_string(scores->size()) + " scores");
  std::vector<std::size_t> order(scores->size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t k = std::min(static_cast<std::size_t>(params.k), order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
      [&](std::size_t a, std::size_t b) { return (*scores)[a] != (*scores)[b] ? (*scores)[a] > (*scores)[b] : a < b; });
  std::vector<Class> classes;
  classes.reserve(k);
  for (std::size_t i = 0; i < k; ++i) {
    const std::size_t index = order[i];
    classes.push_back({static_cast<std::int64_t>(index), params.labels.empty() ? std::string() : params.labels[index],
                       (*scores)[index]});
  }
  return Classes(std::move(classes));
}

Result<Classes> labelled(const Labels& labels, Classes classes) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    auto label = labels.of(classes[i].index);
    if (!label) return std::move(label).error();
    classes[i].label = *std::move(label);
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

Stage<Classes, Classes> label(Labels labels) {
  Result<void> check;
  if (labels.empty()) check = Error(ErrorCode::kInvalidArgument, "labels are empty");
  std::string text = "labels=" + std::to_string(labels.size());
  return detail::make_op<Classes, Classes>(
      "label", Label{std::move(labels)}, std::move(text), std::move(check),
      [](const Label& p, Classes&& classes) { return labelled(p.labels, std::move(classes)); });
}

}  // namespace gantry
