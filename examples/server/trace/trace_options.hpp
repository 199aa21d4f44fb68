// SPDX-License-Identifier: Apache-2.0
// TraceOptions: where traces are sent to, and which.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace gantry_server {

struct TraceOptions {
  /// OTLP/HTTP collector: "http://host:4318/v1/traces"; without a path, /v1/traces. Empty: no traces.
  std::string endpoint;
  /// File of lines "Name: value", which are sent with each export; empty: none.
  std::string headers_file;
  /// OTEL_EXPORTER_OTLP_HEADERS, "name=value,name=value", which comes before the file; it is never printed.
  std::string environment_headers;
  /// PEM file: who signs the collector's certificate; empty: those that the system trusts.
  std::string ca_file;
  /// Of an export, and of the last ones at the server's end, together.
  std::chrono::milliseconds timeout{10'000};
  /// Of requests without a trace context, one in so many begins a recorded trace; 0: none.
  std::size_t sample_one_in = 1;
  std::string service_name = "gantry-server";
  /// "key=value".
  std::vector<std::string> resource_attributes;
  /// That wait to be sent; with more, spans are dropped.
  std::size_t max_spans = 8192;
};

}  // namespace gantry_server
