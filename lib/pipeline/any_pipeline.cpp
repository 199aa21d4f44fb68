// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <gantry/any_pipeline.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "pipeline/boxed_value.hpp"
#include "pipeline/parsed_pipeline.hpp"
#include "pipeline/partial_batch.hpp"
#include "pipeline/pipeline_origin.hpp"
#include "pipeline/ports.hpp"
#include "pipeline/run_until.hpp"

namespace gantry::inline GANTRY_ABI {
namespace detail {

struct AnyPipelineParts {
  std::shared_ptr<const PipelineOrigin> origin;
  Codecs codecs;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

}  // namespace detail

namespace {

using detail::boxed;
using detail::Value;

Result<Payload> to_payload(Result<Value> result) {
  return boxed(std::move(result));
}

}  // namespace

AnyPipeline::AnyPipeline(std::shared_ptr<const detail::PipelineCore> core,
                         // NOLINTNEXTLINE(performance-unnecessary-value-param): it is read twice
                         std::shared_ptr<const detail::PipelineOrigin> origin)
    : AnyPipeline(std::move(core), origin, origin ? origin->codecs : Registry::builtin().codecs()) {}

AnyPipeline::AnyPipeline(std::shared_ptr<const detail::PipelineCore> core,
                         std::shared_ptr<const detail::PipelineOrigin> origin, Codecs codecs)
    : core_(std::move(core)) {
  auto parts = std::make_shared<detail::AnyPipelineParts>();
  parts->origin = std::move(origin);
  parts->codecs = std::move(codecs);
  parts->inputs = detail::input_ports(core_->root(), parts->origin.get());
  parts->outputs = detail::output_ports(core_->root());
  parts_ = std::move(parts);
}

Span<const Port> AnyPipeline::inputs() const {
  return parts_->inputs;
}
Span<const Port> AnyPipeline::outputs() const {
  return parts_->outputs;
}
const Codecs& AnyPipeline::codecs() const {
  return parts_->codecs;
}
const PackageInfo& AnyPipeline::package() const {
  return detail::package_of(parts_->origin.get());
}
std::shared_ptr<const detail::PipelineOrigin> AnyPipeline::origin() const {
  return parts_->origin;
}
std::string AnyPipeline::explain() const {
  return core_->explain();
}
std::vector<StageStats> AnyPipeline::stats() const {
  return core_->stats();
}

Result<Value> AnyPipeline::unpack(Payload input) const {
  const PayloadType wanted(*core_->root().in);
  if (input.type() != wanted)
    return Error(ErrorCode::kInvalidArgument,
                 "this pipeline takes " + wanted.name() + ", the payload is " + input.type().name());
  return std::move(input).take();
}

Result<Payload> AnyPipeline::join(std::vector<Payload> inputs) const {
  const Span<const Port> ports = this->inputs();
  if (inputs.size() != ports.size())
    return Error(ErrorCode::kInvalidArgument, "this pipeline has " + std::to_string(ports.size()) +
                                                  " inputs, there are " + std::to_string(inputs.size()) + " payloads");
  std::vector<Value> values;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (inputs[i].type() != ports[i].type)
      return Error(ErrorCode::kInvalidArgument, "input '" + ports[i].name + "' is " + ports[i].type.name() +
                                                    ", the payload is " + inputs[i].type().name());
    values.push_back(std::move(inputs[i]).take());
  }
  if (ports.size() == 1) return Payload(std::move(values[0]));
  return Payload(detail::join_inputs(*core_->root().in, parts_->origin->inputs, std::move(values)));
}

Result<Payload> AnyPipeline::run(Payload input, const RunOptions& options) const {
  GANTRY_ASSIGN_OR_RETURN(auto value, unpack(std::move(input)));
  return boxed(core_->run(std::move(value), options));
}

Result<Payload> AnyPipeline::run(Payload input, const CallContext& call) const {
  GANTRY_ASSIGN_OR_RETURN(auto value, unpack(std::move(input)));
  return boxed(core_->run(std::move(value), call));
}

detail::PartialBatch<Payload> AnyPipeline::unpack_all(std::vector<Payload> inputs) const {
  return {std::move(inputs), [this](Payload& input) { return unpack(std::move(input)); }};
}

template <class Call>
std::vector<Result<Payload>> AnyPipeline::run_all(std::vector<Payload> inputs, const Call& call) const {
  auto batch = unpack_all(std::move(inputs));
  auto ran = core_->run_batch(batch.take_values(), call);
  return std::move(batch).finish(std::move(ran), to_payload);
}

std::vector<Result<Payload>> AnyPipeline::run_batch(std::vector<Payload> inputs, const RunOptions& options) const {
  return run_all(std::move(inputs), options);
}
std::vector<Result<Payload>> AnyPipeline::run_batch(std::vector<Payload> inputs, const CallContext& call) const {
  return run_all(std::move(inputs), call);
}

void AnyPipeline::submit(Payload input, const RunOptions& options, Function<void(Result<Payload>)> done) const {
  auto rebox = [done = std::move(done)](Result<Value> result) mutable { done(boxed(std::move(result))); };
  Result<Value> value = Value();
  Function<void(Result<Value>)> answer;
  try {
    value = unpack(std::move(input));
    if (value) answer = std::move(rebox);
  } catch (...) {
    value = core_->refuse(detail::translate_exception());
  }
  if (value) return core_->submit(*std::move(value), options, std::move(answer));
  try {
    // NOLINTNEXTLINE(bugprone-use-after-move): it is moved only where there is a value
    rebox(std::move(value).error());
  } catch (...) {  // dropped, as Pipeline::submit() does
  }
}

void AnyPipeline::submit_batch(std::vector<Payload> inputs, const RunOptions& options,
                               Function<void(std::vector<Result<Payload>>)> done) const {
  auto batch = unpack_all(std::move(inputs));
  auto values = batch.take_values();
  Function<void(std::vector<Result<Value>>)> answer =
      [done = std::move(done), batch = std::move(batch)](std::vector<Result<Value>> ran) mutable {
        done(std::move(batch).finish(std::move(ran), to_payload));
      };
  core_->submit_batch(std::move(values), options, std::move(answer));
}

std::future<Result<Payload>> AnyPipeline::submit(Payload input, const RunOptions& options) const {
  detail::KeptPromise<Payload> promise;
  auto future = promise.get_future();
  if (core_->runs_in_place())
    promise.set_value(run(std::move(input), options));
  else
    submit(std::move(input), options,
           [promise = std::move(promise)](Result<Payload> result) mutable { promise.set_value(std::move(result)); });
  return future;
}

Result<Payload> AnyPipeline::run_until(Payload input, std::string_view stage) const {
  GANTRY_ASSIGN_OR_RETURN(const auto path, find_stage(stage));
  GANTRY_ASSIGN_OR_RETURN(auto value, unpack(std::move(input)));
  return boxed(detail::run_until(*core_, std::move(value), path));
}

Result<std::string> AnyPipeline::find_stage(std::string_view stage) const {
  return detail::find_stage(*core_, stage);
}

Result<AnyPipeline> compile_any(std::string_view json, const Registry& registry, const ConfigContext& context,
                                const CompileOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(auto parsed, detail::parse_pipeline(json, nullptr, nullptr, registry, context));
  GANTRY_ASSIGN_OR_RETURN(auto core, detail::PipelineCore::compile(parsed.root, options));
  return AnyPipeline(std::move(core), std::make_shared<const detail::PipelineOrigin>(
                                          detail::PipelineOrigin{{}, registry.codecs(), std::move(parsed.inputs)}));
}

const PackageInfo& detail::package_of(const PipelineOrigin* origin) {
  static const PackageInfo none;
  return origin ? origin->package : none;
}

}  // namespace gantry::inline GANTRY_ABI
