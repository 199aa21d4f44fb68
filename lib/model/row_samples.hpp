// SPDX-License-Identifier: Apache-2.0
// RowSamples: single samples, each with the outputs it gives when run alone, and batches of them. If the rows of a
// batch's outputs equal those of the samples alone, samples may share a batch; otherwise they may not.
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
/// Errors:    compute: those of `run` for a single sample.
/// Cost:      compute: two runs of the first sample, one of each other sample; comparisons are linear in the number of
///            elements.
class RowSamples {
 public:
  using Run = std::function<Result<Tensors>(const Tensors&)>;

  /// Splits `examples` into samples, keeps at most `most` different ones of the most frequent shape, and runs each
  /// alone. `examples` match the signature, which has a batch axis. Without `tolerance`, differences are allowed that
  /// come from summing in another order: 2e-5 relative, 1e-2 for 16-bit numbers, plus a share of the magnitude of the
  /// smaller numbers in the row, since an output may be a difference of such numbers. The largest numbers do not count,
  /// since they may be a mask of -1e9. With `padding`, samples of one padded length count as one shape, and are padded
  /// as in service.
  static Result<RowSamples> compute(const Signature& signature, Span<const Tensors> examples,
                                    const std::optional<Tolerance>& tolerance,
                                    std::shared_ptr<const PaddingPlan> padding, std::size_t most, const Run& run);

  /// Number of different samples.
  std::size_t size() const { return rows_.size(); }
  /// Why outputs cannot be compared: two runs of one sample differ. Empty if they are equal.
  const std::string& not_repeatable() const { return not_repeatable_; }
  /// A batch of `count` samples, in order; starts again at the first one after the last.
  Result<Tensors> batch_of(std::size_t count) const;
  /// The first difference, as "output 'y' of sample 3: element [0]: expected 1, got 2"; nullopt if each row of the
  /// outputs of batch_of(count) equals that of its sample alone.
  std::optional<std::string> difference(const Tensors& outputs, std::size_t count) const;
  /// Runs batch_of(count). nullopt if its rows equal those of the samples alone, else a description of the difference.
  std::optional<std::string> try_batch(std::size_t count, const Run& run) const;
  /// Runs batch_of(count) with every floating-point number of the samples 0, 2, 4, ... replaced by NaN. This finds
  /// models that multiply other samples by 0, which shows only if these are not finite. nullopt if the rows of the
  /// other samples are unchanged, or if there are no floating-point inputs. Also nullopt if the model fails: a call
  /// whose batch fails is computed again without the others.
  std::optional<std::string> try_beside_nan(std::size_t count, const Run& run) const;

 private:
  struct Row {
    Tensors inputs;   ///< a batch of one sample, not padded
    Tensors outputs;  ///< likewise
  };
  Result<Tensors> run_alone(const Tensors& inputs, const Run& run) const;
  /// Joins the parts as they go to the engine: padded, if there is padding.
  Result<Tensors> join(Span<const Tensors* const> parts) const;
  /// Row `row` of the engine's outputs.
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
