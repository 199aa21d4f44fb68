// SPDX-License-Identifier: Apache-2.0
// The ops of cascades by hand, and what they refuse; tests/parity/cascade_parity.py compares with facenet_pytorch.
#include <gantry/detect.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "ops/detect/heads.hpp"
#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::f32;
using test::FailsWith;
using test::run;
using test::text_of;

using Levels = std::tuple<Image, std::vector<Tensors>>;
using Answers = std::tuple<Detections, std::vector<Tensors>>;
using Named = std::tuple<Detections, std::vector<Classes>>;

Image picture(std::int64_t width, std::int64_t height) {
  return Image::make(width, height, Colour::kRgb).value();
}

/// Of one level of 20 x 20 pixels at scale 0.6, with 2 x 1 cells.
Tensors level(const std::vector<float>& shares, const std::vector<float>& moves = std::vector<float>(8)) {
  std::vector<float> both = {1 - shares[0], 1 - shares[1]};
  both.insert(both.end(), shares.begin(), shares.end());
  return {{"scores", f32({2, 1, 2}, both)}, {"boxes", f32({4, 1, 2}, moves)}};
}

Result<Detections> slide(const std::vector<Tensors>& levels, detect::SlidingWindow options = {}) {
  return run(detect::sliding_window(options), Levels(picture(20, 20), levels));
}

TEST(SlidingWindow, MakesABoxOfEachCellThatIsSure) {
  EXPECT_EQ(text_of(slide({level({0.5f, 0.75f})})), "0 0.75 [5, 1, 23, 20]");
  EXPECT_EQ(text_of(slide({level({0.5f, 0.75f}, {0, 0.5f, 0, -1, 0, 1, 0, 2})})), "0 0.75 [14, -18, 41, 58]");
  EXPECT_EQ(text_of(slide({level({0.6f, 0.5f})})), "0 0.6 [1, 1, 20, 20]") << "the threshold itself is enough";
  EXPECT_EQ(text_of(slide({level({kNan, 0.5f})})), "");
}

TEST(SlidingWindow, SuppressesWithinALevelBeforeBoxesMove) {
  // the two boxes overlap by 0.63
  EXPECT_EQ(text_of(slide({level({0.7f, 0.8f}, {9, 0, 9, 0, 9, 0, 9, 0})})), "0 0.8 [5, 1, 23, 20]");
  detect::SlidingWindow options;
  options.level_iou = 0.7;
  EXPECT_EQ(slide({level({0.7f, 0.8f})}, options).value().size(), 2u);
  options.iou = 0.6;
  EXPECT_EQ(slide({level({0.7f, 0.8f})}, options).value().size(), 1u);
  options.iou = 1;
  options.top = 1;
  EXPECT_EQ(text_of(slide({level({0.7f, 0.8f})}, options)), "0 0.8 [5, 1, 23, 20]");
}

TEST(SlidingWindow, KeepsAtMostAsManyAsItSays) {
  const std::int64_t side = 300;
  detect::SlidingWindow options;
  options.top = 100;
  options.level_iou = options.iou = 1;
  const Tensors all = {{"scores", f32({2, side, side}, std::vector<float>(2 * side * side, 0.9f))},
                       {"boxes", f32({4, side, side}, std::vector<float>(4 * side * side, kInfinity))}};
  const auto found = slide({all}, options);
  ASSERT_THAT(found, test::IsOk());
  EXPECT_EQ(found->size(), 100u);
}

TEST(SlidingWindow, OfAPictureWithoutLevelsIsEmpty) {
  EXPECT_EQ(run(detect::sliding_window({}), Levels(picture(19, 500), {})).value().size(), 0u);
}

TEST(SlidingWindow, RefusesWhatDoesNotFit) {
  EXPECT_THAT(slide({}), FailsWith(ErrorCode::kInvalidArgument,
                                   "expected what a model gave for each of the 1 levels (scale=0.6, factor=0.709, "
                                   "min_side=12) of an image of 20x20, got 0"));
  EXPECT_THAT(slide({{{"boxes", f32({4, 1, 2}, std::vector<float>(8))}}}),
              FailsWith(ErrorCode::kInvalidArgument, "level 0: tensor 'scores' is missing; there are boxes"));
  EXPECT_THAT(slide({{{"scores", f32({1, 1, 2}, {1, 1})}, {"boxes", f32({4, 1, 2}, std::vector<float>(8))}}}),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'scores': expected f32[C, h, w] on the CPU, got"));
  EXPECT_THAT(slide({{{"scores", f32({2, 1, 2}, {1, 1, 1, 1})}, {"boxes", f32({4, 2, 1}, std::vector<float>(8))}}}),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'boxes': expected f32[4, 1, 2] on the CPU, got"));
  detect::SlidingWindow options;
  options.score = 1.5f;
  EXPECT_THAT(slide({}, options), FailsWith(ErrorCode::kInvalidArgument, "score must be 0..1, got 1.5"));
  options = {};
  options.level_iou = kNan;
  EXPECT_THAT(slide({}, options), FailsWith(ErrorCode::kInvalidArgument, "level_iou must be 0..1, got nan"));
  options = {};
  options.boxes = "";
  EXPECT_THAT(slide({}, options), FailsWith(ErrorCode::kInvalidArgument, "boxes must be the name of a tensor"));
}

Detections two() {
  return Detections({{3, "a", 0.5f, {0, 0, 9, 19}, {}}, {4, "b", 0.4f, {1, 0, 9, 19}, {}}});
}

Tensors answer(float share, const std::vector<float>& moves = {0, 0, 0, 0}, const std::vector<float>& points = {}) {
  Tensors tensors = {{"scores", f32({2}, {1 - share, share})}, {"boxes", f32({4}, moves)}};
  if (!points.empty()) tensors.add("points", f32({static_cast<std::int64_t>(points.size())}, points));
  return tensors;
}

TEST(Refine, TakesWhatTheModelSays) {
  detect::Refine options;
  EXPECT_EQ(text_of(run(detect::refine(options), Answers(two(), {answer(0.8f), answer(0.9f, {1, 0, 1, 0.5f})}))),
            "4 0.9 [9, 0, 17, 28.5]; 3 0.8 [0, 0, 9, 19]");
  options.inclusive = true;
  options.points = "points";
  const auto found =
      run(detect::refine(options), Answers(two(), {answer(0.7f), answer(0.9f, {1, 0, 1, 0.5f}, {0, 1, 0.5f, 0.25f})}));
  EXPECT_EQ(text_of(found), "4 0.9 [10, 0, 18, 29]") << "a score equal to the threshold does not stay";
  EXPECT_EQ((*found)[0].keypoints[0], (Keypoint{0, 9, 0.9f}));
  EXPECT_EQ((*found)[0].keypoints[1], (Keypoint{9, 4, 0.9f}));
}

TEST(Refine, SuppressesBeforeBoxesMoveWhereItIsTold) {
  detect::Refine options;
  options.iou = 0.8;
  EXPECT_EQ(text_of(run(detect::refine(options), Answers(two(), {answer(0.8f), answer(0.9f, {9, 9, 9, 9})}))),
            "4 0.9 [73, 171, 81, 190]");
}

TEST(Refine, DropsScoresThatAreNaN) {
  EXPECT_EQ(text_of(run(detect::refine({}), Answers(two(), {answer(kNan), answer(0.2f)}))), "");
}

TEST(Refine, RefusesWhatDoesNotFit) {
  EXPECT_THAT(run(detect::refine({}), Answers(two(), {answer(1)})),
              FailsWith(ErrorCode::kInvalidArgument, "expected what a model gave for each of 2 detections, got 1"));
  EXPECT_THAT(run(detect::refine({}), Answers(two(), {answer(1), {{"scores", f32({2}, {0, 1})}}})),
              FailsWith(ErrorCode::kInvalidArgument, "answer 1: tensor 'boxes' is missing; there are scores"));
  EXPECT_THAT(run(detect::refine({}), Answers(two(), {{{"scores", f32({1}, {1})}}, answer(1)})),
              FailsWith(ErrorCode::kInvalidArgument, "answer 0: tensor 'scores': expected f32[C] on the CPU, got"));
  detect::Refine options;
  options.points = "points";
  EXPECT_THAT(run(detect::refine(options), Answers(two(), {answer(1, {0, 0, 0, 0}, {1, 2, 3}), answer(0)})),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'points': expected as many x as y, got"));
  options.iou = 2;
  EXPECT_THAT(run(detect::refine(options), Answers(two(), {})),
              FailsWith(ErrorCode::kInvalidArgument, "iou must be 0..1, got 2"));
}

TEST(Square, GrowsAroundTheCentre) {
  const Detections found({{0, "", 1, {0, 0, 4, 10}, {}}, {0, "", 1, {0, 0, 10, 4}, {}}, {0, "", 1, {1, 2, 3, 4}, {}}});
  EXPECT_EQ(text_of(run(detect::square(), found)), "0 1 [-3, 0, 7, 10]; 0 1 [0, -3, 10, 7]; 0 1 [1, 2, 3, 4]");
  EXPECT_EQ(run(detect::square(), Detections({{0, "", 1, {kNan, -kInfinity, kInfinity, 0}, {}}})).value().size(), 1u);
}

TEST(Classify, GivesEachDetectionTheClassOfItsCrop) {
  const std::vector<Classes> classes = {Classes({{7, "cat", 0.25f}, {1, "dog", 0.1f}}), Classes({{8, "cow", 0.75f}})};
  const auto found = run(detect::classify(), Named(two(), classes)).value();
  EXPECT_EQ(text_of(found), "8 0.75 [1, 0, 9, 19]; 7 0.25 [0, 0, 9, 19]");
  EXPECT_EQ(found[0].label, "cow");
  EXPECT_EQ(text_of(run(detect::classify(detect::ClassifiedScore::kDetection), Named(two(), classes))),
            "7 0.5 [0, 0, 9, 19]; 8 0.4 [1, 0, 9, 19]");
  EXPECT_EQ(text_of(run(detect::classify(detect::ClassifiedScore::kProduct), Named(two(), classes))),
            "8 0.3 [1, 0, 9, 19]; 7 0.125 [0, 0, 9, 19]");
  EXPECT_THAT(run(detect::classify(), Named(two(), {})),
              FailsWith(ErrorCode::kInvalidArgument, "expected classes for each of 2 detections, got 0"));
  EXPECT_THAT(run(detect::classify(), Named(two(), {classes[0], Classes()})),
              FailsWith(ErrorCode::kInvalidArgument, "answer 1 has no class"));
}

TEST(Crop, RoundsAsFacenetDoes) {
  detect::Crop options;
  options.rounding = detect::CropRounding::kFacenet;
  const auto size_of = [&](const Box& box) {
    const auto crops = run(detect::crop(options), std::tuple(picture(100, 50), Detections({{0, "", 1, box, {}}})));
    return crops ? std::to_string((*crops)[0].width()) + "x" + std::to_string((*crops)[0].height())
                 : crops.error().to_string();
  };
  EXPECT_EQ(size_of({10.9f, 20.9f, 30.9f, 40.9f}), "21x21");
  EXPECT_EQ(size_of({-5, 0.5f, 3e9f, 3e9f}), "100x50");
  EXPECT_EQ(size_of({200, 200, 300, 300}), "1x1") << "at least a pixel stays";
  EXPECT_THAT(size_of({0, 0, kNan, 1}), testing::HasSubstr("the box of detection 0 is not finite"));
}

TEST(Nms, OfTheSmallerBoxAndInclusive) {
  const std::vector<Box> boxes = {{0, 0, 9, 9}, {0, 0, 4, 4}, {10, 0, 19, 9}};
  const std::vector<float> scores = {3, 2, 1};
  const std::vector<std::int64_t> classes = {0, 0, 0};
  const auto kept = [&](double iou, detect::Overlap overlap, bool inclusive) {
    return detect::batched_nms(Span<const Box>(boxes), Span<const float>(scores), Span<const std::int64_t>(classes),
                               {iou, detect::Suppress::kPerClass, 300, overlap, inclusive})
        .value()
        .size();
  };
  EXPECT_EQ(kept(0.5, detect::Overlap::kUnion, false), 3u);
  EXPECT_EQ(kept(0.5, detect::Overlap::kSmaller, false), 2u) << "a box within another one overlaps it by 1";
  EXPECT_EQ(kept(0.24, detect::Overlap::kUnion, true), 2u) << "25 of 100 pixels";
  EXPECT_EQ(kept(0.25, detect::Overlap::kUnion, true), 3u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
