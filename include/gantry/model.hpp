// SPDX-License-Identifier: Apache-2.0
// Model: a handle to a model that turns tensors into tensors, in this process or elsewhere.
//
//   Model model = libtorch::load("net.ts", signature).value();
//   auto chain = image::decode() | ... | model.stage() | softmax();
#pragma once

#include <memory>
#include <string>

#include <gantry/backend.hpp>
#include <gantry/call_context.hpp>
#include <gantry/engine.hpp>
#include <gantry/engine_loader.hpp>
#include <gantry/model_options.hpp>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

template <class In, class Out>
class Stage;  // stage.hpp

namespace detail {
class ModelMaker;
class RuntimeCore;
struct CallOptions;
}  // namespace detail

/// A model ready to run.
///
/// Ownership: shares weights, instances and runtime; copies are cheap. Every stage made from copies of one handle
///            shares them too.
/// Threads:   thread-safe.
/// Errors:    run: invalid_argument if an input does not match the signature (checked before the engine runs);
///            model_error if the engine fails or its output does not match; cancelled, deadline_exceeded,
///            resource_exhausted; unavailable after a shutdown, and while the model is unhealthy.
/// Cost:      no copy of a contiguous input that the engine does not write to.
class GANTRY_API Model {
 public:
  /// Loads a file with `engine`. An unset ModelOptions::name becomes the file's name. Errors: not_found or
  /// failed_precondition if the file cannot be opened, the errors of the engine, and those of make().
  static Result<Model> load(const EngineLoader& engine, const std::string& path, const Signature& signature,
                            const ModelOptions& options = {});
  /// Wraps an engine: makes its instances, warms them up, and tests with ModelOptions::examples what may be merged.
  static Result<Model> make(std::unique_ptr<Engine> engine, Signature signature, const ModelOptions& options);
  /// Wraps a backend of the host application.
  static Result<Model> make(std::shared_ptr<Backend> backend, Signature signature, const BackendOptions& options);

  const Signature& signature() const;
  const EngineInfo& info() const;
  const std::string& name() const;
  int max_batch() const;
  /// How many samples may share an engine call and why, or why none may: "merges up to 16 samples, proven on 3 of
  /// them", "merges no samples: the model keeps state from run to run".
  const std::string& merging() const;

  /// `inputs` match the signature exactly, including the batch axis, in any order. A call with a deadline returns at
  /// the deadline even if the engine still runs, and copies inputs that have no owner (Tensor::wrap() without one). On
  /// a worker of the runtime, and in caller execution, the call returns when the engine does.
  Result<Tensors> run(const Tensors& inputs, const RunOptions& options = {}) const;
  /// For use within a stage: runs as part of its call, with that call's deadline, cancellation, priority, tenant and
  /// trace. A model on the runtime of the stage's pipeline runs on this thread, without a second admission. A model on
  /// another runtime is admitted there, and this thread waits for it.
  Result<Tensors> run(const Tensors& inputs, const CallContext& call) const;

  /// The model as a stage over one sample: stacks samples along the batch axis, as many as merging() allows, runs,
  /// splits the outputs. Without a batch axis it never merges calls. `Tensor` needs exactly one input or output;
  /// `Tensors` takes any number, by name. Defined in model_stage.hpp, which pipeline.hpp includes.
  template <class In = Tensor, class Out = Tensor>
  Stage<In, Out> stage() const;

 private:
  struct State;
  friend class detail::ModelMaker;
  Result<Tensors> run(const Tensors& inputs, const detail::CallOptions& options,
                      const detail::RuntimeCore* admitted_by) const;
  explicit Model(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
