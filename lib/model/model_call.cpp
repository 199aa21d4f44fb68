// SPDX-License-Identifier: Apache-2.0
// One checked call of a backend.
#include "model/model_call.hpp"

#include <gantry/node.hpp>
#include <utility>

namespace gantry::detail {

Result<Tensors> ModelCall::prepare(const Tensors& inputs, const CallOptions& call) const {
  Tensors prepared;
  for (const TensorSpec& spec : signature.inputs()) {
    const Tensor& input = *inputs.find(spec.name);
    if (!input.device().is_cpu())
      return Error(ErrorCode::kInvalidArgument,
                   "input '" + spec.name + "' must be on the CPU, got " + input.to_string());
    const bool may_vanish = call.deadline && input.owner() == nullptr;
    auto dense = backend->info().mutates_inputs || may_vanish ? input.clone() : input.contiguous();
    if (!dense) return std::move(dense).error();
    prepared.add(spec.name, *std::move(dense));
  }
  return prepared;
}

Result<Tensors> ModelCall::finish(Result<Tensors> outputs, const SymbolBinding& binding) const noexcept try {
  if (!outputs) return outputs;
  if (auto ok = signature.check_outputs(*outputs, binding); !ok) return std::move(ok).error();
  for (std::size_t i = 0; i < outputs->size(); ++i) (*outputs)[i].name = signature.outputs()[i].name;
  return outputs;
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
  auto prepared = prepare(inputs, call);
  if (!prepared) return std::move(prepared).error();
  return finish(backend->run(*std::move(prepared), call), *binding);
}

}  // namespace gantry::detail
