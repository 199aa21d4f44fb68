// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::seconds;

TEST(Progress, SaysWhatIsDoneHowFastAndWhatFailed) {
  EXPECT_EQ(progress_text(312, 1000, 7, seconds(6)), "  312/1000  52.0/s  7 failed");
  EXPECT_EQ(progress_text(5, 5, 0, seconds(10)), "  5/5  0.500/s");
  EXPECT_EQ(progress_text(0, 5, 0, seconds(0)), "  0/5");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
