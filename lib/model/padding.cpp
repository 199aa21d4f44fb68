// SPDX-License-Identifier: Apache-2.0
// Padding: checks the options once against the signature; then copies inputs row by row into the padded batch.
#include "model/padding.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "model/batch.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kMaxLength = std::int64_t{1} << 24;
constexpr std::size_t kMaxLengths = 1024;
constexpr std::int64_t kFirstDefault = 16;
constexpr std::int64_t kLastDefault = 65536;

using Element = std::array<std::byte, 8>;

Error invalid(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

template <class T>
Element bytes_of(T value) {
  Element element{};
  std::memcpy(element.data(), &value, sizeof value);
  return element;
}

template <class T>
std::optional<Element> exact_integer(double value) {
  // As a double, the maximum of int64_t rounds up to 2^63, which does not fit into int64_t.
  constexpr double kLow = static_cast<double>(std::numeric_limits<T>::min());
  const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (!(value >= kLow && value < end) || value != std::trunc(value)) return std::nullopt;
  return bytes_of(static_cast<T>(value));
}

/// `value` as a 16-bit floating-point number; nullopt if it is not exactly representable.
std::optional<Element> exact_float16(double value, int mantissa_bits, int bias) {
  const int exponent_bits = 15 - mantissa_bits;
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const int largest = (1 << exponent_bits) - 1;  // the exponent field of infinity
  if (std::isinf(value)) return bytes_of(static_cast<std::uint16_t>(sign | (largest << mantissa_bits)));
  int exponent = 0;
  const double magnitude = std::abs(value);
  std::frexp(magnitude, &exponent);                            // magnitude < 2^exponent
  const int field = std::max(exponent - 1 + bias, 0);          // 0: subnormal, of the same step as 1
  const int step = std::max(field, 1) - bias - mantissa_bits;  // log2 of the last place
  const double steps = std::ldexp(magnitude, -step);
  if (magnitude != 0 && (field >= largest || steps != std::trunc(steps))) return std::nullopt;
  if (magnitude == 0) return bytes_of(sign);
  const auto mantissa = static_cast<std::uint32_t>(steps) & ((1u << mantissa_bits) - 1);
  return bytes_of(static_cast<std::uint16_t>(sign | (static_cast<std::uint32_t>(field) << mantissa_bits) | mantissa));
}

std::optional<Element> element_of(double value, DType dtype) {
  if (std::isnan(value)) return std::nullopt;
  switch (dtype) {
    case DType::kF64:
      return bytes_of(value);
    case DType::kF32:
      if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max()))
        return std::nullopt;
      return bytes_of(static_cast<float>(value));
    case DType::kF16:
      return exact_float16(value, 10, 15);
    case DType::kBF16:
      return exact_float16(value, 7, 127);
    case DType::kU8:
      return exact_integer<std::uint8_t>(value);
    case DType::kI8:
      return exact_integer<std::int8_t>(value);
    case DType::kI16:
      return exact_integer<std::int16_t>(value);
    case DType::kI32:
      return exact_integer<std::int32_t>(value);
    case DType::kI64:
      return exact_integer<std::int64_t>(value);
    case DType::kBool:
      if (value != 0 && value != 1) return std::nullopt;
      return bytes_of(static_cast<std::uint8_t>(value));
  }
  return std::nullopt;
}

/// Bit i for each axis i of `spec` that has the symbol.
std::uint32_t axes_of(const TensorSpec& spec, const std::string& symbol) {
  std::uint32_t axes = 0;
  for (std::size_t axis = 0; axis < spec.dims.size(); ++axis)
    if (spec.dims[axis].symbol == symbol) axes |= 1u << axis;
  return axes;
}

Result<std::vector<std::int64_t>> check_lengths(const std::vector<std::int64_t>& given) {
  std::vector<std::int64_t> lengths = given;
  if (lengths.empty())
    for (std::int64_t length = kFirstDefault; length <= kLastDefault; length *= 2) lengths.push_back(length);
  if (lengths.size() > kMaxLengths)
    return invalid("lengths: at most " + std::to_string(kMaxLengths) + " are possible, got " +
                   std::to_string(lengths.size()));
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::string field = "lengths[" + std::to_string(i) + "]: ";
    if (lengths[i] < 1 || lengths[i] > kMaxLength)
      return invalid(field + "must be 1.." + std::to_string(kMaxLength) + ", got " + std::to_string(lengths[i]));
    if (i > 0 && lengths[i] <= lengths[i - 1])
      return invalid(field + "must be greater than the previous one, " + std::to_string(lengths[i - 1]) + ", got " +
                     std::to_string(lengths[i]));
  }
  return lengths;
}

Result<void> check_dim(const std::string& dim, const Signature& signature) {
  if (!signature.can_share_calls())
    return invalid("dim: the signature has no batch axis" +
                   std::string(signature.has_batch_axis() ? " in an output" : "") +
                   ", so nothing shares a batch: " + signature.to_string());
  if (!signature.output_symbols().empty())
    return invalid("dim: '" + signature.output_symbols()[0] +
                   "' of the outputs is not a dimension of an input, so padded outputs cannot be cut back: " +
                   signature.to_string());
  if (dim == "batch") return invalid("dim: the batch axis cannot be padded");
  const auto has_dim = [&](const TensorSpec& spec) { return axes_of(spec, dim) != 0; };
  if (dim.empty() || std::none_of(signature.inputs().begin(), signature.inputs().end(), has_dim))
    return invalid("dim: no input has a dimension '" + dim + "': " + signature.to_string());
  return {};
}

/// The padding value of each input, in signature order.
Result<std::vector<Element>> check_values(const Padding& padding, const Signature& signature) {
  std::map<std::string_view, double> unused(padding.values.begin(), padding.values.end());
  std::vector<Element> elements;
  for (const TensorSpec& spec : signature.inputs()) {
    double value = 0;
    if (const auto place = unused.find(spec.name); place != unused.end()) {
      value = place->second;
      unused.erase(place);
      if (axes_of(spec, padding.dim) == 0)
        return invalid("values." + spec.name + ": the input has no dimension '" + padding.dim +
                       "': " + spec.to_string());
    }
    const auto element = element_of(value, spec.dtype);
    if (!element)
      return invalid("values." + spec.name + ": " + to_text(value) + " is not a value of " +
                     gantry::to_string(spec.dtype));
    elements.push_back(*element);
  }
  if (unused.empty()) return elements;
  return invalid("values." + std::string(unused.begin()->first) + ": there is no such input: " + signature.to_string());
}

/// Copies a row-major tensor to the start of a larger one, and fills the rest along each axis.
class PaddedCopy {
 public:
  PaddedCopy(const Tensor& source, std::byte* target, const Shape& target_shape, const Element& value)
      : from_(source.shape()),
        to_(target_shape),
        strides_(target_shape.row_major_strides()),
        element_size_(size_of(source.dtype())),
        value_(value),
        source_(static_cast<const std::byte*>(source.data())),
        target_(target) {
    for (std::size_t axis = 0; axis < from_.rank(); ++axis)
      if (from_[axis] != to_[axis]) last_padded_ = axis;
  }

  /// The end of the target.
  std::byte* run() {
    copy(0);
    return target_;
  }

 private:
  void copy(std::size_t axis) {
    if (axis == last_padded_) {  // the axes after it are equal in both
      const std::size_t size = bytes_of_slices(from_[axis], axis);
      if (size > 0) std::memcpy(target_, source_, size);
      source_ += size;
      target_ += size;
    } else {
      for (std::int64_t i = 0; i < from_[axis]; ++i) copy(axis + 1);
    }
    fill(bytes_of_slices(to_[axis] - from_[axis], axis));
  }

  std::size_t bytes_of_slices(std::int64_t count, std::size_t axis) const {
    return static_cast<std::size_t>(count * strides_[axis]) * element_size_;
  }

  void fill(std::size_t size) {
    if (value_ == Element{}) {
      if (size > 0) std::memset(target_, 0, size);
    } else {
      for (std::size_t done = 0; done < size; done += element_size_)
        std::memcpy(target_ + done, value_.data(), element_size_);
    }
    target_ += size;
  }

  const Shape from_;
  const Shape to_;
  const Shape strides_;
  const std::size_t element_size_;
  const Element value_;
  const std::byte* source_;
  std::byte* target_;
  std::size_t last_padded_ = 0;
};

}  // namespace

Result<PaddingPlan> PaddingPlan::make(const Padding& padding, const Signature& signature) {
  GANTRY_RETURN_IF_ERROR(check_dim(padding.dim, signature));
  GANTRY_ASSIGN_OR_RETURN(auto lengths, check_lengths(padding.lengths));
  GANTRY_ASSIGN_OR_RETURN(auto values, check_values(padding, signature));
  PaddingPlan plan;
  plan.dim_ = padding.dim;
  plan.lengths_ = std::move(lengths);
  plan.values_ = std::move(values);
  for (const TensorSpec& spec : signature.inputs()) plan.input_axes_.push_back(axes_of(spec, padding.dim));
  for (const TensorSpec& spec : signature.outputs()) plan.output_axes_.push_back(axes_of(spec, padding.dim));
  while (plan.input_axes_[plan.first_input_] == 0) ++plan.first_input_;
  while (!(plan.input_axes_[plan.first_input_] >> plan.first_axis_ & 1u)) ++plan.first_axis_;
  return plan;
}

std::size_t PaddingPlan::bucket_of(const Tensors& inputs) const {
  const auto place = std::lower_bound(lengths_.begin(), lengths_.end(), length_of(inputs));
  return static_cast<std::size_t>(place - lengths_.begin());
}

std::int64_t PaddingPlan::padded(std::int64_t length) const {
  const auto place = std::lower_bound(lengths_.begin(), lengths_.end(), length);
  return place == lengths_.end() ? length : *place;
}

Shape PaddingPlan::padded_shape(const Tensor& tensor, Axes axes) const {
  Shape shape = tensor.shape();
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (axes >> axis & 1u) shape[axis] = padded(shape[axis]);
  return shape;
}

bool PaddingPlan::share_batch(const Tensors& a, const Tensors& b) const {
  for (std::size_t i = 0; i < input_axes_.size(); ++i) {
    const Shape left = padded_shape(a[i].tensor, input_axes_[i]);
    const Shape right = padded_shape(b[i].tensor, input_axes_[i]);
    if (!std::equal(left.begin() + 1, left.end(), right.begin() + 1)) return false;
  }
  return true;
}

Result<Tensors> PaddingPlan::join(Span<const Tensors* const> calls) const {
  Tensors joined;
  std::vector<Tensor> parts(calls.size());
  for (std::size_t i = 0; i < input_axes_.size(); ++i) {
    for (std::size_t k = 0; k < parts.size(); ++k) parts[k] = (*calls[k])[i].tensor;
    GANTRY_ASSIGN_OR_RETURN(auto whole, join_input(i, parts));
    joined.add((*calls[0])[i].name, std::move(whole));
  }
  return joined;
}

Result<Tensor> PaddingPlan::join_input(std::size_t input, Span<const Tensor> parts) const {
  Shape shape = padded_shape(parts[0], input_axes_[input]);
  const auto is_padded = [&](const Tensor& part) {
    return !std::equal(shape.begin() + 1, shape.end(), part.shape().begin() + 1);
  };
  if (std::none_of(parts.begin(), parts.end(), is_padded)) return join_rows(parts);
  shape[0] = 0;
  for (const Tensor& part : parts) shape[0] += part.shape()[0];
  auto block = Tensor::make(parts[0].dtype(), shape);
  if (!block) return block;
  auto* target = static_cast<std::byte*>(block->mutable_data());
  for (const Tensor& part : parts) {
    auto dense = part.contiguous();
    if (!dense) return dense;
    shape[0] = part.shape()[0];
    target = PaddedCopy(*dense, target, shape, values_[input]).run();
  }
  return block;
}

Result<Tensors> PaddingPlan::cut(Tensors outputs, const Tensors& inputs) const {
  const std::int64_t own = length_of(inputs);
  const std::int64_t whole = padded(own);
  if (own == whole || outputs.size() != output_axes_.size()) return outputs;  // checked_outputs() reports it
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Tensor& tensor = outputs[i].tensor;
    for (std::size_t axis = 0; axis < tensor.rank(); ++axis) {
      if (!(output_axes_[i] >> axis & 1u)) continue;
      if (tensor.shape()[axis] != whole)
        return Error(ErrorCode::kModelError, "the model's output disagrees with its signature: '" + dim_ +
                                                 "' was padded to " + std::to_string(whole) + ", got " +
                                                 tensor.to_string());
      GANTRY_ASSIGN_OR_RETURN(auto part, tensor.slice(axis, 0, own));
      tensor = std::move(part);
    }
    GANTRY_ASSIGN_OR_RETURN(auto dense, tensor.contiguous());
    tensor = std::move(dense);
  }
  return outputs;
}

std::string PaddingPlan::to_string() const {
  std::string text = dim_ + " to ";
  for (std::size_t i = 0; i < lengths_.size(); ++i) text += (i ? ", " : "") + std::to_string(lengths_[i]);
  return text;
}

}  // namespace gantry::inline GANTRY_ABI::detail
