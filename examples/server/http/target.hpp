// SPDX-License-Identifier: Apache-2.0
// parse_target, query_value: the path and the query of an HTTP request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry_server {

struct Target {
  std::string path;   ///< percent-escapes decoded; begins with '/'
  std::string query;  ///< behind '?', not decoded
};

/// Takes "/path?query" and "http://host/path?query". nullopt for anything else, for a bad escape, and for an escaped
/// control character or '/': a name in a path cannot contain these.
std::optional<Target> parse_target(std::string_view target);

/// The value of `key` in "key=value&key=value", its first one; nullopt without `key`. Not decoded.
std::optional<std::string_view> query_value(std::string_view query, std::string_view key);

}  // namespace gantry_server
