// SPDX-License-Identifier: Apache-2.0
// PackageTree: the directory of a package and where the names in it lead.
//
// A package may be a tree of symbolic links: Kubernetes shows the files of a projected volume as links into `..data`,
// which is a link too. Links are followed as long as they stay within the directory. What they lead to is looked up
// once, and opened by that path without following any link, so that a link which is put there later changes nothing.
#pragma once

#include <gantry/result.hpp>
#include <memory>
#include <set>
#include <string>

#include "core/open_file.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: keeps the directory open; copies share it.
/// Threads:   thread-safe.
/// Errors:    not_found for what is not there; failed_precondition for what is no regular file, cannot be opened or
///            leads out of the directory, with what to do.
/// Cost:      system calls: a few for each part of a path.
class PackageTree {
 public:
  /// `directory` may be a link itself: what it leads to now is what is used from now on.
  static Result<PackageTree> open(const std::string& directory);

  /// The path beneath the directory that `name` leads to; no part of it is a link.
  Result<std::string> resolve(const std::string& name) const;
  /// The regular file at a path that resolve() gave. `name` is what messages call it.
  Result<OpenFile> open_file(const std::string& path, const std::string& name) const;
  /// Every regular file beneath the directory must be one of `expected`, which are paths that resolve() gave, and every
  /// link must lead to something beneath it. Older and newer states of a projected volume are not looked at.
  Result<void> refuse_strangers(const std::set<std::string>& expected) const;

 private:
  PackageTree(std::string root, OpenFile directory)
      : root_(std::move(root)), directory_(std::make_shared<const OpenFile>(std::move(directory))) {}
  /// What is wrong with `name`, which leads to nothing usable.
  Error explain(const std::string& name) const;
  Result<void> check_entry(const std::string& path, const std::set<std::string>& expected, bool is_link) const;

  std::string root_;  ///< without links
  std::shared_ptr<const OpenFile> directory_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
