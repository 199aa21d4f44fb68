// SPDX-License-Identifier: Apache-2.0
// open(): signature, manifest, files, engines, pipeline, golden cases, in this order, so that nothing of a package is
// used before it is checked.
#include <algorithm>
#include <gantry/package.hpp>
#include <gantry/translate_exception.hpp>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "package/manifest.hpp"
#include "package/package_files.hpp"
#include "package/package_opener.hpp"
#include "package/package_signature.hpp"
#include "package/requirements.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// A package whose bytes are verified.
struct Checked {
  Manifest manifest;
  std::string sha256;  ///< of the manifest's bytes
  PackageFiles files;
};

Result<Checked> check_package(const std::string& directory, const OpenOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(auto text, read_trusted_manifest(directory, options.trusted_keys));
  GANTRY_ASSIGN_OR_RETURN(auto manifest, parse_manifest(text));
  GANTRY_ASSIGN_OR_RETURN(auto files, PackageFiles::verify(directory, manifest));
  return Checked{std::move(manifest), sha256_hex(text), std::move(files)};
}

std::string names_of(const Manifest& manifest) {
  std::string text;
  for (const ModelEntry& model : manifest.models) text += (text.empty() ? "'" : ", '") + model.name + "'";
  return text.empty() ? "none" : text;
}

/// Options for a model that the package lacks would have no effect.
template <class ByName>
Result<void> check_names(const ByName& options, const char* what, const Manifest& manifest) {
  for (const auto& [name, value] : options)
    if (manifest.model(name) == nullptr)
      return Error(ErrorCode::kNotFound, std::string("OpenOptions::") + what + ": the package has no model '" + name +
                                             "'; it has " + names_of(manifest));
  return {};
}

/// Options for an engine that neither the host nor the package has would be ignored; likely a typo.
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
  GANTRY_ASSIGN_OR_RETURN(auto checked, check_package(directory, options));
  const Manifest& manifest = checked.manifest;
  auto ok = check_names(options.models, "models", manifest);
  if (ok) ok = check_names(options.engines, "engines", manifest);
  if (ok) ok = check_names(options.host_models, "host_models", manifest);
  if (ok) ok = check_engine_options(manifest, loaders, options.model);
  for (const auto& [name, model] : options.models)
    if (ok) ok = check_engine_options(manifest, loaders, model);
  GANTRY_RETURN_IF_ERROR(ok);
  GANTRY_ASSIGN_OR_RETURN(auto runtime,
                          options.model.runtime ? Result<Runtime>(*options.model.runtime) : Runtime::shared());
  const OpeningContext context{manifest, checked.sha256, checked.files, loaders, options, std::move(runtime)};
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

}  // namespace gantry::inline GANTRY_ABI::detail

namespace gantry::inline GANTRY_ABI {

Result<AnyPipeline> open_any(const std::string& directory, const EngineList& engines, const OpenOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(auto opened, detail::open_package(directory, nullptr, nullptr, engines, options));
  return AnyPipeline(std::move(opened.core), std::move(opened.origin));
}

}  // namespace gantry::inline GANTRY_ABI
