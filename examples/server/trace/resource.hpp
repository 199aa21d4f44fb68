// SPDX-License-Identifier: Apache-2.0
// resource_of: what all spans of this server are of, as OpenTelemetry's resource attributes.
#pragma once

#include <gantry/result.hpp>
#include <vector>

#include "span.hpp"
#include "trace_options.hpp"

namespace gantry_server {

/// service.name, service.version, the telemetry.sdk's, then TraceOptions::resource_attributes, of which the last with a
/// key counts. invalid_argument names the setting.
gantry::Result<std::vector<Attribute>> resource_of(const TraceOptions& options);

}  // namespace gantry_server
