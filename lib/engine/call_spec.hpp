// SPDX-License-Identifier: Apache-2.0
// CallSpec: the structure of an AOTInductor model's arguments and result, from the pytree descriptions in its library.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <string>
#include <vector>

namespace gantry::libtorch {

/// For each tensor that the library takes, in its order, the place of that input in the signature; for each output of
/// the signature its place among the tensors that the library gives.
struct CallMap {
  std::vector<std::size_t> inputs;
  std::vector<std::size_t> outputs;
};

/// `in_spec` and `out_spec` are what AOTIModelContainerRunner::get_call_spec() gives. A dict goes by name if its keys
/// are the signature's names, everything else by position. invalid_argument if the numbers of tensors differ.
Result<CallMap> map_call(const std::string& in_spec, const std::string& out_spec, const Signature& signature);

}  // namespace gantry::libtorch
