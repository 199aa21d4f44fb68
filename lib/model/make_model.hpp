// SPDX-License-Identifier: Apache-2.0
// Making a Model around an engine: what Model::make() and open() share.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <gantry/model.hpp>
#include <memory>
#include <string>

#include "model/merging.hpp"
#include "model/model_call.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// No longer one of ModelOptions::hang_after is told apart from it: the clock's own unit has no room for
/// milliseconds::max().
constexpr std::chrono::milliseconds kLongestHang = std::chrono::hours(24 * 365 * 100);

/// Whether the examples of `option` fit the signature and are on the CPU; the error names the first that does not.
Result<void> check_examples(const char* option, const Signature& signature, const std::vector<Tensors>& examples);

/// ModelOptions::max_batch, or its default.
inline std::size_t max_batch_of(const ModelOptions& options) {
  return options.max_batch == 0 ? 16 : static_cast<std::size_t>(options.max_batch);
}

/// The intra-op threads that an instance of this engine is given.
inline int threads_for(const EngineInfo& info, const RuntimeOptions& runtime) {
  return info.max_threads > 0 ? std::min(info.max_threads, runtime.intra_op_threads) : runtime.intra_op_threads;
}

/// Makes handles of what is ready, and looks into them.
class ModelMaker {
 public:
  static Model make(std::shared_ptr<const ModelCall> call, Runtime runtime, const std::string& name);
  static std::shared_ptr<const ModelCall> call_of(const Model& model);
};

/// Decides what may be merged, makes the instances, warms them up and tries batch sizes, all on ModelOptions::examples.
/// The engine may have been used before: of one that has state, each instance begins with what was loaded.
Result<Model> make_model(std::shared_ptr<Engine> engine, Signature signature, const ModelOptions& options,
                         const BatchEvidence& evidence);

}  // namespace gantry::inline GANTRY_ABI::detail
