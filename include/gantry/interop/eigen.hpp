// SPDX-License-Identifier: Apache-2.0
// Converts gantry's tensors to Eigen's matrices and back, for stages that compute with Eigen. Opt-in: no other header
// of gantry includes Eigen; link Eigen3::Eigen for it.
//
//   auto embedding = gantry::interop::to_eigen<Eigen::RowVectorXf>(tensor);         // Result of an Eigen::Map
//   if (!embedding) return embedding.error();
//   Eigen::RowVectorXf unit = embedding->normalized();
//   gantry::Tensor result = gantry::interop::from_eigen(std::move(unit)).value();
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>

#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace interop {

namespace detail {

template <class Scalar>
struct EigenDType {
  static constexpr DType value = dtype_of<Scalar>;
};
template <>
struct EigenDType<Eigen::half> {
  static constexpr DType value = DType::kF16;
};
template <>
struct EigenDType<Eigen::bfloat16> {
  static constexpr DType value = DType::kBF16;
};

/// Any stride between neighbours is possible: a tensor may be a slice, or have its axes swapped.
using EigenStride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

/// Rows, columns, and the distances in elements between rows and between columns.
struct MatrixLayout {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;

  /// True if two elements have the same address: some number of row steps then equals some number of column steps.
  bool shares_memory() const {
    if (rows == 0 || columns == 0) return false;
    if (row_stride == 0 || column_stride == 0)
      return (rows > 1 && row_stride == 0) || (columns > 1 && column_stride == 0);
    const std::int64_t common = std::gcd(row_stride, column_stride);
    return column_stride / common < rows && row_stride / common < columns;
  }
  EigenStride stride(bool is_row_major) const {
    return is_row_major ? EigenStride(row_stride, column_stride) : EigenStride(column_stride, row_stride);
  }
};

template <class Matrix>
Result<MatrixLayout> matrix_layout(const Tensor& tensor) {
  constexpr DType dtype = EigenDType<typename Matrix::Scalar>::value;
  const auto refuse = [&](const std::string& expected) {
    return Error(ErrorCode::kInvalidArgument, "Eigen expected " + expected + ", got " + tensor.to_string());
  };
  if (tensor.dtype() != dtype) return refuse(std::string("a tensor of ") + to_string(dtype));
  if (!tensor.device().is_cpu()) return refuse("a tensor on the CPU");
  const Shape& shape = tensor.shape();
  const Shape& strides = tensor.strides();
  MatrixLayout layout;
  if (shape.rank() == 1 && Matrix::IsVectorAtCompileTime) {
    constexpr bool is_row = Matrix::RowsAtCompileTime == 1;
    layout = is_row ? MatrixLayout{1, shape[0], shape[0] * strides[0], strides[0]}
                    : MatrixLayout{shape[0], 1, strides[0], shape[0] * strides[0]};
  } else if (shape.rank() == 2) {
    layout = {shape[0], shape[1], strides[0], strides[1]};
  } else {
    return refuse(Matrix::IsVectorAtCompileTime ? "one or two axes" : "two axes (of a vector type also one)");
  }
  const auto fits = [](std::int64_t extent, int exact, int largest) {
    return (exact == Eigen::Dynamic || extent == exact) && (largest == Eigen::Dynamic || extent <= largest);
  };
  if (!fits(layout.rows, Matrix::RowsAtCompileTime, Matrix::MaxRowsAtCompileTime))
    return refuse(std::to_string(Matrix::MaxRowsAtCompileTime) + " rows");
  if (!fits(layout.columns, Matrix::ColsAtCompileTime, Matrix::MaxColsAtCompileTime))
    return refuse(std::to_string(Matrix::MaxColsAtCompileTime) + " columns");
  if (layout.row_stride < 0 || layout.column_stride < 0) return refuse("strides that are not negative");
  if (reinterpret_cast<std::uintptr_t>(tensor.data()) % alignof(typename Matrix::Scalar) != 0)
    return refuse("elements at addresses that their type allows");
  return layout;
}

}  // namespace detail

/// The result of to_eigen(): Eigen's view of a tensor's memory, with any strides.
template <class Matrix>
using ConstMap = Eigen::Map<const Matrix, Eigen::Unaligned, detail::EigenStride>;
template <class Matrix>
using MutableMap = Eigen::Map<Matrix, Eigen::Unaligned, detail::EigenStride>;

/// The tensor's memory as a `Matrix`: an Eigen::Matrix or Eigen::Array of any storage order, of fixed or dynamic size.
/// A tensor [r, c] is a matrix of r rows; a tensor [n] is a vector. Slices and permuted tensors work: the view uses the
/// tensor's strides. Eigen is fastest if the storage orders agree: Eigen's default is column by column, a tensor's is
/// row by row (Eigen::RowMajor).
///
/// Ownership: borrows: valid while `tensor` or another holder of its storage exists.
/// Threads:   as the tensor.
/// Errors:    invalid_argument for another element type, rank or fixed size, a tensor that is not on the CPU, negative
///            strides, and memory that is not aligned to its elements.
/// Cost:      no copy.
template <class Matrix>
Result<ConstMap<Matrix>> to_eigen(const Tensor& tensor) {
  using Scalar = typename Matrix::Scalar;
  const auto layout = detail::matrix_layout<Matrix>(tensor);
  if (!layout) return layout.error();
  return ConstMap<Matrix>(static_cast<const Scalar*>(tensor.data()), layout->rows, layout->columns,
                          layout->stride(Matrix::IsRowMajor));
}
/// Deleted: a view of a temporary tensor would dangle.
template <class Matrix>
Result<ConstMap<Matrix>> to_eigen(const Tensor&& tensor) = delete;

/// The same, for writing. Every holder of the storage sees the writes: a stage clones its input first
/// (Tensor::clone()). Also invalid_argument if elements share memory (an axis repeated by a stride of 0, overlapping
/// rows).
template <class Matrix>
Result<MutableMap<Matrix>> to_eigen_mutable(Tensor& tensor) {
  using Scalar = typename Matrix::Scalar;
  const auto layout = detail::matrix_layout<Matrix>(tensor);
  if (!layout) return layout.error();
  if (layout->shares_memory())
    return Error(ErrorCode::kInvalidArgument,
                 "Eigen cannot write to " + tensor.to_string() + ", whose elements share memory; clone() it first");
  return MutableMap<Matrix>(static_cast<Scalar*>(tensor.mutable_data()), layout->rows, layout->columns,
                            layout->stride(Matrix::IsRowMajor));
}

/// Converts a matrix to a tensor [rows, columns], a vector to a tensor [size]. Moves the matrix into the tensor
/// without a copy. A matrix stored column by column gives a tensor with matching strides; Tensor::contiguous()
/// converts it to rows. Errors: resource_exhausted if memory is short. Fixed-size matrices, which contain their
/// elements, are copied.
template <class Matrix, class = std::enable_if_t<!std::is_lvalue_reference_v<Matrix> && !std::is_const_v<Matrix>>>
Result<Tensor> from_eigen(Matrix&& matrix) {
  using Plain = typename Matrix::PlainObject;
  std::shared_ptr<Plain> owner;
  try {
    owner = std::make_shared<Plain>(std::move(matrix));  // of an expression, this computes it
  } catch (const std::bad_alloc&) {
    return Error::out_of_memory();
  }
  const std::int64_t rows = owner->rows(), columns = owner->cols();
  const DType dtype = detail::EigenDType<typename Plain::Scalar>::value;
  void* data = owner->data();
  if (Plain::IsVectorAtCompileTime) return Tensor::wrap(data, dtype, {rows * columns}, std::move(owner));
  const Shape strides = Plain::IsRowMajor ? Shape{columns, 1} : Shape{1, rows};
  return Tensor::wrap(data, dtype, {rows, columns}, std::move(owner), strides);
}

/// The same for a matrix that the caller keeps: one copy.
template <class Matrix>
Result<Tensor> from_eigen(const Matrix& matrix) {
  return from_eigen(typename Matrix::PlainObject(matrix));
}

}  // namespace interop
}  // namespace GANTRY_ABI
}  // namespace gantry
