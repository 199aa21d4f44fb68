// SPDX-License-Identifier: Apache-2.0
// Loads libraries with the dynamic loader, one at a time.
#include "engine/torch/operator_libraries.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "engine/torch/loaded_library.hpp"
#include "engine/torch/torch_error.hpp"
#include "engine/torch/torch_soname.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

Error cannot_load(const ModelFile& file, const std::string& why) {
  return Error(ErrorCode::kFailedPrecondition, "the operator library '" + file.name() + "' cannot be loaded: " + why);
}

Error another_version(const ModelFile& file, const std::string& loaded) {
  return cannot_load(file, "the process has loaded another library of that name ('" + loaded +
                               "'), and cannot hold two versions of an operator; use the same file for all models, or, "
                               "if these are libraries of different operators, another file name for one");
}

/// A library that was loaded here, identified by its content. Two libraries look alike only if someone makes them so on
/// purpose; then one of them is not loaded.
struct Library {
  std::string name;
  std::size_t size;
  std::size_t hash;
};

Result<std::string> read_all(const ModelFile& file) {
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  GANTRY_RETURN_IF_ERROR(file.read(0, bytes.data(), bytes.size()));
  return bytes;
}

/// The error of dlopen. If an initialiser of the library throws, as LibTorch does if an operator is registered twice,
/// the process ends: the dynamic loader does not pass exceptions on. So libraries are compared first.
std::optional<std::string> open_library(const std::string& path) {
  // Local: the host must not see the library's symbols, and the library names what it needs.
  if (::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return std::nullopt;
  const char* const why = ::dlerror();
  return why ? why : "no reason given";
}

/// A library with GPU kernels needs LibTorch's CUDA half, which gantry loads only on request.
std::optional<std::string> open_with_cuda(const std::string& path) {
  auto failure = open_library(path);
  if (!failure) return std::nullopt;
  const bool lacks_cuda =
      failure->find("libtorch_cuda.so") != std::string::npos || failure->find("libc10_cuda.so") != std::string::npos;
  if (!lacks_cuda) return failure;
  const std::string cuda = torch_directory() + "libtorch_cuda.so";
  if (const auto why = open_library(cuda))
    return *failure + " (it is built for CUDA, and LibTorch's own CUDA library cannot be loaded: " + *why +
           "); give a library that is built for the CPU, or install LibTorch with CUDA";
  return open_library(path);
}

/// Loads exactly the bytes that were read, from memory. The file's own directory is not searched for dependencies.
std::optional<std::string> open_bytes(const std::string& name, std::string_view bytes) {
  const int descriptor = ::memfd_create("gantry-operators", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return std::generic_category().message(errno);
  std::optional<std::string> failure = "it cannot be written to memory";
  bool is_written = true;
  for (std::string_view rest = bytes; is_written && !rest.empty();) {
    const ssize_t put = ::write(descriptor, rest.data(), rest.size());
    if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
    is_written = put > 0 || (put < 0 && errno == EINTR);
  }
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (is_written && ::fcntl(descriptor, F_ADD_SEALS, kSeals) == 0) {
    // The loader identifies libraries by path, and descriptor numbers are reused, also by TorchSoname. So each path has
    // a different number of slashes.
    static int loaded = 1;
    const std::string path =
        "/proc/self/fd" + std::string(static_cast<std::size_t>(++loaded), '/') + std::to_string(descriptor);
    failure = open_with_cuda(path);
    if (failure)
      if (const auto at = failure->find(path); at != std::string::npos) failure->replace(at, path.size(), name);
  }
  ::close(descriptor);
  return failure;
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// True if the process has already loaded these bytes, from anywhere: registering their operators again would end it.
/// For the same reason another version of a library, recognised by its file's name, is refused.
Result<bool> is_loaded(const ModelFile& file, const std::string& bytes) {
  for (const std::string& path : loaded_libraries()) {
    const auto other = ModelFile::open(path);  // skips paths of /proc and of deleted files
    if (!other) continue;
    const bool has_its_name = base_name(path) == base_name(file.name());
    if (!has_its_name && other->size() != bytes.size()) continue;
    const auto content = read_all(*other);
    if (content && *content == bytes) return true;
    if (has_its_name) return another_version(file, path);
  }
  return false;
}

class Libraries {
 public:
  /// `path`: where to open the library; empty: from memory.
  Result<void> load(const ModelFile& file, const std::string& path) {
    GANTRY_ASSIGN_OR_RETURN(const auto bytes, read_all(file));
    const Library library{base_name(file.name()), bytes.size(), std::hash<std::string_view>()(bytes)};
    const detail::MutexLock lock(mutex_);
    for (const Library& loaded : loaded_) {
      if (loaded.size == library.size && loaded.hash == library.hash) return {};
      if (loaded.name == library.name) return another_version(file, loaded.name);
    }
    GANTRY_ASSIGN_OR_RETURN(const auto is_there, is_loaded(file, bytes));
    if (is_there) return {};
    loaded_.reserve(loaded_.size() + 1);
    GANTRY_ASSIGN_OR_RETURN(const auto soname, TorchSoname::open());
    const auto failure = path.empty() ? open_bytes(file.name(), bytes) : open_with_cuda(path);
    if (failure) return cannot_load(file, *failure);
    loaded_.push_back(library);
    return {};
  }

 private:
  detail::Mutex mutex_;
  std::vector<Library> loaded_ GANTRY_GUARDED_BY(mutex_);
};

Libraries& libraries() {
  static Libraries* const all = new Libraries;  // never destroyed, like what it loads
  return *all;
}

}  // namespace

Result<void> load_operator_libraries(const TorchOptions& options) try {
  for (const ModelFile& file : options.packaged_libraries) GANTRY_RETURN_IF_ERROR(libraries().load(file, ""));
  for (const std::string& path : options.libraries) {
    const auto file = ModelFile::open(path);
    if (!file) return file.error().within("operator library");
    GANTRY_RETURN_IF_ERROR(libraries().load(*file, std::filesystem::absolute(path).string()));
  }
  return {};
} catch (...) {
  return translate_torch_exception(ErrorCode::kFailedPrecondition);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
