// SPDX-License-Identifier: Apache-2.0
// Hashing the files of a package. Sizes are compared before anything is read.
#include "package/package_files.hpp"

#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "core/open_file.hpp"
#include "core/return_if_error.hpp"
#include "package/sha256.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kMaxManifestBytes = 16 << 20;

Result<void> check_size(const std::string& name, std::uint64_t size, const FileEntry& entry) {
  if (size == static_cast<std::uint64_t>(entry.bytes)) return {};
  return altered_file(name, "has " + std::to_string(size) + " bytes, gantry.json lists " + std::to_string(entry.bytes));
}

Result<void> check_hash(const std::string& name, const std::string& hash, const FileEntry& entry) {
  if (hash == entry.sha256) return {};
  return altered_file(name, "has SHA-256 " + hash + ", gantry.json lists " + entry.sha256);
}

Result<std::shared_ptr<const VerifiedContent>> verify_file(const PackageTree& tree, const std::string& path,
                                                           const std::string& name, const FileEntry& entry) {
  GANTRY_ASSIGN_OR_RETURN(auto file, tree.open_file(path, name));
  GANTRY_RETURN_IF_ERROR(check_size(name, file.size(), entry));
  auto content = VerifiedContent::hash(std::move(file), name);
  if (!content) return content;
  GANTRY_RETURN_IF_ERROR(check_hash(name, (*content)->sha256(), entry));
  return content;
}

Result<Bytes> read_whole(const OpenFile& file, const std::string& name) {
  std::vector<std::uint8_t> content(static_cast<std::size_t>(file.size()));
  if (!file.read_exactly(0, content.data(), content.size())) return altered_file(name, "cannot be read to its end");
  return Bytes(std::move(content));
}

/// The path of each listed file, by name.
Result<std::map<std::string, std::string, std::less<>>> resolve_all(const PackageTree& tree, const Manifest& manifest) {
  std::map<std::string, std::string, std::less<>> paths;
  for (const auto& [name, entry] : manifest.files) {
    auto path = tree.resolve(name);
    if (!path && path.error().code() == ErrorCode::kNotFound)
      return altered_file(name, "is listed in gantry.json, but missing");
    GANTRY_RETURN_IF_ERROR(path);
    paths.emplace(name, *std::move(path));
  }
  return paths;
}

}  // namespace

std::string sha256_hex(const Bytes& content) {
  Sha256 hash;
  hash.update(content.data(), content.size());
  return to_hex(hash.take());
}

Result<Bytes> read_package_file(const std::string& directory, const std::string& name) {
  GANTRY_ASSIGN_OR_RETURN(auto tree, PackageTree::open(directory));
  GANTRY_ASSIGN_OR_RETURN(auto path, tree.resolve(name));
  GANTRY_ASSIGN_OR_RETURN(auto file, tree.open_file(path, name));
  if (file.size() > static_cast<std::uint64_t>(kMaxManifestBytes))
    return Error(ErrorCode::kResourceExhausted, "file '" + name + "' has " + std::to_string(file.size()) +
                                                    " bytes, the limit is " + std::to_string(kMaxManifestBytes));
  return read_whole(file, name);
}

std::optional<Error> why_unreadable(const std::string& directory, const Manifest& manifest) {
  for (const auto& [name, entry] : manifest.files) {
    if (OpenFile::open(directory + "/" + name)) continue;
    const int reason = errno;
    const bool is_of_package = reason == ENOENT || reason == ENOTDIR || reason == ELOOP || reason == ENXIO;
    if (!is_of_package) return altered_file(name, "cannot be opened: " + system_message(reason));
  }
  return std::nullopt;
}

Result<PackageFiles> PackageFiles::verify(const std::string& directory, const Manifest& manifest) {
  GANTRY_ASSIGN_OR_RETURN(auto tree, PackageTree::open(directory));
  PackageFiles files(std::move(tree));
  files.entries_ = manifest.files;
  std::set<std::string> kept;  // files that engines read
  for (const ModelEntry& model : manifest.models)
    for (const EngineEntry& engine : model.engines)
      for (const EntryFile& file : engine.files) kept.insert(file.path);
  try {
    GANTRY_ASSIGN_OR_RETURN(files.paths_, resolve_all(files.tree_, manifest));
    std::set<std::string> expected;
    for (const auto& [name, path] : files.paths_) expected.insert(path);
    for (const char* own : {"gantry.json", "gantry.json.sig"})
      if (auto path = files.tree_.resolve(own)) expected.insert(*std::move(path));
    GANTRY_RETURN_IF_ERROR(files.tree_.refuse_strangers(expected));
    for (const auto& [name, entry] : manifest.files) {
      GANTRY_ASSIGN_OR_RETURN(auto content, verify_file(files.tree_, files.paths_[name], name, entry));
      if (kept.count(name) > 0) files.contents_.emplace(name, std::move(content));
    }
  } catch (const std::exception& error) {
    return Error(ErrorCode::kResourceExhausted, "cannot check the files of '" + directory + "': " + error.what());
  }
  return files;
}

Result<ModelFile> PackageFiles::open(const std::string& name) const {
  const auto kept = contents_.find(name);
  if (kept != contents_.end()) return ModelFile(kept->second);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return Error(ErrorCode::kNotFound, "file '" + name + "' is not listed in files");
  GANTRY_ASSIGN_OR_RETURN(auto content, verify_file(tree_, paths_.find(name)->second, name, entry->second));
  return ModelFile(std::move(content));
}

Result<Bytes> PackageFiles::read(const std::string& name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return Error(ErrorCode::kInvalidArgument, "file '" + name + "' is not listed in files");
  GANTRY_ASSIGN_OR_RETURN(auto file, tree_.open_file(paths_.find(name)->second, name));
  GANTRY_RETURN_IF_ERROR(check_size(name, file.size(), entry->second));
  auto content = read_whole(file, name);
  if (!content) return content;
  GANTRY_RETURN_IF_ERROR(check_hash(name, sha256_hex(*content), entry->second));
  return content;
}

}  // namespace gantry::inline GANTRY_ABI::detail
