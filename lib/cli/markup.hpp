// SPDX-License-Identifier: Apache-2.0
// Text in XML and HTML.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::cli {

/// For text and attributes in double quotes. Escapes markup. Control characters and bytes that are not UTF-8 become
/// what printable() writes. U+FFFE and U+FFFF, which XML 1.0 does not allow, become U+FFFD.
std::string markup_text(std::string_view text);

/// The same for several lines: line ends are kept.
std::string markup_lines(std::string_view text);

}  // namespace gantry::inline GANTRY_ABI::cli
