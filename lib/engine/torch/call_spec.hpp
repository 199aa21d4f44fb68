// SPDX-License-Identifier: Apache-2.0
// CallSpec: the tensors of an AOTInductor model's arguments and result, and which of a signature each of them is.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Names in the order in which the code takes and gives tensors; "" is one without a name. A tensor in a nested result
/// is named by its path, keys of dicts or else indices, with dots between: (out, (h, c)) gives "0", "1.0", "1.1".
struct CallSpec {
  std::vector<std::string> inputs;
  std::vector<std::optional<std::string>> outputs;  ///< unset: None, which the code gives an empty place
};

/// From the pytree descriptions that AOTIModelContainerRunner::get_call_spec() gives. invalid_argument if they cannot
/// be read. They do not tell None, nor an argument that is not a tensor, from a tensor.
Result<CallSpec> read_call_spec(const std::string& in_spec, const std::string& out_spec);

/// For each tensor that the code takes, the place of that input in the signature; for each output of the signature its
/// place among what the code gives.
struct CallMap {
  std::vector<std::size_t> inputs;
  std::vector<std::size_t> outputs;
  std::string matching;  ///< "inputs by name, outputs by position"
};

/// By name or by position as name_matching.hpp says. invalid_argument if neither goes.
Result<CallMap> map_call(const CallSpec& spec, const Signature& signature);

}  // namespace gantry::inline GANTRY_ABI::libtorch
