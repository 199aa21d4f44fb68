// SPDX-License-Identifier: Apache-2.0
// CallSpec: the tensors of an AOTInductor model's arguments and result, and their mapping to a signature.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Names in the order in which the code takes and returns tensors; "" for a tensor without a name. A tensor in a nested
/// result is named by its path of dict keys or indices, joined by dots: (out, (h, c)) gives "0", "1.0", "1.1".
struct CallSpec {
  std::vector<std::string> inputs;
  std::vector<std::optional<std::string>> outputs;  ///< unset: None, for which the code returns an empty slot
};

/// Reads the pytree descriptions from AOTIModelContainerRunner::get_call_spec(). invalid_argument if they cannot be
/// parsed. They do not distinguish None, or an argument that is not a tensor, from a tensor.
Result<CallSpec> read_call_spec(const std::string& in_spec, const std::string& out_spec);

/// For each tensor that the code takes, the index of the input in the signature; for each output of the signature, its
/// index among the tensors that the code returns.
struct CallMap {
  std::vector<std::size_t> inputs;
  std::vector<std::size_t> outputs;
  std::string matching;  ///< "inputs by name, outputs by position"
};

/// By name or by position, as in name_matching.hpp. invalid_argument if neither is possible.
Result<CallMap> map_call(const CallSpec& spec, const Signature& signature);

}  // namespace gantry::inline GANTRY_ABI::libtorch
