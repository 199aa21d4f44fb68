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

using Headers = std::function<std::string_view(const char* name)>;

/// A header's whole number; 0 if it is absent.
gantry::Result<std::int64_t> number_of(const Headers& headers, const char* header, std::int64_t least,
                                       std::int64_t most) {
  const std::string_view text = headers(header);
  if (text.empty()) return std::int64_t{0};
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

gantry::Result<gantry::RunOptions> run_options_of(const Headers& header, std::chrono::microseconds own_timeout,
                                                  const RequestLimits& limits) {
  constexpr std::int64_t kDay = 86'400'000;
  gantry::RunOptions options;
  options.tenant = header("X-Tenant");
  options.trace_parent = header("traceparent");
  const auto timeout = number_of(header, "X-Request-Timeout-Ms", 1, kDay);
  if (!timeout) return timeout.error();
  const auto envoys = number_of(header, "X-Envoy-Expected-Rq-Timeout-Ms", 0, kDay);
  if (!envoys) return envoys.error();
  const auto priority = number_of(header, "X-Priority", -100, 100);
  if (!priority) return priority.error();
  options.priority = static_cast<int>(*priority);
  if (options.tenant.size() > 128) return Error(ErrorCode::kInvalidArgument, "header X-Tenant: longer than 128 bytes");
  const bool has_own = own_timeout.count() > 0 || *timeout > 0 || *envoys > 0;
  if (!has_own) apply_timeout(options, limits.default_timeout);
  apply_timeout(options, own_timeout);
  apply_timeout(options, std::chrono::milliseconds(*timeout));
  apply_timeout(options, std::chrono::milliseconds(*envoys));
  apply_timeout(options, limits.max_timeout);
  return options;
}

gantry::Result<gantry::RunOptions> run_options_of(const Request& request, const RequestLimits& limits) {
  auto options = run_options_of([&](const char* name) { return request.header(name); }, {}, limits);
  if (!options) return options;
  options->cancel = request.cancel;
  if (!request.tenant.empty()) options->tenant = request.tenant;
  if (request.trace) options->trace_parent = gantry::to_string(request.trace->span);
  return options;
}

}  // namespace gantry_server
