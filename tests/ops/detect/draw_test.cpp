// SPDX-License-Identifier: Apache-2.0
// What detect.draw draws, where, and that nothing but the picture is ever written to.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <gantry/detect/draw.hpp>
#include <gantry/image.hpp>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "ops/detect/draw_palette.hpp"
#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using detail::colour_of_class;
using detail::Rgb;
using test::bytes_of;
using test::FailsWith;
using test::IsOk;

constexpr Rgb kGround = {90, 91, 92};
/// Boxes alone.
const Draw kPlain = [] {
  Draw options;
  options.line_width = 1;
  options.labels = options.scores = false;
  return options;
}();

Image ground(std::int64_t width, std::int64_t height) {
  Image image = Image::make(width, height, Colour::kRgb).value();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      image.mutable_row(y)[3 * x] = kGround.red;
      image.mutable_row(y)[3 * x + 1] = kGround.green;
      image.mutable_row(y)[3 * x + 2] = kGround.blue;
    }
  return image;
}

Rgb at(const Image& image, std::int64_t x, std::int64_t y) {
  const std::uint8_t* pixel = image.row(y) + 3 * x;
  return {pixel[0], pixel[1], pixel[2]};
}

/// '#' where the picture is no longer the ground.
std::vector<std::string> drawn_rows(const Image& image) {
  std::vector<std::string> rows;
  for (std::int64_t y = 0; y < image.height(); ++y) {
    rows.emplace_back();
    for (std::int64_t x = 0; x < image.width(); ++x) rows.back() += at(image, x, y) == kGround ? '.' : '#';
  }
  return rows;
}

std::int64_t count_drawn(const Image& image) {
  std::int64_t count = 0;
  for (const std::string& row : drawn_rows(image)) count += std::count(row.begin(), row.end(), '#');
  return count;
}

Detection boxed(const Box& box, std::int64_t index = 0) {
  return {index, "", 0.5f, box, {}};
}

TEST(Draw, FramesABoxInTheColourOfItsClass) {
  const Image drawn = draw(ground(10, 7), Detections({boxed({2, 1, 8, 6}, 3)}), kPlain).value();
  EXPECT_EQ(drawn_rows(drawn), (std::vector<std::string>{
                                   "..........",
                                   "..######..",
                                   "..#....#..",
                                   "..#....#..",
                                   "..#....#..",
                                   "..######..",
                                   "..........",
                               }));
  EXPECT_EQ(at(drawn, 2, 1), colour_of_class(3));
}

TEST(Draw, WideLinesLieAroundTheEdgeAndWithinThePicture) {
  Draw wide = kPlain;
  wide.line_width = 2;
  EXPECT_EQ(drawn_rows(draw(ground(14, 11), Detections({boxed({3, 2, 11, 11})}), wide).value()),
            (std::vector<std::string>{
                "..............",
                "..##########..",
                "..##########..",
                "..##......##..",
                "..##......##..",
                "..##......##..",
                "..##......##..",
                "..##......##..",
                "..##......##..",
                "..##########..",
                "..##########..",
            }));
}

TEST(Draw, OfABoxThatLeavesThePictureTheEdgesWithinAreSeen) {
  EXPECT_EQ(drawn_rows(draw(ground(6, 4), Detections({boxed({-3, 1, 4, 1e30f})}), kPlain).value()),
            (std::vector<std::string>{"......", "####..", "...#..", "...#.."}));
}

TEST(Draw, EmptyAndUnknownBoxesLeaveThePictureAsItIs) {
  const Image picture = ground(40, 30);
  const Box boxes[] = {{20, 5, 10, 15},
                       {5, 20, 15, 10},
                       {5, 5, 5, 15},
                       {kNan, 1, 9, 9},
                       {1, kNan, 9, 9},
                       {1, 1, kNan, 9},
                       {1, 1, 9, kNan},
                       {50, 1, 60, 9},
                       {1, -20, 9, -10},
                       {kInfinity, 1, kInfinity, 9},
                       {-kInfinity, 1, -kInfinity, 9},
                       {1e30f, 1e30f, 2e30f, 2e30f},
                       {9, 9, -9, -9},
                       {kInfinity, 1, -kInfinity, 9},
                       {-1e30f, 1, -9e29f, 9}};
  for (const Box& box : boxes) {
    Detection found = boxed(box);
    found.label = "label";
    EXPECT_EQ(bytes_of(draw(picture, Detections({found})).value()), bytes_of(picture))
        << box.x0 << " " << box.y0 << " " << box.x1 << " " << box.y1;
  }
}

TEST(Draw, ABoxAsLargeAsCanBeIsDrawnAndHasItsLabelWithin) {
  Detection all = boxed({-kInfinity, -kInfinity, kInfinity, kInfinity}, 1);
  EXPECT_EQ(count_drawn(draw(ground(40, 30), Detections({all}), kPlain).value()), 0) << "its edges are far outside";
  all.label = "all";
  const Image drawn = draw(ground(90, 30), Detections({all})).value();
  EXPECT_EQ(at(drawn, 0, 0), colour_of_class(1));
}

TEST(Draw, LabelsStandAboveTheBoxOrWithinWhereThereIsNoRoom) {
  Detection found = boxed({20, 40, 90, 80}, 2);
  found.label = "cat";
  const Image above = draw(ground(120, 100), Detections({found})).value();
  EXPECT_EQ(at(above, 20, 38), colour_of_class(2));
  EXPECT_EQ(at(above, 20, 29), colour_of_class(2));
  EXPECT_EQ(at(above, 20, 28), kGround);
  EXPECT_EQ(at(above, 25, 45), kGround);
  found.box = {20, 3, 90, 80};
  const Image within = draw(ground(120, 100), Detections({found})).value();
  EXPECT_EQ(at(within, 22, 13), colour_of_class(2));
  EXPECT_EQ(at(within, 22, 2), kGround);
}

TEST(Draw, LabelsDoNotHideEachOtherAsLongAsThereIsRoom) {
  std::vector<Detection> crowd;
  for (int i = 0; i < 3; ++i) {
    crowd.push_back(boxed({20, 40, 90, 80}, i));
    crowd.back().label = "cat";
  }
  const Image drawn = draw(ground(120, 100), Detections(crowd)).value();
  std::set<std::tuple<int, int, int>> bars;
  for (std::int64_t y = 0; y < 100; ++y) {
    const Rgb pixel = at(drawn, 21, y);
    bars.insert({pixel.red, pixel.green, pixel.blue});
  }
  for (int i = 0; i < 3; ++i) {
    const Rgb colour = colour_of_class(i);
    EXPECT_EQ(bars.count({colour.red, colour.green, colour.blue}), 1u) << i;
  }
}

TEST(Draw, TheBestLiesOnTop) {
  const Detections both({boxed({2, 2, 8, 8}, 0), boxed({2, 2, 8, 8}, 1)});
  EXPECT_EQ(at(draw(ground(10, 10), both, kPlain).value(), 2, 2), colour_of_class(0));
}

TEST(Draw, LabelsAndScoresCanBeLeftOut) {
  Detection found = boxed({20, 40, 90, 80});
  found.label = "cat";
  Draw options;
  const auto drawn = [&] { return count_drawn(draw(ground(120, 100), Detections({found}), options).value()); };
  const std::int64_t both = drawn();
  options.scores = false;
  const std::int64_t label = drawn();
  options.labels = false;
  const std::int64_t none = drawn();
  options.scores = true;
  const std::int64_t score = drawn();
  EXPECT_GT(both, label);
  EXPECT_GT(label, none);
  EXPECT_GT(score, none);
  EXPECT_EQ(none, 2 * (70 + 38));
}

TEST(Draw, KeypointsAreDiscsAndThoseOfASmallScoreAreLeftOut) {
  Detection found = boxed({0, 0, 0, 0});
  found.keypoints =
      Keypoints({{30.5f, 20.5f, 0.9f}, {60.5f, 20.5f, 0.1f}, {kNan, 3, 1}, {3, kInfinity, 1}, {-1e30f, 2, 1}});
  Draw options = kPlain;
  const Image all = draw(ground(90, 40), Detections({found}), options).value();
  EXPECT_EQ(at(all, 30, 20), colour_of_class(0));
  EXPECT_EQ(at(all, 60, 20), colour_of_class(1));
  EXPECT_EQ(at(all, 27, 20), (Rgb{255, 255, 255})) << "its ring";
  EXPECT_EQ(at(all, 30, 25), kGround);
  options.keypoint_score = 0.5;
  const Image sure = draw(ground(90, 40), Detections({found}), options).value();
  EXPECT_EQ(at(sure, 30, 20), colour_of_class(0));
  EXPECT_EQ(at(sure, 60, 20), kGround);
}

TEST(Draw, GivesRgbAndLeavesThePictureAlone) {
  const Detections found({boxed({1, 1, 9, 9})});
  for (const Colour colour : {Colour::kGray, Colour::kRgb, Colour::kRgba}) {
    Image picture = Image::make(12, 12, colour).value();
    for (std::uint8_t& byte : picture.pixels().mutable_values<std::uint8_t>().value()) byte = 77;
    const auto before = bytes_of(picture);
    const Image drawn = draw(picture, found, kPlain).value();
    EXPECT_EQ(bytes_of(picture), before);
    ASSERT_EQ(drawn.colour(), Colour::kRgb);
    EXPECT_EQ(at(drawn, 5, 5), (Rgb{77, 77, 77}));
    EXPECT_EQ(at(drawn, 1, 11), (Rgb{77, 77, 77}));
  }
}

TEST(Draw, LinesAndLettersGrowWithThePicture) {
  const auto label_height = [](std::int64_t side) {
    const auto far = static_cast<float>(side);
    Detection found = boxed({0.25f * far, 0.5f * far, 0.75f * far, 0.9f * far});
    found.label = "g";
    const Image drawn = draw(ground(side, side), Detections({found})).value();
    std::int64_t top = 0;
    while (at(drawn, side / 4, top) == kGround) ++top;
    return side / 2 - top;
  };
  EXPECT_LE(label_height(120), 13);
  EXPECT_GE(label_height(1500), 40);
}

/// Every kind of number in every corner; sizes down to one pixel. With AddressSanitizer a byte outside would show, and
/// the canvas has a test of its own for it.
TEST(Draw, NothingIsTooHostile) {
  const float numbers[] = {0,          -0.0f, 0.4f,   5,       17,     63,          64,    65,
                           -1,         -40,   1e9f,   -1e9f,   1e30f,  -1e30f,      3e38f, kInfinity,
                           -kInfinity, kNan,  4.3e9f, -4.3e9f, 1e-40f, 2147483648.f};
  std::mt19937 random(7);
  const auto any = [&] { return numbers[random() % std::size(numbers)]; };
  const char* const labels[] = {"", "cat", "\xC3\xBC\xFF\x01 x",
                                "a label that is much longer than the picture is wide"};
  for (int round = 0; round < 3000; ++round) {
    std::vector<Detection> all;
    for (std::uint32_t i = 0; i < random() % 5; ++i) {
      Detection found{static_cast<std::int64_t>(random()) - (std::int64_t{1} << 31),
                      labels[random() % 4],
                      any(),
                      {any(), any(), any(), any()},
                      {}};
      if (random() % 2 == 0) found.keypoints = Keypoints({{any(), any(), any()}, {any(), any(), any()}});
      all.push_back(found);
    }
    Draw options;
    options.line_width = random() % 3 == 0 ? 256 : static_cast<std::int64_t>(random() % 4);
    options.text_scale = random() % 3 == 0 ? 64 : static_cast<std::int64_t>(random() % 4);
    const std::int64_t width = 1 + static_cast<std::int64_t>(random() % 64);
    const std::int64_t height = 1 + static_cast<std::int64_t>(random() % 64);
    const auto drawn = draw(ground(width, height), Detections(all), options);
    ASSERT_THAT(drawn, IsOk());
    ASSERT_EQ(drawn->width(), width);
    ASSERT_EQ(drawn->height(), height);
  }
}

TEST(Draw, OptionsOutsideTheirLimitsAreRefused) {
  const auto refused = [](auto change) {
    Draw options;
    change(options);
    return draw(ground(4, 4), Detections(), options);
  };
  EXPECT_THAT(refused([](Draw& o) { o.line_width = 257; }),
              FailsWith(ErrorCode::kInvalidArgument, "line_width must be 0..256, got 257"));
  EXPECT_THAT(refused([](Draw& o) { o.text_scale = -1; }),
              FailsWith(ErrorCode::kInvalidArgument, "text_scale must be 0..64, got -1"));
  EXPECT_THAT(refused([](Draw& o) { o.keypoint_score = std::nan(""); }),
              FailsWith(ErrorCode::kInvalidArgument, "keypoint_score must be finite"));
}

/// As part of a pipeline: the picture goes beside the detector, and what comes out lies where the picture lies.
TEST(Draw, MasksMustBeOfThePicturesSizeUnlessTheyAreLeftOut) {
  Detection one;
  one.box = {0, 0, 2, 2};
  one.mask = RunLengths(2, 2, {0, 4});
  const Image picture = Image::make(9, 9, Colour::kRgb).value();
  detect::Draw options;
  EXPECT_THAT(detect::draw(picture, Detections({one}), options),
              FailsWith(ErrorCode::kInvalidArgument, "the mask of detection 0 is 2x2, the picture 9x9"));
  options.mask_alpha = 0;
  EXPECT_THAT(detect::draw(picture, Detections({one}), options), test::IsOk());
  options.mask_alpha = 0.5;
  one.mask = RunLengths(9, 9, {0, 4});
  EXPECT_THAT(detect::draw(picture, Detections({one}), options),
              FailsWith(ErrorCode::kInvalidArgument, "the mask of detection 0: "));
}

TEST(Draw, StandsBehindAForkAndKeepsTheFrameOfThePicture) {
  const auto detector = stage("detector", [](const Image&) { return Detections({boxed({1, 1, 9, 9}, 4)}); });
  const auto small = image::resize(20, 10);
  const auto frame_of = stage("frame", [](const Image& image, const CallContext& call) -> Result<Tensor> {
    EXPECT_EQ(at(image, 1, 1), colour_of_class(4));
    const Frame& frame = *call.frame();
    const double gains[] = {frame.x.gain, frame.y.gain};
    return Tensor::from<double>(Span<const double>(gains, 2), {2});
  });
  const auto chain = fork(small, image::resize(5, 5) | detector) | draw(kPlain) | frame_of;
  const Tensor gains = test::run(chain, ground(40, 40)).value();
  const auto values = gains.values<double>().value();
  EXPECT_EQ(values[0], 0.5);
  EXPECT_EQ(values[1], 0.25);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detect
