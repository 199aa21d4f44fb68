// SPDX-License-Identifier: Apache-2.0
#include "cli/printable.hpp"

#include <cstdio>

#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

std::string hexadecimal(const char* format, unsigned int number) {
  char text[16];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

/// U+0000..U+001F and U+007F..U+009F; `text` starts with the sequence of `length` bytes.
bool is_control(std::string_view text, std::size_t length) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (length == 1) return first < 0x20 || first == 0x7f;
  return length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
}

std::string escaped(std::string_view text, bool keeps_lines) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    if (length == 0)
      result += hexadecimal("\\x%02x", static_cast<unsigned char>(text[0]));
    else if (is_control(text, length) && !(keeps_lines && text[0] == '\n'))
      result += hexadecimal("\\u%04x", static_cast<unsigned char>(text[length - 1]));
    else
      result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) {
  return escaped(text, false);
}

std::string printable_lines(std::string_view text) {
  return escaped(text, true);
}

}  // namespace gantry::inline GANTRY_ABI::cli
