// SPDX-License-Identifier: Apache-2.0
// What an engine entry of a package may ask of LibTorch and of the machine.
#pragma once

#include <gantry/json.hpp>
#include <string_view>

namespace gantry::libtorch {

/// {"torch": "2.15" or ">=2.6", "isa": "x86-64-v3"}, each as it may be. invalid_argument for what cannot be read;
/// failed_precondition says what is asked for and what is here.
Result<void> check_requirements(const JsonView& requirements);

/// Compares "2.15.0" with "2.15" (same major.minor) or ">=2.6".
bool meets_torch_requirement(std::string_view version, std::string_view requirement);

}  // namespace gantry::libtorch
