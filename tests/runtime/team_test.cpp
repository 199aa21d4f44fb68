// SPDX-License-Identifier: Apache-2.0
// A loop on an OpenMP team: each part once, on the threads that were asked for and no more, and nothing of the host's
// OpenMP changed.
#include "runtime/team.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>
#include <cfenv>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/parts.hpp"
#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::run_on_team;

/// The settings of OpenMP that a thread has.
std::vector<int> openmp_settings() {
  omp_sched_t kind{};
  int chunk = 0;
  omp_get_schedule(&kind, &chunk);
  return {omp_get_max_threads(), omp_get_dynamic(), omp_get_max_active_levels(), omp_get_thread_limit(),
          omp_get_level(),       omp_in_parallel(), static_cast<int>(kind),      chunk};
}

Runtime latency_runtime(int threads) {
  RuntimeOptions options;
  options.cpus = threads;
  options.goal = Goal::kLatency;
  return Runtime::create(options).value();
}

TEST(Team, DoesEachPartOnce) {
  for (const std::size_t threads : {1, 2, 5})
    for (const std::size_t count : {0, 1, 2, 3, 1000}) {
      std::vector<std::atomic<int>> done(count);
      run_on_team(threads, count, [&](std::size_t part) { ++done[part]; });
      for (const auto& times : done) EXPECT_EQ(times, 1);
    }
}

TEST(Team, WorksOnAllItsThreadsAtOnceAndOnNoOthers) {
  test::Gate gate;
  gate.close();
  std::thread opener([&gate] {
    gate.wait_for_arrivals(3);  // none could pass before all are there
    gate.open();
  });
  std::mutex mutex;
  std::set<std::thread::id> threads;
  run_on_team(3, 100, [&](std::size_t) {
    gate.pass();
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  opener.join();
  EXPECT_EQ(threads.size(), 3u);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 1u);
}

TEST(Team, ThrowsWhatAPartThrowsAfterTheOthers) {
  std::atomic<int> done{0};
  const auto part = [&done](std::size_t i) {
    ++done;
    if (i == 3) throw std::runtime_error("part 3");
  };
  EXPECT_THROW(run_on_team(2, 10, part), std::runtime_error);
  EXPECT_EQ(done, 10);
}

TEST(Team, LeavesTheHostsOpenMpAsItWas) {
  const auto check = [](int threads_of_host) {
    omp_set_num_threads(threads_of_host);
    const std::vector<int> before = openmp_settings();
    run_on_team(2, 10, [](std::size_t) {});
    EXPECT_EQ(openmp_settings(), before);
    int team = 0;
#pragma omp parallel
#pragma omp single
    team = omp_get_num_threads();
    EXPECT_EQ(team, threads_of_host);
  };
  check(3);
  check(1);
  std::thread([&check] { check(4); }).join();
  std::thread([] {
    const std::vector<int> fresh = openmp_settings();
    std::thread([] { run_on_team(2, 10, [](std::size_t) {}); }).join();
    EXPECT_EQ(openmp_settings(), fresh);
  }).join();
}

TEST(Team, IsOneThreadWithinARegionOfTheHosts) {
  std::atomic<int> foreign{0};
  std::atomic<int> done{0};
#pragma omp parallel num_threads(2)
  {
    const auto own = std::this_thread::get_id();
    run_on_team(4, 50, [&](std::size_t) {
      ++done;
      if (std::this_thread::get_id() != own) ++foreign;
    });
  }
  EXPECT_EQ(done, 100);
  EXPECT_EQ(foreign, 0);
}

TEST(Team, RoundsToNearestAndPutsTheHostsRoundingBack) {
  std::fesetround(FE_UPWARD);
  std::atomic<int> others{0};
  run_on_team(3, 30, [&](std::size_t) {
    if (std::fegetround() != FE_TONEAREST) ++others;
  });
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(others, 0);
}

TEST(LoopThreads, AreTheEngineCallsOrElseIdleWorkers) {
  EXPECT_EQ(detail::loop_threads(*latency_runtime(3).core()), 3u);
  EXPECT_EQ(detail::loop_threads(*test::make_runtime(2).core()), 1u);
  RuntimeOptions options;
  options.workers = 2;
  options.image_threads = 4;
  options.allow_oversubscription = true;
  EXPECT_EQ(detail::loop_threads(*Runtime::create(options).value().core()), 4u);
}

/// The only worker's own threads: none of its work waits for a worker that there is not.
TEST(Parts, RunOnTheTeamOfAWorkerThatHasOne) {
  const Runtime runtime = latency_runtime(2);
  test::Gate gate;
  gate.close();
  std::thread opener([&gate] {
    gate.wait_for_arrivals(2);
    gate.open();
  });
  std::mutex mutex;
  std::set<std::thread::id> threads;
  detail::run_parts(*runtime.core(), 9, 20, [&](std::size_t) {
    gate.pass();
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  opener.join();
  EXPECT_EQ(threads.size(), 2u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
