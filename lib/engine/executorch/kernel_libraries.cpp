// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/kernel_libraries.hpp"

#include <dlfcn.h>
#include <executorch/runtime/platform/runtime.h>

#include <filesystem>
#include <iterator>
#include <mutex>

#include "engine/executorch/platform.hpp"
#include "model/engine_library.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

// Loaded in this order: few models need the second one.
constexpr const char* kLibraries[] = {"libexecutorch_kernels_optimized.so", "libexecutorch_kernels_quantized.so"};

std::size_t loaded = 0;    // guarded by KernelLibraries::mutex()
std::string last_problem;  // likewise

/// `name` in the folder of libexecutorch.so; `name` alone if it is not there.
std::string where_it_lies(const char* name) {
  ::Dl_info executorch{};
  if (::dladdr(reinterpret_cast<const void*>(&::executorch::runtime::runtime_init), &executorch) == 0) return name;
  const auto beside = std::filesystem::path(executorch.dli_fname).parent_path() / name;
  std::error_code ignored;
  return std::filesystem::exists(beside, ignored) ? beside.string() : name;
}

}  // namespace

std::shared_mutex& KernelLibraries::mutex() {
  static std::shared_mutex mutex;
  return mutex;
}

std::size_t KernelLibraries::count() {
  return loaded;
}

bool KernelLibraries::load_beyond(std::size_t known) {
  const std::unique_lock lock(mutex());
  if (loaded > known) return true;
  if (loaded == std::size(kLibraries)) return false;
  if (loaded == 0) hold_thread_pool_at_one();
  const char* const name = kLibraries[loaded];
  // By its path, since in a process with AddressSanitizer, which opens libraries for others, the loader does not look
  // where this library's RUNPATH says. By its name where it lies apart, in the dynamic loader's search path.
  if (::dlopen(where_it_lies(name).c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    const char* const text = ::dlerror();
    last_problem =
        std::string(name) + " cannot be loaded: " + detail::explain_loader_error("", text ? text : "no reason given");
    return false;
  }
  ++loaded;
  return true;
}

std::string KernelLibraries::problem() {
  const std::shared_lock lock(mutex());
  return last_problem;
}

}  // namespace gantry::inline GANTRY_ABI::executorch
