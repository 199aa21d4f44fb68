// SPDX-License-Identifier: Apache-2.0
#include "runtime/proc_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace gantry::inline GANTRY_ABI::detail {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string_view> words(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string_view> found;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    found.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return found;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> find_value(std::string_view table, std::string_view key) {
  for (const std::string_view line : split(table, '\n')) {
    const auto fields = words(line);
    if (fields.size() >= 2 && fields[0] == key) return parse_integer(fields[1]);
  }
  return std::nullopt;
}

std::string thousandths_text(double number) {
  const long long thousandths = std::llround(number * 1000);
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%lld.%03lld", thousandths / 1000, thousandths % 1000);
  std::string text = buffer;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace gantry::inline GANTRY_ABI::detail
