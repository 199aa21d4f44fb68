// SPDX-License-Identifier: Apache-2.0
// ForwardResult: finds a signature's outputs in the result of TorchScript's forward().
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/signature.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A tensor in a nested result is named by its path: dict keys, field names of named tuples, or indices, joined by ".";
/// nn.LSTM's (out, (h, c)) gives "0", "1.0", "1.1". Tensors of a flat tuple or list have no names. None and other
/// values that are not tensors have neither a position nor a name.
///
/// What the code says about the result is matched at load. If it says too little (a dict that is filled in a loop, a
/// list in a list), outputs are found by name in each result.
///
/// Ownership: owns its tables.
/// Threads:   immutable.
/// Errors:    make: invalid_argument if the result cannot have the outputs; tensors_of: model_error.
/// Cost:      one allocation per call; a few more if the result is nested.
class ForwardResult {
 public:
  /// `graph` comes from resolve_forward().
  static Result<ForwardResult> make(const torch::jit::Graph& graph, const Signature& signature);

  /// The tensors in signature order.
  Result<std::vector<at::Tensor>> tensors_of(const c10::IValue& result) const;

  bool is_by_name() const { return is_by_name_; }

 private:
  /// kFlat: a tensor, or a tuple or list of tensors. kNested: any structure. kAny: one of the two, decided for each
  /// result.
  enum class Form { kFlat, kNested, kAny };

  Result<std::vector<at::Tensor>> flat_tensors_of(const c10::IValue& result) const;
  Result<std::vector<at::Tensor>> nested_tensors_of(const c10::IValue& result) const;

  std::vector<std::string> outputs_;  // the signature's
  Form form_ = Form::kFlat;
  std::vector<std::size_t> places_;  // flat tuple matched by name: the index of each output; else empty
  std::vector<std::string> paths_;   // nested: the path of each output
  bool is_by_name_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
