// SPDX-License-Identifier: Apache-2.0
#include "route.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace gantry_server {
namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

std::optional<Route> model_route(const std::vector<std::string_view>& parts) {
  if (parts.size() == 3 && parts[2] == "stats") return Route{Endpoint::kModelStats, http::verb::get, "", ""};
  Route route{Endpoint::kModel, http::verb::get, std::string(parts[2]), ""};
  std::size_t next = 3;
  if (parts.size() > 4 && parts[3] == "versions") {
    route.version = parts[4];
    if (route.version.empty()) return std::nullopt;
    next = 5;
  }
  if (route.model.empty()) return std::nullopt;
  if (parts.size() == next) return route;
  if (parts.size() != next + 1) return std::nullopt;
  if (parts[next] == "ready")
    route.endpoint = Endpoint::kModelReady;
  else if (parts[next] == "config")
    route.endpoint = Endpoint::kModelConfig;
  else if (parts[next] == "stats")
    route.endpoint = Endpoint::kModelStats;
  else if (parts[next] == "infer")
    route.endpoint = Endpoint::kInfer, route.method = http::verb::post;
  else
    return std::nullopt;
  return route;
}

}  // namespace

std::optional<Route> find_route(std::string_view path) {
  if (path.empty() || path[0] != '/') return std::nullopt;
  const auto parts = parts_of(path);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::equal(parts.begin(), parts.end(), names.begin(), names.end());
  };
  if (is({"v2"})) return Route{Endpoint::kServer, http::verb::get, "", ""};
  if (is({"v2", "openapi.json"})) return Route{Endpoint::kOpenApi, http::verb::get, "", ""};
  if (is({"v2", "health", "live"})) return Route{Endpoint::kLive, http::verb::get, "", ""};
  if (is({"v2", "health", "ready"})) return Route{Endpoint::kReady, http::verb::get, "", ""};
  if (is({"v2", "repository", "index"})) return Route{Endpoint::kIndex, http::verb::post, "", ""};
  if (parts.size() == 5 && is({"v2", "repository", "models", parts[3], parts[4]}) && !parts[3].empty()) {
    if (parts[4] == "load") return Route{Endpoint::kLoad, http::verb::post, std::string(parts[3]), ""};
    if (parts[4] == "unload") return Route{Endpoint::kUnload, http::verb::post, std::string(parts[3]), ""};
  }
  if (is({"metrics"})) return Route{Endpoint::kMetrics, http::verb::get, "", ""};
  if (parts.size() >= 3 && parts[0] == "v2" && parts[1] == "models") return model_route(parts);
  return std::nullopt;
}

const char* absent_extension(std::string_view path) noexcept {
  const auto is_below = [path](std::string_view parent) {
    return path.substr(0, parent.size()) == parent && (path.size() == parent.size() || path[parent.size()] == '/');
  };
  if (is_below("/v2/systemsharedmemory") || is_below("/v2/cudasharedmemory"))
    return "shared memory; send the tensors' data with the request";
  if (is_below("/v2/trace")) return "trace settings; it takes the header traceparent";
  if (is_below("/v2/logging")) return "log settings that change while it runs";
  return nullptr;
}

}  // namespace gantry_server
