// SPDX-License-Identifier: Apache-2.0
// Identifies the kind of CPU, for results that were measured on one kind and may not hold on another.
#pragma once

#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// The CPU's model and features, as one line. Equal for CPUs of the same kind; empty if unknown.
std::string cpu_identity();

}  // namespace gantry::inline GANTRY_ABI::detail
