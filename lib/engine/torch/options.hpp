// SPDX-License-Identifier: Apache-2.0
// TorchOptions: the options of the LibTorch engines from the host and the package, validated.
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
/// As kChannelsLastPlan; in addition each 2-D convolution runs as one oneDNN operation with the activation after it,
/// and its weights are packed in advance for the sizes of the signature.
inline constexpr const char* kFusedPlan = "fused";

struct TorchOptions {
  OptionValue::Object arguments;              ///< arguments of forward() that are not tensors
  std::vector<ModelFile> packaged_libraries;  ///< operator libraries, files of the package
  std::vector<std::string> libraries;         ///< operator libraries, paths of the host
  bool trust_unverified_code = false;
  bool retain_activation_memory = true;
  std::string scratch_dir;
  std::string plan = kFrozenPlan;  ///< only for TorchScript
};

/// Reads the options that both engines have. A package may set only `arguments` and `libraries`; the host decides the
/// others. Arguments of the package take precedence over the host's.
///
/// Errors: invalid_argument for an unknown or wrong option; failed_precondition if the package needs a library that the
/// host must provide.
Result<TorchOptions> read_options(const LoadRequest& request);

/// The same, and `plan`, which only TorchScript has. A package may set it; the host's value takes precedence.
Result<TorchOptions> read_torchscript_options(const LoadRequest& request);

/// The single file of a request. invalid_argument if there are several files for different batch sizes.
Result<ModelFile> only_file(const LoadRequest& request);

}  // namespace gantry::inline GANTRY_ABI::libtorch
