// SPDX-License-Identifier: Apache-2.0
// NullEngine: returns the same prepared output at once, so that a benchmark measures everything around an engine. Calls
// are not merged: the output has a batch of one.
#pragma once

#include <gantry/engine.hpp>
#include <gantry/model.hpp>
#include <memory>
#include <utility>

namespace gantry::inline GANTRY_ABI::bench {

class NullInstance final : public EngineInstance {
 public:
  explicit NullInstance(Tensors outputs) : outputs_(std::move(outputs)) {}
  Result<Tensors> run(const Tensors&, const EngineCall&) override { return outputs_; }

 private:
  Tensors outputs_;
};

class NullEngine final : public Engine {
 public:
  explicit NullEngine(Tensors outputs) : outputs_(std::move(outputs)) { info_.kind = info_.description = "null"; }
  const EngineInfo& info() const override { return info_; }
  Result<std::unique_ptr<EngineInstance>> make_instance(int) override {
    return std::unique_ptr<EngineInstance>(std::make_unique<NullInstance>(outputs_));
  }

 private:
  Tensors outputs_;
  EngineInfo info_;
};

inline constexpr std::int64_t kFeatures = 8;

inline Tensor make_sample() {
  return Tensor::zeros(DType::kF32, {kFeatures}).value();
}

/// f32[batch, 8] -> f32[batch, 8]; answers for a batch of one.
inline Model make_null_model(const Runtime& runtime) {
  ModelOptions options;
  options.runtime = runtime;
  options.warmup_runs = 0;
  options.batch_across_callers = false;
  options.name = "null";
  Tensors outputs{{"y", Tensor::zeros(DType::kF32, {1, kFeatures}).value()}};
  return Model::make(std::make_unique<NullEngine>(std::move(outputs)),
                     Signature::parse("x:f32[batch,8]", "y:f32[batch,8]").value(), options)
      .value();
}

inline Runtime make_runtime(Execution execution) {
  RuntimeOptions options;
  options.workers = 1;
  options.execution = execution;
  return Runtime::create(options).value();
}

}  // namespace gantry::inline GANTRY_ABI::bench
