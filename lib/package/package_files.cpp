// SPDX-License-Identifier: Apache-2.0
// Walking a package directory and hashing its files. Files are opened with O_NOFOLLOW, and sizes are compared before
// anything is read.
#include "package/package_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "core/open_file.hpp"
#include "package/sha256.hpp"

namespace gantry::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxManifestBytes = 16 << 20;

Error altered(const std::string& name, const std::string& what) {
  return Error(ErrorCode::kFailedPrecondition, "file '" + name + "': " + what);
}

/// A regular file, open for reading.
Result<OpenFile> open_regular(const std::string& path, const std::string& name) {
  auto file = OpenFile::open(path, O_NOFOLLOW);
  if (!file && errno == ENOENT) return Error(ErrorCode::kNotFound, "file '" + name + "' is missing");
  if (!file && errno == ELOOP) return altered(name, "is a symbolic link");
  if (!file) return altered(name, "cannot be opened: " + system_message(errno));
  if (!file->is_regular()) return altered(name, "is not a regular file");
  return *std::move(file);
}

Result<void> check_size(const std::string& name, std::uint64_t size, const FileEntry& entry) {
  if (size == static_cast<std::uint64_t>(entry.bytes)) return {};
  return altered(name, "has " + std::to_string(size) + " bytes, gantry.json lists " + std::to_string(entry.bytes));
}

Result<void> check_hash(const std::string& name, const std::string& hash, const FileEntry& entry) {
  if (hash == entry.sha256) return {};
  return altered(name, "has SHA-256 " + hash + ", gantry.json lists " + entry.sha256);
}

Result<std::shared_ptr<const VerifiedContent>> verify_file(const std::string& path, const std::string& name,
                                                           const FileEntry& entry) {
  auto file = open_regular(path, name);
  if (!file) {
    if (file.error().code() == ErrorCode::kNotFound) return altered(name, "is listed in gantry.json, but missing");
    return std::move(file).error();
  }
  if (auto ok = check_size(name, file->size(), entry); !ok) return std::move(ok).error();
  auto content = VerifiedContent::hash(*std::move(file), name);
  if (!content) return content;
  if (auto ok = check_hash(name, (*content)->sha256(), entry); !ok) return std::move(ok).error();
  return content;
}

Result<Bytes> read_whole(const OpenFile& file, const std::string& name) {
  std::vector<std::uint8_t> content(static_cast<std::size_t>(file.size()));
  if (!file.read_exactly(0, content.data(), content.size())) return altered(name, "cannot be read to its end");
  return Bytes(std::move(content));
}

/// Everything in the directory must be listed, or be a directory.
Result<void> refuse_strangers(const std::string& directory, const Manifest& manifest) {
  std::error_code failure;
  fs::recursive_directory_iterator entry(directory, failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    const std::string name = fs::path(entry->path()).lexically_relative(directory).generic_string();
    const fs::file_status status = entry->symlink_status(failure);
    if (failure) break;
    if (fs::is_symlink(status)) return altered(name, "is a symbolic link");
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) return altered(name, "is not a regular file");
    if (name == "gantry.json" || name == "gantry.json.sig") continue;
    if (manifest.files.count(name) == 0) return altered(name, "is not listed in gantry.json");
  }
  if (failure) return Error(ErrorCode::kFailedPrecondition, "cannot list '" + directory + "': " + failure.message());
  return {};
}

}  // namespace

std::string sha256_hex(const Bytes& content) {
  Sha256 hash;
  hash.update(content.data(), content.size());
  return to_hex(hash.take());
}

Result<Bytes> read_package_file(const std::string& directory, const std::string& name) {
  std::error_code failure;
  if (directory.find('\0') != std::string::npos)
    return Error(ErrorCode::kInvalidArgument, "the package's path holds a zero byte");
  if (!fs::is_directory(directory, failure))
    return Error(ErrorCode::kNotFound, "there is no package directory '" + directory + "'");
  auto file = open_regular(directory + "/" + name, name);
  if (!file) return std::move(file).error();
  if (file->size() > static_cast<std::uint64_t>(kMaxManifestBytes))
    return Error(ErrorCode::kResourceExhausted, "file '" + name + "' has " + std::to_string(file->size()) +
                                                    " bytes, the limit is " + std::to_string(kMaxManifestBytes));
  return read_whole(*file, name);
}

Result<PackageFiles> PackageFiles::verify(const std::string& directory, const Manifest& manifest) {
  PackageFiles files;
  files.directory_ = directory;
  files.entries_ = manifest.files;
  const auto is_kept = [&](const std::string& name) {
    return std::any_of(manifest.engines.begin(), manifest.engines.end(), [&](const EngineEntry& engine) {
      const auto& libraries = engine.libraries;
      return engine.file == name || std::find(libraries.begin(), libraries.end(), name) != libraries.end();
    });
  };
  try {
    if (auto ok = refuse_strangers(directory, manifest); !ok) return std::move(ok).error();
    for (const auto& [name, entry] : manifest.files) {
      auto content = verify_file(directory + "/" + name, name, entry);
      if (!content) return std::move(content).error();
      if (is_kept(name)) files.contents_.emplace(name, *std::move(content));
    }
  } catch (const std::exception& error) {
    return Error(ErrorCode::kResourceExhausted, "cannot check the files of '" + directory + "': " + error.what());
  }
  return files;
}

Result<ModelFile> PackageFiles::open(const std::string& name) const {
  const auto content = contents_.find(name);
  if (content == contents_.end()) return Error(ErrorCode::kInvalidArgument, "file '" + name + "' is no engine's");
  return ModelFile(content->second);
}

Result<Bytes> PackageFiles::read(const std::string& name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return Error(ErrorCode::kInvalidArgument, "file '" + name + "' is not listed in files");
  auto file = open_regular(directory_ + "/" + name, name);
  if (!file) return std::move(file).error();
  if (auto ok = check_size(name, file->size(), entry->second); !ok) return std::move(ok).error();
  auto content = read_whole(*file, name);
  if (!content) return content;
  if (auto ok = check_hash(name, sha256_hex(*content), entry->second); !ok) return std::move(ok).error();
  return content;
}

}  // namespace gantry::detail
