// SPDX-License-Identifier: Apache-2.0
// The origin of a pipeline: its package and registry.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/package_info.hpp>
#include <gantry/registry.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

struct PipelineOrigin {
  PackageInfo package;
  Codecs codecs;                      ///< codecs of the registry that it was opened with
  std::vector<PipelineInput> inputs;  ///< the inputs that the config names; otherwise a single unnamed one, or none
};

}  // namespace gantry::inline GANTRY_ABI::detail
