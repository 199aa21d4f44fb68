// SPDX-License-Identifier: Apache-2.0
// detect.db where its answer is known without OpenCV; tests/parity/quad_parity.py has the rest.
#include <gtest/gtest.h>
#include <gantry/detect/box.hpp>
#include <gantry/detect/db.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "ops/detect/quads/lattice.hpp"
#include "ops/detect/quads/outlines.hpp"
#include "ops/detect/quads/quad_fixtures.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::LatticePoint;
using test::FailsWith;
using test::kNan;
using test::map_of;
using test::run;
using test::upright;

/// 1 where the box is, else 0.
Tensor box_map(std::int64_t width, std::int64_t height, const Box& box, float inside = 1) {
  return map_of(width, height, [&](std::int64_t x, std::int64_t y) {
    const auto across = static_cast<float>(x), down = static_cast<float>(y);
    return across >= box.x0 && across < box.x1 && down >= box.y0 && down < box.y1 ? inside : 0.0f;
  });
}

/// Nothing grows before the box is found, and all is text whose mean is above 0.
detect::Db plain() {
  detect::Db options;
  options.dilate = false;
  options.box_threshold = 0;
  return options;
}

Result<Quads> found(const detect::Db& options, const Tensor& map) {
  return run(detect::db(options), map);
}

TEST(Db, GrowsARectangleByAreaOverPerimeter) {
  // From the first pixel to the last it is 30 x 10: it grows by 300 * 1.6 / 80 = 6 at each side.
  const Quads quads = found(plain(), box_map(80, 60, {20, 20, 51, 31})).value();
  ASSERT_EQ(quads.size(), 1u);
  EXPECT_EQ(quads[0].score, 1);
  const Quad expected = upright(14, 14, 56, 36);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(quads[0].quad.corners[i].x, expected.corners[i].x, 1e-4);
    EXPECT_NEAR(quads[0].quad.corners[i].y, expected.corners[i].y, 1e-4);
  }
}

TEST(Db, DilatesToTheRightAndDownwards) {
  detect::Db options = plain();
  const Tensor map = box_map(80, 60, {20, 20, 51, 31});
  const Quad before = found(options, map).value()[0].quad;
  options.dilate = true;
  const Quad after = found(options, map).value()[0].quad;
  EXPECT_GT(after.corners[2].x, before.corners[2].x);
  EXPECT_GT(after.corners[2].y, before.corners[2].y);
}

TEST(Db, TakesAMapWithAChannelAxis) {
  const Tensor map = box_map(80, 60, {20, 20, 51, 31});
  const Tensor with_channel = map.reshape({1, 60, 80}).value();
  EXPECT_EQ(found(plain(), with_channel).value()[0].quad, found(plain(), map).value()[0].quad);
}

TEST(Db, ComparesTheMeanWithinTheBox) {
  detect::Db options = plain();
  options.box_threshold = 0.75;
  EXPECT_EQ(found(options, box_map(80, 60, {20, 20, 51, 31}, 0.75f)).value().size(), 1u);
  options.box_threshold = 0.7500001;
  EXPECT_EQ(found(options, box_map(80, 60, {20, 20, 51, 31}, 0.75f)).value().size(), 0u);
}

TEST(Db, DropsWhatIsTooThin) {
  EXPECT_EQ(found(plain(), box_map(80, 60, {20, 20, 51, 23})).value().size(), 0u);  // 2 from pixel to pixel
  EXPECT_EQ(found(plain(), box_map(80, 60, {20, 20, 51, 24})).value().size(), 1u);
  EXPECT_EQ(found(plain(), box_map(80, 60, {20, 20, 21, 21})).value().size(), 0u);
}

TEST(Db, LooksAtTheLastOutlinesFirst) {
  const Tensor map = map_of(40, 60, [](std::int64_t x, std::int64_t y) { return x > 5 && y % 20 > 9 ? 0.9f : 0.1f; });
  detect::Db options = plain();
  const Quads all = found(options, map).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_GT(all[0].quad.corners[0].y, all[1].quad.corners[0].y);
  EXPECT_GT(all[1].quad.corners[0].y, all[2].quad.corners[0].y);
  options.max_candidates = 2;
  const Quads first = found(options, map).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].quad, all[1].quad);
}

TEST(Db, FindsNothingInNothing) {
  EXPECT_TRUE(found({}, map_of(7, 5, [](auto, auto) { return 0.0f; })).value().empty());
  EXPECT_TRUE(found({}, map_of(7, 5, [](auto, auto) { return kNan; })).value().empty());
}

TEST(Db, DropsABoxWhoseMeanIsNaN) {
  const auto value = [](std::int64_t x, std::int64_t y) {
    return x == 30 && y == 25 ? kNan : x >= 20 && x < 51 && y >= 20 && y < 31 ? 0.9f : 0.0f;
  };
  EXPECT_TRUE(found(plain(), map_of(80, 60, value)).value().empty());
}

TEST(Db, RefusesWhatIsNoMap) {
  const auto expect_refused = [](const Tensor& tensor, const std::string& got) {
    EXPECT_THAT(found({}, tensor), FailsWith(ErrorCode::kInvalidArgument, got));
  };
  expect_refused(Tensor::make(DType::kF32, {4}).value(), "the map: expected f32[h, w] on the CPU, got f32[4]");
  expect_refused(Tensor::make(DType::kF32, {2, 4, 4}).value(),
                 "the map: expected f32[1, h, w] on the CPU, got f32[2, 4, 4]");
  expect_refused(Tensor::make(DType::kU8, {4, 4}).value(), "got u8[4, 4]");
  expect_refused(Tensor::make(DType::kF32, {0, 4}).value(), "got f32[0, 4]");
  expect_refused(Tensor::make(DType::kF32, {1, 65536}).value(), "expected sides of at most 65535");
}

TEST(Db, RefusesOptionsOutsideTheirLimits) {
  const auto refused = [](auto change) {
    detect::Db options;
    change(options);
    return found(options, box_map(8, 8, {}));
  };
  EXPECT_THAT(refused([](auto& o) { o.threshold = kNan; }),
              FailsWith(ErrorCode::kInvalidArgument, "threshold must be 0..1"));
  EXPECT_THAT(refused([](auto& o) { o.box_threshold = 2; }),
              FailsWith(ErrorCode::kInvalidArgument, "box_threshold must be"));
  EXPECT_THAT(refused([](auto& o) { o.unclip_ratio = 0.4; }),
              FailsWith(ErrorCode::kInvalidArgument, "unclip_ratio must be"));
  EXPECT_THAT(refused([](auto& o) { o.min_side = 0; }), FailsWith(ErrorCode::kInvalidArgument, "min_side must be"));
  EXPECT_THAT(refused([](auto& o) { o.max_candidates = 0; }), FailsWith(ErrorCode::kInvalidArgument, "max_candidates"));
}

/// Half a million holes of a pixel in one part: joined to one another in linear time, or this test would not end.
TEST(Db, TakesNoiseInLinearTime) {
  const Tensor map = map_of(1024, 1024, [](std::int64_t x, std::int64_t y) { return (x + y) % 2 == 0 ? 1.0f : 0.0f; });
  detect::Db options = plain();
  options.max_candidates = 65536;
  const Quads quads = found(options, map).value();
  EXPECT_TRUE(quads.empty()) << "of all outlines, those of holes come first, and are too small";
}

TEST(Db, EndsAtItsDeadline) {
  const auto pipeline = compile(detect::db({}), test::calling_thread()).value();
  RunOptions options;
  options.deadline = Deadline::clock::now() - std::chrono::seconds(1);
  EXPECT_THAT(pipeline.run(box_map(8, 8, {}), options), FailsWith(ErrorCode::kDeadlineExceeded, ""));
}

// Outlines

/// Of rows of '#' and '.'.
std::vector<std::vector<LatticePoint>> hulls_of(const std::vector<std::string>& rows) {
  const std::size_t width = rows[0].size();
  detail::Outlines outlines(static_cast<std::int64_t>(width), static_cast<std::int64_t>(rows.size()));
  for (const std::string& row : rows) {
    std::vector<std::uint8_t> bytes(8 + width + 8);
    for (std::size_t x = 0; x < width; ++x) bytes[8 + x] = row[x] == '#' ? 1 : 0;
    outlines.add_row(bytes.data() + 8);
  }
  return outlines.hulls(100, CallContext::none()).value();
}

TEST(Outlines, OfPartsThatTouchAtACornerAreOne) {
  EXPECT_EQ(hulls_of({"#....", ".#...", "....#"}).size(), 2u);
  EXPECT_EQ(hulls_of({"..#", ".#.", "#.."}).size(), 1u);
}

TEST(Outlines, OfAHoleAreThePixelsAroundIt) {
  const auto hulls = hulls_of({"####", "#.##", "####"});
  ASSERT_EQ(hulls.size(), 2u);
  EXPECT_EQ(hulls[0], (std::vector<LatticePoint>{{0, 1}, {1, 0}, {2, 1}, {1, 2}}));
  EXPECT_EQ(hulls[1], (std::vector<LatticePoint>{{3, 0}, {3, 2}, {0, 2}, {0, 0}}));
}

TEST(Outlines, OfHolesThatTouchAtACornerAreTwo) {
  EXPECT_EQ(hulls_of({"####", "#.##", "##.#", "####"}).size(), 3u);
}

TEST(Outlines, LeaveOutWhatIsOpenToTheOutside) {
  EXPECT_EQ(hulls_of({"####", "#..#", "#.##"}).size(), 1u);
  EXPECT_EQ(hulls_of({"####", "...#", "####"}).size(), 1u);
}

TEST(Outlines, OfARowOfAnyLength) {
  for (std::size_t width = 1; width < 40; ++width) {
    EXPECT_EQ(hulls_of({std::string(width, '#')}).size(), 1u);
    std::string alternating;
    for (std::size_t x = 0; x < width; ++x) alternating += x % 2 == 0 ? '#' : '.';
    EXPECT_EQ(hulls_of({alternating}).size(), (width + 1) / 2);
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
