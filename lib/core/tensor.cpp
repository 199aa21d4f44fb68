// SPDX-License-Identifier: Apache-2.0
// Tensor: storage, views, copies.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <gantry/tensor.hpp>
#include <new>
#include <utility>

#include "core/strided_copy.hpp"

namespace gantry::inline GANTRY_ABI {

struct Tensor::Rep {
  std::shared_ptr<void> owner;
  void* data = nullptr;
  std::size_t storage_bytes = 0;  // 0: the memory is not owned
  Shape shape;
  Shape strides;
  std::int64_t numel = 0;
  DType dtype = DType::kF32;
  Device device;
  bool is_contiguous = true;
};

namespace {

constexpr std::size_t kAlignment = 64;

bool fits_in_memory(std::int64_t numel, DType dtype) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 62;
  return numel >= 0 && static_cast<std::uint64_t>(numel) <= kMaxBytes / size_of(dtype);
}

// A dimension of extent 1 may have any stride.
bool is_row_major(const Shape& shape, const Shape& strides, std::int64_t numel) {
  if (numel == 0) return true;
  std::int64_t expected = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    if (shape[axis] != 1 && strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

Error bad_shape(const Shape& shape) {
  if (shape.overflowed())
    return Error(ErrorCode::kInvalidArgument,
                 "a tensor has at most " + std::to_string(Shape::kMaxRank) + " dimensions");
  return Error(ErrorCode::kInvalidArgument,
               "shape " + shape.to_string() + " has a negative extent or more than 2^62 bytes");
}

}  // namespace

Tensor::Tensor() {
  static const std::shared_ptr<const Rep> kEmpty = [] {
    auto rep = std::make_shared<Rep>();
    rep->shape = {0};
    rep->strides = {1};
    return rep;
  }();
  rep_ = kEmpty;
}

Tensor::Tensor(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}

Result<Tensor> Tensor::make(DType dtype, const Shape& shape) {
  const std::int64_t numel = shape.numel();
  if (shape.overflowed() || !fits_in_memory(numel, dtype)) return bad_shape(shape);
  const std::size_t size = static_cast<std::size_t>(numel) * size_of(dtype);
  const std::size_t rounded = std::max((size + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  auto rep = std::make_shared<Rep>();  // allocated first: if it throws, no other memory leaks
  void* memory = std::aligned_alloc(kAlignment, rounded);
  if (memory == nullptr)
    return Error(ErrorCode::kResourceExhausted, "no memory for " + std::string(gantry::to_string(dtype)) +
                                                    shape.to_string() + " (" + std::to_string(size) + " bytes)")
        .with_reason(ErrorReason::kOutOfMemory);
  rep->owner = std::shared_ptr<void>(memory, &std::free);
  rep->data = memory;
  rep->storage_bytes = rounded;
  rep->shape = shape;
  rep->strides = shape.row_major_strides();
  rep->numel = numel;
  rep->dtype = dtype;
  return Tensor(std::shared_ptr<const Rep>(std::move(rep)));
}

Result<Tensor> Tensor::zeros(DType dtype, const Shape& shape) {
  auto tensor = make(dtype, shape);
  if (tensor && tensor->size_bytes() > 0) std::memset(tensor->mutable_data(), 0, tensor->size_bytes());
  return tensor;
}

Result<Tensor> Tensor::from_bytes(DType dtype, const void* data, std::size_t size, const Shape& shape) {
  auto tensor = make(dtype, shape);
  if (!tensor) return tensor;
  if (tensor->size_bytes() != size)
    return Error(ErrorCode::kInvalidArgument, "shape " + shape.to_string() + " needs " +
                                                  std::to_string(tensor->numel()) + " values, got " +
                                                  std::to_string(size / size_of(dtype)));
  if (size > 0) std::memcpy(tensor->mutable_data(), data, size);
  return tensor;
}

Result<Tensor> Tensor::wrap(void* data, DType dtype, const Shape& shape, std::shared_ptr<void> owner,
                            const Shape& strides, Device device) {
  const std::int64_t numel = shape.numel();
  if (strides.overflowed()) return bad_shape(strides);
  if (shape.overflowed() || !fits_in_memory(numel, dtype)) return bad_shape(shape);
  const Shape in_force = strides.rank() == 0 ? shape.row_major_strides() : strides;
  if (in_force.rank() != shape.rank())
    return Error(ErrorCode::kInvalidArgument,
                 "strides " + in_force.to_string() + " do not fit shape " + shape.to_string());
  if (data == nullptr && numel > 0)
    return Error(ErrorCode::kInvalidArgument, "a tensor of shape " + shape.to_string() + " needs memory, got nullptr");
  auto rep = std::make_shared<Rep>();
  rep->storage_bytes = owner ? static_cast<std::size_t>(numel) * size_of(dtype) : 0;
  rep->owner = std::move(owner);
  rep->data = data;
  rep->shape = shape;
  rep->strides = in_force;
  rep->numel = numel;
  rep->dtype = dtype;
  rep->device = device;
  rep->is_contiguous = is_row_major(shape, in_force, numel);
  return Tensor(std::shared_ptr<const Rep>(std::move(rep)));
}

DType Tensor::dtype() const {
  return rep_->dtype;
}
const Shape& Tensor::shape() const {
  return rep_->shape;
}
const Shape& Tensor::strides() const {
  return rep_->strides;
}
Device Tensor::device() const {
  return rep_->device;
}
std::int64_t Tensor::numel() const {
  return rep_->numel;
}
std::size_t Tensor::size_bytes() const {
  return static_cast<std::size_t>(rep_->numel) * size_of(rep_->dtype);
}
bool Tensor::is_contiguous() const {
  return rep_->is_contiguous;
}
const void* Tensor::data() const {
  return rep_->data;
}
void* Tensor::mutable_data() {
  return rep_->data;
}
std::size_t Tensor::storage_bytes() const {
  return rep_->storage_bytes;
}
std::shared_ptr<void> Tensor::owner() const {
  return rep_->owner;
}

bool Tensor::shares_storage_with(const Tensor& other) const {
  return rep_->owner && !rep_->owner.owner_before(other.rep_->owner) && !other.rep_->owner.owner_before(rep_->owner);
}

Result<void> Tensor::check_values(DType dtype) const {
  if (dtype != rep_->dtype)
    return Error(ErrorCode::kInvalidArgument,
                 "expected a tensor of " + std::string(gantry::to_string(dtype)) + ", got " + to_string());
  if (!rep_->device.is_cpu())
    return Error(ErrorCode::kInvalidArgument, "expected a tensor on the CPU, got " + to_string());
  if (!rep_->is_contiguous)
    return Error(ErrorCode::kInvalidArgument,
                 "expected a contiguous tensor, got " + to_string() + " with strides " + rep_->strides.to_string());
  return {};
}

Result<Tensor> Tensor::slice(std::size_t axis, std::int64_t begin, std::int64_t end) const {
  if (axis >= rank())
    return Error(ErrorCode::kInvalidArgument, "axis " + std::to_string(axis) + " does not exist in " + to_string());
  if (begin < 0 || begin > end || end > shape()[axis])
    return Error(ErrorCode::kInvalidArgument, "range " + std::to_string(begin) + ".." + std::to_string(end) +
                                                  " is outside axis " + std::to_string(axis) + " of " + to_string());
  auto rep = std::make_shared<Rep>(*rep_);
  const std::int64_t offset = begin * rep->strides[axis] * static_cast<std::int64_t>(size_of(dtype()));
  rep->shape[axis] = end - begin;
  rep->numel = rep->shape.numel();
  rep->data = static_cast<std::byte*>(rep->data) + offset;
  rep->is_contiguous = is_row_major(rep->shape, rep->strides, rep->numel);
  return Tensor(std::shared_ptr<const Rep>(std::move(rep)));
}

Result<Tensor> Tensor::select(std::size_t axis, std::int64_t index) const {
  if (axis >= rank() || index < 0 || index >= shape()[axis])
    return Error(ErrorCode::kInvalidArgument, "index " + std::to_string(index) + " of axis " + std::to_string(axis) +
                                                  " does not exist in " + to_string());
  auto rep = std::make_shared<Rep>(*rep_);
  rep->data =
      static_cast<std::byte*>(rep->data) + index * rep->strides[axis] * static_cast<std::int64_t>(size_of(dtype()));
  std::vector<std::int64_t> dims(shape().begin(), shape().end());
  std::vector<std::int64_t> strides(rep_->strides.begin(), rep_->strides.end());
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(axis));
  rep->shape = Shape(dims);
  rep->strides = Shape(strides);
  rep->numel = rep->shape.numel();
  rep->is_contiguous = is_row_major(rep->shape, rep->strides, rep->numel);
  return Tensor(std::shared_ptr<const Rep>(std::move(rep)));
}

Result<Tensor> Tensor::permute(Span<const std::size_t> axes) const {
  std::array<bool, Shape::kMaxRank> seen{};
  bool is_permutation = axes.size() == rank();
  for (std::size_t i = 0; is_permutation && i < axes.size(); ++i)
    is_permutation = axes[i] < rank() && !std::exchange(seen[axes[i]], true);
  if (!is_permutation)
    return Error(ErrorCode::kInvalidArgument, "permute needs each axis of " + to_string() + " exactly once");
  auto rep = std::make_shared<Rep>(*rep_);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    rep->shape[i] = rep_->shape[axes[i]];
    rep->strides[i] = rep_->strides[axes[i]];
  }
  rep->is_contiguous = is_row_major(rep->shape, rep->strides, rep->numel);
  return Tensor(std::shared_ptr<const Rep>(std::move(rep)));
}

Result<Tensor> Tensor::reshape(const Shape& shape) const {
  if (!is_contiguous())
    return Error(ErrorCode::kInvalidArgument, "only a contiguous tensor can be reshaped, got " + to_string() +
                                                  " with strides " + strides().to_string());
  if (shape.overflowed() || shape.numel() != numel())
    return Error(ErrorCode::kInvalidArgument, "cannot reshape " + to_string() + " to " + shape.to_string());
  auto rep = std::make_shared<Rep>(*rep_);
  rep->shape = shape;
  rep->strides = shape.row_major_strides();
  return Tensor(std::shared_ptr<const Rep>(std::move(rep)));
}

Result<Tensor> Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  return clone();
}

Result<Tensor> Tensor::clone() const {
  if (!device().is_cpu())
    return Error(ErrorCode::kInvalidArgument, "only a tensor on the CPU can be copied, got " + to_string());
  auto copy = make(dtype(), shape());
  if (!copy || numel() == 0) return copy;
  detail::copy_strided(copy->mutable_data(), data(), shape(), strides(), size_of(dtype()));
  return copy;
}

std::string Tensor::to_string() const {
  std::string text = gantry::to_string(dtype()) + shape().to_string();
  if (!device().is_cpu()) text += " on " + device().to_string();
  return text;
}

const Tensor* Tensors::find(std::string_view name) const {
  for (const NamedTensor& item : items_)
    if (item.name == name) return &item.tensor;
  return nullptr;
}

}  // namespace gantry::inline GANTRY_ABI
