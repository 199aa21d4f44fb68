// SPDX-License-Identifier: Apache-2.0
// TorchOptions: what the host and a package tell the LibTorch engines, checked.
#pragma once

#include <gantry/engine_loader.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

// Plans: ways to run the same TorchScript file on the CPU. gantry-pack measures which one is the fastest.
inline constexpr const char* kFrozenPlan = "frozen";  ///< the graph as LibTorch freezes it; every model can have it
/// Frozen, pads folded into convolutions, and the weights of 2-D convolutions laid out as [out, height, width, in],
/// which makes LibTorch compute pictures in that layout.
inline constexpr const char* kChannelsLastPlan = "channels_last";
/// That, and each 2-D convolution runs as one oneDNN operation with the activation behind it, its weights packed ahead
/// for the sizes of the signature.
inline constexpr const char* kFusedPlan = "fused";

struct TorchOptions {
  OptionValue::Object arguments;              ///< of forward(), that are no tensors
  std::vector<ModelFile> packaged_libraries;  ///< with operators, files of the package
  std::vector<std::string> libraries;         ///< the same, paths of the host's
  bool trust_unverified_code = false;
  bool retain_activation_memory = true;
  std::string scratch_dir;
  std::string plan = kFrozenPlan;  ///< of TorchScript alone
};

/// Of both engines, which know the same options; a package may set `arguments` and `libraries` alone, since the others
/// are the host's to decide. Arguments of the package go before the host's.
///
/// Errors: invalid_argument for what is unknown or wrong; failed_precondition if the package needs a library that the
/// host has to give.
Result<TorchOptions> read_options(const LoadRequest& request);

/// The same and `plan`, which TorchScript alone has: a package may set it, and the host's goes before.
Result<TorchOptions> read_torchscript_options(const LoadRequest& request);

/// The only file of a request: no batch sizes of their own.
Result<ModelFile> only_file(const LoadRequest& request);

}  // namespace gantry::inline GANTRY_ABI::libtorch
