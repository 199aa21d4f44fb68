// SPDX-License-Identifier: Apache-2.0
// FairQueue: who is next among priorities and tenants. Pure: the time is an argument.
//
// Between priorities: the one whose oldest entry has the highest score, which is the priority times `aging` plus how
// long that entry has waited. One step of priority is so worth `aging` of waiting, and nothing waits for ever.
// Within a priority: start-time fair queueing over tenants (Goyal, Vin, Cheng: Start-time Fair Queuing, SIGCOMM 1996):
// each tenant gets a share in proportion to its weight while it has work. Within a tenant: first in, first out.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <gantry/version.hpp>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

using Clock = std::chrono::steady_clock;

/// What the order depends on.
struct Ticket {
  int priority = 0;
  std::string tenant;
  std::optional<Clock::time_point> deadline;
  Clock::time_point queued{};
  double cost = 1.0;           ///< samples
  Clock::duration expected{};  ///< from the start to the answer; zero if unknown
  bool is_trial = false;       ///< EngineCall::is_trial
};

constexpr int kHighestPriority = 100;

/// Ownership: owns its entries.
/// Threads:   none of its own; callers lock.
/// Errors:    std::bad_alloc from push, which then changed nothing.
/// Cost:      take: linear in priorities and in the tenants that have work, no allocation.
template <class T>
class FairQueue {
 public:
  struct Entry {
    T item;
    Ticket ticket;
  };

  explicit FairQueue(Clock::duration aging, std::map<std::string, double> weights = {})
      : aging_(aging), weights_(std::move(weights)) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Samples that would be served before a new one of `priority`, aging aside.
  double cost_ahead_of(int priority) const {
    double cost = 0;
    for (auto level = levels_.lower_bound(clamped(priority)); level != levels_.end(); ++level)
      cost += level->second.cost;
    return cost;
  }

  /// Takes `item` only if it returns.
  void push(T&& item, Ticket ticket) {
    ticket.priority = clamped(ticket.priority);
    Flow& flow = make_room(ticket);
    Level& level = levels_.find(ticket.priority)->second;
    const double cost = ticket.cost;
    flow.entries.back().item = std::move(item);
    flow.entries.back().ticket = std::move(ticket);
    if (flow.entries.size() == 1) flow.start = std::max(flow.start, level.virtual_time);
    level.cost += cost;
    ++size_;
  }

  /// The next entry that `fits`, if there is one. Looks past at most `kLookAhead` entries of a tenant that do not fit.
  template <class Fits>
  std::optional<Entry> take(Clock::time_point now, Fits fits) {
    // Without a list of them, which would take memory: the best, then the best of those after it.
    for (auto level = next_level(now, levels_.end()); level != levels_.end(); level = next_level(now, level))
      for (Flow* flow = level->second.next_flow(nullptr); flow; flow = level->second.next_flow(flow)) {
        const std::size_t end = std::min(flow->entries.size(), kLookAhead);
        for (std::size_t i = 0; i < end; ++i)
          if (fits(flow->entries[i])) return remove(level, *flow, i);
      }
    return std::nullopt;
  }
  std::optional<Entry> take(Clock::time_point now) {
    return take(now, [](const Entry&) { return true; });
  }

  /// The entry that take() would give, left where it is; nullptr if there is none.
  const Entry* next(Clock::time_point now) {
    const auto level = next_level(now, levels_.end());
    return level == levels_.end() ? nullptr : &level->second.next_flow(nullptr)->entries.front();
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [priority, level] : levels_)
      for (const Flow& flow : level.flows)
        for (const Entry& entry : flow.entries) visit(entry);
  }

 private:
  static constexpr std::size_t kLookAhead = 64;
  static int clamped(int priority) { return std::clamp(priority, -kHighestPriority, kHighestPriority); }

  struct Flow {
    std::string tenant;
    std::deque<Entry> entries;
    double start = 0;  // virtual time at which its first entry is due
  };

  struct Level {
    std::list<Flow> flows;
    double virtual_time = 0;
    double cost = 0;

    Flow& flow_of(const std::string& tenant) {
      for (Flow& flow : flows)
        if (flow.tenant == tenant) return flow;
      flows.push_back({tenant, {}, 0});
      return flows.back();
    }
    /// Of each tenant its first entry is the oldest, since a tenant's entries are in the order of push(). A rule that
    /// orders them otherwise must look at all of them here.
    Clock::time_point oldest() const {
      Clock::time_point oldest = Clock::time_point::max();
      for (const Flow& flow : flows)
        if (!flow.entries.empty()) oldest = std::min(oldest, flow.entries.front().ticket.queued);
      return oldest;
    }
    /// The tenant with work that is due after `before`; with nullptr, the first one.
    Flow* next_flow(const Flow* before) {
      Flow* next = nullptr;
      bool is_behind = before == nullptr;  // `flow` comes after `before` in the list
      for (Flow& flow : flows) {
        const bool is_later = !before || flow.start > before->start || (flow.start == before->start && is_behind);
        if (&flow == before) is_behind = true;
        if (&flow == before || flow.entries.empty() || !is_later) continue;
        if (!next || flow.start < next->start) next = &flow;
      }
      return next;
    }
  };
  using Levels = std::map<int, Level>;

  double score(typename Levels::const_iterator level, Clock::time_point now) const {
    return level->first * std::chrono::duration<double>(aging_).count() +
           std::chrono::duration<double>(now - level->second.oldest()).count();
  }
  /// The level with the highest score below that of `before`, the higher priority first; with end(), of all.
  typename Levels::iterator next_level(Clock::time_point now, typename Levels::iterator before) {
    if (levels_.size() == 1) return before == levels_.end() ? levels_.begin() : levels_.end();
    const auto key = [&](typename Levels::iterator level) { return std::pair(score(level, now), level->first); };
    auto next = levels_.end();
    for (auto level = levels_.begin(); level != levels_.end(); ++level) {
      if (before != levels_.end() && key(level) >= key(before)) continue;
      if (next == levels_.end() || key(level) > key(next)) next = level;
    }
    return next;
  }

  /// The ticket's flow, with an empty entry at its end. A level in which nothing waits must not stay behind without
  /// memory for that: next() takes an entry of each.
  Flow& make_room(const Ticket& ticket) {
    const auto level = levels_.try_emplace(ticket.priority).first;
    try {
      Flow& flow = level->second.flow_of(ticket.tenant);
      flow.entries.emplace_back();
      return flow;
    } catch (...) {
      if (is_empty(level->second)) levels_.erase(level);
      throw;
    }
  }

  static bool is_empty(const Level& level) {
    return std::all_of(level.flows.begin(), level.flows.end(), [](const Flow& flow) { return flow.entries.empty(); });
  }

  double weight_of(const std::string& tenant) const {
    const auto place = weights_.find(tenant);
    return place == weights_.end() ? 1.0 : place->second;
  }

  Entry remove(typename Levels::iterator at, Flow& flow, std::size_t place) {
    Level& level = at->second;
    Entry entry = std::move(flow.entries[place]);
    flow.entries.erase(flow.entries.begin() + static_cast<std::ptrdiff_t>(place));
    level.virtual_time = std::max(level.virtual_time, flow.start);
    flow.start += entry.ticket.cost / weight_of(flow.tenant);
    level.cost -= entry.ticket.cost;
    --size_;
    // A tenant without work is remembered only until its share of the past is used up.
    level.flows.remove_if([&](const Flow& f) { return f.entries.empty() && f.start <= level.virtual_time; });
    if (is_empty(level)) levels_.erase(at);
    return entry;
  }

  const Clock::duration aging_;
  const std::map<std::string, double> weights_;
  Levels levels_;
  std::size_t size_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
