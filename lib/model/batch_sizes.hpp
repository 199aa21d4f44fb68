// SPDX-License-Identifier: Apache-2.0
// BatchSizes: the batch sizes that an engine supports, and how any number of samples is split into calls of these
// sizes.
#pragma once

#include <cstddef>
#include <functional>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: a value.
/// Threads:   immutable.
/// Errors:    make: invalid_argument for sizes that are not ascending or below 1.
/// Cost:      linear in the number of sizes, which is small; nothing if the engine supports any size.
class BatchSizes {
 public:
  /// Supports any number of samples.
  BatchSizes() = default;
  /// EngineInfo::batch_sizes; empty: any.
  static Result<BatchSizes> make(const std::vector<int>& sizes);

  bool are_fixed() const { return !sizes_.empty(); }
  /// Whether one call can compute exactly this many rows.
  bool fit(std::size_t rows) const;
  std::size_t smallest() const { return sizes_.empty() ? 1 : sizes_.front(); }
  /// The largest size that is at most `rows`; 0 if there is none.
  std::size_t up_to(std::size_t rows) const;
  const std::vector<std::size_t>& all() const { return sizes_; }
  /// "1, 4, 8".
  std::string to_string() const;

 private:
  std::vector<std::size_t> sizes_;  // ascending; empty: any
};

/// Runs `rows` samples in calls of supported sizes: one call if the size fits; else the largest sizes first. A
/// remainder below the smallest size is filled up by repeating its last sample, whose extra outputs are dropped. `run`
/// gets the inputs and the number of samples of each call. Without `may_split`, samples may depend on each other; then
/// only a supported size or a single sample can be computed, and any other number is invalid_argument.
Result<Tensors> run_in_sizes(const BatchSizes& sizes, const Tensors& inputs, std::size_t rows, bool may_split,
                             const std::function<Result<Tensors>(const Tensors&, std::size_t)>& run);

/// True if every output has `rows` rows.
bool have_rows(const Tensors& outputs, std::size_t rows);

}  // namespace gantry::inline GANTRY_ABI::detail
