// SPDX-License-Identifier: Apache-2.0
// Lowers nodes to steps, and runs the steps.
#include "pipeline/plan.hpp"

#include <algorithm>
#include <gantry/pipeline.hpp>
#include <gantry/translate_exception.hpp>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "pipeline/compound_steps.hpp"
#include "pipeline/fusion.hpp"
#include "runtime/observed_request.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::size_t count_ok(Span<const Slot> slots) {
  std::size_t count = 0;
  for (const Slot& slot : slots) count += slot.ok();
  return count;
}

void fail_all(Span<Slot> slots, const Error& error) {
  for (Slot& slot : slots)
    if (slot.ok()) slot.fail(error);
}

bool is_compound(const Node& node) {
  return node.kind == "each" || node.kind == "fork" || node.kind == "when";
}

std::string label_of(const std::string& name) {
  return "stage '" + name + "'";
}

Result<std::unique_ptr<Step>> make_leaf_step(const Node& node) {
  if (!node.kernel) return Error(ErrorCode::kInternal, label_of(node.name) + " has no kernel");
  return node.kernel->make_step();
}

Result<std::unique_ptr<Step>> make_compound_step(const Node& node, std::vector<PlanPtr> plans) {
  if (node.kind == "each") return make_each_step(std::move(plans[0]), *node.in->list, *node.out->list);
  if (node.kind == "fork") return make_fork_step(std::move(plans), *node.out);
  return make_when_step(node.predicate, std::move(plans[0]), std::move(plans[1]));
}

bool is_label_of(const std::string& label, const std::string& name) {
  constexpr std::string_view kBefore = "stage '";
  return label.size() == kBefore.size() + name.size() + 1 && label.compare(0, kBefore.size(), kBefore) == 0 &&
         label.compare(kBefore.size(), name.size(), name) == 0;
}

/// The stage whose name the error contains; the first stage if none. Allocates no string: code after an asynchronous
/// step must not throw.
std::size_t failed_stage(const Error& error, const std::vector<StageCounter*>& counters) {
  if (error.path().empty()) return 0;
  const auto place = std::find_if(counters.begin(), counters.end(), [&](const StageCounter* counter) {
    return is_label_of(error.path().front(), counter->name);
  });
  return place == counters.end() ? 0 : static_cast<std::size_t>(place - counters.begin());
}

/// A sample that failed in a stage of a fused step is not counted in the later stages.
void count_failure(const Error& error, const std::vector<StageCounter*>& counters) {
  const std::size_t failed = failed_stage(error, counters);
  counters[failed]->errors.fetch_add(1, kRelaxed);
  for (std::size_t i = failed + 1; i < counters.size(); ++i) counters[i]->samples.subtract(1);
}

}  // namespace

Result<std::unique_ptr<const Plan>> Plan::build(const Node& node, const std::string& path, bool fuses,
                                                StageCounters& counters) {
  std::unique_ptr<Plan> plan(new Plan);
  const std::vector<Branch> alone = {{"", std::make_shared<const Node>(node)}};
  const Span<const Branch> stages = node.kind == "chain" ? node.branches : alone;
  for (std::size_t i = 0; i < stages.size();) {
    Fusion fusion = fuses ? next_fusion(stages.subspan(i, stages.size() - i)) : Fusion();
    if (fusion.step) {
      const std::size_t first = std::exchange(i, i + fusion.count);
      plan->add_fused(std::move(fusion), stages, path, first, counters);
      continue;
    }
    GANTRY_RETURN_IF_ERROR(plan->add(*stages[i].node, path + "[" + std::to_string(i) + "]", fuses, counters));
    ++i;
  }
  return std::unique_ptr<const Plan>(std::move(plan));
}

Result<void> Plan::add(const Node& node, const std::string& path, bool fuses, StageCounters& counters) {
  if (node.error) return node.error->within(label_of(node.name));
  StageCounter& counter = counters.emplace_back();
  counter.path = path;
  counter.name = node.name;
  std::vector<PlanPtr> plans;
  if (is_compound(node)) {
    for (const Branch& branch : node.branches) {
      GANTRY_ASSIGN_OR_RETURN(auto plan, Plan::build(*branch.node, path + "." + branch.label, fuses, counters));
      has_fused_ = has_fused_ || plan->has_fused();
      plans.push_back(std::move(plan));
    }
  }
  GANTRY_ASSIGN_OR_RETURN(auto step,
                          is_compound(node) ? make_compound_step(node, std::move(plans)) : make_leaf_step(node));
  if (node.check) step = make_checked_step(node.check, std::move(step));
  is_async_ = is_async_ || step->is_async();
  std::string label = is_compound(node) ? "" : label_of(node.name);
  if (node.kind == "pipeline") label = "pipeline '" + node.name + "'";
  steps_.push_back({std::move(step), std::move(label), path, node.name, {&counter}});
  return {};
}

void Plan::add_fused(Fusion fusion, Span<const Branch> stages, const std::string& path, std::size_t first,
                     StageCounters& counters) {
  const std::string first_path = path + "[" + std::to_string(first) + "]";
  Planned planned{std::move(fusion.step), "", first_path, "", {}};
  for (std::size_t i = first; i < first + fusion.count; ++i) {
    StageCounter& counter = counters.emplace_back();
    counter.path = path + "[" + std::to_string(i) + "]";
    counter.name = stages[i].node->name;
    if (i > first) counter.fused_into = first_path;
    planned.counters.push_back(&counter);
    planned.name += (i > first ? " | " : "") + counter.name;
  }
  steps_.push_back(std::move(planned));
  has_fused_ = true;
}

bool Plan::enter(const Planned& planned, Span<Slot> slots, const Context& context, Clock::time_point now) const {
  const std::size_t count = count_ok(Span<const Slot>(slots.data(), slots.size()));
  if (count == 0) return false;
  const CallOptions& call = *context.call;
  const bool is_late = call.deadline && now >= *call.deadline;
  if (!is_late && !call.cancel.is_cancelled()) {
    if (!call.is_trial)
      for (StageCounter* counter : planned.counters) counter->samples.add(count);
    return true;
  }
  try {
    const Error error = call.cancel.is_cancelled()
                            ? Error(ErrorCode::kCancelled, "the request was cancelled before this stage")
                            : Error(ErrorCode::kDeadlineExceeded, "the deadline passed before this stage");
    fail_all(slots, error.within(label_of(planned.counters[0]->name)));
  } catch (const std::bad_alloc&) {
    fail_all(slots, translate_exception());
  }
  for (Slot& slot : slots) slot.take_fresh();
  return false;
}

Plan::Clock::time_point Plan::leave(const Planned& planned, Span<Slot> slots, Context& context,
                                    Clock::time_point began) const {
  const auto now = context.call->now();
  const bool is_counted = !context.call->is_trial;
  if (is_counted) planned.counters[0]->time.record(now - began);
  const Slot* first_failed = nullptr;
  std::size_t failures = 0;
  for (Slot& slot : slots) {
    if (!slot.take_fresh()) continue;
    if (failures++ == 0) first_failed = &slot;
    if (is_counted) count_failure(slot.error(), planned.counters);
    if (planned.label.empty()) continue;
    slot.fail(slot.error().within(planned.label));
    slot.take_fresh();
  }
  if (context.call->observed) {
    EndedSpan span{SpanKind::kStage, planned.name, planned.path, began, now};
    span.samples = failures + count_ok(Span<const Slot>(slots.data(), slots.size()));
    span.failed = failures;
    if (first_failed) span.error = &first_failed->error();
    context.call->observed->tell(span);
  }
  if (context.observer) context.observer->after(planned.path, slots);
  return now;
}

void Plan::run_step(const Planned& planned, Span<Slot> slots, Context& context) const {
  try {
    planned.step->run(slots, context);
  } catch (...) {
    fail_all(slots, translate_exception());
  }
}

void Plan::run(Span<Slot> slots, Context& context) const {
  auto now = context.call->now();
  for (const Planned& planned : steps_) {
    if (!enter(planned, slots, context, now)) return;
    run_step(planned, slots, context);
    now = leave(planned, slots, context, now);
  }
}

void Plan::start(Span<Slot> slots, Context& context, Function<void()> resume) const noexcept {
  advance(0, slots, context, context.call->now(), std::move(resume));
}

/// The continuation after an asynchronous step. advance() holds it as well as the step, so that it runs even if the
/// step cannot start.
struct Plan::Rest {
  std::size_t index;
  Clock::time_point began;
  Function<void()> resume;
};

std::shared_ptr<Plan::Rest> Plan::make_rest(std::size_t index, Clock::time_point began, Function<void()>& resume) {
  try {
    auto rest = std::make_shared<Rest>(Rest{index, began, {}});
    rest->resume = std::move(resume);
    return rest;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Plan::go_on(Rest& rest, Span<Slot> slots, Context& context) const noexcept {
  const auto now = leave(steps_[rest.index], slots, context, rest.began);
  advance(rest.index + 1, slots, context, now, std::move(rest.resume));
}

void Plan::advance(std::size_t index, Span<Slot> slots, Context& context, Clock::time_point now,
                   Function<void()> resume) const noexcept {
  for (; index < steps_.size(); ++index) {
    const Planned& planned = steps_[index];
    if (!enter(planned, slots, context, now)) break;
    if (!planned.step->is_async()) {
      run_step(planned, slots, context);
      now = leave(planned, slots, context, now);
      continue;
    }
    auto rest = make_rest(index, now, resume);
    if (!rest) {
      fail_all(slots, Error::out_of_memory());
      now = leave(planned, slots, context, now);
      continue;
    }
    try {
      planned.step->start(slots, context, [this, rest, slots, &context] { go_on(*rest, slots, context); });
    } catch (...) {  // only before the step began any work: afterwards it calls its continuation itself
      fail_all(slots, translate_exception());
      go_on(*rest, slots, context);
    }
    return;
  }
  resume();
}

}  // namespace gantry::inline GANTRY_ABI::detail
