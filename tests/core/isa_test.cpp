// SPDX-License-Identifier: Apache-2.0
#include <gantry/isa.hpp>

#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

TEST(Isa, LevelsBeginWithTheBaseline) {
  const auto levels = isa_levels();
  ASSERT_FALSE(levels.empty());
  EXPECT_TRUE(levels[0] == "x86-64" || levels[0] == "aarch64") << levels[0];
}

TEST(Isa, AMachineHasItsLevelsAndNoOthers) {
  for (const std::string& level : isa_levels()) {
    EXPECT_EQ(has_isa(level), true) << level;
    EXPECT_THAT(check_isa(level), IsOk());
  }
  const std::string foreign = isa_levels()[0] == "aarch64" ? "x86-64-v2" : "aarch64";
  EXPECT_EQ(has_isa(foreign), false);
  EXPECT_THAT(check_isa(foreign), FailsWith(ErrorCode::kFailedPrecondition,
                                            "requires " + foreign + ", this CPU has " + isa_levels().back()));
}

TEST(Isa, FeaturesAreKnownAndOtherNamesAreNot) {
  EXPECT_TRUE(has_isa("avx512vnni").has_value());
  EXPECT_TRUE(has_isa("amx-tile").has_value());
  if (isa_levels().back() != "x86-64-v4") {
    EXPECT_EQ(has_isa("avx512vnni"), false);
  }
  EXPECT_EQ(has_isa("x86-64-v9"), std::nullopt);
  EXPECT_EQ(has_isa(""), std::nullopt);
  EXPECT_THAT(check_isa("avx512vnni"), FailsWith(ErrorCode::kInvalidArgument, "expected one of x86-64, x86-64-v2"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
