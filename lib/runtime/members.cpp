// SPDX-License-Identifier: Apache-2.0
#include "runtime/members.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Appends a member, and removes those that were destroyed.
template <class T>
void add_weak(std::vector<std::weak_ptr<T>>& all, std::weak_ptr<T> added) {
  all.erase(std::remove_if(all.begin(), all.end(), [](const auto& one) { return one.expired(); }), all.end());
  all.push_back(std::move(added));
}

std::pair<std::string, std::string> series_of(const ModelStats& stats) {
  return {stats.name, ""};
}
std::pair<std::string, std::string> series_of(const PipelineStats& stats) {
  return {stats.name, stats.version};
}

/// Appends the stats of the members that still exist. A scraper rejects a page with two series of the same labels, so
/// the second one is called "name#2".
template <class T, class Stats>
void collect_stats(const std::vector<std::weak_ptr<T>>& all, std::vector<Stats>& collected) {
  std::map<std::pair<std::string, std::string>, int> named;
  for (const auto& one : all) {
    const auto alive = one.lock();
    if (!alive) continue;
    Stats stats = alive->stats();
    if (const int count = ++named[series_of(stats)]; count > 1) stats.name += "#" + std::to_string(count);
    collected.push_back(std::move(stats));
  }
}

}  // namespace

void Members::add(std::weak_ptr<RuntimeMember> model) {
  const MutexLock lock(mutex_);
  add_weak(models_, std::move(model));
}

void Members::add(std::weak_ptr<const RuntimePipeline> pipeline) {
  const MutexLock lock(mutex_);
  add_weak(pipelines_, std::move(pipeline));
}

void Members::collect(RuntimeStats& stats) const {
  std::vector<std::weak_ptr<RuntimeMember>> models;
  std::vector<std::weak_ptr<const RuntimePipeline>> pipelines;
  {
    const MutexLock lock(mutex_);
    models = models_;
    pipelines = pipelines_;
  }
  collect_stats(models, stats.models);
  collect_stats(pipelines, stats.pipelines);
}

std::vector<std::weak_ptr<RuntimeMember>> Members::take_models() noexcept {
  const MutexLock lock(mutex_);
  return std::exchange(models_, {});
}

}  // namespace gantry::inline GANTRY_ABI::detail
