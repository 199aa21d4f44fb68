// SPDX-License-Identifier: Apache-2.0
// AnyPipeline: a pipeline whose types are known only at run time. For servers, bindings and tools; code that knows the
// types uses Pipeline<In, Out>.
//
//   AnyPipeline pipeline = open_any("models/cat-or-dog/3", engines).value();
//   Payload input = pipeline.codecs().from_bytes(pipeline.inputs()[0].type, body, "image/jpeg").value();
//   std::string json = pipeline.codecs().to_json(pipeline.run(std::move(input)).value()).value();
#pragma once

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gantry/call_context.hpp>
#include <gantry/codecs.hpp>
#include <gantry/package_info.hpp>
#include <gantry/payload.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <gantry/signature.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// One input or output of a pipeline.
struct Port {
  std::string name;  ///< empty if unnamed
  PayloadType type;
  /// For Tensor and Tensors: names, dtypes and shapes, if a model takes the input as it comes, or gives the output.
  /// "batch" is the batch axis of that model; run() takes a sample, without it. Empty: unknown.
  std::vector<TensorSpec> tensors;
};

namespace detail {
struct AnyPipelineParts;
template <class Out>
class PartialBatch;
/// `core` as a pipeline from `in` to `out`, if a config left the types of tuples and of several inputs open; `origin`
/// has these. invalid_argument if it takes or returns another type.
GANTRY_API Result<std::shared_ptr<const PipelineCore>> as_typed(std::shared_ptr<const PipelineCore> core,
                                                                const TypeInfo& in, const TypeInfo& out,
                                                                const PipelineOrigin* origin);
}  // namespace detail

/// A type-erased pipeline.
///
/// Ownership: shares the plan, its models, its runtime and its codecs; copies are cheap.
/// Threads:   thread-safe: every member may be called concurrently.
/// Errors:    as Pipeline; invalid_argument for a payload of another type than the pipeline takes.
/// Cost:      as Pipeline, and one comparison of types per call.
class GANTRY_API AnyPipeline {
 public:
  /// With the codecs of its package, or of Registry::builtin().
  template <class In, class Out>
  explicit AnyPipeline(const Pipeline<In, Out>& pipeline) : AnyPipeline(pipeline.core(), pipeline.origin()) {}
  /// With the codecs of `registry`.
  template <class In, class Out>
  AnyPipeline(const Pipeline<In, Out>& pipeline, const Registry& registry)
      : AnyPipeline(pipeline.core(), pipeline.origin(), registry.codecs()) {}

  /// One, or several with names. Several are a tuple of these types, or Tensors; join() combines them for run().
  Span<const Port> inputs() const;
  Span<const Port> outputs() const;
  const Codecs& codecs() const;
  /// Empty if the pipeline comes from no package.
  const PackageInfo& package() const;

  /// Combines one payload for each of inputs() into the input of run(). invalid_argument names one that does not fit.
  Result<Payload> join(std::vector<Payload> inputs) const;
  Result<Payload> run(Payload input, const RunOptions& options = {}) const;
  /// For use within a stage of another pipeline, as part of its call: see Pipeline::run().
  Result<Payload> run(Payload input, const CallContext& call) const;
  /// One result per input, in order; a failing item does not affect the others.
  std::vector<Result<Payload>> run_batch(std::vector<Payload> inputs, const RunOptions& options = {}) const;
  std::vector<Result<Payload>> run_batch(std::vector<Payload> inputs, const CallContext& call) const;
  /// As Pipeline::submit().
  void submit(Payload input, const RunOptions& options, Function<void(Result<Payload>)> done) const;
  std::future<Result<Payload>> submit(Payload input, const RunOptions& options = {}) const;
  /// run_batch() that returns at once: one request, admitted or refused as a whole. `done` is called as submit() calls
  /// it, with one result per input, in order. std::bad_alloc without memory for the batch: then `done` is not called.
  void submit_batch(std::vector<Payload> inputs, const RunOptions& options,
                    Function<void(std::vector<Result<Payload>>)> done) const;

  /// Runs up to a stage, on one thread, and returns that stage's output; within `each`, a list of outputs. A request
  /// like any other, but not in the statistics. `stage` is a path ("pipeline[2]", "pipeline[3].do[0]"), or the name of
  /// an op that only one stage has; otherwise invalid_argument lists the stages. failed_precondition if the stage did
  /// not run for this input.
  Result<Payload> run_until(Payload input, std::string_view stage) const;
  /// The path of the stage that `stage` refers to.
  Result<std::string> find_stage(std::string_view stage) const;

  std::string explain() const;
  std::vector<StageStats> stats() const;

  /// The same pipeline with C++ types, which must be those of the pipeline. A std::tuple may replace a tuple whose
  /// types a config left open.
  template <class In, class Out>
  Result<Pipeline<In, Out>> as() const {
    auto core = detail::as_typed(core_, detail::type_of<In>(), detail::type_of<Out>(), origin().get());
    if (!core) return std::move(core).error();
    return Pipeline<In, Out>(*std::move(core), origin());
  }

  /// For gantry's own layers.
  AnyPipeline(std::shared_ptr<const detail::PipelineCore> core, std::shared_ptr<const detail::PipelineOrigin> origin);
  AnyPipeline(std::shared_ptr<const detail::PipelineCore> core, std::shared_ptr<const detail::PipelineOrigin> origin,
              Codecs codecs);
  const std::shared_ptr<const detail::PipelineCore>& core() const { return core_; }

 private:
  std::shared_ptr<const detail::PipelineOrigin> origin() const;
  Result<detail::Value> unpack(Payload input) const;
  detail::PartialBatch<Payload> unpack_all(std::vector<Payload> inputs) const;
  template <class Call>
  std::vector<Result<Payload>> run_all(std::vector<Payload> inputs, const Call& call) const;

  std::shared_ptr<const detail::PipelineCore> core_;
  std::shared_ptr<const detail::AnyPipelineParts> parts_;
};

/// Compiles JSON text, a list of ops, with input and output of any type. Errors: those of parse_stages() and
/// compile().
GANTRY_API Result<AnyPipeline> compile_any(std::string_view json, const Registry& registry,
                                           const ConfigContext& context = {}, const CompileOptions& options = {});

}  // namespace GANTRY_ABI
}  // namespace gantry
