// SPDX-License-Identifier: Apache-2.0
// BatchSizes: the numbers of samples that an engine computes in one call, and how any number of samples becomes such
// calls.
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
/// Errors:    make: invalid_argument for sizes that are not ascending from 1.
/// Cost:      linear in the sizes, which are few; nothing where any size will do.
class BatchSizes {
 public:
  /// Any number of samples.
  BatchSizes() = default;
  /// EngineInfo::batch_sizes; empty: any.
  static Result<BatchSizes> make(const std::vector<int>& sizes);

  bool are_fixed() const { return !sizes_.empty(); }
  /// Whether one call computes exactly so many.
  bool fit(std::size_t rows) const;
  std::size_t smallest() const { return sizes_.empty() ? 1 : sizes_.front(); }
  /// The largest size up to `rows`; 0: none.
  std::size_t up_to(std::size_t rows) const;
  const std::vector<std::size_t>& all() const { return sizes_; }
  /// "1, 4, 8".
  std::string to_string() const;

 private:
  std::vector<std::size_t> sizes_;  // ascending; empty: any
};

/// Runs `rows` samples in calls that the engine computes: as one if that fits; else the largest sizes first, so that
/// what is left over goes one by one, and less than the smallest size with its last sample repeated, of which the
/// answers are dropped. `run` gets the inputs and the number of samples of each call. Unless `may_split`, samples may
/// depend on each other: then only a size that fits, or a single sample, can be computed, and anything else is
/// invalid_argument.
Result<Tensors> run_in_sizes(const BatchSizes& sizes, const Tensors& inputs, std::size_t rows, bool may_split,
                             const std::function<Result<Tensors>(const Tensors&, std::size_t)>& run);

/// True if every output has `rows` rows.
bool have_rows(const Tensors& outputs, std::size_t rows);

}  // namespace gantry::inline GANTRY_ABI::detail
