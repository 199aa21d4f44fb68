// SPDX-License-Identifier: Apache-2.0
// Variant: one method of a file, and the sizes that it supports.
//
// A model may have several variants: a file or a method "forward_<name>" for each batch size, and for each length.
#pragma once

#include <cstdint>
#include <gantry/signature.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/executorch/program.hpp"

namespace gantry::inline GANTRY_ABI::executorch {

using Sizes = std::vector<std::int32_t>;

struct Variant {
  std::shared_ptr<const ProgramFile> file;
  std::string method;
  /// Sizes of the inputs, in signature order; the largest for variable sizes.
  std::vector<Sizes> inputs;
  /// By input: whether it takes smaller sizes, too. Known once a method was loaded (LoadedMethod::takes_smaller()).
  std::vector<bool> takes_smaller;
  std::vector<std::size_t> arena_bytes;  ///< planned memory, by buffer
  std::int64_t batch = 0;                ///< the extent of the signature's batch axis; 0 if it has none
  bool copies_inputs = true;             ///< false if an input is used in place

  /// "method 'forward_8' of 'model.pte'".
  std::string title() const;
  /// Sum of arena_bytes.
  std::size_t arena_size() const;
  bool computes_exactly(const std::vector<Sizes>& sizes) const { return inputs == sizes; }
  bool computes(const std::vector<Sizes>& sizes) const;
  /// Whether it also supports other numbers of samples than `batch`.
  bool has_free_batch() const;
};

/// Compares a method with the signature. invalid_argument names the tensor, what the file has and what was expected;
/// unsupported for inputs or outputs of a kind that the engine cannot handle.
Result<Variant> read_variant(std::shared_ptr<const ProgramFile> file, const std::string& method,
                             const Signature& signature);

/// "f32[1, 3, 224, 224]".
std::string describe(DType dtype, const Sizes& sizes);

}  // namespace gantry::inline GANTRY_ABI::executorch
