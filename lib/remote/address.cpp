// SPDX-License-Identifier: Apache-2.0
#include "remote/address.hpp"

#include <sys/un.h>

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kUnix = "unix:";

Error invalid(std::string_view text, const std::string& why) {
  return Error(ErrorCode::kInvalidArgument, "address '" + std::string(text.substr(0, 200)) + "': " + why);
}

bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// Visible ASCII only: the text becomes part of a header.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number >= 1 && number <= 65535;
}

Result<Address> parse_unix(std::string_view text) {
  Address address{std::string(text), {}, {}, std::string(text.substr(kUnix.size())), "localhost"};
  const std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (address.path.empty() || address.path.size() > longest || address.path.find('\0') != std::string::npos)
    return invalid(text, "expected a path of 1 to " + std::to_string(longest) + " bytes after 'unix:'");
  return address;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  if (begins_with(text, kUnix)) return parse_unix(text);
  if (begins_with(text, kHttps))
    return Error(ErrorCode::kUnsupported,
                 "address '" + std::string(text.substr(0, 200)) + "': there is no TLS; put a proxy before the server");
  if (!begins_with(text, kHttp)) return invalid(text, "expected http://HOST[:PORT] or unix:PATH");
  std::string_view rest = text.substr(kHttp.size());
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (!is_visible(rest) || rest.find_first_of("/?#@") != std::string_view::npos)
    return invalid(text, "expected a host and a port, and nothing behind them");
  Address address{std::string(text), {}, "80", {}, std::string(rest)};
  std::string_view port;
  if (!rest.empty() && rest.front() == '[') {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return invalid(text, "a ']' is missing");
    address.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.empty() && port.front() != ':') return invalid(text, "expected ':' and a port behind ']'");
  } else {
    const auto colon = std::min(rest.find(':'), rest.size());
    address.host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (address.host.empty()) return invalid(text, "the host is missing");
  if (!port.empty()) {
    port.remove_prefix(1);
    if (!is_port(port)) return invalid(text, "expected a port from 1 to 65535, got '" + std::string(port) + "'");
    address.port = port;
  }
  return address;
}

Result<std::vector<Address>> parse_addresses(std::string_view text) {
  std::vector<Address> addresses;
  for (;;) {
    const auto comma = std::min(text.find(','), text.size());
    GANTRY_ASSIGN_OR_RETURN(auto address, parse_address(trimmed(text.substr(0, comma))));
    for (const Address& other : addresses)
      if (other.text == address.text) return invalid(address.text, "is given twice");
    addresses.push_back(std::move(address));
    if (comma == text.size()) return addresses;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace gantry::inline GANTRY_ABI::remote
