// SPDX-License-Identifier: Apache-2.0
// Which CPUs count, and what of their time.
#include "runtime/machine_time.hpp"

#include <gtest/gtest.h>

#include "fake_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using std::chrono::milliseconds;

const std::string kStat =
    "cpu  1000 1000 1000 1000 1000 1000 1000 1000 0 0\n"
    "cpu0 1 2 4 1000 2000 8 16 32 5 5\n"
    "cpu1 100 0 0 0 0 0 0 3 0 0\n"
    "cpu2 7 0 0 0 0 0 0 9 0 0\n"
    "intr 5\n";

std::optional<MachineTime> time_of(const std::string& allowed, const std::string& stat = kStat) {
  return compute_machine_time(
      FakeFiles({{"/proc/self/status", "Name:\tx\nCpus_allowed_list:\t" + allowed + "\n"}, {"/proc/stat", stat}}),
      milliseconds(10));
}

TEST(MachineTime, CountsWhatIsNeitherIdleNorStolenAsBusy) {
  const auto time = time_of("0");
  ASSERT_TRUE(time);
  EXPECT_EQ(time->busy, milliseconds(310));
  EXPECT_EQ(time->stolen, milliseconds(320));
}

TEST(MachineTime, IsThatOfTheAllowedCpusAlone) {
  EXPECT_EQ(time_of("0-1")->stolen, milliseconds(350));
  EXPECT_EQ(time_of("1-2")->busy, milliseconds(1070));
  EXPECT_EQ(time_of("0,2")->stolen, milliseconds(410));
}

TEST(MachineTime, IsNothingWhereTheFilesDoNotSayIt) {
  EXPECT_FALSE(time_of("7"));
  EXPECT_FALSE(time_of("many"));
  EXPECT_FALSE(time_of("0", "cpu0 1 2 4 1000\n"));
  EXPECT_FALSE(time_of("0", "cpu0 1 2 4 1000 2000 8 16 x\n"));
  EXPECT_FALSE(compute_machine_time(FakeFiles({}), milliseconds(10)));
}

TEST(MachineTime, IsReadOnThisMachine) {
  const auto time = read_machine_time();
  ASSERT_TRUE(time);
  EXPECT_GT(time->busy.count(), 0);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
