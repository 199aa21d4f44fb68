// SPDX-License-Identifier: Apache-2.0
// open(): signature, manifest, files, engines, pipeline, golden cases; in this order, so that nothing of a package is
// used before it was checked.
#include <algorithm>
#include <gantry/package.hpp>
#include <optional>
#include <utility>

#include "package/golden_check.hpp"
#include "package/manifest.hpp"
#include "package/model_candidate.hpp"
#include "package/package_files.hpp"
#include "package/package_pipeline.hpp"
#include "package/package_signature.hpp"
#include "package/requirements.hpp"
#include "pipeline/pipeline_origin.hpp"

namespace gantry::detail {
namespace {

using Models = ModelsByName;

/// A package whose bytes are proven.
struct Checked {
  Manifest manifest;
  PackageFiles files;
};

Result<Checked> check_package(const std::string& directory, const OpenOptions& options) {
  auto text = read_trusted_manifest(directory, options.trusted_keys);
  if (!text) return std::move(text).error();
  auto manifest = parse_manifest(*text);
  if (!manifest) return std::move(manifest).error();
  auto files = PackageFiles::verify(directory, *manifest);
  if (!files) return std::move(files).error();
  return Checked{*std::move(manifest), *std::move(files)};
}

std::string names_of(const Manifest& manifest) {
  std::string text;
  for (const ModelEntry& model : manifest.models) text += (text.empty() ? "'" : ", '") + model.name + "'";
  return text.empty() ? "none" : text;
}

/// Options for a model that the package does not have would be without effect.
template <class ByName>
Result<void> check_names(const ByName& options, const char* what, const Manifest& manifest) {
  for (const auto& [name, value] : options)
    if (manifest.model(name) == nullptr)
      return Error(ErrorCode::kNotFound, std::string("OpenOptions::") + what + ": the package has no model '" + name +
                                             "'; it has " + names_of(manifest));
  return {};
}

/// A pipeline over the engines that are loaded.
struct Built {
  std::shared_ptr<const PipelineCore> core;
  std::vector<PipelineInput> inputs;
  PackageInfo info;
};

/// Opens a checked package. Each model begins with its first engine that loads; where golden cases speak against one,
/// its model goes on with the next, so that as many attempts are made at most as there are engines.
class PackageOpener {
 public:
  PackageOpener(const OpeningContext& context, const TypeInfo* in, const TypeInfo* out,
                const std::optional<EngineChoice>& choice)
      : context_(context),
        manifest_(context.manifest),
        in_(in),
        out_(out),
        registry_(context.options.registry ? *context.options.registry : Registry::builtin()) {
    for (const ModelEntry& entry : manifest_.models) {
      const bool is_chosen = choice && choice->model == entry.name;
      models_.emplace_back(entry, context_, is_chosen ? std::optional<std::size_t>(choice->index) : std::nullopt);
    }
  }

  Result<OpenedPackage> open() {
    for (ModelCandidate& model : models_)
      if (auto ok = model.choose(); !ok) return std::move(ok).error();
    while (true) {
      at_fault_ = nullptr;
      auto opened = attempt();
      if (opened || at_fault_ == nullptr) return opened;
      if (at_fault_->is_given()) return at_fault_->here(opened.error());
      if (auto ok = at_fault_->pass_over(opened.error()); !ok) return std::move(ok).error();
    }
  }

 private:
  /// With the engines that are loaded. Where one is at fault, at_fault_ says whose.
  Result<OpenedPackage> attempt() {
    std::optional<GoldenCheck> golden;
    if (!context_.options.skip_golden_for_tests) {
      auto checked = check_alone();
      if (!checked) return std::move(checked).error();
      golden.emplace(*std::move(checked));
    }
    auto models = make_models([&](const ModelCandidate& model) {
      return model.make_serving(golden ? golden->model_inputs(model.name()) : std::vector<Tensors>());
    });
    if (!models) return std::move(models).error();
    auto built = build(*models);
    if (!built) return std::move(built).error();
    if (!golden) return finished(*std::move(built));
    // What keeps state has answered once it was asked: the instances that serve have answered nobody yet.
    if (!has_state())
      if (auto ok = golden->run_together(*built->core, largest_batch(*models)); !ok) {
        blame_for_batches(*golden, *models);
        return std::move(ok).error();
      }
    built->info.golden_cases = golden->size();
    built->info.golden_boundaries = golden->boundaries();
    return finished(*std::move(built));
  }

  /// The cases one by one, on instances that serve nobody; with new ones each where a model keeps state.
  Result<GoldenCheck> check_alone() {
    std::optional<GoldenCheck> golden;
    std::optional<Built> built;
    for (std::size_t i = 0; !golden || i < golden->size(); ++i) {
      if (!built || has_state()) {
        auto models = make_models([](const ModelCandidate& model) { return model.make_alone(); });
        if (!models) return std::move(models).error();
        auto next = build(*models);
        if (!next) return std::move(next).error();
        built.emplace(*std::move(next));
      }
      if (!golden) {
        auto loaded = GoldenCheck::load(*built->core->root().in, built->inputs, manifest_.golden, registry_.codecs(),
                                        context_.files);
        if (!loaded) return std::move(loaded).error();
        golden.emplace(*std::move(loaded));
        if (golden->size() == 0) break;
      }
      if (auto ok = golden->run_alone(*built->core, i); !ok) {
        blame(golden->model_at_fault());
        return std::move(ok).error();
      }
    }
    return *std::move(golden);
  }

  void blame(const std::string& name) {
    for (ModelCandidate& model : models_)
      if (model.name() == name) at_fault_ = &model;
  }

  /// All cases together went wrong, which were right one by one: the model is at fault without whose batches they go
  /// well.
  void blame_for_batches(const GoldenCheck& golden, const Models& serving) {
    if (models_.size() == 1) at_fault_ = &models_[0];
    for (ModelCandidate& candidate : models_) {
      if (at_fault_ != nullptr) return;
      auto alone = candidate.make_alone();
      if (!alone) continue;
      Models models = serving;
      models.insert_or_assign(candidate.name(), *std::move(alone));
      const auto built = build(models);
      if (built && golden.run_together(*built->core, largest_batch(serving))) at_fault_ = &candidate;
    }
  }

  template <class Make>
  Result<Models> make_models(Make make) {
    Models made;
    for (ModelCandidate& candidate : models_) {
      Result<Model> model = make(candidate);
      if (!model) {
        at_fault_ = &candidate;
        return std::move(model).error();
      }
      made.emplace(candidate.name(), *std::move(model));
    }
    return made;
  }

  /// The pipeline over these models.
  Result<Built> build(const Models& models) {
    auto parsed = parse_package_pipeline(manifest_, context_.files, models, in_, out_, registry_);
    if (!parsed) return parsed.error().within("gantry.json");
    auto core = PipelineCore::compile(parsed->root, compile_options());
    if (!core) return std::move(core).error();
    Built built{*std::move(core), std::move(parsed->inputs), {manifest_.name, manifest_.version, {}, 0, 0}};
    for (const ModelCandidate& candidate : models_) {
      built.info.models.push_back(candidate.info());
      built.info.models.back().merging = models.at(candidate.name()).merging();
    }
    return built;
  }

  OpenedPackage finished(Built built) const {
    auto origin = std::make_shared<PipelineOrigin>(
        PipelineOrigin{std::move(built.info), registry_.codecs(), std::move(built.inputs)});
    return {std::move(built.core), std::move(origin)};
  }

  CompileOptions compile_options() const {
    CompileOptions options;
    options.runtime = context_.runtime;
    options.name = manifest_.name;
    const bool is_alone = models_.size() == 1;
    options.notes.push_back("package: " + manifest_.title() + (is_alone ? ", engine " + models_[0].info().engine : ""));
    for (const ModelCandidate& candidate : models_) {
      const PackageModel model = candidate.info();
      const std::string of = is_alone ? "" : "model '" + model.name + "': ";
      if (!is_alone)
        options.notes.push_back(of + "engine " + model.engine + (model.is_hosts ? ", the host's own" : ""));
      for (const std::string& reason : model.skipped_engines)
        options.notes.push_back(of + "engine passed over: " + reason);
    }
    return options;
  }

  bool has_state() const {
    return std::any_of(models_.begin(), models_.end(), [](const ModelCandidate& model) { return model.has_state(); });
  }

  static int largest_batch(const Models& models) {
    int largest = 1;
    for (const auto& [name, model] : models) largest = std::max(largest, model.max_batch());
    return largest;
  }

  const OpeningContext& context_;
  const Manifest& manifest_;
  const TypeInfo* in_;
  const TypeInfo* out_;
  const Registry registry_;
  std::vector<ModelCandidate> models_;
  ModelCandidate* at_fault_ = nullptr;
};

/// Options for an engine that neither the host nor the package has would be ignored; it is a mistake, likely a typo.
Result<void> check_engine_options(const Manifest& manifest, const EngineList& engines, const ModelOptions& options) {
  for (const auto& [kind, given] : options.engine_options) {
    bool is_in_package = false;
    for (const ModelEntry& model : manifest.models)
      for (const EngineEntry& entry : model.engines) is_in_package = is_in_package || entry.kind == kind;
    if (!is_in_package && find_loader(engines, kind) == nullptr)
      return Error(ErrorCode::kInvalidArgument, "ModelOptions::engine_options are for an engine '" + kind +
                                                    "', which is neither linked nor one of the package");
  }
  return {};
}

Result<OpenedPackage> open_unnamed(const std::string& directory, const TypeInfo* in, const TypeInfo* out,
                                   const EngineList& loaders, const OpenOptions& options,
                                   const std::optional<EngineChoice>& choice) {
  auto checked = check_package(directory, options);
  if (!checked) return std::move(checked).error();
  const Manifest& manifest = checked->manifest;
  auto ok = check_names(options.models, "models", manifest);
  if (ok) ok = check_names(options.engines, "engines", manifest);
  if (ok) ok = check_names(options.host_models, "host_models", manifest);
  if (ok) ok = check_engine_options(manifest, loaders, options.model);
  for (const auto& [name, model] : options.models)
    if (ok) ok = check_engine_options(manifest, loaders, model);
  if (!ok) return std::move(ok).error();
  auto runtime = options.model.runtime ? Result<Runtime>(*options.model.runtime) : Runtime::shared();
  if (!runtime) return std::move(runtime).error();
  const OpeningContext context{manifest, checked->files, loaders, options, *std::move(runtime)};
  return PackageOpener(context, in, out, choice).open();
}

}  // namespace

Result<OpenedPackage> open_package(const std::string& directory, const TypeInfo* in, const TypeInfo* out,
                                   const EngineList& loaders, const OpenOptions& options,
                                   const std::optional<EngineChoice>& choice) {
  try {
    auto opened = open_unnamed(directory, in, out, loaders, options, choice);
    if (!opened) return opened.error().within("package '" + directory + "'");
    return opened;
  } catch (...) {
    return translate_exception().within("package '" + directory + "'");
  }
}

}  // namespace gantry::detail

namespace gantry {

Result<AnyPipeline> open_any(const std::string& directory, const EngineList& engines, const OpenOptions& options) {
  auto opened = detail::open_package(directory, nullptr, nullptr, engines, options);
  if (!opened) return std::move(opened).error();
  return AnyPipeline(std::move(opened->core), std::move(opened->origin));
}

}  // namespace gantry
