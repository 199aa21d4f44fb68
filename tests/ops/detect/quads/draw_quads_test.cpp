// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/detect/draw_quads.hpp>

#include <array>
#include <limits>

#include "ops/detect/quads/quad_fixtures.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detect::draw_quads;
using test::bytes_of;
using test::FailsWith;
using test::kNan;
using test::quads_of;
using test::upright;

Image black(std::int64_t width, std::int64_t height) {
  return test::image_of(width, height, Colour::kGray,
                        std::vector<std::uint8_t>(static_cast<std::size_t>(width * height)));
}

bool is_black(const Image& image, std::int64_t x, std::int64_t y) {
  const std::uint8_t* const pixel = image.row(y) + 3 * x;
  return pixel[0] == 0 && pixel[1] == 0 && pixel[2] == 0;
}

TEST(DrawQuads, DrawsLinesFromCornerToCorner) {
  const Quad diamond = {{{{20, 5}, {35, 20}, {20, 35}, {5, 20}}}};
  const Image drawn = draw_quads(black(40, 40), quads_of({diamond}), {2}).value();
  EXPECT_EQ(drawn.colour(), Colour::kRgb);
  for (const auto& [x, y] : {std::array{27, 12}, std::array{27, 27}, std::array{12, 27}, std::array{12, 12}})
    EXPECT_FALSE(is_black(drawn, x, y)) << x << ", " << y;
  for (const auto& [x, y] : {std::array{20, 20}, std::array{3, 3}, std::array{36, 36}, std::array{20, 15}})
    EXPECT_TRUE(is_black(drawn, x, y)) << x << ", " << y;
}

TEST(DrawQuads, MarksTheFirstCorner) {
  const Image drawn = draw_quads(black(40, 40), quads_of({upright(10, 10, 30, 30)}), {2}).value();
  EXPECT_FALSE(is_black(drawn, 11, 11));
  EXPECT_TRUE(is_black(drawn, 28, 28));
}

TEST(DrawQuads, WritesNothingOutsideWhateverTheyHold) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float odd[] = {kNan, kInfinity, -kInfinity, 3e38f, -3e38f, 4e9f, -4e9f, -7.5f, 0, 12, 1e-40f};
  std::vector<Quad> quads;
  for (const float a : odd)
    for (const float b : odd) quads.push_back({{{{a, b}, {b, 3}, {12, a}, {b, b}}}});
  EXPECT_THAT(draw_quads(black(13, 9), quads_of(quads), {256}), test::IsOk());  // sanitizers see the rest
  const Image untouched =
      draw_quads(black(13, 9), quads_of({upright(kNan, 1, 9, 5), upright(-90, -90, -50, -50)})).value();
  for (const std::uint8_t byte : bytes_of(untouched)) EXPECT_EQ(byte, 0);
}

TEST(DrawQuads, RefusesLinesThatAreTooWide) {
  EXPECT_THAT(draw_quads(black(9, 9), Quads(), {257}),
              FailsWith(ErrorCode::kInvalidArgument, "line_width must be 0..256"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
