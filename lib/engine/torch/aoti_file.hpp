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

/// How a call of the signature becomes one of the package's code.
struct AotiCall {
  CallMap map;
  std::vector<SizeBound> bounds;
  std::vector<TensorSpec> outputs;
  std::size_t results = 0;  ///< what the code gives
};

struct AotiFile {
  AotiContainer::Source source;
  std::string isa;                        ///< what it was compiled for, for people; or empty
  std::optional<CompiledModel> compiled;  ///< unset: it does not say, and the host vouches for it
  std::optional<AotiCall> call;           ///< unset until complete(), where `compiled` is
  std::int64_t batch = 0;                 ///< the only number of samples that it computes; 0: any

  /// What an unknown package may do is assumed: it keeps state and writes to its inputs.
  bool has_state() const { return !compiled || compiled->has_state; }
  bool mutates_inputs() const { return !compiled || compiled->mutates_inputs; }
  int max_threads() const { return compiled ? compiled->threads : 0; }
};

/// Reads what the package says. `weights`: the count that its containers add to.
///
/// Errors: invalid_argument for a file that is no such package, is damaged, or was compiled for other types and sizes
/// than the signature and `file.batch` say; failed_precondition if it was compiled for another machine, LibTorch or
/// device, or does not say for what, unless the host vouches for it.
Result<AotiFile> read_aoti_file(const EngineFile& file, const LoadRequest& request, const TorchOptions& options,
                                std::shared_ptr<WeightsCount> weights);

/// Loads the library, and learns from it what the package did not say. Throws what LibTorch throws.
Result<std::shared_ptr<AotiContainer>> load_aoti_file(AotiFile& file, const Signature& signature, std::size_t runners);

}  // namespace gantry::inline GANTRY_ABI::libtorch
