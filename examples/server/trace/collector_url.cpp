// SPDX-License-Identifier: Apache-2.0
#include "collector_url.hpp"

#include <algorithm>
#include <charconv>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

bool is_port(const std::string& text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, number).ptr == end && number >= 1 && number <= 65535;
}

}  // namespace

gantry::Result<CollectorUrl> parse_collector_url(const std::string& url) {
  const auto invalid = [&] {
    return Error(ErrorCode::kInvalidArgument,
                 "expected http://host:port or https://host:port, with a path or without, "
                 "of an OTLP/HTTP collector; got '" +
                     url.substr(0, 200) + "'");
  };
  CollectorUrl parsed;
  std::size_t at = 0;
  if (url.rfind("http://", 0) == 0)
    at = 7;
  else if (url.rfind("https://", 0) == 0)
    at = 8;
  else
    return invalid();
  parsed.is_encrypted = at == 8;
#ifndef GANTRY_SERVER_TLS
  if (parsed.is_encrypted)
    return Error(ErrorCode::kUnsupported, "'" + url.substr(0, 200) +
                                              "': this server was built without TLS; expected http://, or build it "
                                              "with OpenSSL (Debian: libssl-dev)");
#endif
  // No user and password, query, fragment, blanks, or control characters.
  if (std::any_of(url.begin(), url.end(),
                  [](char c) { return c <= ' ' || c > '~' || c == '@' || c == '#' || c == '?'; }))
    return invalid();
  const auto slash = std::min(url.find('/', at), url.size());
  parsed.authority = url.substr(at, slash - at);
  parsed.target = url.substr(slash);
  if (parsed.target.empty() || parsed.target == "/") parsed.target = "/v1/traces";
  const auto bracket = parsed.authority.rfind(']');
  const auto colon = parsed.authority.find(':', bracket == std::string::npos ? 0 : bracket);
  parsed.host = parsed.authority.substr(0, colon);
  parsed.port = parsed.is_encrypted ? "443" : "80";
  if (colon != std::string::npos) parsed.port = parsed.authority.substr(colon + 1);
  if (bracket != std::string::npos) {
    if (parsed.host.size() < 3 || parsed.host.front() != '[' || parsed.host.back() != ']') return invalid();
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  }
  if (parsed.host.empty() || !is_port(parsed.port)) return invalid();
  return parsed;
}

}  // namespace gantry_server
