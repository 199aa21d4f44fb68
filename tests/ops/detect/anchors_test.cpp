// SPDX-License-Identifier: Apache-2.0
// Heads with anchors by hand; tests/parity compares them with torchvision's.
#include <gtest/gtest.h>
#include <cmath>
#include <gantry/detect.hpp>
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

/// Two anchors of 10 x 20 and 4 x 4.
Tensor two_anchors() {
  return f32({2, 4}, {0, 0, 10, 20, 6, 6, 10, 10});
}
/// Softmax of logs is the shares again.
float share(double value) {
  return static_cast<float>(std::log(value));
}

TEST(Ssd, DecodesBoxesWithItsWeights) {
  // dx = 1/10 of the width, dy = 2/10 of the height, dw = log 2, dh as it is.
  const Tensors head = {{"boxes", f32({2, 4}, {1, 2, 5 * std::log(2.0f), 0, 0, 0, 0, 0})},
                        {"scores", f32({2, 2}, {share(0.1), share(0.9), share(0.4), share(0.6)})},
                        {"anchors", two_anchors()}};
  EXPECT_EQ(text_of(run(ssd({}), head)), "1 0.9 [-4, 4, 16, 24]; 1 0.6 [6, 6, 10, 10]");
}

TEST(Ssd, KeepsBoxesFromGrowingBeyondAThousandSixteenths) {
  const Tensors head = {{"boxes", f32({1, 4}, {0, 0, 500, INFINITY})},
                        {"scores", f32({1, 2}, {share(0.5), share(0.5)})},
                        {"anchors", f32({1, 4}, {0, 0, 16, 16})}};
  EXPECT_EQ(text_of(run(ssd({}), head)), "1 0.5 [-492, -492, 508, 508]");
}

TEST(Ssd, TakesTheBestOfEachClassButTheBackground) {
  const Tensors head = {{"boxes", zeros({3, 4})},
                        {"scores", f32({3, 3}, {share(0.1), share(0.3), share(0.6), share(0.2), share(0.4), share(0.4),
                                                share(0.98), share(0.01), share(0.01)})},
                        {"anchors", zeros({3, 4})}};
  EXPECT_EQ(scores_of(run(ssd({{0.05f, 1}, {}}), head)), "2 0.6; 1 0.4");
  EXPECT_EQ(scores_of(run(ssd({{0.05f, 400}, {}}), head)), "2 0.6; 1 0.4; 2 0.4; 1 0.3");
  EXPECT_EQ(scores_of(run(ssd({{0.05f, 400, {2}}, {}}), head)), "2 0.6; 2 0.4");
  EXPECT_EQ(scores_of(run(ssd({{0.05f, 400, {0}}, {}}), head)), "") << "the background";
}

TEST(Ssd, HasNoCandidatesInRowsWithNaN) {
  const Tensors head = {
      {"boxes", zeros({3, 4})}, {"scores", f32({3, 2}, {NAN, 5, 0, INFINITY, 0, 9})}, {"anchors", zeros({3, 4})}};
  EXPECT_EQ(scores_of(run(ssd({}), head)), "1 1");
}

TEST(Retinanet, TakesTheBestOfEachLevel) {
  const Tensors head = {{"boxes", zeros({4, 4})},
                        {"scores", f32({4, 2}, {logit(0.5), logit(0.6), logit(0.7), logit(0.04), logit(0.1), logit(0.5),
                                                logit(0.2), logit(0.3)})},
                        {"anchors", zeros({4, 4})},
                        {"levels", test::i64({2, 2})}};
  Retinanet two;
  two.candidates.top = 2;
  EXPECT_EQ(scores_of(run(retinanet(two), head)), "0 0.7; 1 0.6; 1 0.5; 1 0.3");
  two.levels = {3, 1};  // what the parameter says goes before the tensor
  EXPECT_EQ(scores_of(run(retinanet(two), head)), "0 0.7; 1 0.6; 1 0.3; 0 0.2");
  two.levels = {4};
  EXPECT_EQ(scores_of(run(retinanet(two), head)), "0 0.7; 1 0.6");
  EXPECT_EQ(scores_of(run(retinanet({}), head)), "0 0.7; 1 0.6; 0 0.5; 1 0.5; 1 0.3; 0 0.2; 0 0.1");
}

TEST(Retinanet, DecodesBoxesWithoutWeights) {
  const Tensors head = {{"boxes", f32({2, 4}, {0.1f, 0.2f, std::log(2.0f), 0, NAN, 0, 0, NAN})},
                        {"scores", f32({2, 1}, {logit(0.9), logit(0.8)})},
                        {"anchors", two_anchors()}};
  EXPECT_EQ(text_of(run(retinanet({}), head)), "0 0.9 [-4, 4, 16, 24]; 0 0.8 [nan, nan, nan, nan]");
}

TEST(Retinanet, TakesAnchorsOfTheHost) {
  Retinanet options;
  options.head = {"deltas", "cls", two_anchors()};
  const Tensors head = {{"cls", f32({2, 1}, {logit(0.1), logit(0.8)})}, {"deltas", zeros({2, 4})}};
  EXPECT_EQ(text_of(run(retinanet(options), head)), "0 0.8 [6, 6, 10, 10]; 0 0.1 [0, 0, 10, 20]");
}

TEST(Fcos, MultipliesClassAndCentrenessAndTakesTheRoot) {
  const Tensors head = {{"boxes", f32({2, 4}, {0.5f, 0.5f, 0.5f, 0.25f, 1, 2, 3, 4})},
                        {"scores", f32({2, 2}, {logit(0.8), logit(0.05), logit(0.5), logit(0.9)})},
                        {"anchors", two_anchors()},
                        {"centerness", f32({2, 1}, {logit(0.2), logit(0.4)})}};
  EXPECT_EQ(text_of(run(fcos({}), head)), "1 0.6 [4, 0, 20, 24]; 0 0.447 [4, 0, 20, 24]; 0 0.4 [0, 0, 10, 15]");
  Fcos higher;
  higher.candidates.score = 0.45f;
  EXPECT_EQ(scores_of(run(fcos(higher), head)), "1 0.6");
}

TEST(Anchors, OfNoneAreNone) {
  const Tensors head = {
      {"boxes", zeros({0, 4})}, {"scores", zeros({0, 5})}, {"anchors", zeros({0, 4})}, {"centerness", zeros({0, 1})}};
  EXPECT_EQ(scores_of(run(ssd({}), head)), "");
  EXPECT_EQ(scores_of(run(retinanet({}), head)), "");
  EXPECT_EQ(scores_of(run(fcos({}), head)), "");
}

TEST(Anchors, OfNoneNeedNoMemoryForTheirClasses) {
  const std::int64_t classes = std::int64_t{1} << 45;
  const Tensors head{{"boxes", zeros({0, 4})}, {"scores", zeros({0, classes})}, {"anchors", zeros({0, 4})}};
  EXPECT_EQ(text_of(run(ssd({}), head)), "");
  EXPECT_EQ(text_of(run(retinanet({}), head)), "");
}

TEST(Anchors, MayBeStrided) {
  const Tensor turned = f32({2, 3}, {logit(0.6), logit(0.7), logit(0.8), logit(0.1), logit(0.2), logit(0.3)});
  const std::vector<std::size_t> axes = {1, 0};
  const Tensors head = {{"boxes", zeros({3, 4})},
                        {"scores", turned.permute(Span<const std::size_t>(axes)).value()},
                        {"anchors", zeros({3, 4})}};
  EXPECT_EQ(scores_of(run(retinanet({}), head)), "0 0.8; 0 0.7; 0 0.6; 1 0.3; 1 0.2; 1 0.1");
}

TEST(Anchors, RefuseHeadsThatDoNotFit) {
  const auto refuses = [](const Tensors& head, const std::string& reason) {
    EXPECT_THAT(run(fcos({}), head), FailsWith(ErrorCode::kInvalidArgument, reason));
  };
  const Tensor two = zeros({2, 4}), ones = zeros({2, 1});
  refuses({{"boxes", two}}, "tensor 'scores' is missing; there are boxes");
  refuses({}, "tensor 'boxes' is missing; there are none");
  refuses({{"boxes", zeros({2, 5})}}, "tensor 'boxes': expected f32[N, 4] on the CPU, got f32[2, 5]");
  refuses({{"boxes", zeros({2, 4}, DType::kF16)}}, "tensor 'boxes': expected f32[N, 4] on the CPU, got f16[2, 4]");
  refuses({{"boxes", two}, {"scores", zeros({3, 2})}}, "tensor 'scores': expected f32[2, C] on the CPU, got f32[3, 2]");
  refuses({{"boxes", two}, {"scores", zeros({2, 0})}}, "tensor 'scores': expected f32[2, C] on the CPU, got f32[2, 0]");
  refuses({{"boxes", two}, {"scores", ones}, {"anchors", zeros({1, 4})}},
          "tensor 'anchors': expected f32[2, 4] on the CPU, got f32[1, 4]");
  refuses({{"boxes", two}, {"scores", ones}, {"anchors", two}, {"levels", test::i64({1, 2})}, {"centerness", ones}},
          "tensor 'levels': expected numbers that make 2, the number of anchors, got [1, 2]");
  refuses({{"boxes", two}, {"scores", ones}, {"anchors", two}, {"levels", test::i64({3, -1})}},
          "tensor 'levels': expected numbers that make 2, the number of anchors, got [3, -1]");
  refuses({{"boxes", two}, {"scores", ones}, {"anchors", two}, {"levels", zeros({2})}},
          "tensor 'levels': expected i64[L] on the CPU, got f32[2]");
  refuses({{"boxes", two}, {"scores", ones}, {"anchors", two}, {"centerness", zeros({2})}},
          "tensor 'centerness': expected f32[2, 1] on the CPU, got f32[2]");
  Ssd of_one;
  of_one.head.anchors = zeros({1, 4});
  EXPECT_THAT(
      run(ssd(of_one), Tensors{{"boxes", two}, {"scores", ones}}),
      FailsWith(ErrorCode::kInvalidArgument, "the parameter anchors: expected f32[2, 4] on the CPU, got f32[1, 4]"));
}

TEST(Anchors, RefuseParametersOutsideTheirLimits) {
  Retinanet options;
  options.levels = {3, 0};
  EXPECT_THAT(run(retinanet(options), Tensors{}), FailsWith(ErrorCode::kInvalidArgument, "levels must be 1.."));
  Ssd unnamed;
  unnamed.head.boxes = "";
  EXPECT_THAT(run(ssd(unnamed), Tensors{}),
              FailsWith(ErrorCode::kInvalidArgument, "boxes must be the name of a tensor, got ''"));
  Ssd flat;
  flat.head.anchors = zeros({8});
  EXPECT_THAT(run(ssd(flat), Tensors{}), FailsWith(ErrorCode::kInvalidArgument,
                                                   "the parameter anchors: expected f32[N, 4] on the CPU, got f32[8]"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detect
