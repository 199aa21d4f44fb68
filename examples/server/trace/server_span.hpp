// SPDX-License-Identifier: Apache-2.0
// server_span: the span of a request, with the names of OpenTelemetry's semantic conventions:
// https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span and .../rpc/grpc/
#pragma once

#include <string_view>

#include "access_log.hpp"
#include "span.hpp"

namespace gantry_server {

/// `has_tls`: TCP clients of HTTP speak https.
Span server_span(const AccessLine& request, const TraceContext& context, bool has_tls);

/// Whether a request for `path`, or a call of that method, is work of a model or of the server: no probe, no scrape.
bool begins_trace(std::string_view path);

}  // namespace gantry_server
