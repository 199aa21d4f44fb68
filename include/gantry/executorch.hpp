// SPDX-License-Identifier: Apache-2.0
// The ExecuTorch engine: .pte files, PyTorch's own small runtime. Needs gantry::executorch.
//
//   auto pipeline = open<Bytes, Classes>("models/cat-or-dog/3", executorch::engines());
//
// gantry::executorch links nothing of ExecuTorch: it opens libgantry_executorch.so, which lies beside it and brings
// ExecuTorch, with local symbols. ExecuTorch's kernels define a BLAS of their own, which in the global scope would take
// the place of LibTorch's.
#pragma once

#include <string>

#include <gantry/engine_loader.hpp>
#include <gantry/engine_options.hpp>
#include <gantry/model.hpp>
#include <gantry/model_options.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace executorch {

/// What the ExecuTorch engine can be told: for ModelOptions::engine_options.
///
///   executorch::Options options;
///   options.share_packed_weights = false;
///   options.apply_to(model_options);                          // of ModelOptions, or of OpenOptions::model
struct GANTRY_API Options {
  /// Instances, and the methods for several sizes of each, compute with one copy of the weights as XNNPACK packs them,
  /// in memory of this process that has no name in any file system. The weights are packed once more for it, before the
  /// first instance is made. Where there is no /proc or no such memory, each packs its own; EngineInfo::description
  /// says which it is. Two workers with EfficientNet-lite0: 20 MB less.
  bool share_packed_weights = true;

  /// What differs from the defaults. A package may set it as well; the host's goes first.
  operator EngineOptions() const;
  void apply_to(ModelOptions& options) const;
};

/// Loads a .pte file, the methods "forward" and "forward_..." of it. The file is a graph and weights, no machine code,
/// and its structure is checked; yet content made to do harm can end the process: load only what you trust. Errors:
/// not_found; invalid_argument (no program, cut short, or its inputs and outputs do not fit the signature);
/// failed_precondition (made for another version of the format); unsupported (a device other than the CPU, an operator
/// or a delegate that is not here, or no libgantry_executorch.so); model_error (fails on ModelOptions::examples).
/// Thread-safe. Cost: weights are packed, once or for each instance.
///
/// Inputs and outputs are matched by position. A static file computes exactly the sizes that it was exported for: as a
/// model's batch sizes these are EngineInfo::batch_sizes. Each call runs on the thread that makes it: the runtime's
/// thread pool is held at one thread, for the process. Whoever uses ExecuTorch in the same process otherwise shares its
/// log and its abort hook, which are the engine's.
GANTRY_API Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options = {});

/// The engine that open() may use: "executorch". Where libgantry_executorch.so cannot be opened, what stands for it
/// says why as it is asked to load. The first call opens it, for good. Thread-safe.
GANTRY_API EngineList engines();

/// ExecuTorch's version: "1.5.1"; empty where libgantry_executorch.so cannot be opened.
GANTRY_API std::string version();

}  // namespace executorch
}  // namespace GANTRY_ABI
}  // namespace gantry
