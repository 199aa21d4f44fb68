// SPDX-License-Identifier: Apache-2.0
// ModelName: the parameters of a model's node.
#pragma once

#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// The name of a model in its node: the name in the config, else Model::name().
struct ModelName {
  std::string text;
  bool is_one_of_several = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
