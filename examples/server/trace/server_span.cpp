// SPDX-License-Identifier: Apache-2.0
#include "server_span.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "api/route.hpp"

namespace gantry_server {
namespace {

constexpr std::string_view kGrpcPrefix = "/inference.";

/// "/v2/models/{model}/infer": the path without what clients choose in it. Empty: it leads nowhere.
std::string template_of(const std::optional<Route>& route) {
  if (!route) return {};
  const std::string versions = route->version.empty() ? "" : "/versions/{version}";
  const std::string model = route->model.empty() ? "/v2/models" : "/v2/models/{model}" + versions;
  switch (route->endpoint) {
    case Endpoint::kServer:
      return "/v2";
    case Endpoint::kLive:
      return "/v2/health/live";
    case Endpoint::kReady:
      return "/v2/health/ready";
    case Endpoint::kModel:
      return model;
    case Endpoint::kModelReady:
      return model + "/ready";
    case Endpoint::kModelConfig:
      return model + "/config";
    case Endpoint::kModelStats:
      return model + "/stats";
    case Endpoint::kInfer:
      return model + "/infer";
    case Endpoint::kIndex:
      return "/v2/repository/index";
    case Endpoint::kLoad:
      return "/v2/repository/models/{model}/load";
    case Endpoint::kUnload:
      return "/v2/repository/models/{model}/unload";
    case Endpoint::kMetrics:
      return "/metrics";
  }
  return {};
}

void add_client(Span& span, std::string_view client) {
  if (client == "unix") return span.add("network.transport", "unix");
  const auto colon = client.rfind(':');
  if (colon == std::string_view::npos) return;
  std::string_view host = client.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  span.add("client.address", host);
  int port = 0;
  std::from_chars(client.data() + colon + 1, client.data() + client.size(), port);
  span.add_number("client.port", port);
}

void describe_http(Span& span, const AccessLine& request, bool has_tls) {
  const std::string route = template_of(find_route(request.path));
  const bool is_known = request.method != "<unknown>";
  span.name = is_known ? std::string(request.method) : "HTTP";
  if (!route.empty()) span.name += " " + route;
  span.add("http.request.method", is_known ? request.method : "_OTHER");
  span.add("url.scheme", has_tls && request.client != "unix" ? "https" : "http");
  span.add("url.path", request.path);  // its query is left out: it may hold secrets
  span.add("http.route", route);
  span.add_number("http.response.status_code", request.status);
  span.add_number("http.request.body.size", static_cast<std::int64_t>(request.bytes_in));
  span.add_number("http.response.body.size", static_cast<std::int64_t>(request.bytes_out));
  span.has_failed = request.status >= 500;  // not what the client did wrong
  if (span.has_failed) span.add("error.type", request.reason.empty() ? std::to_string(request.status) : request.reason);
}

void describe_grpc(Span& span, const AccessLine& request) {
  const std::string_view name = request.path.substr(1);
  const auto slash = std::min(name.find('/'), name.size());
  span.name = name.substr(0, Span::kLongestText);
  span.add("rpc.system", "grpc");
  span.add("rpc.service", name.substr(0, slash));
  span.add("rpc.method", name.substr(std::min(slash + 1, name.size())));
  span.add_number("rpc.grpc.status_code", request.grpc_code);
  span.add_number("rpc.request.size", static_cast<std::int64_t>(request.bytes_in));
  span.add_number("rpc.response.size", static_cast<std::int64_t>(request.bytes_out));
  for (const char* error : {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
    span.has_failed = span.has_failed || request.grpc_status == error;
  if (span.has_failed) span.add("error.type", request.grpc_status);
}

}  // namespace

Span server_span(const AccessLine& request, const TraceContext& context, bool has_tls) {
  Span span;
  span.context = context;
  span.role = SpanRole::kServer;
  span.began = request.began;
  span.ended = request.began + request.time;
  if (request.grpc_status.empty())
    describe_http(span, request, has_tls);
  else
    describe_grpc(span, request);
  add_client(span, request.client);
  span.add("user_agent.original", request.user_agent);
  span.add("gantry.model.name", request.model);
  span.add("gantry.model.version", request.version);
  span.add("gantry.tenant", request.tenant);
  span.add("gantry.reason", request.reason);
  return span;
}

bool begins_trace(std::string_view path) {
  if (path.substr(0, kGrpcPrefix.size()) == kGrpcPrefix) {
    const std::string_view method = path.substr(path.rfind('/') + 1);
    return method != "ServerLive" && method != "ServerReady" && method != "ModelReady";
  }
  const auto route = find_route(path);
  if (!route) return false;
  switch (route->endpoint) {
    case Endpoint::kLive:
    case Endpoint::kReady:
    case Endpoint::kModelReady:
    case Endpoint::kMetrics:
      return false;
    default:
      return true;
  }
}

}  // namespace gantry_server
