// SPDX-License-Identifier: Apache-2.0
// Runtime: options, the shared instance, and the hook that ends every runtime before static destruction begins.
#include <algorithm>
#include <cstdlib>
#include <gantry/runtime.hpp>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "runtime/budget_watch.hpp"
#include "runtime/current_thread.hpp"
#include "runtime/exit_hook.hpp"
#include "runtime/host_tasks.hpp"
#include "runtime/own_workers.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_options.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::RuntimeCore;

/// Every core that may still have workers. Never destroyed: it is used during static destruction.
struct LiveCores {
  detail::Mutex mutex;
  bool is_closed GANTRY_GUARDED_BY(mutex) = false;  // exit() has begun
  std::vector<std::weak_ptr<RuntimeCore>> cores GANTRY_GUARDED_BY(mutex);
};

LiveCores& live_cores() {
  static auto* const live = new LiveCores;
  return *live;
}

/// The libraries of engines destroy their tables during exit; a worker still running inside one of them would abort the
/// process.
void stop_all_at_exit() {
  std::vector<std::weak_ptr<RuntimeCore>> cores;
  {
    LiveCores& live = live_cores();
    const detail::MutexLock lock(live.mutex);
    live.is_closed = true;
    cores.swap(live.cores);
  }
  detail::begin_exit_on_this_thread();
  for (const auto& core : cores)
    if (auto alive = core.lock()) alive->stop();
}

/// False once exit() has begun: then nothing would stop the workers of a new core.
bool register_core(const std::shared_ptr<RuntimeCore>& core) {
  static const int registered = std::atexit(&stop_all_at_exit);
  static_cast<void>(registered);
  LiveCores& live = live_cores();
  const detail::MutexLock lock(live.mutex);
  if (live.is_closed) return false;
  auto& cores = live.cores;
  cores.erase(std::remove_if(cores.begin(), cores.end(), [](const auto& c) { return c.expired(); }), cores.end());
  cores.push_back(core);
  return true;
}

TimeSource::Time now_by(const RuntimeOptions& options) {
  return (options.time_source ? *options.time_source : TimeSource::steady()).now();
}

std::unique_ptr<detail::ThreadSource> make_threads(const RuntimeOptions& options) {
  if (options.executor) return std::make_unique<detail::HostTasks>(options.executor);
  return std::make_unique<detail::OwnWorkers>(options.workers);
}

}  // namespace

void detail::renew_exit_hook() {
  LiveCores& live = live_cores();
  const MutexLock lock(live.mutex);
  if (!live.is_closed) static_cast<void>(std::atexit(&stop_all_at_exit));
}

/// Shared by the handles; stops the core when the last handle is destroyed.
struct Runtime::Owner {
  explicit Owner(std::shared_ptr<RuntimeCore> owned) : core(std::move(owned)) {}
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    // In a child of fork() the core is leaked: destroying condition variables on which the parent's workers were
    // waiting may hang.
    if (core->is_of_parent_process()) {
      alignas(std::shared_ptr<RuntimeCore>) unsigned char never_destroyed[sizeof(core)];
      new (never_destroyed) std::shared_ptr<RuntimeCore>(std::move(core));
    } else {
      core->stop();
    }
  }
  std::shared_ptr<RuntimeCore> core;
};

Runtime::Runtime(std::shared_ptr<Owner> owner) : owner_(std::move(owner)) {}

Result<Runtime> Runtime::create(const RuntimeOptions& options) try {
  GANTRY_RETURN_IF_ERROR(detail::check_options(options));
  auto budgets = std::make_unique<detail::BudgetWatch>(detail::make_process_reader(options.cpus), now_by(options));
  GANTRY_ASSIGN_OR_RETURN(auto resolved, detail::resolve_options(options, budgets->refresh(now_by(options))->cpu.cpus));
  auto core = std::make_shared<RuntimeCore>(resolved, std::move(budgets), make_threads(resolved));
  if (!register_core(core))
    return Error(ErrorCode::kUnavailable, "the process is exiting").with_reason(ErrorReason::kShutdown);
  const auto owner = std::make_shared<Owner>(core);  // stops the started threads if a later step fails
  if (options.execution == Execution::kPooled) {
    try {
      core->start_threads();
    } catch (const std::system_error& error) {
      return Error(ErrorCode::kResourceExhausted,
                   "cannot start " + std::to_string(resolved.workers) + " worker threads: " + error.what());
    }
  }
  return Runtime(owner);
} catch (const std::bad_alloc&) {
  return Error::out_of_memory();
}

Result<Runtime> Runtime::shared() try {
  static detail::Mutex mutex;
  static auto* const shared = new std::weak_ptr<Owner>;  // never destroyed: the host may call this during exit
  const detail::MutexLock lock(mutex);
  if (auto owner = shared->lock(); owner && !owner->core->is_of_parent_process() && !owner->core->is_stopped())
    return Runtime(std::move(owner));
  auto runtime = create({});
  if (runtime) *shared = runtime->owner_;
  return runtime;
} catch (const std::bad_alloc&) {
  return Error::out_of_memory();
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

Result<void> Runtime::shutdown() try {
  if (owner_->core->on_worker())
    return Error(ErrorCode::kFailedPrecondition, "a runtime cannot be shut down from one of its own workers");
  owner_->core->stop();
  return {};
} catch (const std::bad_alloc&) {
  return Error::out_of_memory();
}

}  // namespace gantry::inline GANTRY_ABI
