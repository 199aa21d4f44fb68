// SPDX-License-Identifier: Apache-2.0
// Scanning and unpacking AOTInductor packages.
#include "engine/torch/aoti_package.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

constexpr std::string_view kModels = "data/aotinductor/";
constexpr std::uint64_t kMaxMetadataBytes = 1 << 20;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string file_name(const ZipEntry& entry) {
  return entry.name.substr(entry.name.rfind('/') + 1);
}

/// Files that AOTInductor writes beside a library with external weights, one pickled tensor each.
bool holds_pickled_weights(std::string_view name) {
  return ends_with(name, "_weights_config.json") || ends_with(name, "_serialized_weights.bin");
}

}  // namespace

Result<AotiPackage> scan_aoti_package(const ModelFile& file) {
  GANTRY_ASSIGN_OR_RETURN(auto all, read_zip_directory(file));
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return Error(code, "'" + file.name() + "': " + why);
  };

  AotiPackage package{file, {}, {}, {}, {}};
  std::string model;
  std::size_t libraries = 0;
  for (ZipEntry& entry : all) {
    if (holds_pickled_weights(entry.name))
      return refuse(
          ErrorCode::kUnsupported,
          "its weights are outside its library, in a form that only Python reads; gantry takes \"binary_blob\"");
    const std::string_view place = after_prefix(entry.name, kModels).value_or("");  // "model/x.so"
    const auto slash = place.find('/');
    if (slash == std::string_view::npos || place.back() == '/') continue;
    if (model.empty()) model = place.substr(0, slash);
    if (place.substr(0, slash) != model)
      return refuse(ErrorCode::kInvalidArgument, "it holds several models; gantry takes packages of one");
    if (ends_with(place, ".blob")) {
      if (package.weights) return refuse(ErrorCode::kUnsupported, "it holds several files of weights");
      package.weights = std::move(entry);
      continue;
    }
    if (ends_with(place, ".so")) {
      ++libraries;
      package.library = entry;
    }
    package.entries.push_back(std::move(entry));
  }
  if (libraries == 0) return refuse(ErrorCode::kUnsupported, "it holds source code only, and gantry compiles none");
  if (libraries > 1) return refuse(ErrorCode::kInvalidArgument, "it holds several libraries for one model");

  const std::string& library = package.library.name;
  const std::string metadata = library.substr(0, library.size() - 3) + "_metadata.json";
  const auto at = std::find_if(package.entries.begin(), package.entries.end(),
                               [&](const ZipEntry& entry) { return entry.name == metadata; });
  if (at == package.entries.end() || at->size > kMaxMetadataBytes)
    return refuse(ErrorCode::kInvalidArgument, "the metadata of its library is missing");
  package.metadata = *at;
  package.entries.erase(at);
  return package;
}

Result<std::map<std::string, std::string>> read_aoti_metadata(const AotiPackage& package) {
  GANTRY_ASSIGN_OR_RETURN(const auto text, read_stored(package.file, package.metadata, kMaxMetadataBytes));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object())
    return Error(ErrorCode::kInvalidArgument, "'" + package.file.name() + "': the metadata of its library is damaged");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : json.items())
    if (value.is_string()) metadata[key] = value.get<std::string>();
  return metadata;
}

Result<std::string> unpack_aoti_package(const AotiPackage& package, const ScratchDirectory& scratch) {
  for (const ZipEntry& entry : package.entries) {
    // AOTInductor writes only one directory level, so the bare file name is enough, and cannot lead elsewhere.
    GANTRY_RETURN_IF_ERROR(extract_stored(package.file, entry, scratch.path() + "/" + file_name(entry)));
  }
  return scratch.path() + "/" + file_name(package.library);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
