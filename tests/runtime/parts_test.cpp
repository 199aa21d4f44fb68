// SPDX-License-Identifier: Apache-2.0
// Work in parts: each done once, on several threads where some are free, on one where none are.
#include "runtime/parts.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/runtime_core.hpp"
#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::run_parts;

TEST(Parts, AreEachDoneOnce) {
  const Runtime runtime = test::make_runtime(3);
  for (const std::size_t count : {0U, 1U, 2U, 7U, 1000U}) {
    std::vector<std::atomic<int>> done(count);
    run_parts(*runtime.core(), 4, count, [&](std::size_t part) { ++done[part]; });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(Parts, RunOnSeveralThreadsAtOnce) {
  const Runtime runtime = test::make_runtime(2);
  test::Gate gate;
  gate.close();
  std::thread opener([&gate] {
    gate.wait_for_arrivals(3);  // none could pass before all are there
    gate.open();
  });
  run_parts(*runtime.core(), 3, 3, [&gate](std::size_t) { gate.pass(); });
  opener.join();
}

TEST(Parts, AreAllDoneHereWhileEveryWorkerIsBusy) {
  const Runtime runtime = test::make_runtime(1);
  test::Gate gate;
  gate.close();
  runtime.core()->post([&gate](const Error*) { gate.pass(); });
  gate.wait_for_arrivals(1);
  std::set<std::thread::id> threads;
  run_parts(*runtime.core(), 4, 8, [&threads](std::size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
  gate.open();
}

TEST(Parts, ThrowWhatOneOfThemThrowsAfterTheOthers) {
  const Runtime runtime = test::make_runtime(2);
  std::atomic<int> done{0};
  const auto part = [&done](std::size_t i) {
    ++done;
    if (i == 3) throw std::runtime_error("part 3");
  };
  EXPECT_THROW(run_parts(*runtime.core(), 3, 10, part), std::runtime_error);
  EXPECT_EQ(done, 10);
}

TEST(Parts, AreDoneAfterShutdownToo) {
  const Runtime runtime = test::make_runtime(2);
  Runtime handle = runtime;
  ASSERT_TRUE(handle.shutdown());
  std::atomic<int> done{0};
  run_parts(*runtime.core(), 3, 5, [&done](std::size_t) { ++done; });
  EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
