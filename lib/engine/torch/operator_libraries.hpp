// SPDX-License-Identifier: Apache-2.0
// Shared libraries with operators that models need, such as torchvision::nms.
//
// A library registers its operators with LibTorch as it is loaded, for the process, and LibTorch knows no way to use
// two versions of one operator. So a library is loaded once, told by its content, and never closed.
#pragma once

#include <gantry/result.hpp>

#include "engine/torch/options.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Loads the libraries that the options name: those of the host by path, those of a package from the bytes that were
/// hashed. What the process has loaded already is not loaded again, wherever it came from.
///
/// Thread-safe; libraries are loaded one at a time. not_found, or failed_precondition with what the dynamic loader said
/// and what is likely missing; also of a library of the name of another one in the process. Two libraries of different
/// names that define one operator end the process: LibTorch throws in an initialiser, which the dynamic loader cannot
/// take. Costs reading the file.
Result<void> load_operator_libraries(const TorchOptions& options);

}  // namespace gantry::inline GANTRY_ABI::libtorch
