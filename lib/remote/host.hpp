// SPDX-License-Identifier: Apache-2.0
// Host: one server of a model: its connections that wait for a call, and whether it gets calls.
#pragma once

#include <chrono>
#include <gantry/error.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "remote/address.hpp"
#include "remote/circuit_breaker.hpp"
#include "remote/connection.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// Threads: the I/O thread.
struct Host {
  Host(Address a, CircuitBreaker b) : address(std::move(a)), breaker(b) {}

  /// The connection that was used last; those before it are closed some day by the server. nullptr: none is usable.
  std::unique_ptr<Connection> take_idle(TimeSource::Time oldest) {
    while (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      if (connection->idle_since >= oldest && connection->is_usable()) return connection;
    }
    return nullptr;
  }

  Address address;
  CircuitBreaker breaker;
  std::vector<std::unique_ptr<Connection>> idle;
  int in_progress = 0;           // calls
  std::optional<Error> problem;  // the last failure, while the breaker is not closed
};

/// The closed host with the fewest calls in progress, of those with fewer than `max_calls`; `avoided` only if it is the
/// only one. Of equal ones, the first behind position `first`. nullptr: none.
inline Host* least_busy(const std::vector<std::unique_ptr<Host>>& hosts, int max_calls, const Host* avoided,
                        std::size_t first) {
  Host* best = nullptr;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    Host* host = hosts[(first + i) % hosts.size()].get();
    if (!host->breaker.is_closed() || host->in_progress >= max_calls) continue;
    const auto is_better = [&] {
      if (best == nullptr) return true;
      if ((best == avoided) != (host == avoided)) return best == avoided;
      return host->in_progress < best->in_progress;
    };
    if (is_better()) best = host;
  }
  return best;
}

}  // namespace gantry::inline GANTRY_ABI::remote
