// SPDX-License-Identifier: Apache-2.0
// CollectorUrl: the URL of an OTLP/HTTP collector.
#pragma once

#include <gantry/result.hpp>
#include <string>

namespace gantry_server {

struct CollectorUrl {
  bool is_encrypted = false;  ///< https
  std::string host;           ///< an IPv6 address without its brackets
  std::string port;
  std::string authority;  ///< host and port as in the URL, for the header Host
  std::string target;     ///< "/v1/traces"
};

/// "http://host[:port][/path]" or https. The port is the scheme's where none is given, the path is /v1/traces.
/// invalid_argument with what was expected; unsupported for https in a build without TLS.
gantry::Result<CollectorUrl> parse_collector_url(const std::string& url);

}  // namespace gantry_server
