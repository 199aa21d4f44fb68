// SPDX-License-Identifier: Apache-2.0
// The descriptions of a Registry as JSON: `gantry ops --json`, share/gantry/ops.json, and what the table of ops in
// manifest.schema.md is made from.
#pragma once

#include <gantry/registry.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// {"ops": [...], "predicates": [...]}, indented, with a newline at its end. Each op has name, domain, takes, gives,
/// summary, parameters and one_of, and where they are said input, output, reference, tolerance and example. A parameter
/// has name, type, meaning and required, and where they are said default, absent, choices, counts, minimum,
/// exclusive_minimum, maximum, whole, nonzero and or_zero.
GANTRY_API std::string op_table_json(const Registry& registry);

/// One of its ops by itself.
GANTRY_API std::string op_json_text(const OpDescription& op);

/// The parameter's default as JSON text: "0.5"; empty if it has none.
GANTRY_API std::string default_json(const OpParameter& parameter);

/// Its limits for people: "1..65535", "true or false", "pillow, opencv", "three numbers above 0".
GANTRY_API std::string limits_text(const OpParameter& parameter);

}  // namespace gantry::inline GANTRY_ABI::detail
