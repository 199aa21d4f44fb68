// SPDX-License-Identifier: Apache-2.0
#include "model/batch_sizes.hpp"

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/batch.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Rows `begin` to `begin + count`, with the last one repeated until there are `size`.
Result<Tensors> filled(const Tensors& inputs, std::size_t begin, std::size_t count, std::size_t size) {
  const auto end = static_cast<std::int64_t>(begin + count);
  auto part = take_rows(inputs, static_cast<std::int64_t>(begin), end);
  if (!part || count == size) return part;
  GANTRY_ASSIGN_OR_RETURN(const auto last, take_rows(inputs, end - 1, end));
  std::vector<const Tensors*> rows(size - count + 1, &last);
  rows[0] = &*part;
  return join_rows(rows);
}

/// One engine call of `size` rows that computes `count` samples.
Result<Tensors> run_call(const Tensors& inputs, std::size_t begin, std::size_t count, std::size_t size,
                         const std::function<Result<Tensors>(const Tensors&, std::size_t)>& run) {
  GANTRY_ASSIGN_OR_RETURN(const auto part, filled(inputs, begin, count, size));
  auto outputs = run(part, size);
  if (!outputs) return outputs;
  if (!have_rows(*outputs, size))
    return Error(ErrorCode::kModelError, "the model's outputs do not have " + std::to_string(size) + " rows");
  return count == size ? std::move(outputs) : take_rows(*outputs, 0, static_cast<std::int64_t>(count));
}

}  // namespace

Result<BatchSizes> BatchSizes::make(const std::vector<int>& sizes) {
  BatchSizes made;
  for (const int size : sizes) {
    if (size < 1 || (!made.sizes_.empty() && static_cast<std::size_t>(size) <= made.sizes_.back()))
      return Error(ErrorCode::kInvalidArgument,
                   "EngineInfo::batch_sizes must be ascending and at least 1, got " + std::to_string(size));
    made.sizes_.push_back(static_cast<std::size_t>(size));
  }
  return made;
}

bool BatchSizes::fit(std::size_t rows) const {
  return sizes_.empty() || std::binary_search(sizes_.begin(), sizes_.end(), rows);
}

std::size_t BatchSizes::up_to(std::size_t rows) const {
  if (sizes_.empty()) return rows;
  const auto above = std::upper_bound(sizes_.begin(), sizes_.end(), rows);
  return above == sizes_.begin() ? 0 : *(above - 1);
}

std::string BatchSizes::to_string() const {
  std::string text;
  for (const std::size_t size : sizes_) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return text;
}

Result<Tensors> run_in_sizes(const BatchSizes& sizes, const Tensors& inputs, std::size_t rows, bool may_split,
                             const std::function<Result<Tensors>(const Tensors&, std::size_t)>& run) {
  if (sizes.fit(rows)) return run(inputs, rows);
  if (rows == 1) return run_call(inputs, 0, 1, sizes.smallest(), run);
  if (!may_split)
    return Error(ErrorCode::kInvalidArgument, "the engine computes " + sizes.to_string() + " samples at a time, got " +
                                                  std::to_string(rows) +
                                                  ", which cannot be split, since they may depend on each other");
  std::vector<Tensors> parts;
  for (std::size_t begin = 0; begin < rows;) {
    const std::size_t largest = sizes.up_to(rows - begin);
    const std::size_t count = largest == 0 ? rows - begin : largest;
    auto part = run_call(inputs, begin, count, largest == 0 ? sizes.smallest() : largest, run);
    if (!part) return part;
    if (!parts.empty() && !have_same_samples(parts[0], *part))
      return Error(ErrorCode::kModelError, "the outputs of the parts of a batch cannot be joined");
    parts.push_back(*std::move(part));
    begin += count;
  }
  std::vector<const Tensors*> pointers;
  pointers.reserve(parts.size());
  for (const Tensors& part : parts) pointers.push_back(&part);
  return join_rows(pointers);
}

bool have_rows(const Tensors& outputs, std::size_t rows) {
  return std::all_of(outputs.begin(), outputs.end(), [&](const NamedTensor& output) {
    return output.tensor.rank() > 0 && output.tensor.shape()[0] == static_cast<std::int64_t>(rows);
  });
}

}  // namespace gantry::inline GANTRY_ABI::detail
