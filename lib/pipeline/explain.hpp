// SPDX-License-Identifier: Apache-2.0
// The plan as text.
#pragma once

#include <gantry/node.hpp>
#include <gantry/runtime.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// Parameters of a pipeline that is a stage of another.
struct NestedPlan {
  bool fuses = true;
  Runtime runtime;
  int levels = 0;  ///< of stages within it
};

/// "pooled, 2 workers x 1 intra-op threads".
std::string explain_threads(const RuntimeOptions& options);

/// A line for each stage: where it is declared, its name and parameters, its types; models begin a new segment. Behind
/// the stages that run as one step, a line that says what the step does and why it ends there. `runtime`: what all but
/// inner pipelines on other runtimes runs on.
std::string explain_node(const Node& root, bool fuses, const Runtime& runtime);

}  // namespace gantry::inline GANTRY_ABI::detail
