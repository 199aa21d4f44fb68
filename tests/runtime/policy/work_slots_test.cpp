// SPDX-License-Identifier: Apache-2.0
#include "runtime/policy/work_slots.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

TEST(WorkSlots, GivesAsManyAsTheLimit) {
  WorkSlots slots(2);
  EXPECT_TRUE(slots.are_all_free());
  EXPECT_TRUE(slots.try_take());
  EXPECT_TRUE(slots.is_free());
  EXPECT_TRUE(slots.try_take());
  EXPECT_FALSE(slots.is_free());
  EXPECT_FALSE(slots.try_take());
  slots.release();
  EXPECT_FALSE(slots.are_all_free());
  EXPECT_TRUE(slots.try_take()) << "what was refused took nothing";
  slots.release();
  slots.release();
  EXPECT_TRUE(slots.are_all_free());
}

TEST(WorkSlots, KeepsThoseThatAreTakenWhenTheLimitFalls) {
  WorkSlots slots(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(slots.try_take());
  EXPECT_FALSE(slots.is_over_limit());
  EXPECT_EQ(slots.set_limit(1), -2);
  EXPECT_EQ(slots.limit(), 1);
  EXPECT_TRUE(slots.is_over_limit());
  slots.release();
  EXPECT_TRUE(slots.is_over_limit());
  slots.release();
  EXPECT_FALSE(slots.is_over_limit());
  EXPECT_FALSE(slots.try_take());
}

TEST(WorkSlots, SaysByHowManyTheLimitHasGrown) {
  WorkSlots slots(1);
  EXPECT_EQ(slots.set_limit(3), 2);
  EXPECT_EQ(slots.set_limit(3), 0);
  EXPECT_EQ(slots.set_limit(2), -1);
}

TEST(WorkSlots, AllWaitWhenAsManyWaitAsMayRun) {
  WorkSlots slots(2);
  EXPECT_FALSE(slots.do_all_wait());
  slots.begin_wait();
  EXPECT_FALSE(slots.do_all_wait());
  slots.set_limit(1);
  EXPECT_TRUE(slots.do_all_wait());
  slots.set_limit(2);
  slots.begin_wait();
  EXPECT_TRUE(slots.do_all_wait());
  slots.end_wait();
  EXPECT_FALSE(slots.do_all_wait());
}

TEST(WorkSlots, NoneIsFreeAboveALoweredLimit) {
  WorkSlots slots(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(slots.try_take());
  slots.set_limit(1);
  EXPECT_FALSE(slots.is_free());
  EXPECT_FALSE(slots.try_take());
}

TEST(WorkSlots, AllWaitIfMoreWaitThanALoweredLimit) {
  WorkSlots slots(2);
  slots.begin_wait();
  slots.begin_wait();
  slots.set_limit(1);
  EXPECT_TRUE(slots.do_all_wait());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
