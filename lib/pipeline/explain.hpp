// SPDX-License-Identifier: Apache-2.0
// The plan as text.
#pragma once

#include <gantry/node.hpp>
#include <gantry/runtime.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// Parameters of a node that is a pipeline.
struct NestedPlan {
  bool fuses = true;
  Runtime runtime;
  int levels = 0;  ///< levels of nested stages within it
};

/// "pooled, 2 workers x 1 intra-op threads".
std::string explain_threads(const RuntimeOptions& options);

/// One line for each stage: where it is declared, its name and parameters, its types; a model begins a new segment.
/// After stages that are fused into one step, a line says what the step does and why the fusion ends there. `runtime`:
/// the pipeline's runtime; inner pipelines on other runtimes show their own.
std::string explain_node(const Node& root, bool fuses, const Runtime& runtime);

}  // namespace gantry::inline GANTRY_ABI::detail
