// SPDX-License-Identifier: Apache-2.0
// When a machine has disturbed a measurement.
#include "cli/bench/machine_watch.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MachineUse quiet() {
  MachineUse use;
  use.elapsed = seconds(10);
  use.cpu_time = seconds(10);
  use.others = seconds(2);
  return use;
}

TEST(MachineWatch, AQuietMachineDisturbsNothing) {
  EXPECT_TRUE(noise_in(quiet()).empty());
  EXPECT_TRUE(noise_in(MachineUse()).empty());
}

TEST(MachineWatch, ThrottlingOfOverAHundredthDoes) {
  MachineUse use = quiet();
  use.throttled_periods = 3;
  use.throttled = milliseconds(100);
  EXPECT_TRUE(noise_in(use).empty());
  use.throttled = milliseconds(110);
  ASSERT_EQ(noise_in(use).size(), 1U);
  EXPECT_NE(noise_in(use)[0].find("throttled for 110 ms in 3 quota periods, 1.09 %"), std::string::npos)
      << noise_in(use)[0];
}

TEST(MachineWatch, StolenTimeOfOverAHundredthDoesUnlessItIsAFewTicks) {
  MachineUse use = quiet();
  use.stolen = milliseconds(110);
  EXPECT_TRUE(noise_in(use).empty());
  use.stolen = milliseconds(130);
  ASSERT_EQ(noise_in(use).size(), 1U);
  EXPECT_NE(noise_in(use)[0].find("took 130 ms"), std::string::npos);
  use.cpu_time = milliseconds(100);
  use.others = milliseconds(0);
  use.stolen = milliseconds(40);
  EXPECT_TRUE(noise_in(use).empty());
}

TEST(MachineWatch, SumsWhatTurnsTook) {
  MachineUse use = quiet();
  MachineUse later = quiet();
  later.memory.resident_bytes = 7;
  use += later;
  EXPECT_EQ(use.cpu_time, seconds(20));
  EXPECT_EQ(use.memory.resident_bytes, 7U);
  EXPECT_DOUBLE_EQ(use.others_cpus(), 0.2);
}

TEST(MachineWatch, SeesWhatThisProcessUses) {
  MachineWatch watch;
  watch.begin();
  volatile std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 20'000'000; ++i) sum = sum + i;
  const MachineUse use = watch.end();
  EXPECT_GT(use.cpu_time.count(), 0);
  EXPECT_GT(use.elapsed.count(), 0);
  EXPECT_GT(use.memory.resident_bytes, 0U);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
