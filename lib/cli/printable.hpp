// SPDX-License-Identifier: Apache-2.0
// Makes text of a package or a path safe for a terminal and for reports.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::cli {

/// One line of UTF-8 without terminal control: control characters (U+0000..U+001F, U+007F..U+009F) become "\u001b",
/// bytes that are not UTF-8 become "\xff".
std::string printable(std::string_view text);

/// The same for several lines: line ends are kept.
std::string printable_lines(std::string_view text);

}  // namespace gantry::inline GANTRY_ABI::cli
