// SPDX-License-Identifier: Apache-2.0
#include "runtime/runtime_core.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/current_thread.hpp"
#include "runtime/stack_left.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

RuntimeOptions without_owned(RuntimeOptions options) {
  options.executor = nullptr;
  options.time_source = nullptr;
  return options;
}

std::shared_ptr<const TimeSource> time_of(const RuntimeOptions& options) {
  if (options.time_source) return options.time_source;
  return {std::shared_ptr<void>(), &TimeSource::steady()};  // owns nothing: the clock is static
}

}  // namespace

RuntimeCore::RuntimeCore(const RuntimeOptions& options, std::unique_ptr<BudgetWatch> budgets,
                         std::unique_ptr<ThreadSource> threads)
    : options_(without_owned(options)),
      time_(time_of(options)),
      budgets_(std::move(budgets)),
      budget_explanation_(budgets_->refresh(now())->cpu.explanation),
      threads_(std::move(threads)),
      queue_(options_, *time_, threads_->comes_with_slot(), counters_) {}

RuntimeStats RuntimeCore::stats() const {
  RuntimeStats stats;
  queue_.add_to(stats);
  counters_.add_to(stats);
  const auto budgets = budgets_->refresh(now());
  stats.cpu_budget = budgets->cpu.explanation;
  stats.effective_cpus = budgets->cpu.exact;
  stats.memory_limit_bytes = budgets->memory.limit_bytes.value_or(0);
  stats.memory_usage_bytes = budgets->memory.usage_bytes.value_or(0);
  if (budgets->throttling) {
    stats.cpu_periods = budgets->throttling->periods;
    stats.cpu_throttled_periods = budgets->throttling->throttled_periods;
    stats.cpu_throttled = budgets->throttling->throttled_time;
  }
  members_.collect(stats);
  return stats;
}

void RuntimeCore::stop() {
  if (is_of_parent_process()) return;
  auto timers = queue_.stop();
  const auto models = members_.take_models();
  const Error& ended = queue_.errors().ended;
  const auto shut_down_models = [&] {
    for (const auto& model : models)
      if (auto alive = model.lock()) alive->on_shutdown(ended);
  };
  threads_->wake_all();
  queue_.refuse_queued();
  for (auto& [when, job] : timers) job(&ended);  // not counted as rejected here: a timer is not a request
  shut_down_models();
  if (options_.execution == Execution::kCaller && current_core() != this) queue_.occupancy().wait_for_requests();
  threads_->join(*this);
  shut_down_models();  // again: a helping caller may have left calls in a model
}

Result<Admission> RuntimeCore::admit(const CallOptions& call, Clock::duration expected) {
  if (is_of_parent_process())
    return Error(ErrorCode::kFailedPrecondition,
                 "the runtime was made before fork(), and its workers stayed in the parent; make runtimes, models and "
                 "pipelines in the child");
  if (call.has_been_admitted_by(*this)) return Admission();  // it returned from another runtime
  return queue_.admit(call, expected);
}

void RuntimeCore::finish_push(Job& job, const WorkQueue::Pushed& pushed) {
  if (pushed.refusal) return job(&*pushed.refusal);
  if (pushed.needs_thread) wake_one();
}

void RuntimeCore::wake_one() noexcept {
  threads_->wake_one(*this);
  if (threads_->comes_with_slot()) queue_.occupancy().end_visit();
}

// Each function below holds the core: the job may finish and release the last other reference to the core before the
// function returns.

void RuntimeCore::post(Job job) {
  const auto self = shared_from_this();
  finish_push(job, queue_.push_continuation(job));
}

void RuntimeCore::post_request(Job job, const CallOptions& call, Clock::duration expected, std::size_t samples) {
  const auto self = shared_from_this();
  watch_budget();
  finish_push(job, queue_.push_request(job, call, expected, samples));
}

void RuntimeCore::post_deferred(Job job) {
  const auto self = shared_from_this();
  finish_push(job, queue_.push_deferred(job));
}

void RuntimeCore::post_at(Clock::time_point when, Job job) {
  const auto self = shared_from_this();
  finish_push(job, queue_.push_at(when, job));
  threads_->wake_timekeeper();
}

bool RuntimeCore::on_worker() const {
  return current_core() == this && !is_exiting_on_this_thread();
}

bool RuntimeCore::on_helping_caller() const {
  return helped_core() == this;
}

bool RuntimeCore::begin_help() {
  // In a child of fork() the lock may be locked for ever: a thread that held it exists only in the parent.
  if (threads_->comes_with_slot() || options_.execution == Execution::kCaller || is_of_parent_process()) return false;
  if (!queue_.begin_help()) return false;
  watch_budget();
  return true;
}

void RuntimeCore::end_help() {
  if (queue_.end_help()) threads_->wake_one(*this);
  queue_.occupancy().end_visit();
}

bool RuntimeCore::continue_here() {
  auto job = queue_.take_continuation_if_all_wait();
  if (!job) return false;
  const CallerScope caller(*this);
  (*job)(nullptr);
  return true;
}

bool RuntimeCore::begin_here() {
  if (!has_stack_left()) return false;
  auto work = queue_.take_work_if_all_wait();
  if (!work) return false;
  const CallerScope caller(*this);
  work->run();
  return true;
}

// A pod can be resized in place. If more threads run than the new quota allows, the kernel throttles them.

void RuntimeCore::watch_budget() noexcept {
  if (is_budget_watched_.load(std::memory_order_relaxed) || is_budget_watched_.exchange(true)) return;
  try {
    post_at(now() + budgets_->interval(), [this](const Error* refusal) {
      is_budget_watched_ = false;  // also if the timer was refused; the next request sets it again
      if (!refusal) follow_budget();
    });
  } catch (const std::bad_alloc&) {  // the request that sets the timer must not fail for it
    is_budget_watched_ = false;
  }
}

void RuntimeCore::follow_budget() noexcept {
  int limit = options_.workers;
  try {
    if (!options_.allow_oversubscription)
      limit = std::clamp(budgets_->refresh(now())->cpu.cpus / options_.intra_op_threads, 1, options_.workers);
  } catch (...) {  // the budget could not be read: keep the limit
    return;
  }
  int added = queue_.set_limit(limit);
  if (added > 0) threads_->wake_all();
  for (; added > 0 && threads_->comes_with_slot(); --added)
    if (queue_.reserve_slot()) wake_one();
}

}  // namespace gantry::inline GANTRY_ABI::detail
