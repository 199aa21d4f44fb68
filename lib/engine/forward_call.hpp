// SPDX-License-Identifier: Apache-2.0
// ForwardCall: how a signature's inputs and outputs map to the arguments and the result of TorchScript's forward().
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/api/module.h>

#include <gantry/signature.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gantry::libtorch {

/// Ownership: owns its tables.
/// Threads:   immutable.
/// Errors:    make: invalid_argument if forward() cannot take the inputs or give the outputs; outputs_of: model_error.
/// Cost:      a few allocations a call.
class ForwardCall {
 public:
  /// Each argument of forward() gets the input of its name if every input is the name of an argument; otherwise inputs
  /// go by position. Arguments left over need defaults.
  static Result<ForwardCall> make(const torch::jit::Module& module, const Signature& signature);

  /// The arguments for inputs in signature order.
  std::vector<c10::IValue> arguments(const std::vector<at::Tensor>& inputs) const;

  /// The tensors of forward()'s result in signature order: a tensor, a tuple or list of them, or a dict by name.
  Result<std::vector<at::Tensor>> outputs_of(c10::IValue result) const;

  const std::vector<TensorSpec>& output_specs() const { return outputs_; }

 private:
  struct Argument {
    std::optional<std::size_t> input;  ///< unset: `value`
    c10::IValue value;
  };
  std::vector<Argument> arguments_;
  std::vector<TensorSpec> outputs_;
};

}  // namespace gantry::libtorch
