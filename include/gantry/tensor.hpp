// SPDX-License-Identifier: Apache-2.0
// Tensor: dtype, shape and strides over shared, 64-byte aligned storage; Tensors: a named list of them.
//
//   gantry::Tensor x = gantry::Tensor::zeros(gantry::DType::kF32, {3, 224, 224}).value();
//   gantry::Span<float> pixels = x.mutable_values<float>().value();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gantry/bytes.hpp>
#include <gantry/device.hpp>
#include <gantry/dtype.hpp>
#include <gantry/shape.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// A strided view of shared storage.
///
/// Ownership: shares its storage; copies, slices and views are cheap and see each other's writes. This includes a
///            stage's input: the caller, other branches of a fork, or a golden case may share its storage. Call clone()
///            before writing in place.
/// Threads:   thread-compatible: concurrent reads are safe, a write needs exclusive access.
/// Errors:    invalid_argument for a bad axis, range, shape or dtype; resource_exhausted if memory is short.
/// Cost:      one allocation for a view, two for storage and header. Storage from make() is 64-byte aligned and padded
///            to 64 bytes.
class GANTRY_API Tensor {
 public:
  /// An empty f32 tensor of shape [0].
  Tensor();

  /// Uninitialised row-major storage on the CPU.
  static Result<Tensor> make(DType dtype, const Shape& shape);
  static Result<Tensor> zeros(DType dtype, const Shape& shape);
  /// Copies `values`, whose count must be shape.numel().
  template <class T>
  static Result<Tensor> from(Span<const T> values, const Shape& shape) {
    return from_bytes(dtype_of<T>, values.data(), values.size() * sizeof(T), shape);
  }
  /// Refers to memory that `owner` keeps alive, without a copy and without an alignment requirement. `strides` are in
  /// elements; row-major if empty.
  static Result<Tensor> wrap(void* data, DType dtype, const Shape& shape, std::shared_ptr<void> owner,
                             const Shape& strides = {}, Device device = Device::cpu());

  DType dtype() const;
  const Shape& shape() const;
  /// In elements.
  const Shape& strides() const;
  Device device() const;
  std::size_t rank() const { return shape().rank(); }
  std::int64_t numel() const;
  /// numel() * size_of(dtype()): the size of the elements, not of the storage.
  std::size_t size_bytes() const;
  bool is_contiguous() const;

  const void* data() const;
  void* mutable_data();

  /// All elements; invalid_argument unless dtype matches T and the tensor is contiguous and on the CPU.
  template <class T>
  Result<Span<const T>> values() const {
    if (auto ok = check_values(dtype_of<T>); !ok) return std::move(ok).error();
    return Span<const T>(static_cast<const T*>(data()), static_cast<std::size_t>(numel()));
  }
  template <class T>
  Result<Span<T>> mutable_values() {
    if (auto ok = check_values(dtype_of<T>); !ok) return std::move(ok).error();
    return Span<T>(static_cast<T*>(mutable_data()), static_cast<std::size_t>(numel()));
  }

  /// Elements begin..end of `axis`; a view.
  Result<Tensor> slice(std::size_t axis, std::int64_t begin, std::int64_t end) const;
  /// Element `index` of `axis`, which disappears from the shape; a view.
  Result<Tensor> select(std::size_t axis, std::int64_t index) const;
  /// The axes in another order, for example {2, 0, 1}; a view.
  Result<Tensor> permute(Span<const std::size_t> axes) const;
  /// The same elements under another shape; contiguous tensors only; a view.
  Result<Tensor> reshape(const Shape& shape) const;
  /// This tensor if it is contiguous, else a row-major copy.
  Result<Tensor> contiguous() const;
  /// A row-major copy with storage of its own.
  Result<Tensor> clone() const;

  /// True if both refer to the same storage.
  bool shares_storage_with(const Tensor& other) const;
  /// The size of the whole shared storage; for wrapped memory, the size that was wrapped; 0 if it has no owner.
  std::size_t storage_bytes() const;
  /// The object that keeps the storage alive.
  std::shared_ptr<void> owner() const;

  /// "f32[3, 224, 224]", with " on cuda:0" unless on the CPU.
  std::string to_string() const;

 private:
  struct Rep;
  explicit Tensor(std::shared_ptr<const Rep> rep);
  static Result<Tensor> from_bytes(DType dtype, const void* data, std::size_t size, const Shape& shape);
  Result<void> check_values(DType dtype) const;
  std::shared_ptr<const Rep> rep_;
};

/// A tensor with the name it has in a signature.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// A list of named tensors: a model's inputs or outputs, in signature order.
///
/// Ownership: shares the tensors.
/// Threads:   thread-compatible.
/// Errors:    none; find() returns nullptr for an unknown name.
/// Cost:      linear in the number of tensors, which is small.
class GANTRY_API Tensors {
 public:
  Tensors() = default;
  Tensors(std::initializer_list<NamedTensor> items) : items_(items) {}

  void add(std::string name, Tensor tensor) { items_.push_back({std::move(name), std::move(tensor)}); }
  const Tensor* find(std::string_view name) const;
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const NamedTensor& operator[](std::size_t index) const { return items_[index]; }
  NamedTensor& operator[](std::size_t index) { return items_[index]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<NamedTensor> items_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
