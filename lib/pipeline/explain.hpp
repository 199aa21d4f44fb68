// SPDX-License-Identifier: Apache-2.0
// The plan as text.
#pragma once

#include <gantry/node.hpp>
#include <string>

namespace gantry::detail {

/// A line for each stage: where it is declared, its name and parameters, its types; models begin a new segment.
std::string explain_node(const Node& root);

}  // namespace gantry::detail
