// SPDX-License-Identifier: Apache-2.0
// A stage whose types are known only at run time: it converts the value of each slot.
#pragma once

#include <functional>
#include <gantry/export.hpp>
#include <gantry/node.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// Sets the slot's new value, or fails it. Called at once by several threads; an exception fails the slot.
using Convert = std::function<void(Slot&)>;

/// `text`: for explain().
GANTRY_API NodePtr make_convert_node(const std::string& name, const TypeInfo& in, const TypeInfo& out, Convert convert,
                                     const std::string& text = "");

}  // namespace gantry::inline GANTRY_ABI::detail
