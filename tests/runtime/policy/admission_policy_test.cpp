// SPDX-License-Identifier: Apache-2.0
// AdmissionPolicy under a clock that only the test moves.
#include "runtime/policy/admission_policy.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kNow{1h};

/// One sample leaves the queue every 10 ms.
AdmissionPolicy measured_policy(std::size_t max_in_flight = 100) {
  AdmissionPolicy policy(max_in_flight, 50ms, 100ms);
  policy.on_first(kNow - 20ms);
  policy.on_begin(kNow - 20ms, Ticket{}, false);
  policy.on_begin(kNow - 10ms, Ticket{}, false);
  return policy;
}

AdmissionPolicy::Load load(std::size_t in_flight, std::size_t queued = 0) {
  return {in_flight, queued, static_cast<double>(queued), 2};
}

TEST(AdmissionPolicy, AdmitsUpToTheLimit) {
  const AdmissionPolicy policy = measured_policy(3);
  EXPECT_FALSE(policy.refuse(std::nullopt, 0s, kNow, load(2)));
  const auto refusal = policy.refuse(std::nullopt, 0s, kNow, load(3));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(refusal->reason(), ErrorReason::kQueueFull);
  EXPECT_EQ(refusal->retry_after(), 10ms);
  EXPECT_EQ(refusal->message(), "3 requests are in flight, the limit is max_in_flight = 3");
}

TEST(AdmissionPolicy, AnIdleRuntimeTriesAnyRequest) {
  const AdmissionPolicy policy = measured_policy();
  EXPECT_FALSE(policy.refuse(kNow + 1ms, 1h, kNow, load(0)));
}

TEST(AdmissionPolicy, RefusesARequestThatTakesLongerThanItsDeadlineAllows) {
  const AdmissionPolicy policy = measured_policy();
  EXPECT_FALSE(policy.refuse(kNow + 30ms, 30ms, kNow, load(1)));
  const auto refusal = policy.refuse(kNow + 30ms, 31ms, kNow, load(1));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(refusal->reason(), ErrorReason::kDeadlineUnreachable);
  EXPECT_EQ(refusal->message(), "the request would take 31 ms, but its deadline is in 30 ms");
}

TEST(AdmissionPolicy, RefusesARequestThatCannotMeetItsDeadlineAfterTheQueuedOnes) {
  const AdmissionPolicy policy = measured_policy();
  EXPECT_FALSE(policy.refuse(kNow + 50ms, 10ms, kNow, load(5, 4))) << "4 of 10 ms each, and its own 10 ms";
  const auto refusal = policy.refuse(kNow + 50ms, 10ms, kNow, load(7, 5));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(refusal->reason(), ErrorReason::kDeadlineUnreachable);
  EXPECT_EQ(refusal->retry_after(), 10ms);
}

TEST(AdmissionPolicy, ThoseThatRunAreNotAhead) {
  const AdmissionPolicy policy = measured_policy();
  EXPECT_FALSE(policy.refuse(kNow + 15ms, 10ms, kNow, load(2))) << "both run";
  EXPECT_TRUE(policy.refuse(kNow + 15ms, 10ms, kNow, load(3))) << "one of three waits for a model";
}

TEST(AdmissionPolicy, ShedsRequestsThatHaveWaitedTooLongInAStandingQueue) {
  AdmissionPolicy policy = measured_policy();
  Ticket old;
  old.queued = kNow;
  old.deadline = kNow + 200ms;
  const auto later = kNow + 81ms;  // the queue was last empty 101 ms before
  EXPECT_FALSE(policy.shed(old, false, 1, kNow + 80ms)) << "it has not stood for longer than the interval";
  const auto refusal = policy.shed(old, false, 3, later);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(refusal->reason(), ErrorReason::kShed);
  EXPECT_EQ(refusal->retry_after(), 30ms);
  EXPECT_EQ(refusal->message(), "shed after 81 ms in a queue that stands; more comes in than can be computed");
  EXPECT_FALSE(policy.shed(old, true, 0, later)) << "the last one";
  Ticket without_deadline = old;
  without_deadline.deadline.reset();
  EXPECT_FALSE(policy.shed(without_deadline, false, 3, later));
  Ticket young = old;
  young.queued = later - 50ms;
  EXPECT_FALSE(policy.shed(young, false, 3, later)) << "50 ms are not more than the target";
  Ticket large = old;
  large.expected = 41ms;
  EXPECT_FALSE(policy.shed(large, false, 3, later)) << "twice what it takes is never too long";
  Ticket patient = old;
  patient.deadline = kNow + 810ms;
  EXPECT_FALSE(policy.shed(patient, false, 3, later)) << "a tenth of the time that it was given is never too long";
  patient.deadline = kNow + 809ms;
  EXPECT_TRUE(policy.shed(patient, false, 3, later));
  policy.on_begin(later, old, true);
  EXPECT_FALSE(policy.shed(old, false, 3, later + 1ms)) << "the queue was empty";
}

TEST(AdmissionPolicy, ADeadlineThatHasPassedIsInZeroMilliseconds) {
  const auto refusal = measured_policy().refuse(kNow - 5ms, 31ms, kNow, load(1));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->message(), "the request would take 31 ms, but its deadline is in 0 ms");
}

TEST(AdmissionPolicy, AFreeSlotIsNotSubtractedFromTheRequestsAhead) {
  for (const std::size_t in_flight : {6, 3}) {  // 3: fewer than are queued
    const auto refusal = measured_policy().refuse(kNow + 50ms, 10ms, kNow, load(in_flight, 5));
    ASSERT_TRUE(refusal) << in_flight;
    EXPECT_EQ(refusal->retry_after(), 10ms) << in_flight;
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
