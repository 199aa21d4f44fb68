// SPDX-License-Identifier: Apache-2.0
// Variant: one method of a file, and the sizes that it computes.
//
// A model may come as several: for each batch size a file or a method "forward_<name>", likewise for each length.
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
  /// Of the inputs, in signature order; of free sizes the largest.
  std::vector<Sizes> inputs;
  /// By input: whether it takes smaller sizes, too. Known once a method was loaded (LoadedMethod::takes_smaller()).
  std::vector<bool> takes_smaller;
  std::vector<std::size_t> arena_bytes;  ///< memory that it is planned in, by buffer
  std::int64_t batch = 0;                ///< the size of the signature's batch axis; 0: it has none
  bool copies_inputs = true;             ///< none is computed on where it lies

  /// "method 'forward_8' of 'model.pte'".
  std::string title() const;
  /// Sum of arena_bytes.
  std::size_t arena_size() const;
  bool computes_exactly(const std::vector<Sizes>& sizes) const { return inputs == sizes; }
  bool computes(const std::vector<Sizes>& sizes) const;
  /// Whether another number of samples than `batch` is computed, too.
  bool has_free_batch() const;
};

/// Compares a method with the signature. invalid_argument names the tensor, what the file has and what was expected;
/// unsupported for what the engine cannot give to a method or take from it.
Result<Variant> read_variant(std::shared_ptr<const ProgramFile> file, const std::string& method,
                             const Signature& signature);

/// "f32[1, 3, 224, 224]".
std::string describe(DType dtype, const Sizes& sizes);

}  // namespace gantry::inline GANTRY_ABI::executorch
