// SPDX-License-Identifier: Apache-2.0
// AnyPipeline: a pipeline whose types are known only when the program runs. For servers, bindings and tools; who knows
// the types uses Pipeline<In, Out>.
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

namespace gantry {
inline namespace GANTRY_ABI {

/// What a pipeline takes, or gives.
struct Port {
  std::string name;  ///< empty if nobody named it
  PayloadType type;
};

namespace detail {
struct AnyPipelineParts;
/// `core` as one that takes `in` and gives `out`, where a config left the types of tuples and of several inputs, which
/// are `origin`'s, open. invalid_argument if it takes or gives something else.
GANTRY_API Result<std::shared_ptr<const PipelineCore>> as_typed(std::shared_ptr<const PipelineCore> core,
                                                                const TypeInfo& in, const TypeInfo& out,
                                                                const PipelineOrigin* origin);
}  // namespace detail

/// An erased pipeline.
///
/// Ownership: shares the plan, its models, its runtime and its codecs; copies are cheap.
/// Threads:   thread-safe: every member may be called concurrently.
/// Errors:    as Pipeline; invalid_argument for a payload of another type than the pipeline takes.
/// Cost:      as Pipeline, and one comparison of types a call.
class GANTRY_API AnyPipeline {
 public:
  /// With the codecs of the package it came from, or of Registry::builtin().
  template <class In, class Out>
  explicit AnyPipeline(const Pipeline<In, Out>& pipeline) : AnyPipeline(pipeline.core(), pipeline.origin()) {}
  /// With the codecs of `registry`.
  template <class In, class Out>
  AnyPipeline(const Pipeline<In, Out>& pipeline, const Registry& registry)
      : AnyPipeline(pipeline.core(), pipeline.origin(), registry.codecs()) {}

  /// One, or several with names. Several are a tuple of these types, or Tensors; join() makes what run() takes of them.
  Span<const Port> inputs() const;
  Span<const Port> outputs() const;
  const Codecs& codecs() const;
  /// Empty if it came from no package.
  const PackageInfo& package() const;

  /// What run() takes, of a payload for each of inputs(). invalid_argument names the one that does not fit.
  Result<Payload> join(std::vector<Payload> inputs) const;
  Result<Payload> run(Payload input, const RunOptions& options = {}) const;
  /// From within a stage of another pipeline, as part of its call: as Pipeline::run().
  Result<Payload> run(Payload input, const CallContext& call) const;
  /// One result per input, in order; a failing item does not affect the others.
  std::vector<Result<Payload>> run_batch(std::vector<Payload> inputs, const RunOptions& options = {}) const;
  std::vector<Result<Payload>> run_batch(std::vector<Payload> inputs, const CallContext& call) const;
  /// As Pipeline::submit().
  void submit(Payload input, const RunOptions& options, Function<void(Result<Payload>)> done) const;
  std::future<Result<Payload>> submit(Payload input, const RunOptions& options = {}) const;

  /// Runs up to a stage, all on one thread, and gives what came out of it; within `each`, a list of that. A request as
  /// any other, but for the statistics. `stage` is a path ("pipeline[2]", "pipeline[3].do[0]") or the name of an op, if
  /// one stage only has it: invalid_argument lists what there is. failed_precondition if the stage did not run for this
  /// input.
  Result<Payload> run_until(Payload input, std::string_view stage) const;
  /// The path of the stage that `stage` means.
  Result<std::string> find_stage(std::string_view stage) const;

  std::string explain() const;
  std::vector<StageStats> stats() const;

  /// The same pipeline with its types. They must be those of the pipeline; a std::tuple may stand for one whose types a
  /// config left open.
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
  template <class Call>
  std::vector<Result<Payload>> run_all(std::vector<Payload> inputs, const Call& call) const;

  std::shared_ptr<const detail::PipelineCore> core_;
  std::shared_ptr<const detail::AnyPipelineParts> parts_;
};

/// A pipeline from JSON text, a list of ops, whatever it takes and gives. Errors: those of parse_stages() and
/// compile().
GANTRY_API Result<AnyPipeline> compile_any(std::string_view json, const Registry& registry,
                                           const ConfigContext& context = {}, const CompileOptions& options = {});

}  // namespace GANTRY_ABI
}  // namespace gantry
