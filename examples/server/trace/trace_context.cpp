// SPDX-License-Identifier: Apache-2.0
#include "trace_context.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace gantry_server {
namespace {

constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kLongestState = 512;
constexpr std::size_t kLongestPart = 256;  // of a key, and of a value

std::uint64_t random_number() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::uint64_t number = 0;
  while (number == 0) number = engine();  // ids are not all zero
  return number;
}

template <std::size_t N>
void write_number(std::array<std::uint8_t, N>& bytes, std::size_t at, std::uint64_t number) {
  for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
}

SpanId new_span_id() {
  SpanId id{};
  write_number(id, 0, random_number());
  return id;
}

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// "vendor" or "tenant@vendor".
bool is_key(std::string_view text) {
  if (text.empty() || text.size() > kLongestPart || !is_lower_or_digit(text[0])) return false;
  const auto at = text.find('@');
  if (at != std::string_view::npos && (at + 1 == text.size() || !is_lower_or_digit(text[at + 1]))) return false;
  return std::all_of(text.begin(), text.end(), [&, i = std::size_t{0}](char c) mutable {
    const bool is_separator = i++ == at;
    return is_separator || is_lower_or_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

bool is_value(std::string_view text) {
  if (text.empty() || text.size() > kLongestPart || text.back() == ' ') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool is_valid_trace_state(std::string_view text) {
  if (text.size() > kLongestState) return false;
  std::vector<std::string_view> keys;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    const std::string_view member = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (member.empty()) continue;  // allowed, for headers that were joined
    const auto equals = member.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = member.substr(0, equals);
    if (!is_key(key) || !is_value(member.substr(equals + 1))) return false;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return false;
    keys.push_back(key);
  }
  return keys.size() <= kMostMembers;
}

TraceContext continue_trace(std::string_view trace_parent, std::string_view trace_state, std::size_t sample_one_in) {
  if (const auto parent = gantry::parse_trace_parent(trace_parent)) {
    TraceContext context = child_of(*parent);
    if (is_valid_trace_state(trace_state)) context.state = trimmed(trace_state);
    return context;
  }
  TraceContext context;
  const std::uint64_t number = random_number();
  write_number(context.span.trace_id, 0, random_number());
  write_number(context.span.trace_id, 8, number);
  context.span.parent_id = new_span_id();
  const bool is_sampled = sample_one_in > 0 && number <= std::numeric_limits<std::uint64_t>::max() / sample_one_in;
  context.span.flags = is_sampled ? 1 : 0;
  return context;
}

TraceContext child_of(const gantry::TraceParent& parent) {
  TraceContext context;
  context.parent = parent.parent_id;
  context.span = parent;
  context.span.parent_id = new_span_id();
  context.span.flags = parent.flags & 3;  // sampled, and whether the id is random; others must not be passed on
  return context;
}

std::string trace_id_text(const TraceContext& context) {
  return gantry::to_string(context.span).substr(3, 32);
}

std::string span_id_text(const TraceContext& context) {
  return gantry::to_string(context.span).substr(36, 16);
}

}  // namespace gantry_server
