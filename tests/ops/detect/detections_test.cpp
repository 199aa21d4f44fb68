// SPDX-License-Identifier: Apache-2.0
// Detections on their way to the host: cut off, in the picture's pixels, filtered, with labels.
#include <gtest/gtest.h>
#include <gantry/detect.hpp>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::run;

Detection found(const Box& box, float score = 0.5f, std::int64_t index = 0) {
  return {index, "", score, box, {}};
}

/// Behind a detector that finds the same in every picture, whose input has this frame.
template <class Out>
Result<Out> behind(const Frame& frame, const Detections& detections, const Stage<Detections, Out>& tail) {
  auto detector = stage("detector", [frame, detections](const Tensor&, const CallContext& call) {
    call.set_frame(frame);
    return detections;
  });
  return run(detector | tail, Tensor());
}

/// 100 x 50 pixels, shrunk by 2 and moved 10 to the right.
Frame letterboxed() {
  Frame frame = Frame::of(100, 50);
  frame.x = {0.5, 10};
  frame.y = {0.5, 0};
  return frame;
}

TEST(ToPicture, UndoesWhatWasDoneToThePicture) {
  const Detections here({{2, "", 0.5f, {20, 5, 35, 15}, Keypoints({{20, 5, 0.9f}})}});
  const Detections there = behind(letterboxed(), here, detect::to_picture()).value();
  EXPECT_EQ(there[0].box, (Box{20, 10, 50, 30}));
  EXPECT_EQ(there[0].keypoints[0], (Keypoint{20, 10, 0.9f}));
  EXPECT_EQ(there[0].index, 2);
}

TEST(ToPicture, CutsOffAtThePicturesEdgesUnlessTold) {
  const Detections here({found({0, -5, 100, 30})});
  EXPECT_EQ(behind(letterboxed(), here, detect::to_picture()).value()[0].box, (Box{0, 0, 100, 50}));
  EXPECT_EQ(behind(letterboxed(), here, detect::to_picture(false)).value()[0].box, (Box{-20, -10, 180, 60}));
}

TEST(ToPicture, FollowsMirroredAndTurnedPictures) {
  Frame frame = Frame::of(100, 50);
  frame.x = FrameAxis{}.mirrored(100);
  EXPECT_EQ(behind(frame, Detections({found({10, 0, 30, 5})}), detect::to_picture()).value()[0].box,
            (Box{70, 0, 90, 5}));
  frame = Frame::of(100, 50);
  frame.is_turned = true;
  const Detections turned({{0, "", 1, {1, 2, 3, 4}, Keypoints({{1, 2, 1}})}});
  const Detections there = behind(frame, turned, detect::to_picture()).value();
  EXPECT_EQ(there[0].box, (Box{2, 1, 4, 3}));
  EXPECT_EQ(there[0].keypoints[0], (Keypoint{2, 1, 1}));
}

TEST(ToPicture, LeavesThePicturesOwnFrame) {
  const auto twice = detect::to_picture() | detect::to_picture();
  EXPECT_EQ(behind(letterboxed(), Detections({found({20, 5, 35, 15})}), twice).value()[0].box, (Box{20, 10, 50, 30}));
}

TEST(ToPicture, ReportsAnUnknownPicture) {
  EXPECT_THAT(run(detect::to_picture(), Detections()), FailsWith(ErrorCode::kFailedPrecondition, "which picture"));
  EXPECT_THAT(run(detect::clip(), Detections()), FailsWith(ErrorCode::kFailedPrecondition, "which picture"));
}

TEST(Clip, CutsOffAtThePictureWithinTheInput) {
  const Detections here({{0, "", 1, {0, -5, 100, 30}, Keypoints({{70, -1, 1}})}, found({kNan, 0, 20, 10})});
  const Detections there = behind(letterboxed(), here, detect::clip()).value();
  EXPECT_EQ(there[0].box, (Box{10, 0, 60, 25}));
  EXPECT_EQ(there[0].keypoints[0], (Keypoint{60, 0, 1}));
  EXPECT_TRUE(std::isnan(there[1].box.x0));
  Frame mirrored = letterboxed();
  mirrored.x = mirrored.x.mirrored(80);
  EXPECT_EQ(behind(mirrored, here, detect::clip()).value()[0].box, (Box{20, 0, 70, 25}));
}

TEST(Filter, KeepsByScoreClassSizeAndCount) {
  const Detections all({found({0, 0, 9, 9}, 0.9f, 1), found({0, 0, 2, 9}, 0.8f, 2), found({0, 0, 9, 9}, 0.7f, 3),
                        found({0, 0, 9, 9}, kNan, 1)});
  const auto count = [&](const detect::Filter& filter) { return run(detect::filter(filter), all).value().size(); };
  EXPECT_EQ(count({}), 4u);
  EXPECT_EQ(count({0.75f, {}, 0, 0}), 2u);
  EXPECT_EQ(count({std::nullopt, {3, 2}, 0, 0}), 2u);
  EXPECT_EQ(count({std::nullopt, {}, 3, 0}), 3u);
  EXPECT_EQ(count({std::nullopt, {}, 0, 2}), 2u);
  EXPECT_EQ(count({std::nullopt, {}, 0, 0, {9, 0.9f, 0.9f, 0.7f}}), 2u) << "class 1 at 0.9, class 3 at 0.7";
  EXPECT_THAT(run(detect::filter({std::nullopt, {}, 0, 0, {0, 0, 0}}), all),
              FailsWith(ErrorCode::kInvalidArgument, "class 3 has no score; there are 3"));
  EXPECT_EQ(detect::filter({std::nullopt, {}, 0, 0, {kNan}}).error()->message(),
            "class_scores must be finite, got nan");
  EXPECT_EQ(detect::filter({kNan, {}, 0, 0}).error()->message(), "score must be finite, got nan");
  EXPECT_EQ(detect::filter({0.0f, {-1}, 0, 0}).error()->message(), "there is no class -1");
  EXPECT_EQ(detect::filter({0.0f, {}, -1, 0}).error()->message(), "min_side must be 0 or more, got -1");
}

TEST(DetectLabel, NamesTheClasses) {
  const Labels labels(std::vector<std::string>{"cat", "dog"});
  EXPECT_EQ(run(detect::label(labels), Detections({found({}, 1, 1)})).value()[0].label, "dog");
  EXPECT_THAT(run(detect::label(labels), Detections({found({}, 1, 2)})),
              FailsWith(ErrorCode::kInvalidArgument, "class 2 has no label; there are 2"));
}

TEST(BoxesOf, KeepsTheOrder) {
  const Boxes boxes = run(detect::boxes_of(), Detections({found({1, 2, 3, 4}), found({5, 6, 7, 8})})).value();
  ASSERT_EQ(boxes.size(), 2u);
  EXPECT_EQ(boxes[1], (Box{5, 6, 7, 8}));
}

/// Left, top, width and height of each crop of an image whose pixels count up from 0.
std::vector<std::vector<std::int64_t>> crops_of(const Image& image, const Detections& detections,
                                                const detect::Crop& options) {
  std::vector<std::vector<std::int64_t>> places;
  for (const Image& crop : run(detect::crop(options), std::tuple(image, detections)).value())
    places.push_back({crop.row(0)[0] % image.width(), crop.row(0)[0] / image.width(), crop.width(), crop.height()});
  return places;
}

using Places = std::vector<std::vector<std::int64_t>>;

TEST(DetectCrop, CutsAtWholePixelsWithinTheImage) {
  const Image image = test::counting_image(16, 10);
  EXPECT_EQ(crops_of(image, Detections({found({2.4f, 3, 6.6f, 8}), found({0.5f, 1.5f, 3, 4})}), {}),
            (Places{{2, 3, 5, 5}, {0, 2, 3, 2}}));
  EXPECT_EQ(crops_of(image, Detections({found({-5, -5, 3, 30}), found({15.9f, 9.9f, 40, 40})}), {}),
            (Places{{0, 0, 3, 10}, {15, 9, 1, 1}}));
  EXPECT_EQ(crops_of(image, Detections({found({-9, -9, -5, -5}), found({5, 5, 5, 5}), found({8, 8, 2, 2})}), {}),
            (Places{{0, 0, 1, 1}, {5, 5, 1, 1}, {2, 2, 6, 6}}));
}

TEST(DetectCrop, GrowsByAMarginAndToASquare) {
  const Image image = test::counting_image(16, 10);
  const Detections one({found({4, 4, 8, 6})});
  EXPECT_EQ(crops_of(image, one, {0.5, false}), (Places{{2, 3, 8, 4}}));
  EXPECT_EQ(crops_of(image, one, {0, true}), (Places{{4, 3, 4, 4}}));
  EXPECT_EQ(crops_of(image, one, {-0.25, false}), (Places{{5, 4, 2, 2}}));
  EXPECT_EQ(detect::crop({std::nan(""), false}).error()->message(), "margin must be -0.45..10, got nan");
}

TEST(DetectCrop, FindsThePicturesBoxesInAnImageThatWasResized) {
  const auto image = stage("image", [](const Tensor&, const CallContext& call) {
    Frame frame = Frame::of(32, 20);
    frame.x = {0.5, 0};
    frame.y = FrameAxis{0.5, 0}.mirrored(10);
    call.set_frame(frame);
    return test::counting_image(16, 10);
  });
  const auto detector = stage("detector", [](const Tensor&, const CallContext& call) {
    call.set_frame(Frame::of(32, 20));
    return Detections({found({8, 4, 20, 12})});
  });
  const auto where = stage("where", [](const Image& crop, const CallContext& call) {
    return std::vector<double>{call.frame()->x.forth(8), call.frame()->y.forth(12), static_cast<double>(crop.width()),
                               static_cast<double>(crop.height())};
  });
  const auto found_at = run(fork(image, detector) | detect::crop({}) | each(where), Tensor()).value();
  EXPECT_EQ(found_at, (std::vector<std::vector<double>>{{0, 0, 6, 4}}));
}

TEST(DetectCrop, RefusesABoxThatIsNotFinite) {
  EXPECT_THAT(
      run(detect::crop({}), std::tuple(test::counting_image(4, 4), Detections({found({}), found({0, kNan, 1, 1})}))),
      FailsWith(ErrorCode::kInvalidArgument, "detection 1"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
