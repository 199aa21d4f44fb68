// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/detect.hpp>
#include <gantry/keypoints.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "ops/detect/heads.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::f32;
using test::FailsWith;
using test::run;

/// "x y score" of each.
std::string text_of(const Keypoints& points) {
  std::string text;
  for (const Keypoint& point : points)
    text += (text.empty() ? "" : "; ") + test::short_text(point.x) + " " + test::short_text(point.y) + " " +
            test::short_text(point.score);
  return text;
}

/// One map of 6 x 5 cells, of zeros but for these.
Tensor map_of(const std::vector<std::pair<int, float>>& cells) {
  std::vector<float> values(30);
  for (const auto& [cell, value] : cells) values[static_cast<std::size_t>(cell)] = value;
  return f32({1, 5, 6}, values);
}

TEST(Heatmaps, TakesTheFirstMaximumAndMovesAQuarterToTheLargerNeighbour) {
  const keypoints::Heatmaps plain{8, keypoints::Refine::kNone};
  EXPECT_EQ(text_of(run(keypoints::heatmaps(plain), map_of({{15, 0.5f}, {17, 0.5f}})).value()), "24 16 0.5");
  EXPECT_EQ(text_of(run(keypoints::heatmaps({8}), map_of({{15, 0.5f}, {16, 0.1f}, {9, 0.2f}})).value()), "26 14 0.5");
  EXPECT_EQ(text_of(run(keypoints::heatmaps({8}), map_of({{15, 0.5f}, {16, 0.1f}, {14, 0.1f}})).value()), "24 16 0.5");
  EXPECT_EQ(text_of(run(keypoints::heatmaps({8}), map_of({{13, 0.5f}, {14, 0.1f}})).value()), "8 16 0.5")
      << "the second column is not refined";
  EXPECT_EQ(text_of(run(keypoints::heatmaps({8}), map_of({{9, 0.5f}, {10, 0.1f}})).value()), "24 8 0.5");
}

TEST(Heatmaps, HasNoPlaceWhereNothingIsAboveZero) {
  EXPECT_EQ(text_of(run(keypoints::heatmaps(), map_of({{15, -1}, {0, -2}})).value()), "0 0 0");
  const auto with_nan = run(keypoints::heatmaps(), map_of({{15, 1}, {20, kNan}})).value();
  EXPECT_EQ(with_nan[0].x, 0);
  EXPECT_TRUE(std::isnan(with_nan[0].score));
  EXPECT_EQ(text_of(run(keypoints::heatmaps(), map_of({{15, kInfinity}, {16, kInfinity}, {14, kInfinity}})).value()),
            "9 8 inf")
      << "14 is the first; a quarter to 15";
  const keypoints::Heatmaps logits{4, keypoints::Refine::kNone, detect::Activation::kSigmoid};
  EXPECT_EQ(text_of(run(keypoints::heatmaps(logits), f32({1, 1, 2}, {-3, 0})).value()), "4 0 0.5");
}

TEST(Heatmaps, RefusesWhatIsNone) {
  EXPECT_THAT(run(keypoints::heatmaps(), f32({2, 3}, std::vector<float>(6))),
              FailsWith(ErrorCode::kInvalidArgument, "the heat maps: expected f32[N, H, W]"));
  EXPECT_THAT(run(keypoints::heatmaps(), test::zeros({1, 0, 4})),
              FailsWith(ErrorCode::kInvalidArgument, "got f32[1, 0, 4]"));
  EXPECT_THAT(run(keypoints::heatmaps(), test::zeros({1, 4, 4}, DType::kF64)),
              FailsWith(ErrorCode::kInvalidArgument, "got f64[1, 4, 4]"));
  EXPECT_TRUE(run(keypoints::heatmaps(), test::zeros({0, 4, 4})).value().empty());
  EXPECT_NE(keypoints::heatmaps({0}).error(), nullptr);
  EXPECT_NE(keypoints::heatmaps({1, static_cast<keypoints::Refine>(9)}).error(), nullptr);
  EXPECT_NE(keypoints::heatmaps({1, {}, detect::Activation::kSoftmax}).error(), nullptr);
}

TEST(Points, AreReadInPixelsOrShares) {
  EXPECT_EQ(text_of(run(keypoints::points(), f32({2, 2}, {1, 2, 3, 4})).value()), "1 2 1; 3 4 1");
  EXPECT_EQ(text_of(run(keypoints::points({false, 0, 0, true}), f32({1, 3}, {1, 2, 0.5f})).value()), "2 1 0.5");
  EXPECT_EQ(text_of(run(keypoints::points({true, 100, 50}), f32({1, 2}, {0.5f, 0.1f})).value()), "50 5 1");
  EXPECT_THAT(run(keypoints::points({true}), f32({1, 2}, {0, 0})),
              FailsWith(ErrorCode::kFailedPrecondition, "a picture that nobody knows"));
  EXPECT_THAT(run(keypoints::points(), f32({1, 4}, {0, 0, 0, 0})),
              FailsWith(ErrorCode::kInvalidArgument, "the points: expected f32[N, 2] on the CPU, got f32[1, 4]"));
}

/// Sets the frame of an image of 80 x 40 that was doubled and moved by (3, 5) within a larger input.
template <class T>
Stage<T, T> moved() {
  return stage("moved", [](const T& value, const CallContext& call) {
    Frame frame = Frame::of(80, 40);
    frame.x = frame.x.scaled(2).shifted(3);
    frame.y = frame.y.scaled(2).shifted(5);
    call.set_frame(frame);
    return value;
  });
}

TEST(KeypointsToPicture, UndoesWhatImageOpsDid) {
  const Keypoints points({{13, 25, 0.5f}, {-7, 900, 1}});
  EXPECT_EQ(text_of(run(moved<Keypoints>() | keypoints::to_picture(), points).value()), "5 10 0.5; 0 40 1");
  EXPECT_EQ(text_of(run(moved<Keypoints>() | keypoints::to_picture(false), points).value()), "5 10 0.5; -5 447.5 1");
  EXPECT_THAT(run(keypoints::to_picture(), points), FailsWith(ErrorCode::kFailedPrecondition, "nobody knows"));
}

TEST(DetectBoxes, TakesKeypointsOfTheBoxesThatStay) {
  detect::BoxHead head;
  head.keypoints = "points";
  Tensors outputs = {{"boxes", f32({2, 4}, {0, 0, 1, 1, 2, 2, 3, 3})},
                     {"scores", f32({2, 2}, {0.1f, 0.2f, 0.4f, 0.9f})},
                     {"points", f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})},
                     {"sure", f32({2, 2}, {0.1f, 0.2f, 0.3f, 0.4f})}};
  const auto found = run(detect::boxes(head), outputs).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(text_of(found[0].keypoints), "5 6 1; 7 8 1");
  head.keypoint_scores = "sure";
  EXPECT_EQ(text_of(run(detect::boxes(head), outputs).value()[0].keypoints), "5 6 0.3; 7 8 0.4");
  head.relative = true;
  head.width = head.height = 10;
  EXPECT_EQ(text_of(run(detect::boxes(head), outputs).value()[0].keypoints), "50 60 0.3; 70 80 0.4");
  head.keypoints = "scores";
  EXPECT_THAT(run(detect::boxes(head), outputs),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'scores': expected f32[2, K, 2]"));
  head.keypoints = "";
  EXPECT_EQ(detect::boxes(head).error()->message(), "keypoint_scores are of keypoints, which have no name");
}

TEST(DetectYolov8, TakesKeypointsBehindTheClasses) {
  detect::Yolov8 pose;
  pose.layout = detect::HeadLayout::kChannelsLast;
  pose.keypoints = 2;
  const Tensor head = f32({1, 11}, {4, 4, 2, 2, 0.9f, 1, 2, 0.5f, 3, 4, 0.25f});
  EXPECT_EQ(text_of(run(detect::yolov8(pose), head).value()[0].keypoints), "1 2 0.5; 3 4 0.25");
  pose.layout = detect::HeadLayout::kChannelsFirst;
  EXPECT_EQ(text_of(run(detect::yolov8(pose), head.reshape({11, 1}).value()).value()[0].keypoints),
            "1 2 0.5; 3 4 0.25");
  pose.keypoint_scores = false;
  pose.class_count = 1;
  EXPECT_EQ(text_of(run(detect::yolov8(pose), head.reshape({11, 1}).value()).value()[0].keypoints), "1 2 1; 0.5 3 1");
  pose.keypoints = 4;
  EXPECT_THAT(run(detect::yolov8(pose), head.reshape({11, 1}).value()),
              FailsWith(ErrorCode::kInvalidArgument, "expected f32[4 + C + 8 (at least 13), N]"));
  pose.keypoints = 1025;
  EXPECT_EQ(detect::yolov8(pose).error()->message(), "keypoints must be 0..1024, got 1025");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
