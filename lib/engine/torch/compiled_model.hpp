// SPDX-License-Identifier: Apache-2.0
// CompiledModel: the dtypes and sizes for which an AOTInductor package was compiled, as gantry-pack records them.
//
// The code itself checks nothing: it reads as many values as it was compiled for, regardless of its input. So the
// signature is compared with this record on loading, and variable sizes are checked in each call.
#pragma once

#include <cstdint>
#include <gantry/dtype.hpp>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/torch/call_spec.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

constexpr std::int64_t kNoBound = std::numeric_limits<std::int64_t>::max();

/// A size, or a symbol that may take any size within bounds; equal symbols are equal sizes. The size of an output may
/// also be an expression of such symbols ("2*batch"), or its own symbol if it depends on values ("u0").
struct CompiledDim {
  std::int64_t size = -1;  ///< when symbol is empty
  std::string symbol;
  std::int64_t min = 0;
  std::int64_t max = kNoBound;
};

struct CompiledTensor {
  std::string name;  ///< empty: none
  DType dtype = DType::kF32;
  std::vector<CompiledDim> dims;
  bool is_contiguous = true;
};

/// Tensors are in the order in which the code takes and returns them. An unset output is None.
struct CompiledModel {
  std::vector<CompiledTensor> inputs;
  std::vector<std::optional<CompiledTensor>> outputs;
  int threads = 0;  ///< threads that one call uses
  bool has_state = true;
  bool mutates_inputs = true;
};

/// Reads it from a package's metadata; nullopt if a part is missing. invalid_argument if the metadata is damaged.
Result<std::optional<CompiledModel>> read_compiled_model(const std::map<std::string, std::string>& metadata);

/// The names of its tensors.
CallSpec call_spec_of(const CompiledModel& model);

/// A bound of the code that the signature does not have: dimension `dim` of the signature's input `input` must be `min`
/// to `max`.
struct SizeBound {
  std::size_t input;
  std::size_t dim;
  std::int64_t min;
  std::int64_t max;
};

/// Compares dtypes, ranks, sizes and layouts. `merged`: how many samples gantry puts into one call; 0 if it merges
/// none. `batch`: the only number of samples in calls of the code; 0: any that the signature allows. Returns the bounds
/// to check in each call. invalid_argument if the signature allows what the code was not compiled for; the message
/// names the tensor and the dimension.
Result<std::vector<SizeBound>> check_signature(const CompiledModel& model, const CallMap& call,
                                               const Signature& signature, std::int64_t merged, std::int64_t batch = 0);

/// The only number of samples that the code supports, if there is one and samples may share calls; else 0.
std::int64_t fixed_batch(const CompiledModel& model, const CallMap& call, const Signature& signature);

/// invalid_argument if a size is out of its bounds. `inputs` are in signature order, of the signature's ranks. Costs a
/// comparison for each bound.
Result<void> check_sizes(const std::vector<SizeBound>& bounds, const Tensors& inputs);

}  // namespace gantry::inline GANTRY_ABI::libtorch
