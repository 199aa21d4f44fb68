// SPDX-License-Identifier: Apache-2.0
// LoadedMethod: a loaded Variant, with the memory that it computes in.
#pragma once

#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>
#include <executorch/runtime/core/hierarchical_allocator.h>
#include <executorch/runtime/executor/memory_manager.h>
#include <executorch/runtime/executor/method.h>

#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/executorch/variant.hpp"

namespace gantry::inline GANTRY_ABI::executorch {

/// The allocators of one instance's methods. XNNPACK shares the memory of intermediate results between delegates whose
/// methods have the same allocator.
struct Allocators {
  ::executorch::extension::MallocMemoryAllocator methods;
  ::executorch::extension::MallocMemoryAllocator temporaries;
};

/// Ownership: owns its memory; shares the program. The allocators must outlive it.
/// Threads:   one thread at a time.
/// Errors:    see load() and run().
/// Cost:      the arena, and the memory of the delegates.
class LoadedMethod {
 public:
  /// `packed_path`: where XNNPACK keeps packed weights; empty: packs them for this method only. unsupported for a
  /// missing operator or delegate; invalid_argument for a damaged file; may throw Aborted.
  static Result<std::unique_ptr<LoadedMethod>> load(const Variant& variant, const std::string& packed_path,
                                                    Allocators& allocators);

  /// Whether input `index` accepts sizes smaller than the exported ones.
  bool takes_smaller(std::size_t index);
  /// `sizes` are those of the inputs, which the variant computes. model_error; may throw Aborted.
  Result<Tensors> run(const Tensors& inputs, std::vector<Sizes>& sizes, const std::vector<TensorSpec>& outputs);

 private:
  explicit LoadedMethod(std::shared_ptr<const ProgramFile> file) : file_(std::move(file)) {}
  void plan_memory(const Variant& variant, Allocators& allocators);
  Result<void> set_input(std::size_t index, const Tensor& input, Sizes& sizes);
  Result<Tensor> take_output(std::size_t index) const;

  struct FreeArena {
    void operator()(std::uint8_t* arena) const { ::operator delete[](arena, std::align_val_t{64}); }
  };
  const std::shared_ptr<const ProgramFile> file_;
  std::vector<std::unique_ptr<std::uint8_t[], FreeArena>> arenas_;
  std::vector<::executorch::runtime::Span<std::uint8_t>> spans_;
  std::optional<::executorch::runtime::HierarchicalAllocator> planned_;
  std::optional<::executorch::runtime::MemoryManager> memory_;
  std::optional<::executorch::runtime::Method> method_;
};

}  // namespace gantry::inline GANTRY_ABI::executorch
