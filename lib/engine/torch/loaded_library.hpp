// SPDX-License-Identifier: Apache-2.0
// Finds from where LibTorch was loaded into this process.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// The full path of libtorch_cpu as it is loaded; empty if LibTorch is linked into the program. Thread-safe.
const std::string& torch_cpu_path();

/// The folder of torch_cpu_path(), with a '/' at its end; empty if that path is empty.
std::string torch_directory();

/// The paths of all shared libraries of this process, as they are now. Thread-safe.
std::vector<std::string> loaded_libraries();

}  // namespace gantry::inline GANTRY_ABI::libtorch
