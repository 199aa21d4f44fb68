// SPDX-License-Identifier: Apache-2.0
#include "cli/markup.hpp"

#include "cli/printable.hpp"
#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// U+FFFE and U+FFFF: valid in UTF-8, but not in XML 1.0.
bool is_noncharacter(std::string_view sequence) {
  return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
}

/// `rest` has been through printable().
std::string escaped(std::string_view rest) {
  std::string result;
  while (!rest.empty()) {
    const std::string_view sequence = rest.substr(0, detail::utf8_length(rest));
    if (sequence == "&")
      result += "&amp;";
    else if (sequence == "<")
      result += "&lt;";
    else if (sequence == ">")
      result += "&gt;";
    else if (sequence == "\"")
      result += "&quot;";
    else
      result += is_noncharacter(sequence) ? "\xEF\xBF\xBD" : sequence;
    rest.remove_prefix(sequence.size());
  }
  return result;
}

}  // namespace

std::string markup_text(std::string_view text) {
  return escaped(printable(text));
}

std::string markup_lines(std::string_view text) {
  return escaped(printable_lines(text));
}

}  // namespace gantry::inline GANTRY_ABI::cli
