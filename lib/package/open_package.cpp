// SPDX-License-Identifier: Apache-2.0
// open(): signature, manifest, files, engine, pipeline, golden cases; in this order, so that nothing of a package is
// used before it was checked.
#include <algorithm>
#include <gantry/package.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "model/load_request.hpp"
#include "model/make_model.hpp"
#include "package/engine_files.hpp"
#include "package/golden_check.hpp"
#include "package/manifest.hpp"
#include "package/package_files.hpp"
#include "package/package_signature.hpp"
#include "package/requirements.hpp"
#include "pipeline/pipeline_origin.hpp"

namespace gantry::detail {
namespace {

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

Result<Runtime> runtime_of(const OpenOptions& options) {
  return options.model.runtime ? Result<Runtime>(*options.model.runtime) : Runtime::shared();
}

/// A pipeline over one engine.
struct Built {
  std::shared_ptr<const PipelineCore> core;
  PackageInfo info;
};

/// Opens a checked package with one engine after the other.
class PackageOpener {
 public:
  PackageOpener(const Checked& checked, const TypeInfo* in, const TypeInfo* out, const EngineList& loaders,
                const OpenOptions& options, Runtime runtime)
      : manifest_(checked.manifest),
        model_(checked.manifest.models[0]),
        files_(checked.files),
        in_(in),
        out_(out),
        loaders_(loaders),
        options_(options),
        registry_(options.registry ? *options.registry : Registry::builtin()),
        runtime_(std::move(runtime)) {}

  /// With the first usable engine, or with the one at `index`.
  Result<OpenedPackage> open(const std::optional<EngineChoice>& choice) {
    const auto index = choice ? std::optional<std::size_t>(choice->index) : std::nullopt;
    if (index && *index >= model_.engines.size())
      return Error(ErrorCode::kNotFound, "the package has no engines[" + std::to_string(*index) + "]");
    std::optional<Error> last;
    for (std::size_t i = 0; i < model_.engines.size(); ++i) {
      const EngineEntry& entry = model_.engines[i];
      if (options_.engine && entry.kind != *options_.engine) continue;
      if (index && i != *index) continue;
      auto opened = open_with(entry);
      if (opened || is_final_) return opened;
      last = opened.error();
      skipped_.push_back(model_.title_of(entry) + ": " + last->to_string());
    }
    if (!last && index)
      return Error(ErrorCode::kNotFound,
                   "engines[" + std::to_string(*index) + "] is no engine '" + *options_.engine + "'");
    if (!last)
      return Error(ErrorCode::kNotFound, "the package has no engine '" + *options_.engine + "'; it has " + kinds());
    if (skipped_.size() == 1) return *last;
    std::string reasons;
    for (const std::string& reason : skipped_) reasons += (reasons.empty() ? "" : "; ") + reason;
    return Error(last->code(), "no engine of the package can be used: " + reasons);
  }

 private:
  Result<OpenedPackage> open_with(const EngineEntry& entry) {
    const EngineLoader* loader = find_loader(loaders_, entry.kind);
    if (auto unmet = unmet_requirement(entry, loader, options_.model.device)) return *unmet;
    const auto here = [&](const Error& error) { return error.within("engine '" + model_.title_of(entry) + "'"); };
    ModelOptions options = model_options();
    auto engine = load_engine(entry, *loader, options);
    if (!engine) return here(engine.error());

    std::optional<GoldenCheck> golden;
    if (!options_.skip_golden_for_tests) {
      auto checked = check_alone(*engine, options, entry);
      if (!checked) return is_final_ ? std::move(checked).error() : here(checked.error());
      golden.emplace(*std::move(checked));
      if (options.examples.empty()) options.examples = golden->model_inputs();
    }
    auto model = make_model(*engine, model_.signature, options, evidence_of(entry));
    if (!model) return here(model.error());
    auto built = build(*model, entry);
    if (!built) return std::move(built).error();
    if (golden) {
      // What keeps state has answered once it was asked: the instances that serve have answered nobody yet.
      if (!(*engine)->info().has_state)
        if (auto ok = golden->run_together(*built->core, model->max_batch()); !ok) return here(ok.error());
      built->info.golden_cases = golden->size();
      built->info.golden_boundaries = golden->boundaries();
    }
    return finished(*std::move(built));
  }

  /// The cases one by one, on an instance that serves nobody; of a model that keeps state, on a new one each.
  Result<GoldenCheck> check_alone(const std::shared_ptr<Engine>& engine, const ModelOptions& options,
                                  const EngineEntry& entry) {
    ModelOptions alone = options;
    alone.merge = Merge::kNever;
    alone.examples.clear();
    alone.instances = 1;
    std::optional<GoldenCheck> golden;
    std::optional<Built> built;
    for (std::size_t i = 0; !golden || i < golden->size(); ++i) {
      if (!built || engine->info().has_state) {
        auto model = make_model(engine, model_.signature, alone, {});
        if (!model) return std::move(model).error();
        auto next = build(*model, entry);
        if (!next) return std::move(next).error();
        built.emplace(*std::move(next));
      }
      if (!golden) {
        auto loaded = GoldenCheck::load(*built->core->root().in, manifest_.golden, registry_.codecs(), files_);
        if (!loaded) return std::move(loaded).error();
        golden.emplace(*std::move(loaded));
        if (golden->size() == 0) break;
      }
      if (auto ok = golden->run_alone(*built->core, i); !ok) return std::move(ok).error();
    }
    return *std::move(golden);
  }

  /// The pipeline over a model.
  Result<Built> build(const Model& model, const EngineEntry& entry) {
    auto root = parse_pipeline(model);
    if (!root) {
      is_final_ = true;  // no other engine would change that
      return root.error().within("gantry.json");
    }
    auto core = PipelineCore::compile(*root, compile_options(entry));
    if (!core) return std::move(core).error();
    return Built{*std::move(core), {manifest_.name, manifest_.version, entry.kind, skipped_, 0, 0}};
  }

  OpenedPackage finished(Built built) const {
    auto origin = std::make_shared<PipelineOrigin>(PipelineOrigin{std::move(built.info), registry_.codecs()});
    return {std::move(built.core), std::move(origin)};
  }

  /// What the package says of batches; open() tries it again.
  static BatchEvidence evidence_of(const EngineEntry& entry) {
    BatchEvidence evidence;
    if (!entry.rows) {
      evidence.why_not = "the package does not say whether samples depend on each other; pack it again";
    } else if (!entry.rows->independent) {
      evidence.why_not = "samples depend on each other, says the package" +
                         (entry.rows->reason.empty() ? std::string() : ": " + entry.rows->reason);
    } else {
      const auto& sizes = entry.rows->sizes;
      evidence.largest = sizes.empty() ? 1 : static_cast<std::size_t>(*std::max_element(sizes.begin(), sizes.end()));
      evidence.tolerance = entry.rows->tolerance;
    }
    return evidence;
  }

  /// What the host says, and for the rest the package.
  ModelOptions model_options() const {
    ModelOptions options = options_.model;
    if (options.max_batch == 0) options.max_batch = model_.max_batch;
    if (!options.padding) options.padding = model_.padding;
    if (options.name.empty()) options.name = manifest_.name;
    options.runtime = runtime_;
    return options;
  }

  Result<std::shared_ptr<Engine>> load_engine(const EngineEntry& entry, const EngineLoader& loader,
                                              const ModelOptions& options) const {
    const auto request = load_request_of(entry, model_.signature, files_, options);
    if (!request) return request.error();
    auto engine = detail::load_engine(loader, *request);
    if (!engine) return engine.error().within("file '" + entry.file_names() + "'");
    return std::shared_ptr<Engine>(*std::move(engine));
  }

  Result<NodePtr> parse_pipeline(const Model& model) const {
    ConfigContext context;
    context.model = &model;
    context.files = [this](const std::string& name) { return files_.read(name); };
    return parse_stages(manifest_.pipeline, in_, out_, registry_, context);
  }

  CompileOptions compile_options(const EngineEntry& entry) const {
    CompileOptions compile_options;
    compile_options.runtime = runtime_;
    compile_options.name = manifest_.name;
    compile_options.notes.push_back("package: " + manifest_.title() + ", engine " + entry.kind);
    for (const std::string& reason : skipped_) compile_options.notes.push_back("engine passed over: " + reason);
    return compile_options;
  }

  std::string kinds() const {
    std::string text;
    for (const EngineEntry& entry : model_.engines) text += (text.empty() ? "'" : ", '") + entry.kind + "'";
    return text;
  }

  const Manifest& manifest_;
  const ModelEntry& model_;
  const PackageFiles& files_;
  const TypeInfo* in_;
  const TypeInfo* out_;
  const EngineList& loaders_;
  const OpenOptions& options_;
  const Registry registry_;
  Runtime runtime_;
  std::vector<std::string> skipped_;
  bool is_final_ = false;
};

/// Options for an engine that neither the host nor the package has would be ignored; it is a mistake, likely a typo.
Result<void> check_engine_options(const Manifest& manifest, const EngineList& engines, const OpenOptions& options) {
  for (const auto& [kind, given] : options.model.engine_options) {
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
  if (checked->manifest.models.size() != 1)
    return Error(ErrorCode::kUnsupported, "a package with one model can be opened, this one has " +
                                              std::to_string(checked->manifest.models.size()));
  if (auto ok = check_engine_options(checked->manifest, loaders, options); !ok) return std::move(ok).error();
  auto runtime = runtime_of(options);
  if (!runtime) return std::move(runtime).error();
  return PackageOpener(*checked, in, out, loaders, options, *std::move(runtime)).open(choice);
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
