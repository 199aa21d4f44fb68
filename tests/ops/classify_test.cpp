// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/classify.hpp>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <vector>

#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::floats_of;
using test::run;

Tensor tensor_of(const std::vector<float>& values, const Shape& shape) {
  return Tensor::from<float>(Span<const float>(values), shape).value();
}

Tensor scores(const std::vector<float>& values) {
  return tensor_of(values, {static_cast<std::int64_t>(values.size())});
}

std::vector<std::int64_t> indices_of(const Classes& classes) {
  std::vector<std::int64_t> indices;
  for (const Class& entry : classes) indices.push_back(entry.index);
  return indices;
}

TEST(Softmax, WorksOnTheLastAxis) {
  const Tensor result = run(softmax(), tensor_of({0, 0, 5, 5, 5, 5}, {3, 2})).value();
  EXPECT_EQ(result.to_string(), "f32[3, 2]");
  EXPECT_EQ(floats_of(result), (std::vector<float>(6, 0.5f)));
}

TEST(Softmax, DoesNotOverflow) {
  EXPECT_EQ(floats_of(run(softmax(), scores({1e38f, 1e38f, -1e38f})).value()), (std::vector<float>{0.5f, 0.5f, 0}));
}

TEST(Softmax, MakesARowWithNanNan) {
  const auto values = floats_of(run(softmax(), tensor_of({1, kNan, 1, 1}, {2, 2})).value());
  EXPECT_TRUE(std::isnan(values[0]) && std::isnan(values[1]));
  EXPECT_EQ(values[2], 0.5f);
}

TEST(Softmax, DividesByTheTemperatureFirst) {
  const auto even = floats_of(run(softmax(2), scores({0, 2 * std::log(3.0f)})).value());
  EXPECT_NEAR(even[0], 0.25f, 1e-6f);
  EXPECT_NEAR(even[1], 0.75f, 1e-6f);
  EXPECT_NEAR(floats_of(run(sigmoid(0.5), scores({std::log(3.0f) / 2})).value())[0], 0.75f, 1e-6f);
  for (const double bad : {0.0, -1.0, 1e-60, std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_THAT(run(softmax(bad), scores({1})), FailsWith(ErrorCode::kInvalidArgument, "temperature must be")) << bad;
    EXPECT_THAT(run(sigmoid(bad), scores({1})), FailsWith(ErrorCode::kInvalidArgument, "temperature must be")) << bad;
  }
}

TEST(Softmax, RefusesOtherShapesAndTypes) {
  EXPECT_THAT(run(softmax(), Tensor::zeros(DType::kF32, {3, 0}).value()),
              FailsWith(ErrorCode::kInvalidArgument, "f32[3, 0]"));
  EXPECT_THAT(run(softmax(), Tensor::zeros(DType::kF32, Shape{}).value()),
              FailsWith(ErrorCode::kInvalidArgument, "last axis"));
  EXPECT_THAT(run(softmax(), Tensor::zeros(DType::kF64, {3}).value()),
              FailsWith(ErrorCode::kInvalidArgument, "expected a tensor of f32 on the CPU, got f64[3]"));
  EXPECT_THAT(run(softmax(), Tensor::zeros(DType::kF32, {0, 3}).value()), test::IsOk()) << "no rows";
}

TEST(Softmax, ReadsStridedTensors) {
  const std::size_t swapped[] = {1, 0};
  const Tensor result = run(softmax(), tensor_of({0, 9, 0, 9}, {2, 2}).permute(swapped).value()).value();
  EXPECT_EQ(floats_of(result), (std::vector<float>(4, 0.5f)));
}

TEST(Sigmoid, MapsToZeroAndOne) {
  EXPECT_EQ(floats_of(run(sigmoid(), scores({0, kInfinity, -kInfinity, -200})).value()),
            (std::vector<float>{0.5f, 1, 0, 0}));
  EXPECT_TRUE(std::isnan(floats_of(run(sigmoid(), scores({kNan})).value())[0]));
  EXPECT_THAT(run(sigmoid(), Tensor::zeros(DType::kI64, {3}).value()), FailsWith(ErrorCode::kInvalidArgument, "i64"));
}

TEST(Above, TakesEachClassThatIsAboveItsThreshold) {
  const Classes found = run(above({{0.5f}, 0, Labels({"a", "b", "c", "d"})}), scores({0.6f, 0.5f, 0.9f, 0.6f})).value();
  EXPECT_EQ(indices_of(found), (std::vector<std::int64_t>{2, 0, 3})) << "0.5 is not above 0.5";
  EXPECT_EQ(found[0].label, "c");
  EXPECT_EQ(indices_of(run(above({{0.9f, 0.1f, 0.95f}}), scores({0.6f, 0.5f, 0.9f})).value()),
            (std::vector<std::int64_t>{1}));
  EXPECT_EQ(indices_of(run(above({{0}, 2}), scores({1, 3, 2})).value()), (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(run(above(), scores({0.1f})).value().empty());
  EXPECT_TRUE(run(above(), scores({})).value().empty());
}

TEST(Above, RefusesWhatDoesNotFit) {
  EXPECT_THAT(run(above({{0.1f, 0.2f}}), scores({1, 2, 3})),
              FailsWith(ErrorCode::kInvalidArgument, "2 thresholds do not fit 3 scores"));
  EXPECT_THAT(run(above({{0}, 1, Labels({"a"})}), scores({1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "1 labels do not fit 2 scores"));
  EXPECT_THAT(run(above(), scores({kNan})), FailsWith(ErrorCode::kInvalidArgument, "score 0 is NaN"));
  EXPECT_THAT(run(above({{}}), scores({1})), FailsWith(ErrorCode::kInvalidArgument, "one number at least"));
  EXPECT_THAT(run(above({{kNan}}), scores({1})), FailsWith(ErrorCode::kInvalidArgument, "threshold must be finite"));
  EXPECT_THAT(run(above({{0}, -1}), scores({1})), FailsWith(ErrorCode::kInvalidArgument, "max_count must be 0..65536"));
}

TEST(TopK, OrdersByScoreThenIndex) {
  EXPECT_EQ(indices_of(run(top_k(4), scores({1, 3, 3, 2, 3})).value()), (std::vector<std::int64_t>{1, 2, 4, 3}));
  EXPECT_EQ(indices_of(run(top_k(9), scores({-kInfinity, kInfinity})).value()), (std::vector<std::int64_t>{1, 0}))
      << "k is cut to n";
  EXPECT_TRUE(run(top_k(9), scores({})).value().empty());
}

TEST(TopK, NamesClasses) {
  const Classes classes = run(top_k(2, Labels({"a", "b", "c"})), scores({1, 3, 2})).value();
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0].label, "b");
  EXPECT_EQ(classes[0].score, 3.0f);
  EXPECT_EQ(classes[1].label, "c");
}

TEST(TopK, RefusesWhatHasNoOrder) {
  EXPECT_THAT(run(top_k(1), scores({1, kNan})), FailsWith(ErrorCode::kInvalidArgument, "score 1 is NaN"));
  EXPECT_THAT(run(top_k(1), tensor_of({1, 2}, {1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "expected scores f32[n], got f32[1, 2]"));
  EXPECT_THAT(run(top_k(1), Tensor::zeros(DType::kI64, {3}).value()), FailsWith(ErrorCode::kInvalidArgument, "i64"));
  EXPECT_THAT(run(top_k(1, Labels({"a"})), scores({1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "1 labels do not fit 2 scores"));
}

TEST(Label, NamesClasses) {
  const Classes classes({{1, "", 0.5f}, {0, "old", 0.25f}});
  const Classes named = run(label(Labels({"a", "b"})), classes).value();
  EXPECT_EQ(named[0].label, "b");
  EXPECT_EQ(named[1].label, "a");
}

TEST(Label, RefusesAClassWithoutALabel) {
  for (const std::int64_t index : {std::int64_t{2}, std::int64_t{-1}})
    EXPECT_THAT(run(label(Labels({"a", "b"})), Classes({{index, "", 0.5f}})),
                FailsWith(ErrorCode::kInvalidArgument, "has no label; there are 2"));
  EXPECT_THAT(run(label(Labels()), Classes()), FailsWith(ErrorCode::kInvalidArgument, "labels are empty"));
}

TEST(Labels, AreOneALine) {
  const auto parse = [](const char* text) {
    const Labels labels = Labels::parse(Bytes(std::string(text))).value();
    std::string joined;
    for (std::size_t i = 0; i < labels.size(); ++i) joined += labels[i] + "|";
    return joined;
  };
  EXPECT_EQ(parse("cat\ndog\n"), "cat|dog|");
  EXPECT_EQ(parse("cat\ndog"), "cat|dog|");
  EXPECT_EQ(parse("cat\r\ndog\r\n"), "cat|dog|");
  EXPECT_EQ(parse("cat\n\ndog"), "cat||dog|");
  EXPECT_EQ(parse("\n"), "|");
  EXPECT_EQ(parse("K\xC3\xA4tzchen, \xF0\x9F\x90\x88"), "K\xC3\xA4tzchen, \xF0\x9F\x90\x88|");
}

TEST(Labels, AreUtf8) {
  EXPECT_THAT(Labels::parse(Bytes()), FailsWith(ErrorCode::kInvalidArgument, "labels are empty"));
  for (const std::string bad : {"\xFF", "\x80", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                                "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"})
    EXPECT_THAT(Labels::parse(Bytes("cat\n" + bad)),
                FailsWith(ErrorCode::kInvalidArgument, "labels are not UTF-8 at byte 4"));
}

TEST(Labels, LoadNamesTheFile) {
  const std::string path = testing::TempDir() + "gantry_labels.txt";
  std::ofstream(path) << "cat\ndog\n";
  EXPECT_EQ(Labels::load(path).value().size(), 2u);
  std::ofstream(path).close();
  EXPECT_THAT(Labels::load(path), FailsWith(ErrorCode::kInvalidArgument, path));
  EXPECT_THAT(Labels::load(path + ".absent"), FailsWith(ErrorCode::kNotFound, path));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
