// SPDX-License-Identifier: Apache-2.0
// ModelCall: what every stage made from one Model shares, and one checked call of it.
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

/// Holds no handle of the runtime, so that a request in flight cannot keep a runtime alive.
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
  std::atomic<std::uint64_t>* bad_inputs = nullptr;  // counted in the backend

  /// What the signature refused.
  Error bad_input(Error error) const {
    if (bad_inputs) bad_inputs->fetch_add(1, std::memory_order_relaxed);
    return error;
  }
  /// Checks `inputs` and runs them; `done` is called exactly once, possibly before this returns.
  void submit(const Tensors& inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) const;
  /// The same on this thread.
  Result<Tensors> run(const Tensors& inputs, const CallOptions& call) const;
  /// What an engine or a backend gave, as everything behind it may rely on: as many as the signature's, by its names
  /// and in its order, of its dtypes and shapes, contiguous, on the CPU. Outputs that bear all of its names are taken
  /// by them, others by their order. model_error for what disagrees.
  static Result<Tensors> checked_outputs(const Signature& signature, Tensors outputs, const SymbolBinding& binding);

 private:
  /// Signature order, contiguous, on the CPU, private where the engine writes. Also where nobody owns the memory and
  /// the caller may be gone at its deadline, before the engine is done with it.
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
