// SPDX-License-Identifier: Apache-2.0
// PackageFiles: the files of a package directory, verified against gantry.json.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/model_file.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "package/manifest.hpp"
#include "package/package_tree.hpp"
#include "package/verified_content.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The content of gantry.json or gantry.json.sig in `directory`; at most 16 MiB.
/// not_found if the directory or the file is missing.
GANTRY_API Result<Bytes> read_package_file(const std::string& directory, const std::string& name);

/// Lower-case hexadecimal SHA-256 (FIPS 180-4).
std::string sha256_hex(const Bytes& content);

/// Why this process cannot open one of the listed files, regardless of its content: permissions, or too many open
/// files. nullopt if each can be opened or is missing.
GANTRY_API std::optional<Error> why_unreadable(const std::string& directory, const Manifest& manifest);

/// Ownership: owns its list; the files stay on disk.
/// Threads:   immutable; read() is thread-safe.
/// Errors:    failed_precondition names the file, what was expected and what is there.
/// Cost:      verify() reads every file once; read() reads one file and hashes it again, so that the result is as
///            listed even if the directory has changed since. Keeps the engines' files open.
class PackageFiles {
 public:
  /// Checks that `directory` contains exactly the listed files, with the listed sizes and hashes: no unlisted file, no
  /// device, no link that leads out of it.
  GANTRY_API static Result<PackageFiles> verify(const std::string& directory, const Manifest& manifest);

  bool is_listed(const std::string& name) const { return entries_.count(name) > 0; }
  /// The content of a listed file; invalid_argument if it is not listed.
  Result<Bytes> read(const std::string& name) const;
  /// A listed file for an engine. A file that the manifest's engines name is returned as verified; any other is hashed
  /// again. not_found if it is not listed.
  GANTRY_API Result<ModelFile> open(const std::string& name) const;

 private:
  explicit PackageFiles(PackageTree tree) : tree_(std::move(tree)) {}

  PackageTree tree_;
  std::map<std::string, std::string, std::less<>> paths_;  // the path of each file beneath the directory, by name
  std::map<std::string, FileEntry, std::less<>> entries_;
  std::map<std::string, std::shared_ptr<const VerifiedContent>, std::less<>> contents_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
