// SPDX-License-Identifier: Apache-2.0
// The W3C traceparent header, section 3.2 of https://www.w3.org/TR/trace-context/.
#include <algorithm>
#include <cstddef>
#include <gantry/trace_parent.hpp>

namespace gantry::inline GANTRY_ABI {
namespace {

// 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kParentIdAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kSize = 55;

constexpr std::string_view kDigits = "0123456789abcdef";

/// Reads as many bytes as `bytes` has; false if one is not two lower-case hexadecimal digits.
template <std::size_t N>
bool read_hex(std::string_view text, std::array<std::uint8_t, N>& bytes) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::size_t high = kDigits.find(text[2 * i]);
    const std::size_t low = kDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes[i] = static_cast<std::uint8_t>(16 * high + low);
  }
  return true;
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

template <class Bytes>
void write_hex(std::string& text, const Bytes& bytes) {
  for (const std::uint8_t byte : bytes) (text += kDigits[byte >> 4]) += kDigits[byte & 15];
}

}  // namespace

std::optional<TraceParent> parse_trace_parent(std::string_view text) noexcept {
  if (text.size() < kSize) return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceParent parent;
  if (!read_hex(text, version) || version[0] == 0xff) return std::nullopt;
  if (text.size() > kSize && (version[0] == 0 || text[kSize] != '-')) return std::nullopt;
  for (const std::size_t at : {kTraceIdAt, kParentIdAt, kFlagsAt})
    if (text[at - 1] != '-') return std::nullopt;
  if (!read_hex(text.substr(kTraceIdAt), parent.trace_id) || is_zero(parent.trace_id)) return std::nullopt;
  if (!read_hex(text.substr(kParentIdAt), parent.parent_id) || is_zero(parent.parent_id)) return std::nullopt;
  if (!read_hex(text.substr(kFlagsAt), flags)) return std::nullopt;
  parent.flags = version[0] == 0 ? flags[0] : flags[0] & 1;
  return parent;
}

std::string to_string(const TraceParent& parent) {
  std::string text = "00-";
  text.reserve(kSize);
  write_hex(text, parent.trace_id);
  text += '-';
  write_hex(text, parent.parent_id);
  text += '-';
  write_hex(text, std::array<std::uint8_t, 1>{parent.flags});
  return text;
}

}  // namespace gantry::inline GANTRY_ABI
