// SPDX-License-Identifier: Apache-2.0
// PartialBatch: a batch of which some inputs are refused before it runs, and the results of all of them in order.
#pragma once

#include <gantry/result.hpp>
#include <gantry/value.hpp>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Out: what a result is handed on as.
template <class Out>
class PartialBatch {
 public:
  /// `convert(input)` gives the Result<Value> to run with.
  template <class In, class Convert>
  PartialBatch(std::vector<In> inputs, const Convert& convert) {
    results_.reserve(inputs.size());
    values_.reserve(inputs.size());
    for (In& input : inputs) {
      Result<Value> value = convert(input);
      results_.push_back(value ? Result<Out>(Out()) : Result<Out>(value.error()));
      if (value) values_.push_back(*std::move(value));
    }
  }

  /// The inputs that were not refused. Call it once.
  std::vector<Value> take_values() { return std::move(values_); }
  /// `ran`: one result for each of these; `convert(result)` gives the Result<Out>.
  template <class Convert>
  std::vector<Result<Out>> finish(std::vector<Result<Value>> ran, const Convert& convert) && {
    auto next = ran.begin();
    for (Result<Out>& result : results_)
      if (result) result = convert(std::move(*next++));
    return std::move(results_);
  }

 private:
  std::vector<Result<Out>> results_;  // one per input; without an error it is to be replaced
  std::vector<Value> values_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
