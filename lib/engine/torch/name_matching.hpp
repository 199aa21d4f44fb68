// SPDX-License-Identifier: Apache-2.0
// Maps a signature's inputs and outputs to a model's tensors: by name if every name is one of the model's, by position
// if none is.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// "boxes.0": the name of `part` inside the value at `path`; only the part if `path` is empty.
inline std::string join_path(const std::string& path, const std::string& part) {
  return path.empty() ? part : path + "." + part;
}

/// A tensor that the model takes.
struct ModelInput {
  std::string name;          ///< empty: it has none
  bool has_default = false;  ///< a call may leave it out
};

struct NameMatching {
  std::vector<std::size_t> places;  ///< for each tensor of the signature, its index among the model's
  bool by_name = false;
};

/// By name: all inputs without a default must be in the signature. By position: only inputs with a default may be left
/// over, and they are the last ones. invalid_argument names both sides, also if only some names match.
Result<NameMatching> match_inputs(const std::vector<ModelInput>& model, const std::vector<TensorSpec>& signature);

/// By name, the model may have more outputs than the signature; by position, the numbers must be equal. An output of
/// the model without a name is "". invalid_argument as above.
Result<NameMatching> match_outputs(const std::vector<std::string>& model, const std::vector<TensorSpec>& signature);

/// For EngineInfo::matching: "inputs by name, outputs by position".
std::string describe_matching(bool inputs_by_name, bool outputs_by_name);

}  // namespace gantry::inline GANTRY_ABI::libtorch
