// SPDX-License-Identifier: Apache-2.0
// Text within XML and HTML.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::cli {

/// For text and attributes in double quotes: what would be markup is escaped; control characters and bytes that are not
/// UTF-8 are written as printable() does, U+FFFE and U+FFFF, which XML 1.0 cannot hold, become U+FFFD.
std::string markup_text(std::string_view text);

/// The same for text of several lines: line ends stay.
std::string markup_lines(std::string_view text);

}  // namespace gantry::inline GANTRY_ABI::cli
