// SPDX-License-Identifier: Apache-2.0
// Where a pipeline came from.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/package_info.hpp>
#include <gantry/registry.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

struct PipelineOrigin {
  PackageInfo package;
  Codecs codecs;                      ///< of the registry that it was opened with
  std::vector<PipelineInput> inputs;  ///< that the config names; otherwise one without a name, or none
};

}  // namespace gantry::inline GANTRY_ABI::detail
