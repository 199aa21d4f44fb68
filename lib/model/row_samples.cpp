// SPDX-License-Identifier: Apache-2.0
#include "model/row_samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "core/element.hpp"
#include "core/return_if_error.hpp"
#include "core/tensor_difference.hpp"
#include "model/batch.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The samples of all examples, each as a contiguous batch of one.
Result<std::vector<Tensors>> take_apart(Span<const Tensors> examples) {
  std::vector<Tensors> rows;
  for (const Tensors& example : examples)
    for (std::int64_t row = 0; row < example[0].tensor.shape()[0]; ++row) {
      GANTRY_ASSIGN_OR_RETURN(auto one, take_rows(example, row, row + 1));
      for (std::size_t i = 0; i < one.size(); ++i) {
        GANTRY_ASSIGN_OR_RETURN(auto dense, one[i].tensor.contiguous());
        one[i].tensor = std::move(dense);
      }
      rows.push_back(std::move(one));
    }
  return rows;
}

bool are_equal(const Tensors& a, const Tensors& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].tensor.shape() != b[i].tensor.shape() ||
        std::memcmp(a[i].tensor.data(), b[i].tensor.data(), a[i].tensor.size_bytes()) != 0)
      return false;
  return true;
}

/// Removes duplicates: equal samples cannot show that one depends on another.
std::vector<Tensors> different_ones(std::vector<Tensors> rows, std::size_t most) {
  std::vector<Tensors> different;
  for (Tensors& row : rows) {
    const auto is_same = [&](const Tensors& other) { return are_equal(other, row); };
    if (different.size() < most && std::none_of(different.begin(), different.end(), is_same))
      different.push_back(std::move(row));
  }
  return different;
}

/// The largest group of samples that may share a batch.
std::vector<Tensors> of_one_shape(std::vector<Tensors> rows, const PaddingPlan* padding) {
  const auto may_share = [&](const Tensors& a, const Tensors& b) {
    if (!padding) return have_same_samples(a, b);
    return padding->bucket_of(a) == padding->bucket_of(b) && padding->share_batch(a, b);
  };
  std::vector<std::vector<Tensors>> groups;
  for (Tensors& row : rows) {
    const auto alike =
        std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return may_share(group[0], row); });
    if (alike == groups.end())
      groups.push_back({std::move(row)});
    else
      alike->push_back(std::move(row));
  }
  const auto largest =
      std::max_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return largest == groups.end() ? std::vector<Tensors>() : std::move(*largest);
}

bool is_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF64 || dtype == DType::kF16 || dtype == DType::kBF16;
}

bool has_floats(const Tensors& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const auto& one) { return is_float(one.tensor.dtype()); });
}

/// `inputs` with each floating-point number replaced by NaN.
Result<Tensors> nan_like(const Tensors& inputs) {
  Tensors filled;
  for (const NamedTensor& input : inputs) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, input.tensor.clone());
    const DType dtype = tensor.dtype();
    if (is_float(dtype)) {
      auto* at = static_cast<std::byte*>(tensor.mutable_data());
      for (std::int64_t i = 0; i < tensor.numel(); ++i, at += size_of(dtype))
        write_element(dtype, std::numeric_limits<double>::quiet_NaN(), at);
    }
    filled.add(input.name, std::move(tensor));
  }
  return filled;
}

/// Describes the first output that does not have `count` rows.
std::optional<std::string> wrong_rows(const Tensors& outputs, std::size_t count) {
  for (const NamedTensor& output : outputs)
    if (output.tensor.rank() == 0 || output.tensor.shape()[0] != static_cast<std::int64_t>(count))
      return "gives " + output.tensor.to_string() + " for a batch of " + std::to_string(count);
  return std::nullopt;
}

}  // namespace

Result<RowSamples> RowSamples::compute(const Signature& signature, Span<const Tensors> examples,
                                       const std::optional<Tolerance>& tolerance,
                                       std::shared_ptr<const PaddingPlan> padding, std::size_t most, const Run& run) {
  std::vector<Tensors> ordered;
  for (const Tensors& example : examples) {
    Tensors inputs;
    for (const TensorSpec& spec : signature.inputs()) inputs.add(spec.name, *example.find(spec.name));
    ordered.push_back(std::move(inputs));
  }
  GANTRY_ASSIGN_OR_RETURN(auto rows, take_apart(ordered));
  RowSamples samples;
  samples.tolerance_ = tolerance;
  samples.padding_ = std::move(padding);
  for (Tensors& input : different_ones(of_one_shape(std::move(rows), samples.padding_.get()), most)) {
    GANTRY_ASSIGN_OR_RETURN(auto outputs, samples.run_alone(input, run));
    samples.rows_.push_back({std::move(input), std::move(outputs)});
  }
  if (samples.rows_.empty()) return samples;
  GANTRY_ASSIGN_OR_RETURN(const auto again, samples.run_alone(samples.rows_[0].inputs, run));
  if (const auto moved = samples.difference_of(again, samples.rows_[0].outputs))
    samples.not_repeatable_ = "two runs of one sample differ: " + *moved;
  return samples;
}

Result<Tensors> RowSamples::join(Span<const Tensors* const> parts) const {
  return padding_ ? padding_->join(parts) : join_rows(parts);
}

Result<Tensors> RowSamples::run_alone(const Tensors& inputs, const Run& run) const {
  const Tensors* const alone = &inputs;
  auto whole = join({&alone, 1});
  if (!whole) return whole;
  auto outputs = run(*whole);
  return outputs && padding_ ? padding_->cut(*std::move(outputs), inputs) : std::move(outputs);
}

Result<Tensors> RowSamples::take_row(const Tensors& outputs, std::size_t row) const {
  auto own = take_rows(outputs, static_cast<std::int64_t>(row), static_cast<std::int64_t>(row) + 1);
  return own && padding_ ? padding_->cut(*std::move(own), rows_[row % rows_.size()].inputs) : std::move(own);
}

Result<Tensors> RowSamples::batch_of(std::size_t count) const {
  std::vector<const Tensors*> parts;
  for (std::size_t i = 0; i < count; ++i) parts.push_back(&rows_[i % rows_.size()].inputs);
  return join(parts);
}

Tolerance RowSamples::tolerance_for(const Tensor& expected) const {
  if (tolerance_) return *tolerance_;
  if (!is_float(expected.dtype())) return {};
  const bool is_half = size_of(expected.dtype()) == 2;
  return {false, (is_half ? 1e-2 : 1e-4) * lower_quartile_magnitude(expected), is_half ? 1e-2 : 2e-5};
}

std::optional<std::string> RowSamples::difference_of(const Tensors& got, const Tensors& expected) const {
  if (got.size() != expected.size()) return "gives another number of outputs";
  for (std::size_t i = 0; i < got.size(); ++i)
    if (auto found = tensor_difference(got[i].tensor, expected[i].tensor, tolerance_for(expected[i].tensor)))
      return "output " + std::to_string(i) + ": " + *found;
  return std::nullopt;
}

std::optional<std::string> RowSamples::row_difference(const Tensors& outputs, std::size_t row) const {
  const auto own = take_row(outputs, row);
  if (!own) return own.error().message();
  if (auto found = difference_of(*own, rows_[row % rows_.size()].outputs))
    return "sample " + std::to_string(row) + ", " + *found;
  return std::nullopt;
}

std::optional<std::string> RowSamples::difference(const Tensors& outputs, std::size_t count) const {
  if (auto wrong = wrong_rows(outputs, count)) return wrong;
  for (std::size_t row = 0; row < count; ++row)
    if (auto found = row_difference(outputs, row)) return found;
  return std::nullopt;
}

std::optional<std::string> RowSamples::try_batch(std::size_t count, const Run& run) const {
  const std::string batch = "a batch of " + std::to_string(count) + ": ";
  const auto inputs = batch_of(count);
  if (!inputs) return batch + inputs.error().to_string();
  const auto outputs = run(*inputs);
  if (!outputs) return batch + outputs.error().to_string();
  auto wrong = difference(*outputs, count);
  if (wrong) *wrong = batch + *wrong;
  return wrong;
}

std::optional<std::string> RowSamples::try_beside_nan(std::size_t count, const Run& run) const {
  if (!has_floats(rows_[0].inputs)) return std::nullopt;
  const std::string batch = "a batch of " + std::to_string(count) + ": a NaN in one sample ";
  std::vector<Tensors> filled;
  for (const Row& row : rows_) {
    auto nan = nan_like(row.inputs);
    if (!nan) return batch + "cannot be tried: " + nan.error().to_string();
    filled.push_back(*std::move(nan));
  }
  std::vector<const Tensors*> parts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t sample = i % rows_.size();
    parts.push_back(i % 2 == 0 ? &filled[sample] : &rows_[sample].inputs);
  }
  const auto inputs = join(parts);
  if (!inputs) return batch + "cannot be tried: " + inputs.error().to_string();
  const auto outputs = run(*inputs);
  if (!outputs && outputs.error().code() == ErrorCode::kModelError) return std::nullopt;
  if (!outputs) return batch + "makes the calls of others fail: " + outputs.error().to_string();
  const std::string changes = batch + "changes others: ";
  if (const auto wrong = wrong_rows(*outputs, count)) return changes + *wrong;
  for (std::size_t row = 1; row < count; row += 2)
    if (const auto found = row_difference(*outputs, row)) return changes + *found;
  return std::nullopt;
}

}  // namespace gantry::inline GANTRY_ABI::detail
