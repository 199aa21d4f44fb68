// SPDX-License-Identifier: Apache-2.0
// The UTF-8 functions that messages, labels and reports need.
#pragma once

#include <cstddef>
#include <gantry/version.hpp>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// The length of the UTF-8 sequence at the front (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF); 0 if
/// there is none.
inline std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  const unsigned char second = at(1);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

/// At most `max_bytes` from the front, without splitting a character. Each byte that is not valid UTF-8 counts as a
/// character.
inline std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  for (std::size_t kept = 1; kept < 4 && kept <= max_bytes; ++kept)  // a character has at most four bytes
    if (utf8_length(text.substr(max_bytes - kept)) > kept) return text.substr(0, max_bytes - kept);
  return text.substr(0, max_bytes);
}

}  // namespace gantry::inline GANTRY_ABI::detail
