// SPDX-License-Identifier: Apache-2.0
// What `gantry doctor` asks this process and this machine.
#pragma once

#include <gantry/version.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// Paths of the shared libraries in this process whose file name begins with one of `prefixes`, in load order.
std::vector<std::string> loaded_libraries(const std::vector<std::string>& prefixes);

/// libgomp, libiomp5 and libomp: two of them in one process start two thread pools for one CPU budget.
std::vector<std::string> openmp_runtimes();

struct CudaDriver {
  int version = 0;  ///< the newest CUDA it supports: 12040 for 12.4
  int devices = 0;
  std::string problem;  ///< why there are no devices; empty if there are
};
/// nullopt if there is no libcuda.so.1.
std::optional<CudaDriver> find_cuda_driver();

/// The model name of /proc/cpuinfo; empty if it has none.
std::string cpu_name();

/// The environment variables that change how many threads gantry or LibTorch use, as "NAME=value".
std::vector<std::string> thread_variables();

}  // namespace gantry::inline GANTRY_ABI::cli
