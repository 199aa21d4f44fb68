// SPDX-License-Identifier: Apache-2.0
// One checked call of a backend.
#include "model/model_call.hpp"

#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/dense.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

bool has_names_in_order(const Tensors& outputs, const Signature& signature) {
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].name != signature.outputs()[i].name) return false;
  return true;
}

/// Reorders `outputs`, as many as in the signature, if they have its names in another order.
Tensors by_name(Tensors outputs, const Signature& signature) {
  Tensors ordered;
  for (const TensorSpec& spec : signature.outputs()) {
    const Tensor* const output = outputs.find(spec.name);
    if (output == nullptr) return outputs;
    ordered.add(spec.name, *output);
  }
  return ordered;
}

}  // namespace

Result<Tensors> ModelCall::checked_outputs(const Signature& signature, Tensors outputs, const SymbolBinding& binding) {
  if (outputs.size() == signature.outputs().size() && !has_names_in_order(outputs, signature))
    outputs = by_name(std::move(outputs), signature);
  GANTRY_RETURN_IF_ERROR(signature.check_outputs(outputs, binding));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    NamedTensor& output = outputs[i];
    if (output.name != signature.outputs()[i].name) output.name = signature.outputs()[i].name;
    if (output.tensor.device().is_cpu() && output.tensor.is_contiguous()) continue;
    auto dense = dense_on_cpu(output.tensor);
    if (!dense && !output.tensor.device().is_cpu())
      return Error(ErrorCode::kModelError, "output '" + output.name + "': " + dense.error().message());
    GANTRY_RETURN_IF_ERROR(dense);
    output.tensor = *std::move(dense);
  }
  return outputs;
}

Result<Tensors> ModelCall::prepare(const Tensors& inputs, const CallOptions& call) const {
  Tensors prepared;
  for (const TensorSpec& spec : signature.inputs()) {
    const Tensor& input = *inputs.find(spec.name);
    if (!input.device().is_cpu())
      return Error(ErrorCode::kInvalidArgument,
                   "input '" + spec.name + "' must be on the CPU, got " + input.to_string());
    const bool may_vanish = call.deadline && input.owner() == nullptr;
    GANTRY_ASSIGN_OR_RETURN(auto dense,
                            backend->info().mutates_inputs || may_vanish ? input.clone() : input.contiguous());
    prepared.add(spec.name, std::move(dense));
  }
  return prepared;
}

Result<Tensors> ModelCall::finish(Result<Tensors> outputs, const SymbolBinding& binding) const noexcept try {
  if (!outputs) return outputs;
  return checked_outputs(signature, *std::move(outputs), binding);
} catch (...) {
  return translate_exception();
}

void ModelCall::submit(const Tensors& inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) const {
  auto binding = signature.check_inputs(inputs);
  if (!binding) return done(bad_input(std::move(binding).error()));
  auto prepared = prepare(inputs, call);
  if (!prepared) return done(std::move(prepared).error());
  backend->submit(*std::move(prepared), call,
                  [this, binding = *std::move(binding), done = std::move(done)](Result<Tensors> outputs) mutable {
                    done(finish(std::move(outputs), binding));
                  });
}

Result<Tensors> ModelCall::run(const Tensors& inputs, const CallOptions& call) const {
  auto binding = signature.check_inputs(inputs);
  if (!binding) return bad_input(std::move(binding).error());
  GANTRY_ASSIGN_OR_RETURN(auto prepared, prepare(inputs, call));
  return finish(backend->run(std::move(prepared), call), *binding);
}

}  // namespace gantry::inline GANTRY_ABI::detail
