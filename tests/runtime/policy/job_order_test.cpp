// SPDX-License-Identifier: Apache-2.0
// JobOrder with jobs that are numbers, under a clock that only the test moves.
#include "runtime/policy/job_order.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;

class JobOrderTest : public testing::Test {
 protected:
  static constexpr Clock::time_point at(Clock::duration since_start) { return Clock::time_point(1h) + since_start; }

  void request(int job, int priority = 0) {
    Ticket ticket;
    ticket.priority = priority;
    ticket.queued = at(0s);
    order_.push_request(std::move(job), std::move(ticket));
  }
  /// All that there is to do now.
  std::vector<int> run_all(Clock::duration now = 0s) {
    std::vector<int> jobs;
    while (auto next = order_.next(at(now))) jobs.push_back(next->job);
    return jobs;
  }

  JobOrder<int> order_{1s, {}};
};

TEST_F(JobOrderTest, HasNothingToDoAtFirst) {
  EXPECT_FALSE(order_.has_work());
  EXPECT_FALSE(order_.next(at(0s)));
  EXPECT_FALSE(order_.next_continuation(at(0s)));
  EXPECT_FALSE(order_.drain(at(0s)));
  EXPECT_EQ(order_.next_time(), std::nullopt);
}

TEST_F(JobOrderTest, ContinuesBeforeItBegins) {
  request(1);
  order_.push_continuation(2);
  order_.push_continuation(3);
  EXPECT_TRUE(order_.has_work());
  EXPECT_EQ(run_all(), (std::vector{2, 3, 1}));
  EXPECT_FALSE(order_.has_work());
}

TEST_F(JobOrderTest, DistinguishesQueuedRequestsFromContinuations) {
  request(1, 7);
  order_.push_continuation(2);
  EXPECT_FALSE(order_.next(at(0s))->request);
  const auto next = order_.next(at(0s));
  ASSERT_TRUE(next->request);
  EXPECT_EQ(next->request->priority, 7);
}

TEST_F(JobOrderTest, RunsTimersOnceTheyAreDueBehindContinuations) {
  order_.push_at(at(2s), 2);
  order_.push_at(at(1s), 1);
  EXPECT_EQ(order_.next_time(), at(1s));
  EXPECT_FALSE(order_.has_work()) << "a timer is no work until it is due";
  EXPECT_FALSE(order_.is_timer_due(at(999ms)));
  EXPECT_TRUE(order_.is_timer_due(at(1s)));
  EXPECT_EQ(order_.next_time_after(at(999ms)), at(1s));
  EXPECT_EQ(order_.next_time_after(at(1s)), at(2s)) << "the first is due";
  EXPECT_EQ(order_.next_time_after(at(2s)), std::nullopt);
  EXPECT_TRUE(run_all(999ms).empty());
  EXPECT_EQ(run_all(1s), std::vector{1});
  order_.push_continuation(3);
  request(4);
  EXPECT_EQ(run_all(2s), (std::vector{3, 2, 4}));
}

TEST_F(JobOrderTest, DefersBehindTheRequestsThatWereQueuedBefore) {
  request(1);
  request(2);
  order_.push_deferred(10);
  request(3);
  EXPECT_EQ(run_all(), (std::vector{1, 2, 10, 3}));
}

TEST_F(JobOrderTest, CountsOnlyRequestsThatAreQueuedForDeferredWork) {
  request(1);
  EXPECT_EQ(run_all(), std::vector{1});
  request(2);
  order_.push_deferred(10);
  request(3);
  EXPECT_EQ(run_all(), (std::vector{2, 10, 3}));
}

TEST_F(JobOrderTest, DeferredWorkDoesNotWaitForRequestsThatWereDrained) {
  request(1);
  order_.push_deferred(10);
  ASSERT_EQ(order_.drain(at(0s))->job, 1);
  EXPECT_EQ(run_all(), std::vector{10});
}

TEST_F(JobOrderTest, DoesDeferredWorkAtOnceIfNoRequestIsQueued) {
  order_.push_deferred(10);
  order_.push_deferred(11);
  EXPECT_TRUE(order_.has_work());
  EXPECT_EQ(run_all(), (std::vector{10, 11}));
}

TEST_F(JobOrderTest, RequestsThatWereNeverQueuedCountForDeferredWork) {
  request(1);
  order_.push_deferred(10);
  order_.count_begun();
  EXPECT_EQ(run_all(), (std::vector{10, 1}));
}

TEST_F(JobOrderTest, ContinuesWithoutBeginning) {
  request(1);
  order_.push_deferred(2);
  order_.push_at(at(1s), 3);
  order_.push_continuation(4);
  EXPECT_EQ(order_.next_continuation(at(1s)), 4);
  EXPECT_EQ(order_.next_continuation(at(1s)), 3);
  EXPECT_EQ(order_.next_continuation(at(1s)), std::nullopt);
  EXPECT_EQ(order_.queued_requests(), 1u);
}

TEST_F(JobOrderTest, OrdersRequestsAsFairQueueDoes) {
  request(1);
  request(2, 5);
  EXPECT_EQ(order_.cost_ahead_of(0), 2);
  EXPECT_EQ(order_.cost_ahead_of(1), 1);
  EXPECT_EQ(run_all(), (std::vector{2, 1}));
}

TEST_F(JobOrderTest, DrainsEverythingAndTellsWhichRequestsHadBegun) {
  request(1);
  order_.push_deferred(2);
  order_.push_continuation(3);
  order_.push_at(at(1s), 4);
  std::vector<std::string> drained;
  while (auto one = order_.drain(at(1s)))
    drained.push_back(std::to_string(one->job) + (one->has_begun ? " has begun" : " is new"));
  EXPECT_EQ(drained, (std::vector<std::string>{"3 has begun", "1 is new", "2 has begun"}));
  EXPECT_EQ(order_.drain_timers().size(), 1u);
  EXPECT_EQ(order_.next_time(), std::nullopt);
}

TEST(JobOrder, DeferredWorkIsBehindContinuationsAndTimers) {
  JobOrder<int> order(std::chrono::seconds(1), {});
  const Clock::time_point now{std::chrono::hours(1)};
  order.push_deferred(10);
  order.push_at(now, 3);
  order.push_continuation(2);
  EXPECT_EQ(order.next(now)->job, 2);
  EXPECT_EQ(order.next(now)->job, 3);
  EXPECT_EQ(order.next(now)->job, 10);
}

TEST(JobOrder, TimersOfOneTimeRunInTheOrderTheyWereAdded) {
  JobOrder<int> order(std::chrono::seconds(1), {});
  const Clock::time_point now{std::chrono::hours(1)};
  order.push_at(now, 1);
  order.push_at(now, 2);
  EXPECT_EQ(order.next(now)->job, 1);
  EXPECT_EQ(order.next(now)->job, 2);
}

/// A job for which there is room only while `has_memory`.
struct Fragile {
  static inline bool has_memory = true;
  Fragile() {
    if (!has_memory) throw std::bad_alloc();
  }
  explicit Fragile(int number) : value(std::make_unique<int>(number)) {}
  std::unique_ptr<int> value;
};

TEST(JobOrderMemory, LeavesAJobThatItCannotTakeWithTheCaller) {
  JobOrder<Fragile> order(1s, {});
  Fragile deferred(7), request(8);
  Fragile::has_memory = false;
  EXPECT_THROW(order.push_deferred(std::move(deferred)), std::bad_alloc);
  EXPECT_THROW(order.push_request(std::move(request), {}), std::bad_alloc);
  Fragile::has_memory = true;
  EXPECT_TRUE(deferred.value);
  EXPECT_TRUE(request.value);
  EXPECT_EQ(order.queued_requests(), 0u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
