// SPDX-License-Identifier: Apache-2.0
// write_otlp: spans as the JSON of OTLP's ExportTraceServiceRequest:
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "span.hpp"

namespace gantry_server {

/// `resource`: what the spans are of: service.name and such. `epoch`: the steady clock's time at 1970.
std::string write_otlp(const std::vector<Attribute>& resource, const std::vector<Span>& spans,
                       std::chrono::steady_clock::time_point epoch);

}  // namespace gantry_server
