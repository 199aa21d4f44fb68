// SPDX-License-Identifier: Apache-2.0
// What an engine entry of a package may ask of the version that an engine is built on.
#pragma once

#include <gantry/json.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// Compares "2.15.0" with "2.15" (same major.minor) or ">=2.6".
GANTRY_API bool meets_version(std::string_view version, std::string_view requirement);

/// {"<name>": "2.15" or ">=2.6", "isa": "x86-64-v3"}, each as it may be. `version` is what is here, and `form` how the
/// first is written, for messages. invalid_argument for what cannot be read; failed_precondition says what is asked for
/// and what is here.
GANTRY_API Result<void> check_version_and_isa(const JsonView& requirements, const char* name,
                                              const std::string& version, const char* form);

}  // namespace gantry::inline GANTRY_ABI::detail
