// SPDX-License-Identifier: Apache-2.0
// ModelName: the parameters of a model's node.
#pragma once

#include <gantry/signature.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

struct ModelName {
  /// The name in the config, else Model::name().
  std::string text;
  bool is_one_of_several = false;
  Signature signature;
};

}  // namespace gantry::inline GANTRY_ABI::detail
