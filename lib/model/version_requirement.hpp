// SPDX-License-Identifier: Apache-2.0
// Version requirements in the engine entries of a package.
#pragma once

#include <gantry/json.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// Compares "2.15.0" with "2.15" (same major.minor) or ">=2.6".
GANTRY_API bool meets_version(std::string_view version, std::string_view requirement);

/// Checks {"<name>": "2.15" or ">=2.6", "isa": "x86-64-v3"}; both keys are optional. `version` is the installed
/// version; `form` describes the syntax of the first value, for messages. invalid_argument for values that cannot be
/// parsed; failed_precondition names the required and the present version or ISA.
GANTRY_API Result<void> check_version_and_isa(const JsonView& requirements, const char* name,
                                              const std::string& version, const char* form);

}  // namespace gantry::inline GANTRY_ABI::detail
