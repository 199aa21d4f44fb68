// SPDX-License-Identifier: Apache-2.0
// nearest: the best k scores are kept in a heap while the table is read in blocks.
#include <algorithm>
#include <cmath>
#include <gantry/embeddings.hpp>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/embeddings/kernels/dot_kernels.hpp"
#include "ops/embeddings/vector_rows.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::VectorRows;

constexpr std::size_t kBlockRows = 1024;  // between two checks of the deadline

struct Nearest {
  VectorTable table;
  std::int64_t k;
  Labels labels;
};

struct Neighbour {
  float score;
  std::size_t row;
};

/// Orders by descending score, equal scores by ascending row.
bool is_better(const Neighbour& a, const Neighbour& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

/// Keeps the k best of the neighbours that are added.
class BestNeighbours {
 public:
  explicit BestNeighbours(std::size_t k) : k_(k) { heap_.reserve(k); }

  /// Call it in ascending order of rows. Scores must be finite.
  void add(float score, std::size_t row) {
    if (heap_.size() == k_) {
      if (!(score > heap_.front().score)) return;
      std::pop_heap(heap_.begin(), heap_.end(), is_better);
      heap_.back() = {score, row};
    } else {
      heap_.push_back({score, row});
    }
    std::push_heap(heap_.begin(), heap_.end(), is_better);
  }
  std::vector<Neighbour> take() {
    std::sort_heap(heap_.begin(), heap_.end(), is_better);
    return std::move(heap_);
  }

 private:
  std::size_t k_;
  std::vector<Neighbour> heap_;  // the worst is in front
};

/// The vector as a row like the table's: padded, and normalised for cosines.
Result<std::shared_ptr<VectorRows>> query_of(const VectorRows& table, const Tensor& tensor) {
  const auto width = static_cast<std::int64_t>(table.width());
  const bool fits =
      tensor.dtype() == DType::kF32 && tensor.device().is_cpu() && tensor.rank() == 1 && tensor.shape()[0] == width;
  if (!fits)
    return Error(ErrorCode::kInvalidArgument, "expected f32[" + std::to_string(width) +
                                                  "], as long as the table's rows, on the CPU, got " +
                                                  tensor.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto dense, tensor.contiguous());
  const auto* const from = static_cast<const float*>(dense.data());
  for (std::size_t i = 0; i < table.width(); ++i)
    if (!(std::fabs(from[i]) <= detail::kLargestNumber))
      return Error(ErrorCode::kInvalidArgument, "number " + std::to_string(i) + " is NaN or beyond 1e15: " +
                                                    detail::to_text(static_cast<double>(from[i])));
  auto query = VectorRows::make(1, width, table.metric());
  if (!query) return query;
  const double length = table.metric() == Metric::kCosine ? detail::length_of(from, table.width()) : 1;
  float* const row = (*query)->row(0);
  for (std::size_t i = 0; i < table.width(); ++i)
    row[i] = length > 0 ? static_cast<float>(static_cast<double>(from[i]) / length) : 0;
  return query;
}

Result<std::vector<Neighbour>> neighbours(const VectorRows& table, const float* query, std::size_t k,
                                          const CallContext& call) {
  BestNeighbours best(std::min(k, table.count()));
  float scores[kBlockRows];
  const bool is_distance = table.metric() == Metric::kL2;
  for (std::size_t begin = 0; begin < table.count(); begin += kBlockRows) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    const std::size_t count = std::min(kBlockRows, table.count() - begin);
    if (is_distance)
      detail::distance_rows(table.row(begin), count, table.stride(), query, scores);
    else
      detail::dot_rows(table.row(begin), count, table.stride(), query, scores);
    for (std::size_t i = 0; i < count; ++i) best.add(is_distance ? -std::sqrt(scores[i]) : scores[i], begin + i);
  }
  return best.take();
}

Result<Classes> run_nearest(const Nearest& params, const Tensor& tensor, const CallContext& call) {
  const VectorRows& table = params.table.rows();
  GANTRY_ASSIGN_OR_RETURN(auto query, query_of(table, tensor));
  GANTRY_ASSIGN_OR_RETURN(auto found, neighbours(table, query->row(0), static_cast<std::size_t>(params.k), call));
  std::vector<Class> classes;
  classes.reserve(found.size());
  for (const Neighbour& one : found)
    classes.push_back({static_cast<std::int64_t>(one.row),
                       params.labels.empty() ? std::string() : params.labels[one.row], one.score});
  return Classes(std::move(classes));
}

Result<void> check(const VectorTable& table, std::int64_t k, const Labels& labels) {
  if (!labels.empty() && static_cast<std::int64_t>(labels.size()) != table.size())
    return Error(ErrorCode::kInvalidArgument, std::to_string(labels.size()) + " labels do not fit a table of " +
                                                  std::to_string(table.size()) + " rows");
  return detail::check_range("k", k, 1, detail::kMaxK);
}

}  // namespace

Stage<Tensor, Classes> nearest(VectorTable table, std::int64_t k, Labels labels) {
  constexpr const char* kMetrics[] = {"cosine", "dot", "l2"};
  std::string text = "table=[" + std::to_string(table.size()) + ", " + std::to_string(table.width()) +
                     "], metric=" + kMetrics[static_cast<int>(table.metric())] + ", k=" + std::to_string(k);
  if (!labels.empty()) text += ", labels=" + std::to_string(labels.size());
  auto ok = check(table, k, labels);
  return detail::make_op<Tensor, Classes>(
      "embeddings.nearest", Nearest{std::move(table), k, std::move(labels)}, std::move(text), std::move(ok),
      [](const Nearest& p, Tensor&& tensor, const CallContext& call) { return run_nearest(p, tensor, call); });
}

}  // namespace gantry::inline GANTRY_ABI
