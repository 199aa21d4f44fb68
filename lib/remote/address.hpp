// SPDX-License-Identifier: Apache-2.0
// Address: where a server listens: "http://host:8080", "http://[::1]:8080", "unix:/run/predict.sock".
#pragma once

#include <gantry/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::remote {

struct Address {
  std::string text;         // as it was given, for messages
  std::string host;         // without brackets; empty: a Unix socket
  std::string port;         // digits
  std::string path;         // of a Unix socket
  std::string host_header;  // the value of the header Host

  bool is_unix() const { return host.empty(); }
};

/// invalid_argument with what was expected; unsupported for https.
Result<Address> parse_address(std::string_view text);

/// Several, separated by commas. invalid_argument if there is none, or the same one twice.
Result<std::vector<Address>> parse_addresses(std::string_view text);

}  // namespace gantry::inline GANTRY_ABI::remote
