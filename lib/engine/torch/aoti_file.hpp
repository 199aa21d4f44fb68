// SPDX-License-Identifier: Apache-2.0
// AotiFile: one AOTInductor package of a model, compared with the signature before anything of it is loaded.
#pragma once

#include <cstdint>
#include <gantry/engine_loader.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/torch/aoti_container.hpp"
#include "engine/torch/call_spec.hpp"
#include "engine/torch/compiled_model.hpp"
#include "engine/torch/options.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Maps a call of the signature to a call of the package's code.
struct AotiCall {
  CallMap map;
  std::vector<SizeBound> bounds;
  std::vector<TensorSpec> outputs;
  std::size_t results = 0;  ///< number of tensors that the code returns
};

struct AotiFile {
  AotiContainer::Source source;
  std::string isa;                        ///< the ISA it was compiled for, as readable text; or empty
  std::optional<CompiledModel> compiled;  ///< unset: the package does not state it, and the host trusts it
  std::optional<AotiCall> call;           ///< unset until complete(), where `compiled` is
  std::int64_t batch = 0;                 ///< the only number of samples that it supports; 0: any

  /// The safe assumption for an unknown package: it keeps state and writes to its inputs.
  bool has_state() const { return !compiled || compiled->has_state; }
  bool mutates_inputs() const { return !compiled || compiled->mutates_inputs; }
  int max_threads() const { return compiled ? compiled->threads : 0; }
};

/// Reads the package's metadata. `weights`: the counter of its containers' weights.
///
/// Errors: invalid_argument for a file that is not such a package, is damaged, or was compiled for other types and
/// sizes than those of the signature and `file.batch`; failed_precondition if it was compiled for another machine,
/// LibTorch or device, or does not state what it was compiled for, unless the host trusts it.
Result<AotiFile> read_aoti_file(const EngineFile& file, const LoadRequest& request, const TorchOptions& options,
                                std::shared_ptr<WeightsCount> weights);

/// Loads the library, and reads from it what the package does not state. Throws what LibTorch throws.
Result<std::shared_ptr<AotiContainer>> load_aoti_file(AotiFile& file, const Signature& signature, std::size_t runners);

}  // namespace gantry::inline GANTRY_ABI::libtorch
