// SPDX-License-Identifier: Apache-2.0
// Ten thousand schedules over the real RuntimeCore: requests, continuations, deferred work, timers, helping callers and
// a changing CPU budget, with scripted threads and a clock that each schedule moves. One thread runs it all, so that a
// schedule that fails is found again by its number.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "runtime/runtime_core.hpp"
#include "support/manual_time.hpp"
#include "support/scripted_threads.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;
using test::ManualTime;
using test::ScriptedThreads;

class Schedule {
 public:
  explicit Schedule(unsigned number) : random_(number) {
    RuntimeOptions options;
    options.workers = below(4) + 1;
    options.max_in_flight = static_cast<std::size_t>(below(12) + 1);
    options.shed_target = std::chrono::milliseconds(below(3) * 4);
    options.shed_interval = 5ms;
    options.priority_aging = std::chrono::milliseconds(below(20));
    options.tenant_weights = {{"a", 3.0}};
    options.time_source = time_;
    options_ = options;
    cpus_ = options.workers;
    auto threads = std::make_unique<ScriptedThreads>(static_cast<std::size_t>(options.workers));
    threads_ = threads.get();
    const auto read = [this] {
      Budgets budgets;
      budgets.cpu.cpus = cpus_;
      return budgets;
    };
    core_ = std::make_shared<RuntimeCore>(options, std::make_unique<BudgetWatch>(read, time_->now(), 3ms),
                                          std::move(threads));
  }

  void run() {
    const int steps = 30 + below(60);
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
      check_wakeful();
    }
    if (below(4) == 0) {
      stop();
      for (int i = 0; i < 5; ++i) step();
    }
    settle();
    stop();
    for (const auto& [id, job] : jobs_) EXPECT_EQ(job.calls, 1) << job.what << " " << id;
    check_order();
    EXPECT_EQ(core_->in_flight(), 0u);
    EXPECT_EQ(core_->queued(), 0u);
  }

 private:
  enum class Kind { kRequest, kContinuation, kDeferred, kTimer };
  struct Known {
    Kind kind;
    std::string what;
    int priority = 0;
    bool has_deadline = false;
    Clock::time_point queued{};
    Clock::time_point due{};
    std::string tenant;
    int posted = 0;         // Schedule::sequence_ then
    int taken = -1;         // the same of when a thread took it
    int queued_before = 0;  // of deferred work: requests that were queued then
    int calls = 0;
  };

  int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  void step() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return request();
      case 3:
        return set_timer();
      case 4:
        cpus_ = below(options_.workers + 1);
        return;
      case 5:
        return time_->advance(std::chrono::microseconds(below(4000)));
      case 6:
        return help();
      default:
        return let_a_thread_go_on();
    }
  }

  void request() {
    CallOptions call;
    call.priority = below(3) - 1;
    call.tenant = below(2) == 0 ? "a" : "b";
    if (below(2) == 0) call.deadline = time_->now() + std::chrono::microseconds(below(20000));
    const auto expected = std::chrono::microseconds(below(3) * 500);
    const std::size_t before = core_->in_flight();
    auto admission = core_->admit(call, expected);
    EXPECT_LE(core_->in_flight(), options_.max_in_flight);
    if (is_stopped_) {
      EXPECT_EQ(admission.error().code(), ErrorCode::kUnavailable);
    } else if (!admission) {
      const ErrorReason reason = admission.error().reason();
      if (reason == ErrorReason::kQueueFull) {
        EXPECT_EQ(before, options_.max_in_flight);
      } else {
        EXPECT_TRUE(reason == ErrorReason::kDeadlineUnreachable && call.deadline && before > 0);
      }
    }
    if (!admission) return;
    const int id = add(Kind::kRequest, "request");
    Known& known = jobs_[id];
    known.what += " of " + call.tenant + std::to_string(call.priority);
    known.has_deadline = call.deadline.has_value();
    known.priority = call.priority;
    known.tenant = call.tenant;
    auto held = std::make_shared<Admission>(*std::move(admission));
    core_->post_request(
        [this, id, held](const Error* refusal) {
          ran(id, refusal);
          if (!refusal && below(3) == 0) return go_on(held);
          held->end();
        },
        call, expected, static_cast<std::size_t>(below(3) + 1));
  }

  /// A request that has begun: more work of it, at once or when others have begun.
  void go_on(const std::shared_ptr<Admission>& held) {
    const bool is_deferred = below(2) == 0;
    const int id = add(is_deferred ? Kind::kDeferred : Kind::kContinuation, is_deferred ? "deferred" : "continuation");
    jobs_[id].queued_before = static_cast<int>(core_->queued());
    auto job = [this, id, held](const Error* refusal) {
      ran(id, refusal);
      held->end();
    };
    is_deferred ? core_->post_deferred(std::move(job)) : core_->post(std::move(job));
  }

  void set_timer() {
    const auto when = time_->now() + std::chrono::microseconds(below(6000));
    const int id = add(Kind::kTimer, "timer");
    jobs_[id].due = when;
    core_->post_at(when, [this, id](const Error* refusal) { ran(id, refusal); });
  }

  void help() {
    if (is_helping_) {
      core_->end_help();
      is_helping_ = false;
      --at_work_;
    } else if (core_->begin_help()) {
      EXPECT_EQ(core_->queued(), 0u) << "a caller helped before requests that had come before it";
      is_helping_ = true;
      expect_slot();
    }
  }

  void let_a_thread_go_on() {
    const auto index = static_cast<std::size_t>(below(static_cast<int>(threads_->size())));
    if (threads_->is_ready(index, time_->now())) {
      EXPECT_FALSE(look(index) && is_stopped_) << "work began after the shutdown";
    } else if ((*threads_)[index].work) {
      finish(index);
    }
  }

  bool look(std::size_t index) {
    if (!threads_->look(index, *core_)) return false;
    taken_[index] = {++sequence_, time_->now()};
    expect_slot();
    return true;
  }

  /// A slot was taken: there was one.
  void expect_slot() { EXPECT_LE(++at_work_, core_->stats().workers); }

  void finish(std::size_t index) {
    running_ = taken_[index];
    threads_->finish(index, *core_);
    running_ = {};
    --at_work_;
  }

  int add(Kind kind, std::string what) {
    const int id = next_id_++;
    Known known;
    known.kind = kind;
    known.what = std::move(what);
    known.queued = time_->now();
    known.posted = ++sequence_;
    jobs_[id] = std::move(known);
    return id;
  }

  void ran(int id, const Error* refusal) {
    Known& job = jobs_[id];
    ++job.calls;
    job.taken = running_.sequence;
    if (refusal) {
      if (refusal->reason() == ErrorReason::kShed) {
        EXPECT_TRUE(job.has_deadline && options_.shed_target > 0ms) << job.what;
        EXPECT_GT(running_.at - job.queued, options_.shed_target) << job.what;
      } else {
        EXPECT_TRUE(is_stopped_) << job.what << ": " << refusal->message();
        job.taken = -1;
      }
      return;
    }
    EXPECT_TRUE(job.kind != Kind::kTimer || running_.at >= job.due) << "a timer ran too early";
  }

  /// What can run has a thread that comes for it.
  void check_wakeful() {
    if (is_stopped_) return;
    int held = 0;
    auto first_look = Clock::time_point::max();
    for (std::size_t i = 0; i < threads_->size(); ++i) {
      const ScriptedThreads::Thread& thread = (*threads_)[i];
      if (!thread.work && !thread.is_asleep) return;  // it looks for work
      if (thread.work) ++held;
      if (thread.is_asleep && thread.until) first_look = std::min(first_look, *thread.until);
    }
    if (at_work_ >= core_->stats().workers) return;  // whoever ends looks for more
    int waiting = -held;                             // a thread that holds one has not run it
    for (const auto& [id, job] : jobs_) {
      if (job.calls > 0) continue;
      if (job.kind != Kind::kTimer) {
        ++waiting;
      } else if (job.due > time_->now()) {
        EXPECT_GE(job.due, first_look) << "no thread waits for timer " << id;
      }
    }
    EXPECT_LE(waiting, 0) << "work waits, a slot is free, and all threads sleep";
  }

  /// Who went before whom.
  void check_order() const {
    for (const auto& [id, job] : jobs_) {
      if (job.taken < 0) continue;  // by the shutdown
      int begun_since = 0;
      for (const auto& [other_id, other] : jobs_) {
        if (other.taken < 0 || other_id == id) continue;
        if (other.kind == Kind::kRequest && other.taken > job.posted && other.taken < job.taken) ++begun_since;
        const bool overtook = job.posted < other.posted && other.taken < job.taken;
        const bool are_of_one_flow = other.kind == Kind::kRequest && job.kind == Kind::kRequest &&
                                     job.priority == other.priority && job.tenant == other.tenant;
        const bool may_overtake = job.kind != Kind::kContinuation && !are_of_one_flow;
        EXPECT_TRUE(!overtook || may_overtake)
            << other.what << " " << other_id << " overtook " << job.what << " " << id;
      }
      EXPECT_TRUE(job.kind != Kind::kDeferred || begun_since >= job.queued_before) << "deferred work " << id;
    }
  }

  /// All that can be done is done: no thread may sleep while there is work for it.
  void settle() {
    if (is_helping_) help();
    for (int idle = 0; idle < 3 && !testing::Test::HasFailure();) {
      bool has_moved = false;
      for (std::size_t i = 0; i < threads_->size(); ++i) {
        if ((*threads_)[i].work) {
          finish(i);
          has_moved = true;
        } else if (!is_stopped_ && threads_->is_ready(i, time_->now())) {
          if (look(i)) has_moved = true;
        }
      }
      if (has_moved) continue;
      time_->advance(10ms);  // for timers, which a sleeping thread has to wait for
      ++idle;
    }
    if (is_stopped_) return;
    for (const auto& [id, job] : jobs_) EXPECT_EQ(job.calls, 1) << job.what << " " << id << " was never begun";
  }

  void stop() {
    if (std::exchange(is_stopped_, true)) return;
    core_->stop();
  }

  std::mt19937 random_;
  const std::shared_ptr<ManualTime> time_ = std::make_shared<ManualTime>();
  RuntimeOptions options_;
  int cpus_ = 1;
  ScriptedThreads* threads_ = nullptr;  // the core's
  std::map<int, Known> jobs_;
  int next_id_ = 0;
  struct Taken {
    int sequence = -1;
    Clock::time_point at{};
  };
  std::map<std::size_t, Taken> taken_;  // by thread
  Taken running_;
  int sequence_ = 0;
  int at_work_ = 0;
  bool is_helping_ = false;
  bool is_stopped_ = false;
  std::shared_ptr<RuntimeCore> core_;  // last: its jobs refer to the rest
};

class RuntimeSimulation : public testing::TestWithParam<unsigned> {};

TEST_P(RuntimeSimulation, KeepsItsPromises) {
  constexpr unsigned kSchedules = 1000;
  for (unsigned i = 0; i < kSchedules && !HasFailure(); ++i) {
    const unsigned number = GetParam() * kSchedules + i;
    SCOPED_TRACE("schedule " + std::to_string(number));
    Schedule(number).run();
  }
}

INSTANTIATE_TEST_SUITE_P(Thousands, RuntimeSimulation, testing::Range(0u, 10u));

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
