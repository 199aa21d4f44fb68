// SPDX-License-Identifier: Apache-2.0
// The answer of GET /v2/status: what the server does now, for its page and for people with curl.
#pragma once

#include <chrono>
#include <gantry/runtime.hpp>
#include <string>
#include <vector>

#include "models/model_store.hpp"

namespace gantry_server {

struct ServerState {
  std::chrono::milliseconds uptime{0};
  bool is_draining = false;
};

/// {"server", "runtime", "models", "engines"}; README.md describes the members. `with_plans`: the models' plans too,
/// which do not change while they are loaded. Histograms are {"count", "sum_ns", "buckets": [[upper bound in ns,
/// count], ...]}, without the buckets that are empty.
std::string server_status(const ServerState& server, const ModelStore& models, const gantry::Runtime& runtime,
                          bool with_plans);

}  // namespace gantry_server
