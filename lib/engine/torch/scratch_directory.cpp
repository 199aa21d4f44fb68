// SPDX-License-Identifier: Apache-2.0
// Makes and removes the directory that code is unpacked into.
#include "engine/torch/scratch_directory.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

Error cannot_unpack(const std::string& directory, const std::string& why) {
  return Error(ErrorCode::kFailedPrecondition, "cannot unpack into " + directory + ": " + why);
}

std::string reason_of(int error_number) {
  return std::generic_category().message(error_number);
}

/// The directory for temporary files. The only place in lib/engine/torch that reads the environment.
const char* from_environment() {
  const char* directory = std::getenv("TMPDIR");
  return directory && *directory ? directory : nullptr;
}

struct Parent {
  std::string path;
  std::string name;  // its name in messages: who chose it
};

Parent choose_parent(const std::string& option) {
  if (!option.empty()) return {option, "scratch_dir '" + option + "'"};
  if (const char* directory = from_environment()) return {directory, "TMPDIR '" + std::string(directory) + "'"};
  return {"/tmp", "'/tmp'"};
}

}  // namespace

ScratchDirectory::ScratchDirectory(std::string path) : path_(std::move(path)) {}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchDirectory& ScratchDirectory::operator=(ScratchDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

ScratchDirectory::~ScratchDirectory() {
  remove();
}

void ScratchDirectory::remove() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

Result<void> check_scratch(const std::string& directory, const struct statvfs& file_system) {
  if (!(file_system.f_flag & ST_NOEXEC)) return {};
  return cannot_unpack(directory,
                       "it is mounted noexec, so the model's code could not be loaded; set "
                       "libtorch::Options::scratch_dir to a directory that is not");
}

Result<ScratchDirectory> ScratchDirectory::make(const std::string& parent) {
  const Parent where = choose_parent(parent);
  struct statvfs file_system {};
  if (::statvfs(where.path.c_str(), &file_system) != 0) return cannot_unpack(where.name, reason_of(errno));
  GANTRY_RETURN_IF_ERROR(check_scratch(where.name, file_system));
  std::string path = where.path + "/gantry-XXXXXX";
  if (!::mkdtemp(path.data())) return cannot_unpack(where.name, reason_of(errno));  // mode 0700
  return ScratchDirectory(std::move(path));
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
