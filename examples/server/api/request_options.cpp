// SPDX-License-Identifier: Apache-2.0
#include "request_options.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

/// A header's whole number; `fallback` if it is absent.
gantry::Result<std::int64_t> number_of(const Request& request, const char* header, std::int64_t least,
                                       std::int64_t most, std::int64_t fallback) {
  const std::string_view text = request.header(header);
  if (text.empty()) return fallback;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    return Error(ErrorCode::kInvalidArgument, std::string("header ") + header + ": expected " + std::to_string(least) +
                                                  " to " + std::to_string(most) + ", got '" +
                                                  std::string(text.substr(0, 40)) + "'");
  return number;
}

}  // namespace

void apply_timeout(gantry::RunOptions& options, std::chrono::microseconds timeout) {
  if (timeout.count() <= 0) return;
  const auto deadline = gantry::within(timeout);
  options.deadline = options.deadline ? std::min(*options.deadline, deadline) : deadline;
}

gantry::Result<gantry::RunOptions> run_options_of(const Request& request, const RequestLimits& limits) {
  constexpr std::int64_t kDay = 86'400'000;
  gantry::RunOptions options;
  options.cancel = request.cancel;
  options.tenant = request.header("X-Tenant");
  options.trace_parent = request.header("traceparent");
  const auto timeout = number_of(request, "X-Request-Timeout-Ms", 1, kDay, 0);
  if (!timeout) return timeout.error();
  const auto envoys = number_of(request, "X-Envoy-Expected-Rq-Timeout-Ms", 0, kDay, 0);
  if (!envoys) return envoys.error();
  const auto priority = number_of(request, "X-Priority", -100, 100, 0);
  if (!priority) return priority.error();
  options.priority = static_cast<int>(*priority);
  if (options.tenant.size() > 128) return Error(ErrorCode::kInvalidArgument, "header X-Tenant: longer than 128 bytes");
  const bool has_own = *timeout > 0 || *envoys > 0;
  if (!has_own) apply_timeout(options, limits.default_timeout);
  apply_timeout(options, std::chrono::milliseconds(*timeout));
  apply_timeout(options, std::chrono::milliseconds(*envoys));
  apply_timeout(options, limits.max_timeout);
  return options;
}

}  // namespace gantry_server
