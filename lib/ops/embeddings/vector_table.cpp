// SPDX-License-Identifier: Apache-2.0
// VectorTable: checks the rows once and, for cosines, normalises them once.
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gantry/embeddings.hpp>
#include <limits>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/embeddings/kernels/dot_kernels.hpp"
#include "ops/embeddings/vector_rows.hpp"

namespace gantry::inline GANTRY_ABI {
namespace detail {
namespace {

/// Reading 256 MB with small pages takes half as long again. Without huge pages in the system, nothing is lost.
void ask_for_huge_pages(Tensor& tensor) {
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const auto first = reinterpret_cast<std::uintptr_t>(tensor.mutable_data());
  const std::uintptr_t begin = (first + kHugePage - 1) / kHugePage * kHugePage;
  const std::uintptr_t end = (first + tensor.size_bytes()) / kHugePage * kHugePage;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace

Result<std::shared_ptr<VectorRows>> VectorRows::make(std::int64_t count, std::int64_t width, Metric metric) {
  constexpr auto kMultiple = static_cast<std::int64_t>(kRowFloats);
  GANTRY_ASSIGN_OR_RETURN(auto rows,
                          Tensor::make(DType::kF32, {count, (width + kMultiple - 1) / kMultiple * kMultiple}));
  ask_for_huge_pages(rows);  // before they are touched
  std::memset(rows.mutable_data(), 0, rows.size_bytes());
  return std::shared_ptr<VectorRows>(new VectorRows(std::move(rows), static_cast<std::size_t>(width), metric));
}

double length_of(const float* vector, std::size_t width) {
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
  return std::sqrt(sum);
}

}  // namespace detail

namespace {

constexpr std::int64_t kMostRows = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostWidth = 65536;

Result<Tensor> checked_rows(const Tensor& rows) {
  const bool fits = rows.dtype() == DType::kF32 && rows.device().is_cpu() && rows.rank() == 2 && rows.shape()[0] >= 1 &&
                    rows.shape()[0] <= kMostRows && rows.shape()[1] >= 1 && rows.shape()[1] <= kMostWidth;
  if (fits) return rows.contiguous();
  return Error(ErrorCode::kInvalidArgument,
               "expected f32[n, d] on the CPU with n 1..2147483647 and d 1..65536, got " + rows.to_string());
}

}  // namespace

Result<VectorTable> VectorTable::make(const Tensor& rows, Metric metric) {
  if (metric > Metric::kL2) return Error(ErrorCode::kInvalidArgument, "unknown metric");
  GANTRY_ASSIGN_OR_RETURN(auto dense, checked_rows(rows));
  GANTRY_ASSIGN_OR_RETURN(auto made, detail::VectorRows::make(dense.shape()[0], dense.shape()[1], metric));
  detail::VectorRows& table = *made;
  const auto* from = static_cast<const float*>(dense.data());
  for (std::size_t i = 0; i < table.count(); ++i, from += table.width()) {
    if (!std::all_of(from, from + table.width(), [](float one) { return std::fabs(one) <= detail::kLargestNumber; }))
      return Error(ErrorCode::kInvalidArgument, "row " + std::to_string(i) + " holds a NaN, or a number beyond 1e15");
    float* const row = table.row(i);
    const double length = metric == Metric::kCosine ? detail::length_of(from, table.width()) : 1;
    for (std::size_t k = 0; k < table.width(); ++k)
      row[k] = length > 0 ? static_cast<float>(static_cast<double>(from[k]) / length) : 0;
  }
  return VectorTable(std::move(made));
}

std::int64_t VectorTable::size() const {
  return static_cast<std::int64_t>(rows_->count());
}

std::int64_t VectorTable::width() const {
  return static_cast<std::int64_t>(rows_->width());
}

Metric VectorTable::metric() const {
  return rows_->metric();
}

}  // namespace gantry::inline GANTRY_ABI
