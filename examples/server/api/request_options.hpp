// SPDX-License-Identifier: Apache-2.0
// Deadline, priority, tenant and trace of a request, from its headers.
#pragma once

#include <chrono>
#include <functional>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <string_view>

#include "http/message.hpp"

namespace gantry_server {

struct RequestLimits {
  /// Of a request that names none; 0: none.
  std::chrono::milliseconds default_timeout{30'000};
  /// Longer ones are cut to it; 0: no limit.
  std::chrono::milliseconds max_timeout{300'000};
  std::size_t max_samples = 1024;
};

/// | header                                             | meaning                                       |
/// |----------------------------------------------------|-----------------------------------------------|
/// | X-Request-Timeout-Ms, X-Envoy-Expected-Rq-Timeout-Ms | the answer is wanted within this time         |
/// | X-Priority                                         | -100..100; higher runs first                  |
/// | X-Tenant                                           | whose share of the queue the request counts to |
/// | traceparent                                        | W3C trace context                             |
///
/// `header` gives a header's value, "" if it is absent. `own_timeout`: what else the client allows, 0 for nothing.
/// invalid_argument names the header.
gantry::Result<gantry::RunOptions> run_options_of(const std::function<std::string_view(const char* name)>& header,
                                                  std::chrono::microseconds own_timeout, const RequestLimits& limits);
/// The same of an HTTP request, with its cancellation.
gantry::Result<gantry::RunOptions> run_options_of(const Request& request, const RequestLimits& limits);

/// Shortens the deadline to `timeout` from now; 0: leaves it.
void apply_timeout(gantry::RunOptions& options, std::chrono::microseconds timeout);

}  // namespace gantry_server
