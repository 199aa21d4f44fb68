// SPDX-License-Identifier: Apache-2.0
// Shared libraries with operators that models need, such as torchvision::nms.
//
// A library registers its operators with LibTorch when it is loaded, for the whole process, and LibTorch cannot use two
// versions of one operator. So a library, identified by its content, is loaded once and never closed.
#pragma once

#include <gantry/result.hpp>

#include "engine/torch/options.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Loads the libraries that the options name: those of the host by path, those of a package from the bytes that were
/// hashed. A library that the process has already loaded is not loaded again, regardless of its path.
///
/// Thread-safe; libraries are loaded one at a time. Errors: not_found; failed_precondition with the dynamic loader's
/// message and what is likely missing, and also for a library with the same name as another one in the process. Two
/// libraries of different names that define the same operator end the process: LibTorch throws in a static initializer,
/// and the dynamic loader does not pass exceptions on. Cost: reads the file.
Result<void> load_operator_libraries(const TorchOptions& options);

}  // namespace gantry::inline GANTRY_ABI::libtorch
