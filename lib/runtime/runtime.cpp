// SPDX-License-Identifier: Apache-2.0
// Runtime: options, the shared instance, and the hook that ends every runtime before static destruction begins.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gantry/runtime.hpp>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/budget_watch.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry {
namespace {

using detail::RuntimeCore;

/// Every core that may still have workers. Leaked on purpose: it is used while statics are destroyed.
struct LiveCores {
  std::mutex mutex;
  bool is_closed = false;  // exit has begun
  std::vector<std::weak_ptr<RuntimeCore>> cores;
};

LiveCores& live_cores() {
  static auto* const live = new LiveCores;
  return *live;
}

/// Engines' libraries tear their tables down during exit; a worker inside one of them would abort the process.
void stop_all_at_exit() {
  std::vector<std::weak_ptr<RuntimeCore>> cores;
  {
    const std::lock_guard lock(live_cores().mutex);
    live_cores().is_closed = true;
    cores.swap(live_cores().cores);
  }
  for (const auto& core : cores)
    if (auto alive = core.lock()) alive->stop();
}

/// False once exit has begun: nothing would stop the workers any more.
bool register_core(const std::shared_ptr<RuntimeCore>& core) {
  static const int registered = std::atexit(&stop_all_at_exit);
  static_cast<void>(registered);
  const std::lock_guard lock(live_cores().mutex);
  if (live_cores().is_closed) return false;
  auto& cores = live_cores().cores;
  cores.erase(std::remove_if(cores.begin(), cores.end(), [](const auto& c) { return c.expired(); }), cores.end());
  cores.push_back(core);
  return true;
}

Result<RuntimeOptions> resolve(RuntimeOptions options, int budget) {
  constexpr int kMaxThreads = 4096;
  if (options.workers < 0 || options.workers > kMaxThreads)
    return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::workers must be 0.." + std::to_string(kMaxThreads) +
                                                  ", got " + std::to_string(options.workers));
  if (options.intra_op_threads < 0 || options.intra_op_threads > kMaxThreads)
    return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::intra_op_threads must be 0.." +
                                                  std::to_string(kMaxThreads) + ", got " +
                                                  std::to_string(options.intra_op_threads));
  if (options.image_threads < 1 || options.image_threads > kMaxThreads)
    return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::image_threads must be 1.." +
                                                  std::to_string(kMaxThreads) + ", got " +
                                                  std::to_string(options.image_threads));
  if (options.max_in_flight == 0)
    return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::max_in_flight must be at least 1");
  if (options.priority_aging.count() < 0 || options.shed_target.count() < 0 || options.shed_interval.count() < 0)
    return Error(ErrorCode::kInvalidArgument,
                 "RuntimeOptions::priority_aging, shed_target and shed_interval may not be negative");
  for (const auto& [tenant, weight] : options.tenant_weights)
    if (!(weight > 0) || !std::isfinite(weight))
      return Error(ErrorCode::kInvalidArgument, "RuntimeOptions::tenant_weights must be above 0, got " +
                                                    std::to_string(weight) + " for '" + tenant + "'");
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

}  // namespace

void detail::renew_exit_hook() {
  const std::lock_guard lock(live_cores().mutex);
  if (!live_cores().is_closed) static_cast<void>(std::atexit(&stop_all_at_exit));
}

/// What a handle shares: stops the core when the last handle goes.
struct Runtime::Owner {
  explicit Owner(std::shared_ptr<RuntimeCore> owned) : core(std::move(owned)) {}
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    // In a child of fork() the core cannot even be destroyed: workers of the parent wait on its condition variables.
    if (core->is_of_parent_process())
      static_cast<void>(new std::shared_ptr<RuntimeCore>(core));
    else
      core->stop();
  }
  std::shared_ptr<RuntimeCore> core;
};

Runtime::Runtime(std::shared_ptr<Owner> owner) : owner_(std::move(owner)) {}

Result<Runtime> Runtime::create(const RuntimeOptions& options) try {
  auto budgets = std::make_unique<detail::BudgetWatch>();
  auto resolved = resolve(options, budgets->refresh()->cpu.cpus);
  if (!resolved) return std::move(resolved).error();
  auto core = std::make_shared<RuntimeCore>(*resolved, std::move(budgets));
  if (!register_core(core)) return Error(ErrorCode::kFailedPrecondition, "the process is exiting");
  if (options.execution == Execution::kPooled) {
    try {
      core->start_workers();
    } catch (const std::system_error& error) {
      core->stop();
      return Error(ErrorCode::kResourceExhausted,
                   "cannot start " + std::to_string(resolved->workers) + " worker threads: " + error.what());
    }
  }
  return Runtime(std::make_shared<Owner>(std::move(core)));
} catch (const std::bad_alloc&) {
  return Error(ErrorCode::kResourceExhausted, "out of memory");
}

Result<Runtime> Runtime::shared() {
  static std::mutex mutex;
  static auto* const shared = new std::weak_ptr<Owner>;  // leaked: statics of the host may still ask during exit
  const std::lock_guard lock(mutex);
  if (auto owner = shared->lock(); owner && !owner->core->is_of_parent_process() && !owner->core->is_stopped())
    return Runtime(std::move(owner));
  auto runtime = create({});
  if (runtime) *shared = runtime->owner_;
  return runtime;
}

const RuntimeOptions& Runtime::options() const {
  return owner_->core->options();
}
const std::string& Runtime::budget_explanation() const {
  return owner_->core->budget_explanation();
}
std::size_t Runtime::in_flight() const {
  return owner_->core->in_flight();
}
RuntimeStats Runtime::stats() const {
  return owner_->core->stats();
}

Health Runtime::health() const {
  Health health;
  for (const ModelStats& model : owner_->core->stats().models) {
    health.is_ready = health.is_ready && model.health.is_ready;
    for (const std::string& reason : model.health.reasons)
      health.reasons.push_back("model '" + model.name + "': " + reason);
  }
  if (owner_->core->is_stopped()) {
    health.is_ready = false;
    health.reasons.push_back("the runtime was shut down");
  }
  return health;
}

const std::shared_ptr<RuntimeCore>& Runtime::core() const {
  return owner_->core;
}

Result<void> Runtime::shutdown() {
  if (owner_->core->on_worker())
    return Error(ErrorCode::kFailedPrecondition, "a runtime cannot be shut down from one of its own workers");
  owner_->core->stop();
  return {};
}

}  // namespace gantry
