// SPDX-License-Identifier: Apache-2.0
// Where boxes of a letterboxed image lie in the original; the pixels are compared with OpenCV's in tests/parity.
#include <gtest/gtest.h>
#include <array>
#include <cmath>
#include <gantry/image.hpp>

namespace gantry::image {
namespace {

using Box = std::array<float, 4>;

TEST(Unletterbox, TakesTheBorderOffAndScalesBack) {
  // 1920x1080 on 640x640: a third of the size, 140 rows of border above.
  EXPECT_EQ(unletterbox({0, 140, 640, 500}, {}, 1920, 1080), (Box{0, 0, 1920, 1080}));
  EXPECT_EQ(unletterbox({100, 150, 200, 250}, {}, 1920, 1080), (Box{300, 30, 600, 330}));
}

TEST(Unletterbox, ClampsToTheImage) {
  EXPECT_EQ(unletterbox({-5, 0, 700, 640}, {}, 1920, 1080), (Box{0, 0, 1920, 1080}));
}

TEST(Unletterbox, RoundsAHalfPixelOfBorderDown) {
  // 3x2 on 6x5: twice the size, one row is left over.
  Letterbox options;
  options.width = 6;
  options.height = 5;
  EXPECT_EQ(unletterbox({0, 0, 6, 4}, options, 3, 2), (Box{0, 0, 3, 2}));
}

TEST(Unletterbox, LeavesSmallImagesTheirSizeIfTheyWereNotScaledUp) {
  Letterbox options;
  options.scale_up = false;
  EXPECT_EQ(unletterbox({310, 315, 330, 325}, options, 20, 10), (Box{0, 0, 20, 10}));
}

TEST(Unletterbox, KeepsNan) {
  EXPECT_TRUE(std::isnan(unletterbox({NAN, 0, 0, 0}, {}, 10, 10)[0]));
}

}  // namespace
}  // namespace gantry::image
