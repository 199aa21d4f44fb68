// SPDX-License-Identifier: Apache-2.0
#include "cli/machine.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

int collect_library(dl_phdr_info* info, std::size_t, void* list) {
  if (info->dlpi_name != nullptr && info->dlpi_name[0] != '\0')
    static_cast<std::vector<std::string>*>(list)->emplace_back(info->dlpi_name);
  return 0;
}

template <class Function>
Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

std::vector<std::string> loaded_libraries(const std::vector<std::string>& prefixes) {
  std::vector<std::string> all;
  dl_iterate_phdr(&collect_library, &all);
  std::vector<std::string> matching;
  for (const std::string& path : all) {
    const std::string file = path.substr(path.find_last_of('/') + 1);
    const bool matches = std::any_of(prefixes.begin(), prefixes.end(),
                                     [&](const std::string& prefix) { return file.rfind(prefix, 0) == 0; });
    std::error_code failure;
    const auto resolved = matches ? std::filesystem::canonical(path, failure) : std::filesystem::path();
    if (matches) matching.push_back(failure ? path : resolved.string());
  }
  return matching;
}

std::vector<std::string> openmp_runtimes() {
  return loaded_libraries({"libgomp", "libiomp5", "libomp.", "libomp-"});
}

std::optional<CudaDriver> find_cuda_driver() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  const auto driver_version = symbol<int (*)(int*)>(library, "cuDriverGetVersion");
  const auto init = symbol<int (*)(unsigned)>(library, "cuInit");
  const auto device_count = symbol<int (*)(int*)>(library, "cuDeviceGetCount");
  CudaDriver driver;
  if (driver_version == nullptr || driver_version(&driver.version) != 0) driver.version = 0;
  const int status = init ? init(0) : -1;
  if (status != 0)
    driver.problem = "cuInit failed with CUresult " + std::to_string(status);
  else if (device_count == nullptr || device_count(&driver.devices) != 0 || driver.devices == 0)
    driver.problem = "it sees no device";
  return driver;  // the library stays loaded: unloading a driver that was initialised is not supported
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

std::vector<std::string> thread_variables() {
  std::vector<std::string> set;
  for (const char* name : {"GANTRY_CPUS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT",
                           "KMP_BLOCKTIME", "KMP_AFFINITY", "GOMP_CPU_AFFINITY", "OMP_PROC_BIND"})
    if (const char* value = std::getenv(name)) set.push_back(std::string(name) + "=" + value);
  return set;
}

}  // namespace gantry::inline GANTRY_ABI::cli
