// SPDX-License-Identifier: Apache-2.0
// ModelCall: the state that all stages of one Model share; runs a call, with its inputs and outputs checked.
#pragma once

#include <atomic>
#include <cstdint>
#include <gantry/model.hpp>
#include <gantry/signature.hpp>
#include <memory>
#include <string>

#include "model/model_backend.hpp"
#include "runtime/call_options.hpp"

namespace gantry::inline GANTRY_ABI {
namespace detail {

/// Holds no Runtime handle, so that a request in flight cannot keep a runtime alive.
///
/// Ownership: shares the backend.
/// Threads:   thread-safe.
/// Errors:    invalid_argument for inputs, model_error for outputs that disagree with the signature.
/// Cost:      no copy of contiguous inputs, unless the engine writes to them.
struct ModelCall {
  std::shared_ptr<ModelBackend> backend;
  Signature signature;
  std::size_t max_batch = 1;
  std::size_t max_merged = 1;                        // samples that may share an engine call
  std::string merging;                               // Merging::text
  std::string padding;                               // for explain(); empty: none
  std::atomic<std::uint64_t>* bad_inputs = nullptr;  // a counter of the backend

  /// Counts inputs that the signature refused, and returns the error.
  Error bad_input(Error error) const {
    if (bad_inputs) bad_inputs->fetch_add(1, std::memory_order_relaxed);
    return error;
  }
  /// Checks `inputs` and runs them; `done` is called exactly once, possibly before this returns.
  void submit(const Tensors& inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) const;
  /// The same on this thread.
  Result<Tensors> run(const Tensors& inputs, const CallOptions& call) const;
  /// Checks and normalizes the outputs of an engine or a backend. The result has the signature's number, names, order,
  /// dtypes and shapes, and is contiguous and on the CPU. If the outputs have exactly the signature's names, they are
  /// matched by name, else by order. model_error for outputs that do not fit.
  static Result<Tensors> checked_outputs(const Signature& signature, Tensors outputs, const SymbolBinding& binding);

 private:
  /// Puts inputs into the signature's order, contiguous and on the CPU. Copies them if the engine writes to its inputs,
  /// and if they do not own their memory while the caller may return at its deadline before the engine is done.
  Result<Tensors> prepare(const Tensors& inputs, const CallOptions& call) const;
  Result<Tensors> finish(Result<Tensors> outputs, const SymbolBinding& binding) const noexcept;
};

}  // namespace detail

struct Model::State {
  std::shared_ptr<const detail::ModelCall> call;
  Runtime runtime;
  std::string name;
};

}  // namespace gantry::inline GANTRY_ABI
