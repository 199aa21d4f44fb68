// SPDX-License-Identifier: Apache-2.0
// Numbers as text, independent of the host's locale: printf, std::to_string(double) and streams use its decimal comma
// and thousands separators. std::to_string of an integer does not, and may be used.
#pragma once

#include <gantry/export.hpp>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// The shortest text that reads back as the same number: "0.1", "1e+20", "inf", "nan".
GANTRY_API std::string to_text(float value);
GANTRY_API std::string to_text(double value);
/// With `digits` significant digits at most, as printf's %.*g in the C locale.
GANTRY_API std::string to_text(double value, int digits);
/// With `decimals` digits after the point, as printf's %.*f in the C locale.
GANTRY_API std::string to_fixed_text(double value, int decimals);

}  // namespace gantry::inline GANTRY_ABI::detail
