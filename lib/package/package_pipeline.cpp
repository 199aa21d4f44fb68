// SPDX-License-Identifier: Apache-2.0
#include "package/package_pipeline.hpp"

#include <gantry/engine.hpp>
#include <gantry/pipeline.hpp>
#include <memory>
#include <set>
#include <utility>

#include "core/return_if_error.hpp"
#include "pipeline/model_name.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Collects the models that the ops of a chain use.
void collect_models(const Node& node, std::set<std::string>& names) {
  if (const auto* name = node.kind == "model" ? node.params.as<ModelName>() : nullptr) names.insert(name->text);
  for (const Branch& branch : node.branches) collect_models(*branch.node, names);
}

/// A placeholder for an engine instance.
class StandInInstance final : public EngineInstance {
 public:
  Result<Tensors> run(const Tensors&, const EngineCall&) override {
    return Error(ErrorCode::kUnsupported, "no engine is loaded");
  }
};

class StandIn final : public Engine {
 public:
  StandIn() { info_.kind = "none"; }
  const EngineInfo& info() const override { return info_; }
  Result<std::unique_ptr<EngineInstance>> make_instance(int) override { return {std::make_unique<StandInInstance>()}; }

 private:
  EngineInfo info_;
};

}  // namespace

Result<ParsedPipeline> parse_package_pipeline(const Manifest& manifest, const PackageFiles& files,
                                              const ModelsByName& models, const TypeInfo* in, const TypeInfo* out,
                                              const Registry& registry) {
  ConfigContext context;
  context.models = models;
  context.inputs = manifest.inputs;
  context.files = [&files](const std::string& name) { return files.read(name); };
  auto parsed = parse_pipeline(manifest.pipeline, in, out, registry, context);
  if (!parsed) return parsed;
  std::set<std::string> used;
  collect_models(*parsed->root, used);
  for (const ModelEntry& model : manifest.models)
    if (used.count(model.name) == 0)
      return Error(ErrorCode::kInvalidArgument, "models." + model.name + ": no op of the pipeline uses it");
  return parsed;
}

Result<void> check_package_pipeline(const Manifest& manifest, const PackageFiles& files, const Registry& registry) {
  RuntimeOptions small;
  small.execution = Execution::kCaller;
  small.workers = 1;
  GANTRY_ASSIGN_OR_RETURN(auto runtime, Runtime::create(small));
  ModelsByName models;
  for (const ModelEntry& entry : manifest.models) {
    ModelOptions options;
    options.runtime = runtime;
    options.max_batch = entry.max_batch;
    options.padding = entry.padding;
    options.merge = Merge::kNever;
    options.instances = 1;
    auto model = Model::make(std::make_unique<StandIn>(), entry.signature, options);
    if (!model) return model.error().within("models." + entry.name);
    models.emplace(entry.name, *std::move(model));
  }
  GANTRY_ASSIGN_OR_RETURN(const auto parsed,
                          parse_package_pipeline(manifest, files, models, nullptr, nullptr, registry));
  CompileOptions options;
  options.runtime = std::move(runtime);
  options.name = manifest.name;
  const auto compiled = PipelineCore::compile(parsed.root, options);
  return compiled ? Result<void>() : compiled.error();
}

}  // namespace gantry::inline GANTRY_ABI::detail
