// SPDX-License-Identifier: Apache-2.0
#include <gantry/version.hpp>

#include <gtest/gtest.h>

#include <string>

namespace gantry::inline GANTRY_ABI::test {
namespace {

TEST(Version, TheLibraryIsOfTheVersionThatItsHeadersState) {
  EXPECT_STREQ(version(), GANTRY_VERSION_STRING);
  EXPECT_EQ(version(), std::to_string(GANTRY_VERSION_MAJOR) + "." + std::to_string(GANTRY_VERSION_MINOR) + "." +
                           std::to_string(GANTRY_VERSION_PATCH));
}

TEST(Version, NumbersOfVersionsAreInTheirOrder) {
  EXPECT_EQ(GANTRY_VERSION / 10000, GANTRY_VERSION_MAJOR);
  EXPECT_EQ(GANTRY_VERSION / 100 % 100, GANTRY_VERSION_MINOR);
  EXPECT_EQ(GANTRY_VERSION % 100, GANTRY_VERSION_PATCH);
}

// The functions by which plug-ins and engine libraries are found have a number of their own, which every minor version
// has to change: one that was built for another is then refused, instead of exchanging types that differ.
static_assert(GANTRY_VERSION / 100 == 1,
              "a new minor version: rename gantry_engine_0_2 and gantry_plugin_0_2, then state the version here");

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
