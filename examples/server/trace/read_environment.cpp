// SPDX-License-Identifier: Apache-2.0
#include "read_environment.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "export_headers.hpp"

namespace gantry_server {
namespace {

/// The variable of traces, else the one of all signals. An empty variable counts as none.
std::string find_variable(const char* of_traces, const char* of_all) {
  for (const char* name : {of_traces, of_all})
    if (const char* value = name ? std::getenv(name) : nullptr; value && *value) return value;
  return {};
}

bool is_wanted() {
  if (find_variable(nullptr, "OTEL_SDK_DISABLED") == "true") return false;
  const std::string exporter = find_variable(nullptr, "OTEL_TRACES_EXPORTER");
  if (!exporter.empty() && exporter.find("otlp") == std::string::npos) return false;
  return find_variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL") != "grpc";
}

void read_resource_attributes(std::string_view all, TraceOptions& options) {
  constexpr std::string_view kServiceName = "service.name=";
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find(',', at), all.size());
    const std::string one = percent_decoded(all.substr(at, end - at));
    at = end + 1;
    if (one.rfind(kServiceName, 0) == 0)
      options.service_name = one.substr(kServiceName.size());
    else if (!one.empty())
      options.resource_attributes.push_back(one);
  }
}

}  // namespace

void read_trace_environment(TraceOptions& options) {
  if (is_wanted()) {
    options.endpoint = find_variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", nullptr);
    std::string base = find_variable(nullptr, "OTEL_EXPORTER_OTLP_ENDPOINT");
    if (options.endpoint.empty() && !base.empty()) {
      while (base.back() == '/') base.pop_back();
      options.endpoint = base + "/v1/traces";
    }
  }
  options.environment_headers = find_variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
  read_resource_attributes(find_variable(nullptr, "OTEL_RESOURCE_ATTRIBUTES"), options);
  if (const std::string name = find_variable(nullptr, "OTEL_SERVICE_NAME"); !name.empty()) options.service_name = name;
}

}  // namespace gantry_server
