// SPDX-License-Identifier: Apache-2.0
// PaddingPlan: a Padding resolved for one signature. Decides which calls may share a batch, pads and joins their
// inputs, and cuts the outputs back.
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

/// Inputs and outputs must be in signature order, match the signature, and have the batch axis first.
///
/// Ownership: a value.
/// Threads:   immutable.
/// Errors:    make: invalid_argument, whose message begins with the field: "lengths[1]: ...". join: resource_exhausted.
/// Cost:      share_batch: linear in the number of axes. join, cut: see Padding.
class PaddingPlan {
 public:
  GANTRY_API static Result<PaddingPlan> make(const Padding& padding, const Signature& signature);

  /// One bucket for each length, and one for all longer inputs.
  std::size_t bucket_count() const { return lengths_.size() + 1; }
  /// The bucket of inputs, before or after padding.
  std::size_t bucket_of(const Tensors& inputs) const;
  /// True if both have samples of the same shapes after padding.
  bool share_batch(const Tensors& a, const Tensors& b) const;
  /// All rows of calls that share a batch, padded. Without padding to add, it copies only if join_rows() does.
  Result<Tensors> join(Span<const Tensors* const> calls) const;
  /// Cuts `outputs`, computed from the padded `inputs`, back to the length of `inputs`; the result is contiguous.
  /// model_error if an output does not have the padded length.
  Result<Tensors> cut(Tensors outputs, const Tensors& inputs) const;

  /// "T to 16, 32, 64".
  GANTRY_API std::string to_string() const;

 private:
  /// The bytes of one element.
  using Element = std::array<std::byte, 8>;
  /// The axes of a tensor that are padded: bit i for axis i.
  using Axes = std::uint32_t;

  std::int64_t length_of(const Tensors& inputs) const { return inputs[first_input_].tensor.shape()[first_axis_]; }
  std::int64_t padded(std::int64_t length) const;
  Shape padded_shape(const Tensor& tensor, Axes axes) const;
  Result<Tensor> join_input(std::size_t input, Span<const Tensor> parts) const;

  std::string dim_;
  std::vector<std::int64_t> lengths_;
  std::size_t first_input_ = 0;  // the input and axis from which the length is read
  std::size_t first_axis_ = 0;
  std::vector<Axes> input_axes_;
  std::vector<Axes> output_axes_;
  std::vector<Element> values_;  // by input
};

}  // namespace gantry::inline GANTRY_ABI::detail
