// SPDX-License-Identifier: Apache-2.0
// How many run at a time while the CPU budget changes; the machine is made up.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "runtime/helping_caller.hpp"
#include "runtime/host_tasks.hpp"
#include "runtime/own_workers.hpp"
#include "runtime/runtime_core.hpp"
#include "support/gate.hpp"
#include "support/manual_time.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;
using test::Counter;
using test::Gate;

/// A runtime of three workers of `intra_op_threads` each, on a machine whose CPUs a test takes away.
class OnMachine {
 public:
  explicit OnMachine(int intra_op_threads = 1, bool allow_oversubscription = false,
                     std::shared_ptr<Executor> executor = nullptr) {
    RuntimeOptions options;
    options.executor = std::move(executor);
    options.workers = 3;
    options.time_source = time;
    options.intra_op_threads = intra_op_threads;
    options.allow_oversubscription = allow_oversubscription;
    const auto reader = [this] {
      ++readings;
      Budgets budgets;
      budgets.cpu.cpus = cpus.load();
      return budgets;
    };
    std::unique_ptr<ThreadSource> threads;
    if (options.executor)
      threads = std::make_unique<HostTasks>(options.executor);
    else
      threads = std::make_unique<OwnWorkers>(options.workers);
    core_ = std::make_shared<RuntimeCore>(options, std::make_unique<BudgetWatch>(reader, time->now(), 1ms),
                                          std::move(threads));
    core_->start_threads();
  }
  ~OnMachine() { core_->stop(); }

  void post(Job job) { core_->post_request(std::move(job), {}, {}, 1); }
  /// Sets the CPUs, and lets requests go by until that was read.
  void set_cpus(int count) {
    cpus = count;
    const int before = readings.load();
    while (readings.load() < before + 2) {  // one may have been under way
      time->advance(1ms);
      Counter done;
      post([&](const Error*) { done.add(); });
      done.wait_for(1);
    }
    while (core_->stats().queued > 0) std::this_thread::yield();
  }
  /// A request of this thread's, which it runs itself if a slot is free.
  void help() { const HelpingCaller helper(*core_, {}, {}); }
  int workers() const { return core_->stats().workers; }
  std::size_t queued() const { return core_->queued(); }
  /// How many of six requests run at once, of which the last ones come when the first have been let go.
  int most_at_once() {
    Counter done;
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    Gate gate;
    gate.close();
    for (int i = 0; i < 6; ++i)
      post([&](const Error*) {
        const int count = ++now;
        for (int before = most.load(); before < count && !most.compare_exchange_weak(before, count);) {
        }
        gate.pass();
        --now;
        done.add();
      });
    gate.wait_for_arrivals(static_cast<std::size_t>(workers()));
    gate.open();
    done.wait_for(6);
    return most.load();
  }

  const std::shared_ptr<test::ManualTime> time = std::make_shared<test::ManualTime>();
  std::atomic<int> cpus{6};
  std::atomic<int> readings{0};

 private:
  std::shared_ptr<RuntimeCore> core_;
};

TEST(BudgetSlots, FollowTheBudgetDownAndBack) {
  OnMachine machine;
  EXPECT_EQ(machine.most_at_once(), 3);
  machine.set_cpus(1);
  EXPECT_EQ(machine.workers(), 1);
  EXPECT_EQ(machine.most_at_once(), 1);
  machine.set_cpus(2);
  EXPECT_EQ(machine.most_at_once(), 2);
  machine.set_cpus(100);
  EXPECT_EQ(machine.workers(), 3) << "as many as there are threads";
  EXPECT_EQ(machine.most_at_once(), 3);
}

TEST(BudgetSlots, FollowTheBudgetWhereOnlyCallersRun) {
  OnMachine machine;
  machine.cpus = 1;
  while (machine.workers() != 1) {
    machine.time->advance(1ms);
    machine.help();
  }
}

class ThreadForEachTask final : public Executor {
 public:
  void post(Function<void()> task) override { std::thread(std::move(task)).detach(); }
};

TEST(BudgetSlots, OnAHostsExecutorFollowTheBudgetToo) {
  OnMachine machine(1, false, std::make_shared<ThreadForEachTask>());
  machine.set_cpus(1);
  EXPECT_EQ(machine.workers(), 1);
  EXPECT_EQ(machine.most_at_once(), 1);
  machine.set_cpus(2);
  EXPECT_EQ(machine.most_at_once(), 2);
}

TEST(BudgetSlots, OnAHostsExecutorAreLeftWhileThereIsWork) {
  OnMachine machine(1, false, std::make_shared<ThreadForEachTask>());
  Gate first, others;
  first.close();
  others.close();
  Counter done;
  machine.post([&](const Error*) {
    first.pass();
    done.add();
  });
  for (int i = 0; i < 2; ++i)
    machine.post([&](const Error*) {
      others.pass();
      done.add();
    });
  first.wait_for_arrivals(1);
  others.wait_for_arrivals(2);
  machine.cpus = 1;
  first.open();  // whoever goes on from there reads the budget, and leaves
  while (machine.workers() != 1) {
    machine.time->advance(1ms);
    if (machine.queued() == 0) machine.post([](const Error*) {});
  }
  std::atomic<int> now{0};
  std::atomic<bool> were_two{false};
  for (int i = 0; i < 20; ++i)
    machine.post([&](const Error*) {
      if (++now > 1) were_two = true;
      for (int k = 0; k < 1000; ++k) std::this_thread::yield();  // long enough to be seen by another one
      --now;
      done.add();
    });
  others.open();
  done.wait_for(23);
  EXPECT_FALSE(were_two);
}

void expect_new_slots_are_taken_at_once(std::shared_ptr<Executor> executor) {
  OnMachine machine(1, false, std::move(executor));
  machine.set_cpus(1);
  Gate gate;
  gate.close();
  Counter met;
  Counter done;
  machine.post([&](const Error*) {
    gate.pass();
    done.add();
  });
  gate.wait_for_arrivals(1);
  for (int i = 0; i < 2; ++i)
    machine.post([&](const Error*) {
      met.add();
      met.wait_for(2);  // both at work
      done.add();
    });
  machine.cpus = 3;
  machine.time->advance(5ms);  // the budget is due to be read
  gate.open();
  done.wait_for(3);
}

TEST(BudgetSlots, ThatAreGivenBackAreTakenAtOnce) {
  expect_new_slots_are_taken_at_once(nullptr);
}

TEST(BudgetSlots, ThatAreGivenBackAreTakenAtOnceOnAHostsExecutor) {
  expect_new_slots_are_taken_at_once(std::make_shared<ThreadForEachTask>());
}

TEST(BudgetSlots, CountTheThreadsOfAnEngineCall) {
  OnMachine machine(/*intra_op_threads=*/2);
  machine.set_cpus(5);
  EXPECT_EQ(machine.workers(), 2);
  machine.set_cpus(1);
  EXPECT_EQ(machine.workers(), 1) << "somebody must work";
}

TEST(BudgetSlots, AreKeptWhereOversubscriptionIsAllowed) {
  OnMachine machine(1, /*allow_oversubscription=*/true);
  machine.cpus = 1;
  EXPECT_EQ(machine.most_at_once(), 3);
  EXPECT_EQ(machine.workers(), 3);
}

TEST(BudgetSlots, AreNotLookedAtWhileNothingRuns) {
  OnMachine machine;
  machine.set_cpus(2);
  std::this_thread::sleep_for(5ms);  // the timer that may be set
  const int before = machine.readings.load();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(machine.readings.load(), before);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
