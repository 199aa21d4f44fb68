// SPDX-License-Identifier: Apache-2.0
// Model: a handle to something that turns tensors into tensors, wherever it runs.
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
/// Errors:    run: invalid_argument if an input does not match the signature (before the engine sees it); model_error
///            if the engine fails or its output does not match; cancelled, deadline_exceeded, resource_exhausted;
///            unavailable after a shutdown, and while the model is unhealthy.
/// Cost:      no copy of an input that is contiguous and that the engine does not write to.
class GANTRY_API Model {
 public:
  /// From a file, which is `engine`'s to understand; ModelOptions::name is the file's unless it is set. Errors:
  /// not_found or failed_precondition if it cannot be opened, what the engine says of it, and those of make().
  static Result<Model> load(const EngineLoader& engine, const std::string& path, const Signature& signature,
                            const ModelOptions& options = {});
  /// Around an engine: makes its instances, warms them up, and finds out on ModelOptions::examples what may be merged.
  static Result<Model> make(std::unique_ptr<Engine> engine, Signature signature, const ModelOptions& options);
  /// Around a backend of the host's own.
  static Result<Model> make(std::shared_ptr<Backend> backend, Signature signature, const BackendOptions& options);

  const Signature& signature() const;
  const EngineInfo& info() const;
  const std::string& name() const;
  int max_batch() const;
  /// How many samples may share an engine call and by what right, or why none: "merges up to 16 samples, proven on
  /// 3 of them", "merges no samples: the model keeps state from run to run".
  const std::string& merging() const;

  /// Tensors exactly as the signature states, the batch axis included, in any order. With a deadline it returns when
  /// that comes, though the engine may still be at it; on a worker of the runtime, and in caller execution, when the
  /// engine does. An input whose memory nobody owns (Tensor::wrap() without an owner) is then copied.
  Result<Tensors> run(const Tensors& inputs, const RunOptions& options = {}) const;
  /// From within a stage, as part of its call, with that call's deadline, cancellation, priority, tenant and trace. A
  /// model on the runtime of the stage's pipeline runs on this thread, and is not admitted again; one on another
  /// runtime is admitted there, and this thread waits for it.
  Result<Tensors> run(const Tensors& inputs, const CallContext& call) const;

  /// The model as a stage over one sample: stacks samples along the batch axis, as many as merging() allows, runs,
  /// splits. Without a batch axis calls are never merged. `Tensor` needs exactly one input or output; `Tensors` takes
  /// any number, by name. Defined in model_stage.hpp, which pipeline.hpp includes.
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
