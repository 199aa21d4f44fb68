// SPDX-License-Identifier: Apache-2.0
// The plan as text.
#pragma once

#include <gantry/node.hpp>
#include <string>

namespace gantry::detail {

/// A line for each stage: where it is declared, its name and parameters, its types; models begin a new segment. Behind
/// the stages that run as one step, a line that says what the step does and why it ends there.
std::string explain_node(const Node& root, bool fuses);

}  // namespace gantry::detail
