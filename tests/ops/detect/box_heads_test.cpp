// SPDX-License-Identifier: Apache-2.0
// Heads that give boxes: DETR's, and those that are decoded already.
#include <gtest/gtest.h>
#include <cmath>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ops/detect/heads.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using test::f32;
using test::FailsWith;
using test::logit;
using test::run;
using test::scores_of;
using test::text_of;
using test::zeros;

/// Two queries: the middle half, and a corner.
Tensor shares() {
  return f32({2, 4}, {0.5f, 0.5f, 0.5f, 0.5f, 0.125f, 0.25f, 0.25f, 0.5f});
}
Tensors softmax_head() {
  const auto log = [](double value) { return static_cast<float>(std::log(value)); };
  return {{"boxes", shares()}, {"scores", f32({2, 3}, {log(0.2), log(0.7), log(0.1), log(0.3), log(0.1), log(0.6)})}};
}

TEST(Detr, TakesTheBestClassOfEachQueryButNoObject) {
  Detr options;
  options.candidates.score = 0.25f;
  options.width = 80;
  options.height = 40;
  EXPECT_EQ(text_of(run(detr(options), softmax_head())), "1 0.7 [20, 10, 60, 30]; 0 0.3 [0, 0, 20, 20]");
  options.candidates.score = 0.5f;
  EXPECT_EQ(scores_of(run(detr(options), softmax_head())), "1 0.7");
}

TEST(Detr, OfSigmoidsMayHaveSeveralClassesAQuery) {
  const Tensors head = {{"boxes", shares()}, {"scores", f32({2, 2}, {logit(0.6), logit(0.9), logit(0.1), NAN})}};
  Detr options;
  options.activation = Activation::kSigmoid;
  options.width = options.height = 8;
  EXPECT_EQ(text_of(run(detr(options), head)), "1 0.9 [2, 2, 6, 6]; 0 0.6 [2, 2, 6, 6]");
}

/// In place of a detector.
template <class In>
auto found(const Stage<In, Image>& ops, const Detr& options) {
  return ops | image::to_tensor() | stage("find", [](const Tensor&) { return softmax_head(); }) | detr(options);
}
Image picture(std::int64_t width, std::int64_t height) {
  return Image::make(width, height, Colour::kRgb).value();
}

TEST(Detr, FindsThePictureInTheModelsInput) {
  // 80x40 letterboxed to 20x20: a quarter of the size, with 5 rows of border above.
  image::Letterbox square;
  square.width = square.height = 20;
  EXPECT_EQ(text_of(run(found(image::letterbox(square), {}), picture(80, 40))), "1 0.7 [5, 7.5, 15, 12.5]");
  EXPECT_EQ(text_of(run(found(image::resize(40, 20) | image::flip(), {}), picture(80, 40))), "1 0.7 [10, 5, 30, 15]");
  EXPECT_EQ(text_of(run(found(image::rotate90(1) | image::resize(40, 80), {}), picture(80, 40))),
            "1 0.7 [10, 20, 30, 60]");
  Detr wide;
  wide.width = 100;  // the height is the picture's
  EXPECT_EQ(text_of(run(found(image::letterbox(square), wide), picture(80, 40))), "1 0.7 [25, 7.5, 75, 12.5]");
}

TEST(Detr, RefusesRelativeBoxesOfAnUnknownPicture) {
  Detr options;
  options.width = 5;
  EXPECT_THAT(
      run(detr(options), softmax_head()),
      FailsWith(ErrorCode::kFailedPrecondition, "shares of a picture that nobody knows: give width and height"));
}

TEST(Detr, OfNoQueriesNeedsNoMemoryForItsClasses) {
  Detr options;
  options.width = options.height = 8;
  const Tensors head{{"boxes", zeros({0, 4})}, {"scores", zeros({0, std::int64_t{1} << 45})}};
  EXPECT_EQ(text_of(run(detr(options), head)), "");
}

TEST(Detr, RefusesWhatDoesNotFit) {
  Detr options;
  options.width = options.height = 8;
  EXPECT_THAT(run(detr(options), Tensors{{"boxes", shares()}, {"scores", zeros({2, 1})}}),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'scores': expected f32[2, C] on the CPU, got f32[2, 1]"));
  options.activation = Activation::kNone;
  EXPECT_THAT(run(detr(options), softmax_head()),
              FailsWith(ErrorCode::kInvalidArgument, "activation must be softmax or sigmoid"));
  options = {};
  options.height = 65536;
  EXPECT_THAT(run(detr(options), softmax_head()),
              FailsWith(ErrorCode::kInvalidArgument, "height must be 0..65535, got 65536"));
}

BoxHead of_format(BoxFormat format) {
  BoxHead options;
  options.format = format;
  options.candidates.score = 0;
  return options;
}

TEST(BoxHeads, ReadEveryFormat) {
  const Tensors head = {{"boxes", f32({1, 4}, {4, 6, 2, 8})}, {"scores", f32({1, 2}, {0.5f, 0.25f})}};
  EXPECT_EQ(text_of(run(boxes(of_format(BoxFormat::kXyxy)), head)), "0 0.5 [4, 6, 2, 8]") << "inverted";
  EXPECT_EQ(text_of(run(boxes(of_format(BoxFormat::kXywh)), head)), "0 0.5 [4, 6, 6, 14]");
  EXPECT_EQ(text_of(run(boxes(of_format(BoxFormat::kCxcywh)), head)), "0 0.5 [3, 2, 5, 10]");
  BoxHead relative = of_format(BoxFormat::kXyxy);
  relative.relative = true;
  relative.width = 10;
  relative.height = 100;
  EXPECT_EQ(text_of(run(boxes(relative), head)), "0 0.5 [40, 600, 20, 800]");
}

TEST(BoxHeads, PassInfinitiesAndNaNOn) {
  const Tensors head = {{"boxes", f32({2, 4}, {-INFINITY, INFINITY, 0, NAN, INFINITY, 0, INFINITY, 0})},
                        {"scores", f32({2, 1}, {INFINITY, 1})}};
  EXPECT_EQ(text_of(run(boxes(of_format(BoxFormat::kXyxy)), head)), "0 inf [-inf, inf, 0, nan]; 0 1 [inf, 0, inf, 0]");
}

TEST(BoxHeads, TakeTheBestClassOrEach) {
  const Tensors head = {{"boxes", zeros({2, 4})}, {"scores", f32({2, 3}, {0.5f, 0.75f, 0.5f, 0.25f, 0.125f, 0.5f})}};
  BoxHead options;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "1 0.75; 2 0.5");
  options.multi_label = true;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "1 0.75; 0 0.5; 2 0.5; 2 0.5") << "0.25 is not above it";
  options.background = 2;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "1 0.75; 0 0.5");
  options.multi_label = false;
  options.candidates.classes = {0};
  options.candidates.score = 0.1f;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "0 0.25") << "of the second box, whose best but the background it is";
}

TEST(BoxHeads, MakeScoresOfLogits) {
  const Tensors head = {{"boxes", zeros({1, 4})}, {"scores", f32({1, 3}, {0, std::log(2.0f), 0})}};
  BoxHead options;
  options.activation = Activation::kSoftmax;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "1 0.5");
  options.background = 1;
  options.multi_label = true;
  options.candidates.score = 0.2f;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "0 0.25; 2 0.25") << "the background has its share";
  options.activation = Activation::kSigmoid;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "0 0.5; 2 0.5");
}

TEST(BoxHeads, TakeAScoreAndAClassOfEachBox) {
  const std::vector<float> scores = {0.5f, 0.75f, 0.9f, 0.8f};
  Tensors head = {{"boxes", zeros({4, 4})}, {"scores", f32({4}, scores)}, {"labels", test::i64({7, 0, -1, 3})}};
  BoxHead options;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "3 0.8; 0 0.75; 7 0.5") << "negative classes are no candidates";
  options.background = 0;
  EXPECT_EQ(scores_of(run(boxes(options), head)), "3 0.8; 7 0.5");
  options.candidates.classes = {7};
  EXPECT_EQ(scores_of(run(boxes(options), head)), "7 0.5");
  head[2].tensor = test::i32({7, 0, -1, 3});
  EXPECT_EQ(scores_of(run(boxes(options), head)), "7 0.5");
  options = {};
  options.labels = "";
  options.activation = Activation::kSigmoid;
  head[1].tensor = f32({4}, {0, NAN, logit(0.2), logit(0.75)});
  EXPECT_EQ(scores_of(run(boxes(options), head)), "0 0.75; 0 0.5");
}

TEST(BoxHeads, RefuseWhatDoesNotFit) {
  const Tensor two = zeros({2, 4});
  const auto refuses = [](const BoxHead& options, const Tensors& head, const std::string& reason) {
    EXPECT_THAT(run(boxes(options), head), FailsWith(ErrorCode::kInvalidArgument, reason));
  };
  refuses({}, {{"boxes", two}}, "tensor 'scores' is missing; there are boxes");
  refuses({}, {{"boxes", two}, {"scores", zeros({3})}}, "tensor 'scores': expected f32[2] on the CPU, got f32[3]");
  refuses({}, {{"boxes", two}, {"scores", zeros({2})}}, "tensor 'labels' is missing; there are boxes, scores");
  refuses({}, {{"boxes", two}, {"scores", zeros({2})}, {"labels", zeros({2})}},
          "tensor 'labels': expected i64[2] on the CPU, got f32[2]");
  refuses({}, {{"boxes", two}, {"scores", zeros({2, 2, 1})}}, "tensor 'scores': expected f32[2, C] on the CPU");
  BoxHead options;
  options.background = 2;
  refuses(options, {{"boxes", two}, {"scores", zeros({2, 2})}},
          "tensor 'scores': expected f32[N, C] with class 2 for the background, got f32[2, 2]");
  options = {};
  options.activation = Activation::kSoftmax;
  refuses(options, {{"boxes", two}, {"scores", zeros({2})}},
          "tensor 'scores': expected f32[N, C] for activation=softmax, got f32[2]");
  options = {};
  options.background = -2;
  refuses(options, {}, "background must be -1..2147483647, got -2");
  options = {};
  options.format = static_cast<BoxFormat>(9);
  refuses(options, {}, "unknown format");
  options = {};
  options.activation = static_cast<Activation>(9);
  refuses(options, {}, "unknown activation");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detect
