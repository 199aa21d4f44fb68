// SPDX-License-Identifier: Apache-2.0
// Signature: names, dtypes and shapes of a model's inputs and outputs.
//
//   Signature s = Signature::parse("image:f32[batch,3,224,224]", "logits:f32[batch,1000]").value();
//
// A dimension is a number or a symbol. Equal symbols must agree across all inputs and outputs of one call. The symbol
// "batch" at the front of every input is the batch axis: samples come without it, and are stacked along it.
//
// A symbol that no input has is a size that follows from the input in any way: the number of boxes found, the side of a
// feature map, a quarter of the time steps. It may be 0.
//
//   Signature s = Signature::parse("image:f32[batch,3,H,W]", "boxes:f32[found,4]; scores:f32[found]").value();
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// One extent: a number, or a symbol. A symbol of an input stands for any extent of at least 1; a symbol of outputs
/// only stands for any extent.
struct GANTRY_API Dim {
  std::int64_t extent = -1;  ///< when symbol is empty
  std::string symbol;

  bool is_symbolic() const { return !symbol.empty(); }
  std::string to_string() const;
};

/// Name, dtype and shape of one tensor.
struct GANTRY_API TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<Dim> dims;

  /// "image: f32[batch, 3, 224, 224]".
  std::string to_string() const;
};

/// The value of each symbol in one call.
using SymbolBinding = std::map<std::string, std::int64_t, std::less<>>;

/// The types of a model.
///
/// Ownership: a value.
/// Threads:   immutable.
/// Errors:    invalid_argument with the tensor, the expected value and the actual one.
/// Cost:      checks are linear in tensors and dimensions; below a microsecond for usual models.
class GANTRY_API Signature {
 public:
  Signature() = default;
  /// invalid_argument for an empty or duplicate name, a dimension below 1, more than Shape::kMaxRank dimensions, or
  /// "batch" in an output if no input has it.
  static Result<Signature> make(std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs);
  /// From "name:dtype[dim,dim]; name:dtype[dim]" for inputs and outputs.
  static Result<Signature> parse(std::string_view inputs, std::string_view outputs);

  const std::vector<TensorSpec>& inputs() const { return inputs_; }
  const std::vector<TensorSpec>& outputs() const { return outputs_; }
  /// True if every input begins with the symbol "batch" and has it nowhere else. A sample comes without it.
  bool has_batch_axis() const { return has_batch_axis_; }
  /// True if output `index` also begins with it and has it nowhere else: the output has one row for each sample.
  bool has_rows(std::size_t index) const { return output_has_rows_[index]; }
  /// True if there is a batch axis and every output has it: shapes allow samples to share a call. Otherwise each sample
  /// is a call of its own, a batch of one, and an output without rows belongs to that sample unchanged.
  bool can_share_calls() const { return can_share_calls_; }
  /// The symbols that no input has, each once.
  const std::vector<std::string>& output_symbols() const { return output_symbols_; }

  /// Checks names (in any order), dtypes, ranks and extents; returns the values of the symbols.
  Result<SymbolBinding> check_inputs(const Tensors& tensors) const;
  /// Checks outputs, in signature order, against the inputs' symbol values, and against each other. model_error if they
  /// do not match.
  Result<void> check_outputs(const Tensors& tensors, const SymbolBinding& binding) const;
  /// Checks one sample of input `index`: its shape without the batch axis (if there is one). Sets new symbols in
  /// `binding`, and compares the others with it; the inputs of one sample share one `binding`.
  Result<void> check_sample(std::size_t index, const Tensor& sample, SymbolBinding& binding) const;

  std::string to_string() const;

 private:
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  std::vector<bool> output_has_rows_;
  std::vector<std::string> output_symbols_;
  bool has_batch_axis_ = false;
  bool can_share_calls_ = false;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
