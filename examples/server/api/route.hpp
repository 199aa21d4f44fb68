// SPDX-License-Identifier: Apache-2.0
// Route: what a path asks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace gantry_server {

enum class Endpoint {
  kServer,       ///< GET /v2
  kLive,         ///< GET /v2/health/live
  kReady,        ///< GET /v2/health/ready
  kModel,        ///< GET /v2/models/M[/versions/V]
  kModelReady,   ///< GET .../ready
  kModelConfig,  ///< GET .../config
  kModelStats,   ///< GET .../stats, and /v2/models/stats for all
  kInfer,        ///< POST .../infer
  kIndex,        ///< POST /v2/repository/index
  kLoad,         ///< POST /v2/repository/models/M/load
  kUnload,       ///< POST /v2/repository/models/M/unload
  kOpenApi,      ///< GET /v2/openapi.json
  kMetrics,      ///< GET /metrics
};

struct Route {
  Endpoint endpoint = Endpoint::kServer;
  http::verb method = http::verb::get;
  std::string model;    ///< empty: all
  std::string version;  ///< empty: the default one
};

/// nullopt for a path that leads nowhere. A slash at the end is ignored.
std::optional<Route> find_route(std::string_view path);
/// What the path belongs to, if it is of an extension of the protocol that this server does not have: "shared memory".
const char* absent_extension(std::string_view path) noexcept;

}  // namespace gantry_server
