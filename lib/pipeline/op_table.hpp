// SPDX-License-Identifier: Apache-2.0
// The descriptions of a Registry as JSON, for `gantry ops --json`, share/gantry/ops.json, and the table of ops in
// manifest.schema.md.
#pragma once

#include <gantry/registry.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// {"ops": [...], "predicates": [...]}, indented, with a newline at its end. Each op has the keys name, domain, takes,
/// gives, summary, parameters and one_of; and if given, input, output, reference, tolerance and example. A parameter
/// has name, type, meaning and required; and if given, default, absent, choices, counts, minimum, exclusive_minimum,
/// maximum, whole, nonzero and or_zero.
GANTRY_API std::string op_table_json(const Registry& registry);

/// A single op in the same form.
GANTRY_API std::string op_json_text(const OpDescription& op);

/// The parameter's default as JSON text: "0.5"; empty if it has none.
GANTRY_API std::string default_json(const OpParameter& parameter);

/// Its limits as readable text: "1..65535", "true or false", "pillow, opencv", "three numbers above 0".
GANTRY_API std::string limits_text(const OpParameter& parameter);

}  // namespace gantry::inline GANTRY_ABI::detail
