// SPDX-License-Identifier: Apache-2.0
// What registers with a RuntimeCore, and the runtime's stats, which are collected from it.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/runtime_core.hpp"

namespace gantry::detail {
namespace {

/// Appends, and drops those that are gone.
template <class T>
void add_weak(std::vector<std::weak_ptr<T>>& all, std::weak_ptr<T> added) {
  all.erase(std::remove_if(all.begin(), all.end(), [](const auto& one) { return one.expired(); }), all.end());
  all.push_back(std::move(added));
}

/// Appends the stats of those that are still there. Two series of one name would make a scraper refuse the whole page,
/// so the second is called "name#2".
template <class T, class Stats>
void collect_stats(const std::vector<std::weak_ptr<T>>& all, std::vector<Stats>& collected) {
  std::map<std::string, int> named;
  for (const auto& one : all) {
    const auto alive = one.lock();
    if (!alive) continue;
    Stats stats = alive->stats();
    if (const int count = ++named[stats.name]; count > 1) stats.name += "#" + std::to_string(count);
    collected.push_back(std::move(stats));
  }
}

}  // namespace

void RuntimeCore::add_member(std::weak_ptr<RuntimeMember> member) {
  const std::lock_guard lock(mutex_);
  add_weak(members_, std::move(member));
}

void RuntimeCore::add_pipeline(std::weak_ptr<const RuntimePipeline> pipeline) {
  const std::lock_guard lock(mutex_);
  add_weak(pipelines_, std::move(pipeline));
}

RuntimeStats RuntimeCore::stats() const {
  RuntimeStats stats;
  std::vector<std::weak_ptr<RuntimeMember>> members;
  std::vector<std::weak_ptr<const RuntimePipeline>> pipelines;
  {
    const std::lock_guard lock(mutex_);
    stats.in_flight = in_flight_;
    stats.workers = slots_.limit();
    stats.queued = order_.queued_requests();
    stats.requests = admitted_;
    members = members_;
    pipelines = pipelines_;
  }
  stats.rejects = rejects_.snapshot();
  stats.deadline_misses = deadline_misses_.load(std::memory_order_relaxed);
  stats.queue_age = queue_age_.snapshot();
  const auto budgets = budgets_->refresh();
  stats.cpu_budget = budgets->cpu.explanation;
  stats.effective_cpus = budgets->cpu.exact;
  stats.memory_limit_bytes = budgets->memory.limit_bytes.value_or(0);
  stats.memory_usage_bytes = budgets->memory.usage_bytes.value_or(0);
  if (budgets->throttling) {
    stats.cpu_periods = budgets->throttling->periods;
    stats.cpu_throttled_periods = budgets->throttling->throttled_periods;
    stats.cpu_throttled = budgets->throttling->throttled_time;
  }
  collect_stats(members, stats.models);
  collect_stats(pipelines, stats.pipelines);
  return stats;
}

}  // namespace gantry::detail
