// SPDX-License-Identifier: Apache-2.0
// The LibTorch engines: TorchScript files and AOTInductor packages. Needs gantry::torch.
//
//   Model model = libtorch::load("net.ts", signature, options).value();
#pragma once

#include <string>
#include <vector>

#include <gantry/engine.hpp>
#include <gantry/model.hpp>

namespace gantry::libtorch {

/// Loads a TorchScript file (.ts, .pt) or an AOTInductor package (.pt2), told apart by content. The file is code: load
/// only what you trust. Errors: not_found; invalid_argument (not a model, or its arguments do not fit the signature);
/// failed_precondition (device not usable, AOTInductor package built for another ISA or LibTorch, scratch directory
/// mounted noexec); model_error (fails on the warm-up input). Thread-safe. Cost: seconds; weights are read once.
///
/// On a GPU convolutions of float32 are computed in float32, not in TensorFloat-32, which LibTorch allows by default.
/// Traced TorchScript carries that permission in its convolutions; it is taken out of them as the file is loaded. For
/// all others it is a setting of the process, switched off where this is the first to load LibTorch's CUDA library; a
/// host that prefers speed sets at::globalContext().setAllowTF32CuDNN(true) after the first load.
GANTRY_API Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options = {});

/// The engines that open() may use: "torchscript" and, where LibTorch has it, "aoti".
GANTRY_API std::vector<EngineLoader> engines();

/// LibTorch's version: "2.15.0".
GANTRY_API std::string version();

}  // namespace gantry::libtorch
