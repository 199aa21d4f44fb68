// SPDX-License-Identifier: Apache-2.0
// Warps whose results are known without a reference.
#include <gantry/image/warp.hpp>

#include <gtest/gtest.h>
#include <limits>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::bytes_of;
using test::FailsWith;
using Values = std::vector<std::uint8_t>;

/// One channel, 3 x 2: 1 2 3, 4 5 6.
Image numbers() {
  Image image = Image::make(3, 2, Colour::kGray).value();
  for (int i = 0; i < 6; ++i) image.mutable_row(i / 3)[i % 3] = static_cast<std::uint8_t>(i + 1);
  return image;
}

TEST(Affine, MovesByWholePixels) {
  image::Affine right;
  right.translate_x = 1;
  EXPECT_EQ(bytes_of(test::run(image::affine(right), numbers()).value()), (Values{0, 1, 2, 0, 4, 5}));
  right.how = {image::Filter::kBilinear, std::uint8_t{9}};
  EXPECT_EQ(bytes_of(test::run(image::affine(right), numbers()).value()), (Values{9, 1, 2, 9, 4, 5}));
}

TEST(Affine, TurnsAroundTheMiddle) {
  image::Affine half_turn;
  half_turn.angle = 180;
  EXPECT_EQ(bytes_of(test::run(image::affine(half_turn), numbers()).value()), (Values{6, 5, 4, 3, 2, 1}));
}

TEST(Affine, RefusesWhatIsNoNumber) {
  image::Affine affine;
  affine.angle = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(test::run(image::affine(affine), numbers()),
              FailsWith(ErrorCode::kInvalidArgument, "angle must be finite, got nan"));
  affine.angle = 0;
  affine.how.filter = image::Filter::kLanczos;
  EXPECT_THAT(test::run(image::affine(affine), numbers()),
              FailsWith(ErrorCode::kInvalidArgument, "filter must be bilinear or nearest"));
}

TEST(Affine, SurvivesHugeNumbers) {
  image::Affine far;
  far.translate_x = 1e300;
  far.scale = 1e-300;
  EXPECT_EQ(bytes_of(test::run(image::affine(far), numbers()).value()), Values(6, 0));
}

TEST(Rectified, CutsAQuadOut) {
  const auto same = image::rectified(numbers(), {{{0, 0}, {3, 0}, {3, 2}, {0, 2}}}, 3, 2);
  EXPECT_EQ(bytes_of(same.value()), (Values{1, 2, 3, 4, 5, 6}));
  const auto turned = image::rectified(numbers(), {{{3, 0}, {3, 2}, {0, 2}, {0, 0}}}, 2, 3);
  EXPECT_EQ(bytes_of(turned.value()), (Values{3, 6, 2, 5, 1, 4})) << "a quarter turn";
}

TEST(Rectified, RefusesWhatIsNoQuad) {
  EXPECT_THAT(image::rectified(numbers(), {{{0, 0}, {1, 1}, {2, 2}, {0, 2}}}, 3, 2),
              FailsWith(ErrorCode::kInvalidArgument, "three of the corners lie on a line"));
  EXPECT_THAT(image::rectified(numbers(), {{{0, 0}, {3, 0}, {3, 2}, {0, 2}}}, 0, 2),
              FailsWith(ErrorCode::kInvalidArgument, "width must be 1..65535, got 0"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
