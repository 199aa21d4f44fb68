// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/span.hpp>

#include <array>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI {
namespace {

TEST(Span, LooksAtWhateverHasDataAndSize) {
  std::vector<int> list{1, 2, 3};
  std::array<int, 2> pair{4, 5};
  int raw[] = {6};
  const Span<int> of_list = list;
  EXPECT_EQ(of_list.size(), 3u);
  EXPECT_EQ(Span<int>(pair).data(), pair.data());
  EXPECT_EQ(Span<int>(raw)[0], 6);
  EXPECT_EQ(Span<const char>(std::string("abc")).size(), 3u);
  const Span<const int> as_const = of_list;
  EXPECT_EQ(as_const.data(), list.data());
  EXPECT_FALSE((std::is_constructible_v<Span<int>, const std::vector<int>&>)) << "would drop const";
}

TEST(Span, SubspanIsAView) {
  std::vector<int> list{1, 2, 3, 4};
  const Span<int> middle = Span<int>(list).subspan(1, 2);
  middle[0] = 9;
  EXPECT_EQ(list, (std::vector<int>{1, 9, 3, 4}));
  EXPECT_EQ(middle.end() - middle.begin(), 2);
  EXPECT_TRUE(Span<int>().empty());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
