// SPDX-License-Identifier: Apache-2.0
// FairQueue under a clock that only the test moves.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "runtime/policy/fair_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;

const Clock::time_point kStart{1h};

Ticket ticket(int priority, std::string tenant, Clock::duration at = 0s) {
  Ticket ticket;
  ticket.priority = priority;
  ticket.tenant = std::move(tenant);
  ticket.queued = kStart + at;
  return ticket;
}

std::vector<int> drain(FairQueue<int>& queue, Clock::duration at = 0s) {
  std::vector<int> order;
  while (auto entry = queue.take(kStart + at)) order.push_back(entry->item);
  return order;
}

TEST(FairQueue, KeepsTheOrderWithinATenant) {
  FairQueue<int> queue(1s);
  for (int i = 0; i < 5; ++i) queue.push(int{i}, ticket(0, "a"));
  EXPECT_EQ(drain(queue), (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, ServesHigherPrioritiesFirst) {
  FairQueue<int> queue(1s);
  queue.push(1, ticket(0, ""));
  queue.push(2, ticket(5, ""));
  queue.push(3, ticket(-1, ""));
  EXPECT_EQ(drain(queue), (std::vector<int>{2, 1, 3}));
}

TEST(FairQueue, AgesLowPriorities) {
  FairQueue<int> queue(1s);
  queue.push(1, ticket(0, ""));
  queue.push(2, ticket(2, "", 3s));
  EXPECT_EQ(queue.take(kStart + 3s)->item, 1) << "three seconds of waiting are worth more than two steps";
}

TEST(FairQueue, SaysWhoIsNext) {
  FairQueue<int> queue(1s, {{"a", 3.0}});
  EXPECT_EQ(queue.next(kStart), nullptr);
  for (int i = 0; i < 60; ++i) queue.push(int{i}, ticket(i % 3, i % 2 ? "a" : "b", i % 7 * 1s));
  while (const auto* next = queue.next(kStart + 9s)) {
    const int item = next->item;
    ASSERT_EQ(queue.take(kStart + 9s)->item, item);
  }
  EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, SharesByWeight) {
  FairQueue<int> queue(1s, {{"a", 3.0}, {"b", 1.0}});
  for (int i = 0; i < 40; ++i) {
    queue.push(0, ticket(0, "a"));
    queue.push(1, ticket(0, "b"));
  }
  int of_b = 0;
  for (int i = 0; i < 40; ++i) of_b += queue.take(kStart)->item;
  EXPECT_EQ(of_b, 10);
}

TEST(FairQueue, ALoudTenantDoesNotDelayAQuietOne) {
  FairQueue<int> queue(1s);
  for (int i = 0; i < 1000; ++i) queue.push(0, ticket(0, "loud"));
  for (int i = 0; i < 10; ++i) queue.take(kStart);
  queue.push(1, ticket(0, "quiet"));
  int before = 0;
  while (queue.take(kStart)->item == 0) ++before;
  EXPECT_LE(before, 1);
}

TEST(FairQueue, CountsCosts) {
  FairQueue<int> queue(1s);
  Ticket big = ticket(1, "a");
  big.cost = 7;
  queue.push(0, std::move(big));
  queue.push(1, ticket(0, "a"));
  EXPECT_EQ(queue.cost_ahead_of(0), 8);
  EXPECT_EQ(queue.cost_ahead_of(1), 7);
  EXPECT_EQ(queue.cost_ahead_of(2), 0);
}

TEST(FairQueue, TakesWhatFits) {
  FairQueue<int> queue(1s);
  for (int i = 0; i < 6; ++i) queue.push(int{i}, ticket(0, "a"));
  const auto even = [](const auto& entry) { return entry.item % 2 == 0; };
  EXPECT_EQ(queue.take(kStart, even)->item, 0);
  EXPECT_EQ(queue.take(kStart, even)->item, 2);
  EXPECT_EQ(drain(queue), (std::vector<int>{1, 3, 4, 5}));
}

TEST(FairQueue, CostsNothingOnceAllIsTaken) {
  FairQueue<int> queue(1s);
  for (int i = 0; i < 6; ++i) queue.push(int{i}, ticket(i, std::to_string(i % 2)));
  EXPECT_EQ(drain(queue).size(), 6u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.cost_ahead_of(-100), 0);
  EXPECT_FALSE(queue.take(kStart));
}

/// Against a model without any cleverness: nothing lost, nothing twice, order within a tenant and priority.
TEST(FairQueue, RandomSchedulesLoseNothing) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    FairQueue<int> queue(100ms, {{"1", 4.0}});
    std::map<std::pair<int, std::string>, int> last;
    std::map<int, std::pair<int, std::string>> owner;
    int pushed = 0;
    int taken = 0;
    Clock::time_point now = kStart;
    for (int step = 0; step < 100; ++step) {
      now += std::chrono::milliseconds(random() % 50);
      if (random() % 2) {
        Ticket next = ticket(static_cast<int>(random() % 3), std::to_string(random() % 3), now - kStart);
        owner[pushed] = {next.priority, next.tenant};
        queue.push(int{pushed++}, std::move(next));
      } else if (auto entry = queue.take(now)) {
        ++taken;
        auto& before = last.try_emplace(owner.at(entry->item), -1).first->second;
        ASSERT_LT(before, entry->item) << "seed " << seed;
        before = entry->item;
        owner.erase(entry->item);
      }
      ASSERT_EQ(queue.size(), static_cast<std::size_t>(pushed - taken)) << "seed " << seed;
    }
    while (auto entry = queue.take(now)) ASSERT_EQ(owner.erase(entry->item), 1u) << "seed " << seed;
    ASSERT_TRUE(owner.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
