// SPDX-License-Identifier: Apache-2.0
// Makes a Model from an engine; shared by Model::make() and open().
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

/// Longer values of ModelOptions::hang_after are reduced to this one: milliseconds::max() overflows the clock's unit.
constexpr std::chrono::milliseconds kLongestHang = std::chrono::hours(24 * 365 * 100);

/// Checks that the examples of `option` fit the signature and are on the CPU; the error names the first that does not.
Result<void> check_examples(const char* option, const Signature& signature, const std::vector<Tensors>& examples);

/// ModelOptions::max_batch, or its default.
inline std::size_t max_batch_of(const ModelOptions& options) {
  return options.max_batch == 0 ? 16 : static_cast<std::size_t>(options.max_batch);
}

/// The number of intra-op threads of an instance of this engine.
inline int threads_for(const EngineInfo& info, const RuntimeOptions& runtime) {
  return info.max_threads > 0 ? std::min(info.max_threads, runtime.intra_op_threads) : runtime.intra_op_threads;
}

/// Makes Model handles, and gives access to their ModelCall.
class ModelMaker {
 public:
  static Model make(std::shared_ptr<const ModelCall> call, Runtime runtime, const std::string& name);
  static std::shared_ptr<const ModelCall> call_of(const Model& model);
};

/// Decides what may be merged, makes the instances, warms them up and measures batch sizes, all with
/// ModelOptions::examples. The engine may have been used before: if it has state, each new instance starts from the
/// loaded state.
Result<Model> make_model(std::shared_ptr<Engine> engine, Signature signature, const ModelOptions& options,
                         const BatchEvidence& evidence);

}  // namespace gantry::inline GANTRY_ABI::detail
