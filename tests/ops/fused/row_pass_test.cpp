// SPDX-License-Identifier: Apache-2.0
#include "ops/image/fused/row_pass.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

ResizeTo resize(std::int64_t width, std::int64_t height) {
  return {{width, height}, {}};
}

void expect_rectangle(const Rectangle& got, std::int64_t left, std::int64_t top, ImageSize size) {
  EXPECT_EQ(got.left, left);
  EXPECT_EQ(got.top, top);
  EXPECT_EQ(got.size.width, size.width);
  EXPECT_EQ(got.size.height, size.height);
}

TEST(RowPass, IsTheImageItselfAtFirst) {
  const RowPass pass({40, 30});
  EXPECT_TRUE(pass.is_crop());
  expect_rectangle(pass.visible(), 0, 0, {40, 30});
}

TEST(RowPass, AddsCropsUp) {
  RowPass pass({40, 30});
  EXPECT_TRUE(pass.add(Window{10, 5, {20, 20}}));
  EXPECT_TRUE(pass.add(Window{3, 4, {5, 6}}));
  EXPECT_TRUE(pass.is_crop());
  expect_rectangle(pass.visible(), 13, 9, {5, 6});
}

TEST(RowPass, ResamplesOnlyWhatACropLeaves) {
  RowPass pass({40, 30});
  EXPECT_TRUE(pass.add(Window{10, 5, {20, 20}}));
  EXPECT_TRUE(pass.add(resize(10, 10)));
  EXPECT_TRUE(pass.add(Window{1, 2, {3, 4}}));
  expect_rectangle(pass.source(), 10, 5, {20, 20});
  expect_rectangle(pass.visible(), 1, 2, {3, 4});
}

TEST(RowPass, LaysASmallImageOnACanvas) {
  RowPass pass({4, 4});
  EXPECT_TRUE(pass.add(Window{-3, -2, {10, 9}, 7}));
  EXPECT_TRUE(pass.has_border());
  EXPECT_EQ(pass.left(), 3);
  EXPECT_EQ(pass.top(), 2);
  EXPECT_EQ(pass.fill(), image::Fill(7));
  EXPECT_EQ(pass.size(), (ImageSize{10, 9}));
}

TEST(RowPass, CutsTheBorderOffAgain) {
  RowPass pass({4, 4});
  EXPECT_TRUE(pass.add(Window{-3, -2, {10, 9}, 7}));
  EXPECT_TRUE(pass.add(Window{4, 3, {2, 2}}));
  EXPECT_TRUE(pass.is_crop());
  expect_rectangle(pass.visible(), 1, 1, {2, 2});
}

TEST(RowPass, SeesNothingInAWindowBesideTheImage) {
  RowPass pass({4, 4});
  EXPECT_TRUE(pass.add(Window{100, 0, {3, 3}, 9}));
  EXPECT_EQ(pass.visible().size.width, 0);
  EXPECT_EQ(pass.size(), (ImageSize{3, 3}));
}

TEST(RowPass, CropsInTheMirroredImage) {
  RowPass pass({10, 10});
  EXPECT_TRUE(pass.add(Mirror{image::FlipAxis::kHorizontal}));
  EXPECT_TRUE(pass.add(Window{1, 2, {3, 4}}));
  EXPECT_TRUE(pass.mirrors_columns());
  expect_rectangle(pass.visible(), 6, 2, {3, 4});  // columns 1..4 of the mirrored are 6..9 of the original
}

TEST(RowPass, TurnsBackWhenMirroredTwice) {
  RowPass pass({10, 10});
  EXPECT_TRUE(pass.add(Mirror{image::FlipAxis::kVertical}));
  EXPECT_TRUE(pass.add(Mirror{image::FlipAxis::kVertical}));
  EXPECT_TRUE(pass.is_crop());
}

TEST(RowPass, LeavesTheSameSizeAlone) {
  RowPass pass({10, 10});
  EXPECT_TRUE(pass.add(resize(10, 10)));
  EXPECT_TRUE(pass.is_crop());
}

TEST(RowPass, TakesABoxInTheSameSizeForAResize) {
  RowPass pass({10, 10});
  EXPECT_TRUE(pass.add(ResizeTo{{10, 10}, {}, {}, image::Box{0.5f, 0, 9, 9}}));
  EXPECT_FALSE(pass.is_crop());
}

TEST(RowPass, EndsBeforeASecondResize) {
  RowPass pass({10, 10});
  EXPECT_TRUE(pass.add(resize(5, 5)));
  EXPECT_FALSE(pass.add(resize(6, 6)));
  EXPECT_EQ(pass.size(), (ImageSize{5, 5}));
}

TEST(RowPass, EndsBeforeAResizeOfABorderOrAMirroredImage) {
  RowPass bordered({10, 10}), mirrored({10, 10});
  EXPECT_TRUE(bordered.add(Window{-1, 0, {11, 10}}));
  EXPECT_FALSE(bordered.add(resize(6, 6)));
  EXPECT_TRUE(mirrored.add(Mirror{image::FlipAxis::kHorizontal}));
  EXPECT_FALSE(mirrored.add(resize(6, 6)));
}

TEST(RowPass, HasOneBorderColour) {
  RowPass pass({10, 10});
  EXPECT_TRUE(pass.add(Window{-1, -1, {12, 12}, 5}));
  EXPECT_TRUE(pass.add(Window{-1, -1, {14, 14}, 5}));
  EXPECT_FALSE(pass.add(Window{-1, -1, {16, 16}, 6}));
}

TEST(RowPass, EndsBeforeABorderMadeOfTheImage) {
  RowPass pass({10, 10});
  EXPECT_FALSE(pass.add(Extend{1, 1, {12, 12}, image::PadMode::kEdge}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
