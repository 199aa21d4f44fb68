// SPDX-License-Identifier: Apache-2.0
// libtorch::load: from a file to a warmed-up Model.
#include <algorithm>
#include <gantry/libtorch.hpp>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/engine_loaders.hpp"
#include "engine/torch/zip_directory.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

bool has_entry(const std::vector<ZipEntry>& entries, std::string_view prefix) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const ZipEntry& entry) { return after_prefix(entry.name, prefix).has_value(); });
}

}  // namespace

Result<Format> detect_format(const ModelFile& file) {
  GANTRY_ASSIGN_OR_RETURN(auto entries, read_zip_directory(file));
  if (has_entry(entries, "data/aotinductor/")) return Format::kAotiPackage;
  if (has_entry(entries, "constants.pkl") && has_entry(entries, "code/")) return Format::kTorchScript;
  const auto is_instead = [&](const char* what) {
    return Error(ErrorCode::kInvalidArgument, "'" + file.name() + "' is not a model that can be run: it is " + what);
  };
  if (has_entry(entries, "serialized_exported_program.json") || has_entry(entries, "models/"))
    return is_instead(
        "an exported program that was not compiled; compile it with torch._inductor.aoti_compile_and_package");
  if (has_entry(entries, "data.pkl"))
    return is_instead("a checkpoint of torch.save (weights or a pickled object), neither TorchScript nor AOTInductor");
  return is_instead("a zip file with neither TorchScript code nor an AOTInductor library in it");
}

Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(auto file, ModelFile::open(path));
  GANTRY_ASSIGN_OR_RETURN(auto format, detect_format(file));
  const auto loader = format == Format::kAotiPackage ? aoti_loader() : torchscript_loader();
  return Model::load(*loader, path, signature, options);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
