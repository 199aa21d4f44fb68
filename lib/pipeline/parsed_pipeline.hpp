// SPDX-License-Identifier: Apache-2.0
// A parsed config of ops: its nodes, and the inputs that it names.
#pragma once

#include <gantry/registry.hpp>
#include <string_view>
#include <vector>

#include "pipeline/config_tensors.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct ParsedPipeline {
  NodePtr root;
  std::vector<PipelineInput> inputs;  ///< a single one without a name, unless ConfigContext::inputs names them
};

/// As parse_stages(), but also returns the inputs.
GANTRY_API Result<ParsedPipeline> parse_pipeline(std::string_view json, const TypeInfo* in, const TypeInfo* out,
                                                 const Registry& registry, const ConfigContext& context);

}  // namespace gantry::inline GANTRY_ABI::detail
