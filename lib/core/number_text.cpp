// SPDX-License-Identifier: Apache-2.0
#include "core/number_text.hpp"

#include <array>
#include <charconv>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kLongest = 512;  // the largest double has 309 digits before the point

template <class... Format>
std::string text_of(Format... format) {
  std::array<char, kLongest> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), format...);
  return end.ec == std::errc() ? std::string(text.data(), end.ptr) : std::string();
}

}  // namespace

std::string to_text(float value) {
  return text_of(value);
}
std::string to_text(double value) {
  return text_of(value);
}
std::string to_text(double value, int digits) {
  return text_of(value, std::chars_format::general, digits);
}
std::string to_fixed_text(double value, int decimals) {
  return text_of(value, std::chars_format::fixed, decimals);
}

}  // namespace gantry::inline GANTRY_ABI::detail
