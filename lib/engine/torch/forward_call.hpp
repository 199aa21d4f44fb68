// SPDX-License-Identifier: Apache-2.0
// ForwardCall: how a signature's inputs and outputs map to the arguments and the result of TorchScript's forward().
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/engine_options.hpp>
#include <gantry/signature.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/torch/forward_result.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Ownership: owns its tables.
/// Threads:   immutable.
/// Errors:    make: invalid_argument if forward() cannot take the inputs or the fixed arguments, or cannot give the
///            outputs; outputs_of: model_error.
/// Cost:      a few allocations per call.
class ForwardCall {
 public:
  /// Tensor arguments get the signature's inputs: by name if every input's name is that of an argument, by position if
  /// none is. `fixed` has the values of other arguments. Remaining arguments need defaults. `graph` comes from
  /// resolve_forward().
  static Result<ForwardCall> make(const torch::jit::Module& module, const torch::jit::Graph& graph,
                                  const Signature& signature, const OptionValue::Object& fixed);

  /// The arguments for inputs in signature order.
  std::vector<c10::IValue> arguments(const std::vector<at::Tensor>& inputs) const;

  /// The tensors of forward()'s result in signature order.
  Result<std::vector<at::Tensor>> outputs_of(const c10::IValue& result) const { return result_.tensors_of(result); }

  const std::vector<TensorSpec>& output_specs() const { return outputs_; }

  /// For EngineInfo::matching.
  const std::string& matching() const { return matching_; }

 private:
  struct Argument {
    std::optional<std::size_t> input;  ///< unset: `value`
    c10::IValue value;
  };

  explicit ForwardCall(ForwardResult result) : result_(std::move(result)) {}

  std::vector<Argument> arguments_;
  std::vector<TensorSpec> outputs_;
  ForwardResult result_;
  std::string matching_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
