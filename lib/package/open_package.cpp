// SPDX-License-Identifier: Apache-2.0
// open(): signature, manifest, files, engine, pipeline, golden cases; in this order, so that nothing of a package is
// used before it was checked.
#include <algorithm>
#include <gantry/package.hpp>
#include <utility>

#include "package/golden_check.hpp"
#include "package/manifest.hpp"
#include "package/package_files.hpp"
#include "package/package_signature.hpp"
#include "package/requirements.hpp"

namespace gantry::detail {
namespace {

/// A package whose bytes are proven.
struct Checked {
  Manifest manifest;
  PackageFiles files;
};

Result<Bytes> read_trusted_manifest(const std::string& directory, const OpenOptions& options) {
  auto text = read_package_file(directory, "gantry.json");
  if (!text || options.trusted_keys.empty()) return text;
  auto signature = read_package_file(directory, "gantry.json.sig");
  if (!signature && signature.error().code() == ErrorCode::kNotFound)
    return Error(ErrorCode::kFailedPrecondition,
                 "the package is not signed: gantry.json.sig is missing, and trusted_keys are given");
  if (!signature) return signature;
  if (auto ok = check_signature(*text, *signature, options.trusted_keys); !ok) return std::move(ok).error();
  return text;
}

Result<Checked> check_package(const std::string& directory, const OpenOptions& options) {
  auto text = read_trusted_manifest(directory, options);
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

/// Opens a checked package with one engine after the other.
class PackageOpener {
 public:
  PackageOpener(const Checked& checked, const TypeInfo* in, const TypeInfo* out,
                const std::vector<EngineLoader>& loaders, const OpenOptions& options, Runtime runtime)
      : manifest_(checked.manifest),
        files_(checked.files),
        in_(in),
        out_(out),
        loaders_(loaders),
        options_(options),
        runtime_(std::move(runtime)) {}

  /// With the first usable engine, or with the one at `index`.
  Result<OpenedPackage> open(std::optional<std::size_t> index) {
    if (index && *index >= manifest_.engines.size())
      return Error(ErrorCode::kNotFound, "the package has no engines[" + std::to_string(*index) + "]");
    std::optional<Error> last;
    for (std::size_t i = 0; i < manifest_.engines.size(); ++i) {
      const EngineEntry& entry = manifest_.engines[i];
      if (options_.engine && entry.kind != *options_.engine) continue;
      if (index && i != *index) continue;
      auto opened = open_with(entry);
      if (opened || is_final_) return opened;
      last = opened.error();
      skipped_.push_back(manifest_.title_of(entry) + ": " + last->to_string());
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
    const EngineLoader* loader = find_loader(entry.kind);
    if (auto unmet = unmet_requirement(entry, loader, options_.model.device)) return *unmet;
    auto model = load_model(entry, *loader);
    if (!model) return model.error().within("engine '" + manifest_.title_of(entry) + "'");
    auto root = parse_pipeline(*model);
    if (!root) {
      is_final_ = true;  // no other engine would change that
      return root.error().within("gantry.json");
    }
    auto core = PipelineCore::compile(*root, compile_options(entry));
    if (!core) return std::move(core).error();
    OpenedPackage opened{
        *std::move(core), (*root)->in, (*root)->out, {manifest_.name, manifest_.version, entry.kind, skipped_, 0, 0}};
    if (options_.skip_golden_for_tests) return opened;
    auto report = check_golden(*opened.core, *opened.in, manifest_.golden, files_, model->max_batch());
    if (!report) return report.error().within("engine '" + manifest_.title_of(entry) + "'");
    opened.info.golden_cases = report->cases;
    opened.info.golden_boundaries = report->boundaries;
    return opened;
  }

  const EngineLoader* find_loader(const std::string& kind) const {
    const auto found = std::find_if(loaders_.begin(), loaders_.end(), [&](const auto& l) { return l.kind == kind; });
    return found == loaders_.end() ? nullptr : &*found;
  }

  Result<Model> load_model(const EngineEntry& entry, const EngineLoader& loader) const {
    ModelOptions model_options = options_.model;
    if (model_options.max_batch == 0) model_options.max_batch = manifest_.max_batch;
    if (!model_options.padding) model_options.padding = manifest_.padding;
    if (model_options.name.empty()) model_options.name = manifest_.name;
    model_options.runtime = runtime_;
    if (!loader.load) return Error(ErrorCode::kInternal, "its loader has no load function");
    auto file = files_.open(entry.file);
    if (!file) return std::move(file).error();
    auto engine = loader.load({*std::move(file), manifest_.signature, model_options, {}});
    if (!engine) return engine.error().within("file '" + entry.file + "'");
    if (*engine == nullptr)
      return Error(ErrorCode::kInternal, "its loader gave no engine for file '" + entry.file + "'");
    return Model::make(*std::move(engine), manifest_.signature, model_options);
  }

  Result<NodePtr> parse_pipeline(const Model& model) const {
    ConfigContext context;
    context.model = &model;
    context.files = [this](const std::string& name) { return files_.read(name); };
    const Registry registry = options_.registry ? *options_.registry : Registry::builtin();
    return parse_stages(manifest_.pipeline, in_, out_, registry, context);
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
    for (const EngineEntry& entry : manifest_.engines) text += (text.empty() ? "'" : ", '") + entry.kind + "'";
    return text;
  }

  const Manifest& manifest_;
  const PackageFiles& files_;
  const TypeInfo* in_;
  const TypeInfo* out_;
  const std::vector<EngineLoader>& loaders_;
  const OpenOptions& options_;
  Runtime runtime_;
  std::vector<std::string> skipped_;
  bool is_final_ = false;
};

Result<OpenedPackage> open_unnamed(const std::string& directory, const TypeInfo* in, const TypeInfo* out,
                                   const std::vector<EngineLoader>& loaders, const OpenOptions& options,
                                   std::optional<std::size_t> engine_index) {
  auto checked = check_package(directory, options);
  if (!checked) return std::move(checked).error();
  auto runtime = runtime_of(options);
  if (!runtime) return std::move(runtime).error();
  return PackageOpener(*checked, in, out, loaders, options, *std::move(runtime)).open(engine_index);
}

}  // namespace

Result<OpenedPackage> open_package(const std::string& directory, const TypeInfo* in, const TypeInfo* out,
                                   const std::vector<EngineLoader>& loaders, const OpenOptions& options,
                                   std::optional<std::size_t> engine_index) {
  try {
    auto opened = open_unnamed(directory, in, out, loaders, options, engine_index);
    if (!opened) return opened.error().within("package '" + directory + "'");
    return opened;
  } catch (...) {
    return translate_exception().within("package '" + directory + "'");
  }
}

}  // namespace gantry::detail
