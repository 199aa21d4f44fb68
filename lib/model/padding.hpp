// SPDX-License-Identifier: Apache-2.0
// PaddingPlan: a Padding worked out for one signature. Which calls it lets share a batch, the batch, and the way back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gantry/padding.hpp>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <gantry/span.hpp>
#include <gantry/tensor.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Takes inputs and outputs in signature order, which the signature has accepted, with the batch axis in front.
///
/// Ownership: a value.
/// Threads:   immutable.
/// Errors:    make: invalid_argument, which begins with the field: "lengths[1]: ...". join: resource_exhausted.
/// Cost:      share_batch: linear in the extents. join, cut: as Padding says.
class PaddingPlan {
 public:
  GANTRY_API static Result<PaddingPlan> make(const Padding& padding, const Signature& signature);

  /// One for each length, and one for all that is longer.
  std::size_t bucket_count() const { return lengths_.size() + 1; }
  /// The bucket of what is to be padded, or is.
  std::size_t bucket_of(const Tensors& inputs) const;
  /// True if both, padded, have samples of the same shapes.
  bool share_batch(const Tensors& a, const Tensors& b) const;
  /// All rows of calls that share a batch, padded. No copy of what needs no padding where join_rows() makes none.
  Result<Tensors> join(Span<const Tensors* const> calls) const;
  /// `outputs` of the padded `inputs`, cut back to the length that these have; contiguous. model_error if an output
  /// does not have the length that was padded to.
  Result<Tensors> cut(Tensors outputs, const Tensors& inputs) const;

  /// "T to 16, 32, 64".
  GANTRY_API std::string to_string() const;

 private:
  /// One element, as it lies in memory.
  using Element = std::array<std::byte, 8>;
  /// The axes of a tensor that are padded: bit i for axis i.
  using Axes = std::uint32_t;

  std::int64_t length_of(const Tensors& inputs) const { return inputs[first_input_].tensor.shape()[first_axis_]; }
  std::int64_t padded(std::int64_t length) const;
  Shape padded_shape(const Tensor& tensor, Axes axes) const;
  Result<Tensor> join_input(std::size_t input, Span<const Tensor> parts) const;

  std::string dim_;
  std::vector<std::int64_t> lengths_;
  std::size_t first_input_ = 0;  // where the length is read
  std::size_t first_axis_ = 0;
  std::vector<Axes> input_axes_;
  std::vector<Axes> output_axes_;
  std::vector<Element> values_;  // by input
};

}  // namespace gantry::inline GANTRY_ABI::detail
