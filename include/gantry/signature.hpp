// SPDX-License-Identifier: Apache-2.0
// Signature: names, dtypes and shapes of a model's inputs and outputs.
//
//   Signature s = Signature::parse("image:f32[batch,3,224,224]", "logits:f32[batch,1000]").value();
//
// A dimension is a number or a symbol. Equal symbols must agree across all inputs and outputs of one call. The symbol
// "batch" in front of every input and output is the batch axis: samples are stacked along it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gantry/tensor.hpp>

namespace gantry {

/// One extent: a number, or a symbol that any extent of at least 1 may take.
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

/// What each symbol stood for in one call.
using SymbolBinding = std::map<std::string, std::int64_t, std::less<>>;

/// The types of a model.
///
/// Ownership: a value.
/// Threads:   immutable.
/// Errors:    invalid_argument naming tensor, what was expected and what came.
/// Cost:      checks are linear in tensors and dimensions; below a microsecond for usual models.
class GANTRY_API Signature {
 public:
  Signature() = default;
  /// invalid_argument for an empty or duplicate name, a dimension below 1, more than Shape::kMaxRank dimensions, or a
  /// symbol that only an output uses.
  static Result<Signature> make(std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs);
  /// From "name:dtype[dim,dim]; name:dtype[dim]" for inputs and outputs.
  static Result<Signature> parse(std::string_view inputs, std::string_view outputs);

  const std::vector<TensorSpec>& inputs() const { return inputs_; }
  const std::vector<TensorSpec>& outputs() const { return outputs_; }
  /// True if every input and output begins with the symbol "batch".
  bool has_batch_axis() const { return has_batch_axis_; }

  /// Checks names, order-independently, dtypes, ranks and extents; returns what the symbols stood for.
  Result<SymbolBinding> check_inputs(const Tensors& tensors) const;
  /// Checks outputs, in signature order, against what the inputs bound. model_error on disagreement.
  Result<void> check_outputs(const Tensors& tensors, const SymbolBinding& binding) const;
  /// Checks one sample of input `index`: its shape without the batch axis (if there is one). Symbols are bound in, and
  /// compared with, `binding`, which the inputs of one sample share.
  Result<void> check_sample(std::size_t index, const Tensor& sample, SymbolBinding& binding) const;

  std::string to_string() const;

 private:
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  bool has_batch_axis_ = false;
};

}  // namespace gantry
