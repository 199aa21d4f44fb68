// SPDX-License-Identifier: Apache-2.0
// PackageTree: the directory of a package, and the files that its names lead to.
//
// A package may be a tree of symbolic links: Kubernetes shows the files of a projected volume as links into `..data`,
// which is a link too. Links are followed as long as they stay within the directory. A target is looked up once and
// then opened by its path without following links, so a link that is created later has no effect.
#pragma once

#include <gantry/result.hpp>
#include <memory>
#include <set>
#include <string>

#include "core/open_file.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: keeps the directory open; copies share it.
/// Threads:   thread-safe.
/// Errors:    not_found for a missing file; failed_precondition for one that is not regular, cannot be opened or leads
///            out of the directory, with what to do.
/// Cost:      a few system calls per part of a path.
class PackageTree {
 public:
  /// `directory` may be a link; its present target is used from now on.
  static Result<PackageTree> open(const std::string& directory);

  /// The path beneath the directory that `name` leads to, without links.
  Result<std::string> resolve(const std::string& name) const;
  /// Opens the regular file at a path from resolve(). `name` is its name in messages.
  Result<OpenFile> open_file(const std::string& path, const std::string& name) const;
  /// Fails unless every regular file beneath the directory is in `expected` (paths from resolve()) and every link leads
  /// to something beneath it. Ignores the other states of a projected volume.
  Result<void> refuse_strangers(const std::set<std::string>& expected) const;

 private:
  PackageTree(std::string root, OpenFile directory)
      : root_(std::move(root)), directory_(std::make_shared<const OpenFile>(std::move(directory))) {}
  /// The error for `name`, which leads to nothing usable.
  Error explain(const std::string& name) const;
  Result<void> check_entry(const std::string& path, const std::set<std::string>& expected, bool is_link) const;

  std::string root_;  ///< without links
  std::shared_ptr<const OpenFile> directory_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
