// SPDX-License-Identifier: Apache-2.0
// Instance: all variants of a model, loaded once; computes one call at a time.
#pragma once

#include <atomic>
#include <gantry/engine.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/executorch/loaded_method.hpp"
#include "engine/executorch/packed_weights.hpp"
#include "engine/executorch/variant.hpp"

namespace gantry::inline GANTRY_ABI::executorch {

/// State that an engine and its instances share.
struct SharedModel {
  Signature signature;
  std::vector<Variant> variants;
  std::shared_ptr<PackedWeights> packed;  ///< nullptr: each method packs its own copy
  std::atomic<std::size_t> instances{0};
  std::atomic<std::size_t> running{0};

  /// Memory of one instance, for all variants.
  std::size_t arena_size() const;
};

class Instance final : public EngineInstance {
 public:
  /// Errors: those of LoadedMethod::load(); model_error where ExecuTorch would have aborted.
  static Result<std::unique_ptr<Instance>> make(std::shared_ptr<SharedModel> model);
  ~Instance() override;

  Result<Tensors> run(const Tensors& inputs, const EngineCall& call) override;
  /// By variant and input: LoadedMethod::takes_smaller().
  std::vector<std::vector<bool>> takes_smaller();

 private:
  explicit Instance(std::shared_ptr<SharedModel> model);
  Result<void> load();
  Result<Tensors> compute(const Tensors& inputs);
  /// The variant that computes `sizes_`; prefers one with exactly these sizes.
  Result<std::size_t> find_variant(const Tensors& inputs) const;

  const std::shared_ptr<SharedModel> model_;
  Allocators allocators_;
  std::vector<std::unique_ptr<LoadedMethod>> methods_;  // as model_->variants
  std::vector<Sizes> sizes_;                            // of the inputs of a call
  bool is_broken_ = false;                              // ExecuTorch aborted within it
};

}  // namespace gantry::inline GANTRY_ABI::executorch
