// SPDX-License-Identifier: Apache-2.0
// read_trace_environment: OpenTelemetry's own environment variables, as deployments set them for all programs alike.
#pragma once

#include "trace_options.hpp"

namespace gantry_server {

/// | variable                                             | sets                                             |
/// |------------------------------------------------------|--------------------------------------------------|
/// | OTEL_EXPORTER_OTLP_ENDPOINT                          | endpoint, with /v1/traces behind its path        |
/// | OTEL_EXPORTER_OTLP_TRACES_ENDPOINT                   | endpoint, as it is                               |
/// | OTEL_EXPORTER_OTLP_HEADERS, ..._TRACES_HEADERS       | environment_headers                              |
/// | OTEL_SERVICE_NAME                                    | service_name                                     |
/// | OTEL_RESOURCE_ATTRIBUTES                             | resource_attributes, and service_name if it is there |
///
/// The endpoint is not taken where OTEL_SDK_DISABLED is true, OTEL_TRACES_EXPORTER names no otlp, or
/// OTEL_EXPORTER_OTLP_PROTOCOL is grpc, which this server does not speak to a collector.
void read_trace_environment(TraceOptions& options);

}  // namespace gantry_server
