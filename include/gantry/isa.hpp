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

/// The levels (x86-64 psABI) that this CPU has, lowest first: {"x86-64", "x86-64-v2", "x86-64-v3"} or {"aarch64"}; none
/// on a machine that gantry knows no level of. Thread-safe. Cost: a few instructions and a list.
GANTRY_API std::vector<std::string> isa_levels();

/// Whether this CPU runs code for `isa`: a level ("x86-64" to "x86-64-v4", "aarch64") or one of "avx512vnni" and
/// "amx-tile". A level of another architecture: false. Nothing for a name that gantry does not know. Thread-safe.
GANTRY_API std::optional<bool> has_isa(std::string_view isa);

/// What a requirement `isa` comes to. failed_precondition: "requires x86-64-v4, this CPU has x86-64-v3";
/// invalid_argument for what is no level. Thread-safe.
GANTRY_API Result<void> check_isa(std::string_view isa);

}  // namespace GANTRY_ABI
}  // namespace gantry
