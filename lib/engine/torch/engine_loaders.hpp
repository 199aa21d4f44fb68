// SPDX-License-Identifier: Apache-2.0
// The two loaders, and the detection of a file's format.
#pragma once

#include <gantry/engine_loader.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::libtorch {

/// The format of a model file.
enum class Format { kTorchScript, kAotiPackage };

/// Detects the format by content: both are zip files with different entries. invalid_argument says what the file is
/// instead.
Result<Format> detect_format(const ModelFile& file);

/// Loads a TorchScript file: moved to the device, in eval mode, frozen unless that would share its state.
Result<std::unique_ptr<Engine>> load_torchscript(const LoadRequest& request);

/// Loads an AOTInductor package, which is native code.
Result<std::unique_ptr<Engine>> load_aoti(const LoadRequest& request);

std::shared_ptr<const EngineLoader> torchscript_loader();
std::shared_ptr<const EngineLoader> aoti_loader();

}  // namespace gantry::inline GANTRY_ABI::libtorch
