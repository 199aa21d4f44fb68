// SPDX-License-Identifier: Apache-2.0
// RowSamples: single samples with the answers that each has alone, and batches made of them. A batch whose rows come
// back as they are alone shows that samples may share it; any other shows that they may not.
#pragma once

#include <cstddef>
#include <functional>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <gantry/span.hpp>
#include <gantry/tensor.hpp>
#include <gantry/tolerance.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/padding.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: owns its samples.
/// Threads:   immutable.
/// Errors:    compute: what `run` gives for a sample alone.
/// Cost:      compute: two runs for the first sample, one for each other; the rest is linear in what is compared.
class RowSamples {
 public:
  using Run = std::function<Result<Tensors>(const Tensors&)>;

  /// Takes the samples of `examples` apart, keeps different ones of the shapes that most have, `most` at
  /// most, and runs each alone. `examples` fit the signature, which has a batch axis. Without `tolerance`, what
  /// rounding may make of a number that is summed up in another order: 2e-5 of it, 1e-2 for 16-bit numbers, and a share
  /// of what the smaller numbers of its row are, since it may be the difference of such; the largest may be a mask of
  /// -1e9. With `padding`, samples of one padded length count as of one shape, and are padded as they will be.
  static Result<RowSamples> compute(const Signature& signature, Span<const Tensors> examples,
                                    const std::optional<Tolerance>& tolerance,
                                    std::shared_ptr<const PaddingPlan> padding, std::size_t most, const Run& run);

  /// Different ones.
  std::size_t size() const { return rows_.size(); }
  /// Why the answers cannot be compared: two runs of one sample differ. Empty: they do not.
  const std::string& not_repeatable() const { return not_repeatable_; }
  /// Of `count` samples, one after the other, and from the first one again.
  Result<Tensors> batch_of(std::size_t count) const;
  /// "output 'y' of sample 3: element [0]: expected 1, got 2"; nothing if each row of what batch_of(count) gave is the
  /// row's own.
  std::optional<std::string> difference(const Tensors& outputs, std::size_t count) const;
  /// Runs batch_of(count): nothing if its rows are those of the samples alone, else what is wrong with it.
  std::optional<std::string> try_batch(std::size_t count, const Run& run) const;
  /// Runs batch_of(count) with NaN for every floating-point number of the samples 0, 2, 4, ...: 0 times another sample
  /// is 0 unless that one is not finite. Nothing if the rows of the others are those of the samples alone, if the model
  /// fails, since a call whose batch fails is computed again without the others, or if there are no such numbers.
  std::optional<std::string> try_beside_nan(std::size_t count, const Run& run) const;

 private:
  struct Row {
    Tensors inputs;   ///< a batch of one, not padded
    Tensors outputs;  ///< likewise
  };
  Result<Tensors> run_alone(const Tensors& inputs, const Run& run) const;
  /// As they go to the engine.
  Result<Tensors> join(Span<const Tensors* const> parts) const;
  /// Row `row` of what the engine gave.
  Result<Tensors> take_row(const Tensors& outputs, std::size_t row) const;
  Tolerance tolerance_for(const Tensor& expected) const;
  std::optional<std::string> row_difference(const Tensors& outputs, std::size_t row) const;
  std::optional<std::string> difference_of(const Tensors& got, const Tensors& expected) const;

  std::vector<Row> rows_;
  std::optional<Tolerance> tolerance_;
  std::shared_ptr<const PaddingPlan> padding_;  // nullptr: none
  std::string not_repeatable_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
