// SPDX-License-Identifier: Apache-2.0
// l2_normalize and nearest: tests/parity/cascade_parity.py compares with torch; here are order, sharing and errors.
#include <gantry/embeddings.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/number_text.hpp"
#include "ops/detect/heads.hpp"
#include "ops/embeddings/vector_rows.hpp"
#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::f32;
using test::FailsWith;
using test::run;

std::string classes_text(const Result<Classes>& classes) {
  if (!classes) return classes.error().to_string();
  std::string text;
  for (const Class& one : *classes)
    text += (text.empty() ? "" : "; ") + std::to_string(one.index) + one.label + " " + test::short_text(one.score);
  return text;
}

VectorTable table_of(Metric metric) {
  return VectorTable::make(f32({4, 2}, {3, 0, 0, 4, 1, 1, 6, 0}), metric).value();
}

TEST(L2Normalize, DividesRowsByTheirLength) {
  const Tensor tensor = run(l2_normalize(), f32({3, 2}, {3, 4, 0, 0, 0, 2})).value();
  const auto values = tensor.values<float>().value();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{0.6f, 0.8f, 0, 0, 0, 1}));
  const Tensor broken = run(l2_normalize(), f32({2}, {kNan, 1})).value();
  EXPECT_TRUE(std::isnan(broken.values<float>().value()[1]));
  EXPECT_THAT(run(l2_normalize(), f32({2, 0}, {})), FailsWith(ErrorCode::kInvalidArgument, "a last axis of at least"));
  EXPECT_THAT(run(l2_normalize(), test::i64({1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "expected f32 on the CPU"));
  EXPECT_THAT(run(l2_normalize(0), f32({2}, {1, 1})), FailsWith(ErrorCode::kInvalidArgument, "eps must be finite"));
}

TEST(Nearest, FindsTheBestByEachMetric) {
  EXPECT_EQ(classes_text(run(nearest(table_of(Metric::kCosine), 4), f32({2}, {2, 0}))), "0 1; 3 1; 2 0.707; 1 0")
      << "equal scores in order of index";
  EXPECT_EQ(classes_text(run(nearest(table_of(Metric::kDot), 2), f32({2}, {2, 0}))), "3 12; 0 6");
  EXPECT_EQ(classes_text(run(nearest(table_of(Metric::kL2), 9), f32({2}, {2, 0}))), "0 -1; 2 -1.414; 3 -4; 1 -4.472");
  EXPECT_EQ(classes_text(run(nearest(table_of(Metric::kCosine), 1), f32({2}, {0, 0}))), "0 0")
      << "zeros are near nothing";
  const Labels names(std::vector<std::string>{"a", "b", "c", "d"});
  EXPECT_EQ(classes_text(run(nearest(table_of(Metric::kDot), 1, names), f32({2}, {0, 1}))), "1b 4");
}

TEST(Nearest, KeepsTheFirstOfManyEqualOnes) {
  const std::int64_t rows = 5000;
  const auto table = VectorTable::make(f32({rows, 1}, std::vector<float>(rows, 2)), Metric::kDot).value();
  EXPECT_EQ(classes_text(run(nearest(table, 3), f32({1}, {1}))), "0 2; 1 2; 2 2");
}

TEST(Nearest, GivesARowTheSameScoreInEveryPlace) {
  std::vector<float> row;
  for (int i = 0; i < 37; ++i) row.push_back(static_cast<float>(std::sin(i)));
  std::vector<float> all;
  for (int i = 0; i < 7; ++i) all.insert(all.end(), row.begin(), row.end());
  const auto found = run(nearest(VectorTable::make(f32({7, 37}, all)).value(), 7), f32({37}, row)).value();
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(found[i].index, static_cast<std::int64_t>(i));
    EXPECT_EQ(found[i].score, found[0].score);
  }
}

TEST(Nearest, SharesItsTable) {
  const VectorTable table = table_of(Metric::kDot), copy = table;
  EXPECT_EQ(&table.rows(), &copy.rows());
  EXPECT_EQ(table.size(), 4);
  EXPECT_EQ(table.width(), 2);
}

TEST(Nearest, RefusesTablesThatAreNone) {
  const auto error = [](const Tensor& tensor) { return VectorTable::make(tensor); };
  EXPECT_THAT(error(f32({2}, {1, 2})), FailsWith(ErrorCode::kInvalidArgument, "expected f32[n, d] on the CPU"));
  EXPECT_THAT(error(f32({0, 2}, {})), FailsWith(ErrorCode::kInvalidArgument, "n 1..2147483647"));
  EXPECT_THAT(error(test::i64({1, 2})), FailsWith(ErrorCode::kInvalidArgument, "expected f32[n, d] on the CPU"));
  EXPECT_THAT(error(f32({2, 2}, {1, 2, kNan, 1})),
              FailsWith(ErrorCode::kInvalidArgument, "row 1 holds a NaN, or a number beyond 1e15"));
}

TEST(Nearest, SaysThatThereIsNoMemoryForATable) {
  const auto rows = detail::VectorRows::make(std::numeric_limits<std::int32_t>::max(), 65536, Metric::kDot);
  ASSERT_THAT(rows, FailsWith(ErrorCode::kResourceExhausted, "no memory"));
  EXPECT_EQ(rows.error().reason(), ErrorReason::kOutOfMemory);
}

TEST(Nearest, KeepsTheOrderOfTheLargestNumbersThatItTakes) {
  const Tensor rows = f32({3, 2}, {1e15f, 1e15f, -1e15f, -1e15f, 0, 1e15f});
  for (const Metric metric : {Metric::kL2, Metric::kDot}) {
    const auto found = run(nearest(VectorTable::make(rows, metric).value(), 3), f32({2}, {1e15f, 1e15f})).value();
    EXPECT_EQ(found[0].index, 0);
    EXPECT_EQ(found[1].index, 2);
    EXPECT_TRUE(std::isfinite(found[2].score));
  }
  EXPECT_THAT(VectorTable::make(f32({1, 1}, {1.1e15f})), FailsWith(ErrorCode::kInvalidArgument, "beyond 1e15"));
}

TEST(Nearest, RefusesVectorsThatDoNotFit) {
  const auto stage = nearest(table_of(Metric::kCosine), 1);
  EXPECT_THAT(run(stage, f32({3}, {1, 2, 3})),
              FailsWith(ErrorCode::kInvalidArgument, "expected f32[2], as long as the table's rows, on the CPU, got"));
  EXPECT_THAT(run(stage, f32({1, 2}, {1, 2})), FailsWith(ErrorCode::kInvalidArgument, "expected f32[2]"));
  EXPECT_THAT(run(stage, f32({2}, {1, -kInfinity})),
              FailsWith(ErrorCode::kInvalidArgument, "number 1 is NaN or beyond 1e15"));
  EXPECT_THAT(run(nearest(table_of(Metric::kDot), 0), f32({2}, {1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "k must be 1..65536, got 0"));
  EXPECT_THAT(run(nearest(table_of(Metric::kDot), 1, Labels(std::vector<std::string>{"a"})), f32({2}, {1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "1 labels do not fit a table of 4 rows"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
