// SPDX-License-Identifier: Apache-2.0
// TorchOptions: what the host and a package tell the LibTorch engines, checked.
#pragma once

#include <gantry/engine_loader.hpp>
#include <string>
#include <vector>

namespace gantry::libtorch {

struct TorchOptions {
  OptionValue::Object arguments;              ///< of forward(), that are no tensors
  std::vector<ModelFile> packaged_libraries;  ///< with operators, files of the package
  std::vector<std::string> libraries;         ///< the same, paths of the host's
  bool trust_unverified_code = false;
  bool retain_activation_memory = true;
  std::string scratch_dir;
};

/// Of both engines, which know the same options; a package may set `arguments` and `libraries` alone, since the others
/// are the host's to decide. Arguments of the package go before the host's.
///
/// Errors: invalid_argument for what is unknown or wrong; failed_precondition if the package needs a library that the
/// host has to give.
Result<TorchOptions> read_options(const LoadRequest& request);

/// The only file of a request: no batch sizes of their own.
Result<ModelFile> only_file(const LoadRequest& request);

}  // namespace gantry::libtorch
