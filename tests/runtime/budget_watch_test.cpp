// SPDX-License-Identifier: Apache-2.0
// When the watch reads anew, with a clock and a reader made up.
#include "runtime/budget_watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr BudgetWatch::Clock::time_point kStart{seconds(1000)};

/// What the reader finds; counts how often it is asked.
struct Machine {
  double cpus = 2;
  int readings = 0;
  bool fails = false;
  BudgetWatch::Reader reader() {
    return [this] {
      ++readings;
      if (fails) throw std::runtime_error("unreadable");
      Budgets budgets;
      budgets.cpu.cpus = static_cast<int>(cpus);
      budgets.cpu.exact = cpus;
      budgets.memory.usage_bytes = readings;
      return budgets;
    };
  }
};

TEST(BudgetWatch, ReadsOnceWhileTheReadingIsFresh) {
  Machine machine;
  BudgetWatch watch(machine.reader(), kStart);
  for (const auto age : {milliseconds(0), milliseconds(4999), milliseconds(-5000)})
    EXPECT_EQ(watch.refresh(kStart + age)->taken_at, kStart);
  EXPECT_EQ(machine.readings, 1);
}

TEST(BudgetWatch, ReadsAnewAfterTheInterval) {
  Machine machine;
  BudgetWatch watch(machine.reader(), kStart, seconds(2));
  const auto first = watch.refresh(kStart);
  const auto second = watch.refresh(kStart + seconds(2));
  EXPECT_EQ(second->taken_at, kStart + seconds(2));
  EXPECT_EQ(second->memory.usage_bytes, 2U);
  EXPECT_EQ(first->memory.usage_bytes, 1U);  // a reading does not change in its holder's hand
  EXPECT_EQ(watch.refresh(kStart + seconds(3)), second);
  EXPECT_EQ(machine.readings, 2);
}

TEST(BudgetWatch, CountsChangesOfTheCpuBudgetOnly) {
  Machine machine;
  BudgetWatch watch(machine.reader(), kStart, seconds(1));
  EXPECT_EQ(watch.refresh(kStart)->cpu_changes, 0U);
  EXPECT_EQ(watch.refresh(kStart + seconds(1))->cpu_changes, 0U);
  machine.cpus = 2.5;  // the same threads, another quota
  EXPECT_EQ(watch.refresh(kStart + seconds(2))->cpu_changes, 1U);
  EXPECT_EQ(watch.refresh(kStart + seconds(3))->cpu_changes, 1U);
  machine.cpus = 4;
  EXPECT_EQ(watch.refresh(kStart + seconds(4))->cpu_changes, 2U);
}

TEST(BudgetWatch, KeepsTheReadingAndTriesAgainAfterAFailure) {
  Machine machine;
  BudgetWatch watch(machine.reader(), kStart, seconds(1));
  machine.fails = true;
  EXPECT_THROW(watch.refresh(kStart + seconds(1)), std::runtime_error);
  EXPECT_EQ(watch.refresh(kStart)->taken_at, kStart);
  machine.fails = false;
  EXPECT_EQ(watch.refresh(kStart + seconds(1))->taken_at, kStart + seconds(1));
}

// The reader itself asks the watch, as another thread would meanwhile.
TEST(BudgetWatch, GivesTheReadingBeforeWhileAnotherIsTaken) {
  BudgetWatch* self = nullptr;
  int readings = 0;
  BudgetWatch watch(
      [&] {
        ++readings;
        if (self) {
          EXPECT_EQ(self->refresh(kStart + seconds(10))->taken_at, kStart);
        }
        return Budgets{};
      },
      kStart);
  self = &watch;
  EXPECT_EQ(watch.refresh(kStart + seconds(9))->taken_at, kStart + seconds(9));
  EXPECT_EQ(readings, 2);
}

TEST(BudgetWatch, ReadsOncePerIntervalWithManyThreads) {
  std::atomic<int> readings{0};
  BudgetWatch watch(
      [&] {
        ++readings;
        return Budgets{};
      },
      kStart, seconds(1));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int call = 0; call < 1000; ++call) watch.refresh(kStart + seconds(1));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(readings, 2);
}

TEST(BudgetWatch, ReadsThisProcess) {
  const auto now = TimeSource::steady().now();
  BudgetWatch watch(make_process_reader(), now);
  EXPECT_GE(watch.refresh(now)->cpu.cpus, 1);
  EXPECT_TRUE(watch.refresh(now)->memory.limit_bytes);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
