// SPDX-License-Identifier: Apache-2.0
// Names are resolved by realpath(3). The result is opened part by part with O_NOFOLLOW, starting at the open directory.
// This works like openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), on every kernel.
#include "package/package_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

namespace fs = std::filesystem;

Error wrong(const std::string& name, const std::string& what) {
  return Error(ErrorCode::kFailedPrecondition, "file '" + name + "': " + what);
}

/// `path` relative to `root`; nullopt if it is not beneath it. Neither contains links.
std::optional<std::string> beneath(const std::string& root, const std::string& path) {
  const std::string prefix = root.back() == '/' ? root : root + "/";
  if (path.compare(0, prefix.size(), prefix) != 0) return std::nullopt;
  return path.substr(prefix.size());
}

/// Names in a Kubernetes projected volume: directories `..2024_05_01_...` for its states, and links `..data` and, while
/// the state changes, `..data_tmp`.
bool is_volume_state(const std::string& name) {
  return name.size() > 2 && name.compare(0, 2, "..") == 0;
}

}  // namespace

Result<PackageTree> PackageTree::open(const std::string& directory) {
  if (directory.find('\0') != std::string::npos)
    return Error(ErrorCode::kInvalidArgument, "the path of the package contains a zero byte");
  std::error_code failure;
  const fs::path root = fs::canonical(directory, failure);
  const bool is_missing = failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
  if (is_missing || directory.empty())
    return Error(ErrorCode::kNotFound, "there is no package directory '" + directory + "'");
  if (!failure) {
    auto opened = OpenFile::open(root.string(), O_DIRECTORY | O_NOFOLLOW);
    if (opened) return PackageTree(root.string(), *std::move(opened));
    if (errno == ENOTDIR)
      return Error(ErrorCode::kNotFound,
                   "'" + directory + "' is a file; a package is the directory with gantry.json in it");
    failure = std::error_code(errno, std::generic_category());
  }
  return Error(ErrorCode::kFailedPrecondition,
               "cannot open the package directory '" + directory + "': " + system_message(failure.value()));
}

Result<std::string> PackageTree::resolve(const std::string& name) const {
  std::error_code failure;
  const fs::path real = fs::canonical(fs::path(root_) / name, failure);
  if (!failure)
    if (auto path = beneath(root_, real.string())) return *std::move(path);
  return explain(name);
}

Error PackageTree::explain(const std::string& name) const {
  fs::path link(root_);
  std::error_code failure;
  for (const fs::path& part : fs::path(name)) {
    link /= part;
    const fs::file_status status = fs::symlink_status(link, failure);
    if (status.type() == fs::file_type::not_found) return Error(ErrorCode::kNotFound, "file '" + name + "' is missing");
    if (failure) return wrong(name, "cannot be opened: " + system_message(failure.value()));
    if (!fs::is_symlink(status)) continue;
    const std::string of = beneath(root_, link.string()).value_or(name);
    const std::string target = fs::read_symlink(link, failure).string();
    const std::string is_link = "is a symbolic link to '" + target + "', ";
    const fs::path real = fs::canonical(link, failure);
    if (failure == std::errc::too_many_symbolic_link_levels) return wrong(of, is_link + "which leads in a circle");
    if (failure == std::errc::no_such_file_or_directory) return wrong(of, is_link + "which is not there");
    if (failure) return wrong(of, is_link + "which cannot be opened: " + system_message(failure.value()));
    if (!beneath(root_, real.string()) && real != root_)
      return wrong(of, is_link + "which leads out of the package's directory, to '" + real.string() +
                           "'; links may lead to what is within it, so open a copy of the package in which they are " +
                           "resolved (cp -rL)");
  }
  return wrong(name, "is not a regular file");
}

Result<OpenFile> PackageTree::open_file(const std::string& path, const std::string& name) const {
  std::optional<OpenFile> at;
  for (std::size_t begin = 0;;) {
    const std::size_t end = path.find('/', begin);
    const bool is_last = end == std::string::npos;
    auto next = OpenFile::open_at(at ? *at : *directory_, path.substr(begin, is_last ? end : end - begin),
                                  O_NOFOLLOW | (is_last ? 0 : O_DIRECTORY));
    if (!next && errno == ENOENT) return Error(ErrorCode::kNotFound, "file '" + name + "' is missing");
    if (!next && (errno == ELOOP || (errno == ENOTDIR && !is_last)))
      return wrong(name, "was replaced by something else, a link maybe, while it was looked at");
    if (!next) return wrong(name, "cannot be opened: " + system_message(errno));
    at.emplace(*std::move(next));
    if (is_last) break;
    begin = end + 1;
  }
  if (!at->is_regular()) return wrong(name, "is not a regular file");
  return *std::move(at);
}

Result<void> PackageTree::check_entry(const std::string& path, const std::set<std::string>& expected,
                                      bool is_link) const {
  if (is_link) {
    const auto real = resolve(path);
    std::error_code failure;
    if (real || fs::canonical(fs::path(root_) / path, failure) == root_) return {};
    return real.error();
  }
  if (expected.count(path) == 0) return wrong(path, "is not listed in gantry.json");
  return {};
}

Result<void> PackageTree::refuse_strangers(const std::set<std::string>& expected) const {
  std::error_code failure;
  // The current state of a projected volume; empty if there is none.
  std::string shown;
  if (fs::is_symlink(fs::path(root_) / "..data", failure))
    if (auto data = resolve("..data")) shown = *data;
  failure.clear();
  fs::recursive_directory_iterator entry(root_, failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    const std::string path = beneath(root_, entry->path().string()).value_or("");
    const fs::file_status status = entry->symlink_status(failure);
    if (failure) break;
    if (fs::is_directory(status)) {
      const bool is_other_state = !shown.empty() && entry.depth() == 0 && is_volume_state(path) && path != shown;
      if (is_other_state) entry.disable_recursion_pending();
      continue;
    }
    const bool is_link = fs::is_symlink(status);
    if (!is_link && !fs::is_regular_file(status)) return wrong(path, "is not a regular file");
    GANTRY_RETURN_IF_ERROR(check_entry(path, expected, is_link));
  }
  if (failure)
    return Error(ErrorCode::kFailedPrecondition,
                 "cannot list the package's directory: " + system_message(failure.value()));
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail
