// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <algorithm>

namespace gantry_server {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const int byte = high * 16 + low;
    if (byte < 0x20 || byte == 0x7f || byte == '/') return std::nullopt;
    plain += static_cast<char>(byte);
    i += 2;
  }
  return plain;
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  if (target.substr(0, 7) == "http://") {
    const auto path = target.find_first_of("/?", 7);
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  if (target.empty() || target[0] != '/') return std::nullopt;
  const auto mark = target.find('?');
  auto path = decoded(target.substr(0, mark));
  if (!path) return std::nullopt;
  return Target{*std::move(path), mark == std::string_view::npos ? "" : std::string(target.substr(mark + 1))};
}

std::optional<std::string_view> query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) == key) return part.substr(std::min(equals + 1, part.size()));
  }
  return std::nullopt;
}

}  // namespace gantry_server
