// SPDX-License-Identifier: Apache-2.0
#include "core/near_names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Names = std::vector<std::string>;

const Names kNames = {"image.crop", "image.flip", "image.resize", "image.resize_short", "softmax", "top_k"};

TEST(NearNames, FindsAMisspeltName) {
  EXPECT_EQ(near_names("image.resise", kNames), Names{"image.resize"});
  EXPECT_EQ(near_names("sofmax", kNames), Names{"softmax"});
}

TEST(NearNames, FindsANameWithoutItsDomainNearestFirst) {
  EXPECT_EQ(near_names("resize", kNames), (Names{"image.resize", "image.resize_short"}));
  EXPECT_EQ(near_names("crop", kNames), Names{"image.crop"});
  EXPECT_EQ(near_names("images.flip", kNames).front(), "image.flip");
}

TEST(NearNames, PutsThoseThatHoldTheWordBeforeThoseThatResembleIt) {
  EXPECT_EQ(near_names("resize", {"detect.refine", "image.resize", "image.resize_short"}),
            (Names{"image.resize", "image.resize_short", "detect.refine"}));
}

TEST(NearNames, GivesFiveAtMost) {
  EXPECT_EQ(near_names("ops", Names(9, "opz")).size(), 5u);
}

TEST(NearNames, FindsNothingForWhatIsFarFromAll) {
  EXPECT_EQ(near_names("transcribe", kNames), Names{});
  EXPECT_EQ(near_names("", kNames), Names{});
  EXPECT_EQ(near_names(std::string(65, 'p'), {std::string(65, 'p')}), Names{}) << "a long word costs too much";
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
