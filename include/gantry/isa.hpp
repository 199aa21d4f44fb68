// SPDX-License-Identifier: Apache-2.0
// Instruction sets of this CPU, for engines and packages whose machine code needs one.
//
//   if (auto ok = check_isa("x86-64-v3"); !ok) return std::move(ok).error();
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The levels (x86-64 psABI) of this CPU, lowest first: {"x86-64", "x86-64-v2", "x86-64-v3"} or {"aarch64"}; empty on
/// other architectures. Thread-safe. Cost: a few instructions and a list.
GANTRY_API std::vector<std::string> isa_levels();

/// Whether this CPU runs code for `isa`: a level ("x86-64" to "x86-64-v4", "aarch64"), "avx512vnni" or "amx-tile".
/// false for a level of another architecture; nullopt for an unknown name. Thread-safe.
GANTRY_API std::optional<bool> has_isa(std::string_view isa);

/// Checks the requirement `isa`. failed_precondition if it is not met: "requires x86-64-v4, this CPU has x86-64-v3";
/// invalid_argument for an unknown name. Thread-safe.
GANTRY_API Result<void> check_isa(std::string_view isa);

}  // namespace GANTRY_ABI
}  // namespace gantry
