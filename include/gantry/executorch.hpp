// SPDX-License-Identifier: Apache-2.0
// The ExecuTorch engine: .pte files, which run on PyTorch's small runtime. Needs gantry::executorch.
//
//   auto pipeline = open<Bytes, Classes>("models/cat-or-dog/3", executorch::engines());
//
// gantry::executorch links nothing of ExecuTorch: it opens libgantry_executorch.so from its own directory, which
// contains ExecuTorch with local symbols. ExecuTorch's kernels define their own BLAS; in the global scope it would
// replace LibTorch's.
#pragma once

#include <string>

#include <gantry/engine_loader.hpp>
#include <gantry/engine_options.hpp>
#include <gantry/model.hpp>
#include <gantry/model_options.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace executorch {

/// Options of the ExecuTorch engine: for ModelOptions::engine_options.
///
///   executorch::Options options;
///   options.share_packed_weights = false;
///   options.apply_to(model_options);                          // of ModelOptions, or of OpenOptions::model
struct GANTRY_API Options {
  /// Instances, and their methods for several sizes, share one copy of the weights as XNNPACK packs them, in anonymous
  /// memory of this process. For this the weights are packed once more before the first instance is made. If /proc or
  /// such memory is missing, each instance packs its own copy; EngineInfo::description says which. Two workers with
  /// EfficientNet-lite0: 20 MB less.
  bool share_packed_weights = true;

  /// The options that differ from the defaults. A package may set them too; the host's values override the package's.
  operator EngineOptions() const;
  void apply_to(ModelOptions& options) const;
};

/// Loads a .pte file: its methods "forward" and "forward_...". The file is a graph and weights, without machine code,
/// and its structure is checked; yet malicious content can end the process: load only files that you trust. Errors:
/// not_found; invalid_argument (no program, truncated, or its inputs and outputs do not fit the signature);
/// failed_precondition (made for another format version); unsupported (a device other than the CPU, a missing operator
/// or delegate, or no libgantry_executorch.so); model_error (fails on ModelOptions::examples). Thread-safe. Cost:
/// packing of the weights, once or for each instance.
///
/// Inputs and outputs are matched by position. A static file computes exactly its exported sizes; batch sizes among
/// them become EngineInfo::batch_sizes. Each call runs on the thread that makes it: the process-wide thread pool of
/// ExecuTorch is kept at one thread. Other users of ExecuTorch in the process share its log and its abort hook, which
/// the engine sets.
GANTRY_API Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options = {});

/// The engine for open(): "executorch". If libgantry_executorch.so cannot be opened, a placeholder returns the reason
/// as the error of each load. The first call opens the library, and never closes it. Thread-safe.
GANTRY_API EngineList engines();

/// ExecuTorch's version: "1.5.1"; empty if libgantry_executorch.so cannot be opened.
GANTRY_API std::string version();

}  // namespace executorch
}  // namespace GANTRY_ABI
}  // namespace gantry
