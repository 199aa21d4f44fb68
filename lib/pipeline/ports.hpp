// SPDX-License-Identifier: Apache-2.0
// Ports of a compiled pipeline: names, types and, where a model is at the edge, tensors.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <gantry/node.hpp>
#include <vector>

#include "pipeline/pipeline_origin.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// `origin`: nullptr if the pipeline comes from no package.
std::vector<Port> input_ports(const Node& root, const PipelineOrigin* origin);
std::vector<Port> output_ports(const Node& root);

}  // namespace gantry::inline GANTRY_ABI::detail
