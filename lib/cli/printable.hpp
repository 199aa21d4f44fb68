// SPDX-License-Identifier: Apache-2.0
// Text of a package or a path, made fit for a terminal and for reports.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::cli {

/// One line that is UTF-8 and that no terminal obeys: control characters (U+0000..U+001F, U+007F..U+009F) become
/// "\u001b", bytes that are not UTF-8 become "\xff".
std::string printable(std::string_view text);

/// The same for text of several lines: line ends stay.
std::string printable_lines(std::string_view text);

}  // namespace gantry::inline GANTRY_ABI::cli
