// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include <algorithm>
#include <gantry/version.hpp>

namespace gantry_server {

gantry::Result<std::vector<Attribute>> resource_of(const TraceOptions& options) {
  std::vector<Attribute> attributes{{"service.name", options.service_name},
                                    {"service.version", std::string(GANTRY_VERSION_STRING)},
                                    {"telemetry.sdk.name", std::string("gantry-server")},
                                    {"telemetry.sdk.language", std::string("cpp")},
                                    {"telemetry.sdk.version", std::string(GANTRY_VERSION_STRING)}};
  if (options.service_name.empty())
    return gantry::Error(gantry::ErrorCode::kInvalidArgument, "trace.service_name: expected a name, got ''");
  for (const std::string& one : options.resource_attributes) {
    const auto equals = one.find('=');
    const std::string key = one.substr(0, equals);
    if (equals == std::string::npos || key.empty() || key == "service.name")
      return gantry::Error(
          gantry::ErrorCode::kInvalidArgument,
          "trace.resource_attributes: expected 'key=value', and service.name as trace.service_name; got '" + one + "'");
    const auto same = std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.key == key; });
    if (same == attributes.end())
      attributes.push_back({key, one.substr(equals + 1)});
    else
      same->value = one.substr(equals + 1);
  }
  return attributes;
}

}  // namespace gantry_server
