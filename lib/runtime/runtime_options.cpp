// SPDX-License-Identifier: Apache-2.0
#include "runtime/runtime_options.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "core/json_object.hpp"
#include "core/return_if_error.hpp"
#include "runtime/cpu_budget.hpp"

namespace gantry::inline GANTRY_ABI {
namespace detail {
namespace {

constexpr int kMaxThreads = 4096;
constexpr std::int64_t kMaxMilliseconds = 24LL * 60 * 60 * 1000;

Result<void> check_count(const char* option, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error(ErrorCode::kInvalidArgument, std::string("RuntimeOptions::") + option + " must be " +
                                                std::to_string(low) + ".." + std::to_string(high) + ", got " +
                                                std::to_string(value));
}

bool is_weight(double weight) {
  return weight > 0 && std::isfinite(weight);
}

std::map<std::string, double> parse_weights(JsonObject& object) {
  std::map<std::string, double> weights;
  const Json* const value = object.find("tenant_weights");
  if (!value) return weights;
  if (!value->is_object()) object.fail("tenant_weights", "expected an object, got " + describe(*value));
  for (const auto& [tenant, weight] : value->items()) {
    if (weight.is_number() && is_weight(weight.get<double>()))
      weights[tenant] = weight.get<double>();
    else
      object.fail("tenant_weights." + tenant, "expected a number above 0, got " + describe(weight));
  }
  return weights;
}

std::chrono::milliseconds parse_milliseconds(JsonObject& object, const char* key, std::chrono::milliseconds fallback) {
  return std::chrono::milliseconds(object.integer(key, 0, kMaxMilliseconds, fallback.count()));
}

int parse_count(JsonObject& object, const char* key, int low, int fallback) {
  return static_cast<int>(object.integer(key, low, kMaxThreads, fallback));
}

}  // namespace

Result<void> check_options(const RuntimeOptions& options) {
  if (auto ok = check_count("cpus", options.cpus, 0, kMaxCpus); !ok) return ok;
  if (auto ok = check_count("workers", options.workers, 0, kMaxThreads); !ok) return ok;
  if (auto ok = check_count("intra_op_threads", options.intra_op_threads, 0, kMaxThreads); !ok) return ok;
  if (auto ok = check_count("image_threads", options.image_threads, 1, kMaxThreads); !ok) return ok;
  if (options.max_in_flight == 0)
    return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::max_in_flight must be at least 1");
  if (options.priority_aging.count() < 0 || options.shed_target.count() < 0 || options.shed_interval.count() < 0)
    return Error(ErrorCode::kInvalidArgument,
                 "RuntimeOptions::priority_aging, shed_target and shed_interval may not be negative");
  for (const auto& [tenant, weight] : options.tenant_weights)
    if (!is_weight(weight))
      return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::tenant_weights must be above 0, got " +
                                                    std::to_string(weight) + " for '" + tenant + "'");
  if (options.executor && options.execution == Execution::kCaller)
    return Error(ErrorCode::kInvalidArgument,
                 "RuntimeOptions::executor has nothing to run in caller execution; set one of the two");
  return {};
}

Result<RuntimeOptions> resolve_options(RuntimeOptions options, int budget) {
  if (options.goal == Goal::kLatency) {
    options.workers = std::max(1, options.workers);
    options.intra_op_threads = std::max(1, budget / options.workers);
  }
  if (options.workers == 0) options.workers = std::max(1, budget / std::max(1, options.intra_op_threads));
  if (options.intra_op_threads == 0) options.intra_op_threads = std::max(1, budget / options.workers);
  const std::int64_t threads = std::int64_t{options.workers} * options.intra_op_threads;
  if (threads > budget && !options.allow_oversubscription)
    return Error(ErrorCode::kInvalidArgument,
                 std::to_string(options.workers) + " workers x " + std::to_string(options.intra_op_threads) +
                     " intra-op threads exceed the CPU budget of " + std::to_string(budget) +
                     "; lower them or set allow_oversubscription");
  return options;
}

}  // namespace detail

Result<RuntimeOptions> RuntimeOptions::parse(std::string_view json) try {
  GANTRY_ASSIGN_OR_RETURN(auto value, detail::parse_json(json, "the runtime's config"));
  detail::JsonObject object(value, "");
  RuntimeOptions options;
  options.cpus = static_cast<int>(object.integer("cpus", 0, detail::kMaxCpus, options.cpus));
  options.goal = static_cast<Goal>(object.choice("goal", {"throughput", "latency"}, 0));
  options.workers = detail::parse_count(object, "workers", 0, options.workers);
  options.intra_op_threads = detail::parse_count(object, "intra_op_threads", 0, options.intra_op_threads);
  options.max_in_flight = static_cast<std::size_t>(
      object.integer("max_in_flight", 1, INT32_MAX, static_cast<std::int64_t>(options.max_in_flight)));
  options.execution = static_cast<Execution>(object.choice("execution", {"pooled", "caller"}, 0));
  options.callers_help = object.boolean("callers_help", options.callers_help);
  options.image_threads = detail::parse_count(object, "image_threads", 1, options.image_threads);
  options.allow_oversubscription = object.boolean("allow_oversubscription", options.allow_oversubscription);
  options.priority_aging = detail::parse_milliseconds(object, "priority_aging_ms", options.priority_aging);
  options.tenant_weights = detail::parse_weights(object);
  options.shed_target = detail::parse_milliseconds(object, "shed_target_ms", options.shed_target);
  options.shed_interval = detail::parse_milliseconds(object, "shed_interval_ms", options.shed_interval);
  GANTRY_RETURN_IF_ERROR(object.finish());
  return options;
} catch (const std::bad_alloc&) {
  return Error::out_of_memory();
}

}  // namespace gantry::inline GANTRY_ABI
