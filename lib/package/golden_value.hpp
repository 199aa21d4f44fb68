// SPDX-License-Identifier: Apache-2.0
// Recorded values: made into what a pipeline takes, and compared with what it gives.
#pragma once

#include <gantry/span.hpp>
#include <gantry/value.hpp>
#include <optional>
#include <string>

#include "package/golden_case.hpp"
#include "package/package_files.hpp"

namespace gantry::detail {

/// `recorded` as a payload of type `type`. invalid_argument if the one cannot stand for the other.
Result<Value> load_golden_value(const GoldenValue& recorded, const TypeInfo& type, const PackageFiles& files);

/// How `got` differs from `expected`: "element [0, 3]: expected 0.5, got 0.25 (exact)"; nothing if it does not.
/// An error if the recorded value cannot be read.
Result<std::optional<std::string>> compare_with_golden(const Value& got, const GoldenValue& expected,
                                                       const Tolerance& tolerance, const PackageFiles& files);

/// The same for the values that passed inside a compound op.
Result<std::optional<std::string>> compare_list_with_golden(Span<const Value* const> got, const GoldenValue& expected,
                                                            const Tolerance& tolerance, const PackageFiles& files);

}  // namespace gantry::detail
