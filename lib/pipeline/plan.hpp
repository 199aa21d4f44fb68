// SPDX-License-Identifier: Apache-2.0
// Plan: the steps of a chain in order, each with the path of its declaration and its counters.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <gantry/node.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/context.hpp"
#include "runtime/counter.hpp"
#include "runtime/histogram_recorder.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Counters of one step; written without locks.
struct StageCounter {
  std::string path;
  std::string name;
  Counter samples;
  std::atomic<std::uint64_t> errors{0};
  HistogramRecorder time;
  std::string fused_into;
};
using StageCounters = std::deque<StageCounter>;

/// Ownership: owns its steps; borrows the counters, which outlive the outermost plan.
/// Threads:   immutable; run() and start() may be called concurrently.
/// Errors:    written into the slots, with the stage's name.
/// Cost:      one clock reading and four relaxed additions per step.
class Plan {
 public:
  /// `path`: where the chain is declared, such as "pipeline" or "pipeline[3].do". `fuses`: false makes each stage a
  /// step of its own.
  static Result<std::unique_ptr<const Plan>> build(const Node& node, const std::string& path, bool fuses,
                                                   StageCounters& counters);

  /// Runs all steps on this thread.
  void run(Span<Slot> slots, Context& context) const;
  /// Runs the steps; an asynchronous step may continue on other threads. Calls resume() exactly once at the end.
  /// `slots` and `context` must live until then.
  void start(Span<Slot> slots, Context& context, Function<void()> resume) const noexcept;
  bool is_async() const { return is_async_; }
  /// True if a step, here or in an inner plan, was fused from several stages.
  bool has_fused() const { return has_fused_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Planned {
    std::unique_ptr<const Step> step;
    std::string label;  // "stage 'image.decode'"; empty for compound and fused steps, which name their parts themselves
    std::string path;
    std::string name;                     // "image.decode"; of a fused step "image.decode | image.resize"
    std::vector<StageCounter*> counters;  // one per stage; the first holds the time of the whole step
  };

  struct Rest;

  Plan() = default;
  Result<void> add(const Node& node, const std::string& path, bool fuses, StageCounters& counters);
  void add_fused(Fusion fusion, Span<const Branch> stages, const std::string& path, std::size_t first,
                 StageCounters& counters);
  bool enter(const Planned& planned, Span<Slot> slots, const Context& context, Clock::time_point now) const;
  Clock::time_point leave(const Planned& planned, Span<Slot> slots, Context& context, Clock::time_point began) const;
  void run_step(const Planned& planned, Span<Slot> slots, Context& context) const;
  void advance(std::size_t index, Span<Slot> slots, Context& context, Clock::time_point now,
               Function<void()> resume) const noexcept;
  /// Takes `resume`. nullptr if there is no memory; then `resume` is unchanged.
  static std::shared_ptr<Rest> make_rest(std::size_t index, Clock::time_point began, Function<void()>& resume);
  void go_on(Rest& rest, Span<Slot> slots, Context& context) const noexcept;

  std::vector<Planned> steps_;
  bool is_async_ = false;
  bool has_fused_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
