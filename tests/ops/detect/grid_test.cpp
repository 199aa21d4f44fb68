// SPDX-License-Identifier: Apache-2.0
// Heads of grids by hand: the YOLO kinds, CenterNet, PicoDet.
#include <gantry/detect/grid.hpp>

#include <gtest/gtest.h>
#include <cmath>
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

TEST(Yolov5, MultipliesObjectnessAndClass) {
  const Tensor head = f32({3, 7}, {10, 20, 4, 8, 0.5f, 1,    0.75f,  //
                                   0,  0,  2, 2, 0.2f, 2,    1,      // its objectness is not above the threshold
                                   5,  5,  2, 2, 1,    0.3f, 0.625f});
  EXPECT_EQ(text_of(run(yolov5({}), head)), "1 0.625 [4, 4, 6, 6]; 0 0.5 [8, 16, 12, 24]");
  Yolov5 each;
  each.multi_label = true;
  EXPECT_EQ(scores_of(run(yolov5(each), head)), "1 0.625; 0 0.5; 1 0.375; 0 0.3");
  each.candidates.top = 3;
  EXPECT_EQ(scores_of(run(yolov5(each), head)), "1 0.625; 0 0.5; 1 0.375");
  each.candidates.classes = {0};
  EXPECT_EQ(scores_of(run(yolov5(each), head)), "0 0.5; 0 0.3");
}

TEST(Yolov5, LeavesFurtherColumnsAlone) {
  Yolov5 options;
  options.class_count = 1;
  EXPECT_EQ(text_of(run(yolov5(options), f32({1, 8}, {1, 1, 2, 2, 1, 0.5f, 9, 9}))), "0 0.5 [0, 0, 2, 2]");
}

TEST(Yolov5, OfNoNumberHasNoCandidates) {
  EXPECT_EQ(scores_of(run(yolov5({}), f32({3, 6}, {0, 0, 1, 1, NAN, 1, 0, 0, 1, 1, 1, NAN, 0, 0, 1, 1, 1, -INFINITY}))),
            "");
  EXPECT_EQ(scores_of(run(yolov5({}), zeros({0, 6}))), "");
}

TEST(Yolov8, ReadsEitherLayout) {
  const std::vector<float> rows = {10, 20, 4, 8, 0.5f, 0.75f, 5, 5, 2, 2, 0.875f, NAN};
  std::vector<float> columns;
  for (std::size_t channel = 0; channel < 6; ++channel)
    for (std::size_t box = 0; box < 2; ++box) columns.push_back(rows[box * 6 + channel]);
  for (const bool multi_label : {false, true}) {
    Yolov8 options;
    options.multi_label = multi_label;
    const std::string expected = multi_label ? "0 0.875 [4, 4, 6, 6]; 1 0.75 [8, 16, 12, 24]; 0 0.5 [8, 16, 12, 24]"
                                             : "0 0.875 [4, 4, 6, 6]; 1 0.75 [8, 16, 12, 24]";
    EXPECT_EQ(text_of(run(yolov8(options), f32({6, 2}, columns))), expected);
    options.layout = HeadLayout::kChannelsLast;
    EXPECT_EQ(text_of(run(yolov8(options), f32({2, 6}, rows))), expected);
    options.class_count = 1;
    EXPECT_EQ(scores_of(run(yolov8(options), f32({2, 6}, rows))), "0 0.875; 0 0.5");
  }
}

TEST(Yolov8, TakesTheFirstOfEqualScores) {
  Yolov8 options;
  const Tensor head = f32({6, 2}, {0, 1, 0, 1, 0, 0, 0, 0, 0.5f, 0.5f, 0.5f, 0.75f});
  EXPECT_EQ(text_of(run(yolov8(options), head)), "1 0.75 [1, 1, 1, 1]; 0 0.5 [0, 0, 0, 0]");
  options.multi_label = true;
  EXPECT_EQ(text_of(run(yolov8(options), head)),
            "1 0.75 [1, 1, 1, 1]; 0 0.5 [0, 0, 0, 0]; 1 0.5 [0, 0, 0, 0]; 0 0.5 [1, 1, 1, 1]");
  options.multi_label = false;
  options.candidates.classes = {0};
  EXPECT_EQ(scores_of(run(yolov8(options), head)), "0 0.5") << "of the second box class 1 is the best";
}

TEST(Yolov8, OfNoBoxesLooksForNoClass) {
  // So many classes that to go through them would take hours.
  const std::int64_t classes = std::int64_t{1} << 45;
  EXPECT_EQ(scores_of(run(yolov8({}), zeros({classes, 0}))), "");
}

TEST(Yolov8, RefusesHeadsThatDoNotFit) {
  const auto refuses = [](const Yolov8& options, const Tensor& head, const std::string& reason) {
    EXPECT_THAT(run(yolov8(options), head), FailsWith(ErrorCode::kInvalidArgument, reason));
  };
  refuses({}, zeros({4, 9}), "the head: expected f32[4 + C, N] on the CPU, got f32[4, 9]");
  refuses({}, zeros({1, 84, 9}), "the head: expected f32[4 + C, N] on the CPU, got f32[1, 84, 9]");
  refuses({}, zeros({84, 9}, DType::kF64), "the head: expected f32[4 + C, N] on the CPU, got f64[84, 9]");
  Yolov8 options;
  options.class_count = 80;
  refuses(options, zeros({83, 9}), "the head: expected f32[4 + C (at least 84), N] on the CPU, got f32[83, 9]");
  options = {};
  options.class_count = 65537;
  refuses(options, zeros({84, 9}), "class_count must be 0..65536, got 65537");
  options = {};
  options.layout = static_cast<HeadLayout>(9);
  refuses(options, zeros({84, 9}), "unknown layout");
  EXPECT_THAT(run(yolov5({}), zeros({9, 5})),
              FailsWith(ErrorCode::kInvalidArgument, "the head: expected f32[N, 5 + C] on the CPU, got f32[9, 5]"));
}

/// Logits of two bins whose mean is `share`.
std::vector<float> two_bins(double share) {
  return {0, logit(share)};
}

TEST(Yolov8Raw, TakesMeansOfDistributionsAroundCells) {
  // 16x8 at a stride of 8: cells at (4, 4) and (12, 4). Sides 0.25, 0.5, 0.75 and 0.5 strides from the second.
  Yolov8Raw options;
  options.width = 16;
  options.height = 8;
  options.strides = {8};
  options.bins = 2;
  options.layout = HeadLayout::kChannelsLast;
  std::vector<float> rows(8, 0);
  rows.push_back(logit(0.1));
  for (const double side : {0.25, 0.5, 0.75, 0.5})
    for (const float value : two_bins(side)) rows.push_back(value);
  rows.push_back(logit(0.8));
  EXPECT_EQ(text_of(run(yolov8_raw(options), f32({2, 9}, rows))), "0 0.8 [10, 0, 18, 8]");
  std::vector<float> columns;
  for (std::size_t channel = 0; channel < 9; ++channel)
    for (std::size_t box = 0; box < 2; ++box) columns.push_back(rows[box * 9 + channel]);
  options.layout = HeadLayout::kChannelsFirst;
  EXPECT_EQ(text_of(run(yolov8_raw(options), f32({9, 2}, columns))), "0 0.8 [10, 0, 18, 8]");
}

TEST(Yolov8Raw, NeedsABoxForEachCell) {
  Yolov8Raw options;
  options.width = 33;
  options.height = 32;
  EXPECT_THAT(run(yolov8_raw(options), zeros({65, 21})),
              FailsWith(ErrorCode::kInvalidArgument,
                        "the head of 28 cells of 33x32 at the strides [8, 16, 32]: expected f32[4 * bins + C (at least "
                        "65), 28] on the CPU, got f32[65, 21]"));
  EXPECT_EQ(scores_of(run(yolov8_raw(options), zeros({65, 28}))).substr(0, 6), "0 0.5;");
}

TEST(Yolox, DecodesCellsOfItsStrides) {
  // 16x8 at 8: two cells; at 16: one.
  Yolox options;
  options.width = 16;
  options.height = 8;
  options.strides = {8, 16};
  const Tensor head = f32({3, 7}, {0,
                                   0,
                                   0,
                                   0,
                                   0,
                                   1,
                                   1,  //
                                   0.5f,
                                   0.5f,
                                   std::log(0.5f),
                                   0,
                                   1,
                                   0.5f,
                                   0.25f,  //
                                   0.5f,
                                   0.25f,
                                   0,
                                   std::log(0.25f),
                                   1,
                                   0.5f,
                                   0.75f});
  EXPECT_EQ(text_of(run(yolox(options), head)), "1 0.75 [0, 2, 16, 6]; 0 0.5 [10, 0, 14, 8]");
  options.multi_label = true;
  EXPECT_EQ(scores_of(run(yolox(options), head)), "1 0.75; 0 0.5; 0 0.5; 1 0.25");
  EXPECT_THAT(run(yolox(options), zeros({4, 7})),
              FailsWith(ErrorCode::kInvalidArgument,
                        "the head of 3 cells of 16x8 at the strides [8, 16]: expected "
                        "f32[3, 5 + C] on the CPU, got f32[4, 7]"));
}

TEST(Grids, HaveLimits) {
  const auto refuses = [](std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides,
                          const std::string& reason) {
    EXPECT_THAT(run(yolox({width, height, strides}), zeros({1, 6})), FailsWith(ErrorCode::kInvalidArgument, reason));
    Picodet picodet_options;
    picodet_options.width = width;
    picodet_options.height = height;
    picodet_options.strides = strides;
    EXPECT_THAT(run(picodet(picodet_options), Tensors{}), FailsWith(ErrorCode::kInvalidArgument, reason));
  };
  refuses(0, 8, {8}, "width must be 1..65535, got 0");
  refuses(8, 65536, {8}, "height must be 1..65535, got 65536");
  refuses(8, 8, {}, "strides must be 1..16 numbers, got 0");
  refuses(8, 8, {8, 0}, "strides must be 1..65535, got 0");
  refuses(8, 8, std::vector<std::int64_t>(17, 8), "strides must be 1..16 numbers, got 17");
  Yolov8Raw options{8, 8, {8}, 1};
  EXPECT_THAT(run(yolov8_raw(options), zeros({1, 1})),
              FailsWith(ErrorCode::kInvalidArgument, "bins must be 2..256, got 1"));
  options = {65535, 65535, std::vector<std::int64_t>(16, 1), 16};  // 2^36 cells are counted, not made
  EXPECT_THAT(run(yolov8_raw(options), zeros({65, 1})), FailsWith(ErrorCode::kInvalidArgument, "68717379600 cells"));
}

Tensors centernet_head(const std::vector<float>& heat) {
  std::vector<float> sizes(18), offset(18);
  for (std::size_t i = 0; i < 9; ++i) {
    sizes[i] = 2;
    sizes[9 + i] = 4;
    offset[i] = 0.25f;
    offset[9 + i] = 0.75f;
  }
  return {{"heatmap", f32({static_cast<std::int64_t>(heat.size() / 9), 3, 3}, heat)},
          {"wh", f32({2, 3, 3}, sizes)},
          {"offset", f32({2, 3, 3}, offset)}};
}

TEST(Centernet, TakesThePeaksOfItsHeatMap) {
  Centernet options;
  options.activation = Activation::kNone;
  const std::vector<float> heat = {0.9f, 0.8f, 0,    0, 0, 0,   0.5f, 0.5f, 0,      // a plateau has two
                                   0.4f, 0,    0.3f, 0, 0, NAN, 0,    0,    0.7f};  // NaN beside 0.7
  EXPECT_EQ(text_of(run(centernet(options), centernet_head(heat))),
            "0 0.9 [-3, -5, 5, 11]; 0 0.5 [-3, 3, 5, 19]; 0 0.5 [1, 3, 9, 19]; 1 0.4 [-3, -5, 5, 11]");
  options.offset = "";
  options.stride = 2;
  options.candidates.classes = {1};
  EXPECT_EQ(text_of(run(centernet(options), centernet_head(heat))), "1 0.4 [-1, -3, 3, 5]");
}

TEST(Centernet, ComparesScoresNotLogits) {
  // 30 and 40 have the same sigmoid, 1; both are peaks.
  const std::vector<float> heat = {30, 40, -9, -9, -9, -9, -9, -9, logit(0.25)};
  EXPECT_EQ(scores_of(run(centernet({}), centernet_head(heat))), "0 1; 0 1");
}

TEST(Centernet, RefusesWhatDoesNotFit) {
  Tensors head = centernet_head(std::vector<float>(9, 0));
  head[1].tensor = zeros({2, 3, 4});
  EXPECT_THAT(run(centernet({}), head), FailsWith(ErrorCode::kInvalidArgument,
                                                  "tensor 'wh': expected f32[2, 3, 3] on the CPU, got f32[2, 3, 4]"));
  head = centernet_head(std::vector<float>(9, 0));
  head[2].name = "reg";
  EXPECT_THAT(run(centernet({}), head),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'offset' is missing; there are heatmap, wh, reg"));
  head[0].tensor = zeros({1, 0, 3});
  EXPECT_THAT(run(centernet({}), head),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'heatmap': expected f32[C, H, W]"));
  Centernet options;
  options.activation = Activation::kSoftmax;
  EXPECT_THAT(run(centernet(options), head),
              FailsWith(ErrorCode::kInvalidArgument, "activation must be none or sigmoid"));
  options = {};
  options.stride = 0;
  EXPECT_THAT(run(centernet(options), head), FailsWith(ErrorCode::kInvalidArgument, "stride must be 1..65535, got 0"));
}

/// 16x8 at 8 and 16: two cells and one; two classes, two bins.
Picodet small_picodet() {
  Picodet options;
  options.width = 16;
  options.height = 8;
  options.strides = {8, 16};
  return options;
}
Tensors picodet_head() {
  std::vector<float> code;
  for (const double side : {0.25, 0.5, 0.75, 0.5})
    for (const float value : two_bins(side)) code.push_back(value);
  return {{"a", f32({2, 2}, {0.5f, 0.75f, 0.1f, 0.2f})},
          {"b", f32({1, 2}, {0.9f, 0.8f})},
          {"c", zeros({2, 8})},
          {"d", f32({1, 8}, code)}};
}

TEST(Picodet, DecodesEachLevel) {
  EXPECT_EQ(text_of(run(picodet(small_picodet()), picodet_head())),
            "0 0.9 [4, 0, 20, 16]; 1 0.8 [4, 0, 20, 16]; 1 0.75 [0, 0, 8, 8]; 0 0.5 [0, 0, 8, 8]");
  Picodet best = small_picodet();
  best.multi_label = false;
  EXPECT_EQ(scores_of(run(picodet(best), picodet_head())), "0 0.9; 1 0.75");
  best.candidates.classes = {0};
  EXPECT_EQ(scores_of(run(picodet(best), picodet_head())), "0 0.9; 0 0.5");
}

TEST(Picodet, TakesTheBestCellsOfEachLevel) {
  Picodet options = small_picodet();
  options.candidates = {0.05f, 1};
  EXPECT_EQ(scores_of(run(picodet(options), picodet_head())), "0 0.9; 1 0.8; 1 0.75; 0 0.5");
  options.activation = Activation::kSigmoid;
  EXPECT_EQ(scores_of(run(picodet(options), picodet_head())), "0 0.711; 1 0.69; 1 0.679; 0 0.622");
}

TEST(Picodet, RefusesWhatDoesNotFit) {
  const auto refuses = [](const Tensors& head, const std::string& reason) {
    EXPECT_THAT(run(picodet(small_picodet()), head), FailsWith(ErrorCode::kInvalidArgument, reason));
  };
  refuses({}, "expected 4 tensors, scores of 2 levels, then their distributions, got 0");
  Tensors head = picodet_head();
  head[1].tensor = zeros({1, 3});
  refuses(head, "tensor 'b' at stride 16: expected f32[1, 2] on the CPU, got f32[1, 3]");
  head = picodet_head();
  head[2].tensor = zeros({3, 8});
  refuses(head, "tensor 'c' at stride 8: expected f32[2, 4 * bins] on the CPU, got f32[3, 8]");
  head[2].tensor = zeros({2, 9});
  refuses(head, "tensor 'c' at stride 8: expected f32[2, 4 * bins], got f32[2, 9]");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detect
