// SPDX-License-Identifier: Apache-2.0
// The addresses that a server listens on: host:port, [IPv6]:port, :port for all addresses, unix:/path.
#pragma once

#include <gantry/result.hpp>
#include <optional>
#include <string>

namespace gantry_server {

struct HostPort {
  std::string host;  ///< an IPv6 address without its brackets; empty: all addresses
  std::string port;
};

/// invalid_argument with the forms that are possible.
gantry::Result<HostPort> parse_host_port(const std::string& address);
/// The path of unix:/path, free for a server; nullopt for any other address. invalid_argument for a length that the
/// system does not take; failed_precondition if a process accepts connections there.
gantry::Result<std::optional<std::string>> parse_unix_path(const std::string& address);

}  // namespace gantry_server
