// SPDX-License-Identifier: Apache-2.0
// One memory, as a tensor and as an Eigen matrix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cstdint>
#include <gantry/interop/eigen.hpp>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using interop::from_eigen;
using interop::to_eigen;
using interop::to_eigen_mutable;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using testing::ElementsAre;

Tensor counted(const Shape& shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::from<float>(values, shape).value();
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor rows = tensor.contiguous().value();
  const Span<const float> values = rows.values<float>().value();
  return {values.begin(), values.end()};
}

/// Every element is where the tensor says, and nothing was copied.
template <class Matrix>
void expect_same(const Tensor& tensor) {
  const auto matrix = to_eigen<Matrix>(tensor);
  ASSERT_THAT(matrix, IsOk());
  EXPECT_EQ(static_cast<const void*>(matrix->data()), tensor.data());
  ASSERT_EQ(matrix->rows(), tensor.shape()[0]);
  ASSERT_EQ(matrix->cols(), tensor.shape()[1]);
  const auto* data = static_cast<const float*>(tensor.data());
  for (std::int64_t r = 0; r < matrix->rows(); ++r)
    for (std::int64_t c = 0; c < matrix->cols(); ++c)
      EXPECT_EQ((*matrix)(r, c), data[r * tensor.strides()[0] + c * tensor.strides()[1]]);
}

TEST(InteropEigen, SeesTheElementsInEitherStorageOrder) {
  const Tensor rows = counted({3, 4});
  const Tensor columns = rows.permute(std::vector<std::size_t>{1, 0}).value();
  const Tensor cut = rows.slice(0, 1, 3).value().slice(1, 1, 3).value();
  const Tensor picked = counted({2, 3, 4}).select(2, 1).value();
  for (const Tensor& tensor : {rows, columns, cut, picked}) {
    SCOPED_TRACE(tensor.to_string() + " with strides " + tensor.strides().to_string());
    expect_same<Eigen::MatrixXf>(tensor);
    expect_same<RowMajor>(tensor);
    expect_same<Eigen::ArrayXXf>(tensor);
  }
  expect_same<Eigen::Matrix<float, 3, 4>>(rows);
  expect_same<Eigen::Matrix<float, Eigen::Dynamic, 4>>(rows);
}

TEST(InteropEigen, SeesAVectorOfOneOrTwoAxes) {
  const Tensor tensor = counted({6});
  EXPECT_EQ(to_eigen<Eigen::VectorXf>(tensor)->sum(), 15);
  EXPECT_EQ((*to_eigen<Eigen::RowVectorXf>(tensor))(5), 5);
  const Tensor column = counted({3, 2}).select(1, 1).value();
  EXPECT_THAT(*to_eigen<Eigen::Vector3f>(column), ElementsAre(1, 3, 5));
  const Tensor one_row = counted({1, 4});
  EXPECT_EQ(to_eigen<Eigen::RowVectorXf>(one_row)->cols(), 4);
  const Tensor empty = counted({0, 4});
  EXPECT_EQ(to_eigen<Eigen::MatrixXf>(empty)->size(), 0);
}

TEST(InteropEigen, KnowsTheElementTypes) {
  const auto sees = [](auto scalar, DType dtype) {
    const Tensor tensor = Tensor::zeros(dtype, {2, 2}).value();
    const auto matrix = to_eigen<Eigen::Matrix<decltype(scalar), 2, 2>>(tensor);
    EXPECT_THAT(matrix, IsOk()) << to_string(dtype);
    EXPECT_EQ(from_eigen(Eigen::Matrix<decltype(scalar), 2, 2>()).value().dtype(), dtype);
  };
  sees(float(), DType::kF32);
  sees(double(), DType::kF64);
  sees(Eigen::half(), DType::kF16);
  sees(Eigen::bfloat16(), DType::kBF16);
  sees(std::uint8_t(), DType::kU8);
  sees(std::int8_t(), DType::kI8);
  sees(std::int16_t(), DType::kI16);
  sees(std::int32_t(), DType::kI32);
  sees(std::int64_t(), DType::kI64);
  sees(bool(), DType::kBool);
}

TEST(InteropEigen, RefusesWhatIsNoSuchMatrix) {
  const Tensor tensor = counted({3, 4});
  const auto invalid = ErrorCode::kInvalidArgument;
  EXPECT_THAT(to_eigen<Eigen::MatrixXd>(tensor), FailsWith(invalid, "expected a tensor of f64, got f32[3, 4]"));
  EXPECT_THAT(to_eigen<Eigen::Matrix3f>(tensor), FailsWith(invalid, "expected 3 columns, got f32[3, 4]"));
  EXPECT_THAT((to_eigen<Eigen::Matrix<float, 2, Eigen::Dynamic>>(tensor)), FailsWith(invalid, "expected 2 rows"));
  EXPECT_THAT((to_eigen<Eigen::Matrix<float, -1, -1, 0, 3, 3>>(tensor)), FailsWith(invalid, "expected 3 columns"));
  EXPECT_THAT(to_eigen<Eigen::VectorXf>(tensor), FailsWith(invalid, "expected 1 columns"));
  const Tensor cube = counted({2, 2, 2}), line = counted({4});
  EXPECT_THAT(to_eigen<Eigen::MatrixXf>(cube), FailsWith(invalid, "expected two axes"));
  EXPECT_THAT(to_eigen<Eigen::MatrixXf>(line), FailsWith(invalid, "expected two axes"));
  EXPECT_THAT(to_eigen<Eigen::VectorXf>(cube), FailsWith(invalid, "expected one or two axes"));
}

TEST(InteropEigen, RefusesMemoryThatEigenCannotUse) {
  const auto invalid = ErrorCode::kInvalidArgument;
  std::vector<float> memory(8);
  const auto wrapped = [&](void* data, const Shape& strides, Device device = Device::cpu()) {
    return Tensor::wrap(data, DType::kF32, {2, 2}, nullptr, strides, device).value();
  };
  const Tensor backwards = wrapped(memory.data() + 4, {-2, 1});
  EXPECT_THAT(to_eigen<Eigen::MatrixXf>(backwards), FailsWith(invalid, "strides that are not negative"));
  const Tensor crooked = wrapped(reinterpret_cast<char*>(memory.data()) + 1, {2, 1});
  EXPECT_THAT(to_eigen<Eigen::MatrixXf>(crooked), FailsWith(invalid, "addresses that their type allows"));
  const Tensor elsewhere = wrapped(memory.data(), {2, 1}, Device::cuda(0));
  EXPECT_THAT(to_eigen<Eigen::MatrixXf>(elsewhere), FailsWith(invalid, "a tensor on the CPU"));
  Tensor repeated = wrapped(memory.data(), {0, 1});
  EXPECT_THAT(to_eigen<Eigen::MatrixXf>(repeated), IsOk());
  EXPECT_THAT(to_eigen_mutable<Eigen::MatrixXf>(repeated), FailsWith(invalid, "clone() it first"));
}

TEST(InteropEigen, WritesToNoElementsThatShareMemory) {
  std::vector<float> memory(64);
  const auto writable = [&](const Shape& shape, const Shape& strides) {
    Tensor tensor = Tensor::wrap(memory.data(), DType::kF32, shape, nullptr, strides).value();
    return to_eigen_mutable<Eigen::MatrixXf>(tensor).ok();
  };
  for (const Shape& strides : {Shape{1, 1}, Shape{2, 1}, Shape{1, 2}, Shape{2, 2}, Shape{0, 1}})
    EXPECT_FALSE(writable({3, 3}, strides)) << strides.to_string();
  for (const Shape& strides : {Shape{3, 1}, Shape{1, 3}, Shape{4, 1}, Shape{2, 6}, Shape{3, 4}})
    EXPECT_TRUE(writable({3, 3}, strides)) << strides.to_string();
  EXPECT_TRUE(writable({1, 3}, {1, 1})) << "one row";
}

TEST(InteropEigen, WritesToTheTensor) {
  Tensor tensor = counted({2, 3});
  *to_eigen_mutable<Eigen::MatrixXf>(tensor) *= 2;
  EXPECT_THAT(values_of(tensor), ElementsAre(0, 2, 4, 6, 8, 10));
}

TEST(InteropEigen, MovesAMatrixIntoATensor) {
  RowMajor rows(2, 3);
  rows << 1, 2, 3, 4, 5, 6;
  Eigen::MatrixXf columns = rows;
  const void* row_memory = rows.data();
  const void* column_memory = columns.data();
  const Tensor by_rows = from_eigen(std::move(rows)).value();
  const Tensor by_columns = from_eigen(std::move(columns)).value();
  EXPECT_EQ(by_rows.data(), row_memory);
  EXPECT_TRUE(by_rows.is_contiguous());
  EXPECT_EQ(by_columns.data(), column_memory);
  EXPECT_EQ(by_columns.strides(), Shape({1, 2}));
  EXPECT_THAT(values_of(by_rows), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(values_of(by_columns), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(InteropEigen, CopiesWhatTheCallerKeepsAndComputesExpressions) {
  const Eigen::Matrix2f kept{{1, 2}, {3, 4}};
  Tensor copy = from_eigen(kept).value();
  *to_eigen_mutable<Eigen::Matrix2f>(copy) *= 2;
  EXPECT_EQ(kept(1, 1), 4);
  EXPECT_THAT(values_of(from_eigen(kept * kept).value()), ElementsAre(7, 10, 15, 22));
  EXPECT_THAT(values_of(from_eigen(kept.row(1)).value()), ElementsAre(3, 4));
  EXPECT_EQ(from_eigen(Eigen::Vector4f(1, 2, 3, 4)).value().shape(), Shape({4}));
  EXPECT_EQ(from_eigen(Eigen::MatrixXf(0, 5)).value().shape(), Shape({0, 5}));
}

template <class T, class = void>
constexpr bool takes = false;
template <class T>
constexpr bool takes<T, std::void_t<decltype(to_eigen<Eigen::MatrixXf>(std::declval<T>()))>> = true;
static_assert(takes<const Tensor&> && !takes<Tensor>, "a view of a tensor that ends would dangle");

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
