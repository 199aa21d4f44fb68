// SPDX-License-Identifier: Apache-2.0
// The tables, made with the reference's operations in its order. Compiled without contraction: a fused multiply-add
// would round once where the reference rounds twice.
#include "ops/image/tensor_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "core/return_if_error.hpp"
#include "ops/image/kernels/store_kernels.hpp"
#include "ops/parameters.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using image::Normalize;

Result<void> check_list(const char* name, const std::vector<float>& values) {
  if (values.size() != 1 && values.size() != 3 && values.size() != 4)
    return Error(ErrorCode::kInvalidArgument,
                 std::string(name) + " needs one number, or one per channel, got " + std::to_string(values.size()));
  for (const float value : values)
    if (!std::isfinite(value))
      return Error(ErrorCode::kInvalidArgument,
                   std::string(name) + " must be finite in float32, got " + to_text(value));
  return {};
}

Result<void> check_count(const char* name, const std::vector<float>& values, Colour colour) {
  const std::size_t channels = channels_of(colour);
  if (values.size() == 1 || values.size() == channels) return {};
  return Error(ErrorCode::kInvalidArgument, std::string(name) + " has " + std::to_string(values.size()) +
                                                " numbers, but the image is " + to_string(colour) + " with " +
                                                std::to_string(channels) + (channels == 1 ? " channel" : " channels"));
}

float number_of(const Normalize& how, std::size_t byte, float mean, float std) {
  float value = static_cast<float>(byte);
  if (how.mode == Normalize::Mode::kTorchvision) value /= 255.0f;
  if (how.mode == Normalize::Mode::kHfNumpy) value = static_cast<float>(static_cast<double>(byte) * how.scale);
  if (how.mode == Normalize::Mode::kScaled) value *= static_cast<float>(how.scale);
  value -= mean;
  return value / std;
}

std::uint8_t to_u8(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::nearbyint(value), 0.0f, 255.0f));
}

std::uint8_t to_i8(float value) {
  return static_cast<std::uint8_t>(static_cast<std::int8_t>(std::clamp(std::nearbyint(value), -128.0f, 127.0f)));
}

/// IEEE 754 binary16, round half to even.
std::uint16_t to_f16(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return static_cast<std::uint16_t>(sign | 0x7C00u);
  if (magnitude < 6.103515625e-05f)  // subnormal: a multiple of 2^-24
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(magnitude * 16777216.0f)));
  const std::uint32_t magnitude_bits = bits & 0x7FFFFFFFu;
  const std::uint32_t rounded = magnitude_bits + 0x0FFFu + (magnitude_bits >> 13 & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

std::uint16_t to_bf16(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace

Result<void> check_normalize(const Normalize& normalize) {
  const bool has_scale = normalize.mode == Normalize::Mode::kHfNumpy || normalize.mode == Normalize::Mode::kScaled;
  if (normalize.mode != Normalize::Mode::kTorchvision && normalize.mode != Normalize::Mode::kAffine && !has_scale)
    return Error(ErrorCode::kInvalidArgument, "unknown mode");
  if (!has_scale && normalize.scale != Normalize().scale)
    return Error(ErrorCode::kInvalidArgument, "scale is for the modes hf_numpy and scaled");
  const auto factor = static_cast<float>(normalize.scale);
  if (!std::isfinite(factor) || factor == 0.0f)
    return Error(ErrorCode::kInvalidArgument,
                 "scale must be finite and not 0 in float32, got " + to_text(normalize.scale));
  GANTRY_RETURN_IF_ERROR(check_list("mean", normalize.mean));
  GANTRY_RETURN_IF_ERROR(check_list("std", normalize.std));
  for (const float value : normalize.std)
    if (value == 0.0f) return Error(ErrorCode::kInvalidArgument, "std must not be 0 in float32");
  if (normalize.mean.size() != 1 && normalize.std.size() != 1 && normalize.mean.size() != normalize.std.size())
    return Error(ErrorCode::kInvalidArgument, "mean has " + std::to_string(normalize.mean.size()) +
                                                  " numbers, but std has " + std::to_string(normalize.std.size()));
  return {};
}

Result<void> check_fits(const Normalize& normalize, Colour colour) {
  GANTRY_RETURN_IF_ERROR(check_count("mean", normalize.mean, colour));
  return check_count("std", normalize.std, colour);
}

Result<void> check_format(const image::TensorFormat& format) {
  constexpr std::array<DType, 5> kKnown = {DType::kF32, DType::kF16, DType::kBF16, DType::kU8, DType::kI8};
  if (std::find(kKnown.begin(), kKnown.end(), format.dtype) == kKnown.end())
    return Error(ErrorCode::kInvalidArgument,
                 std::string("dtype must be f32, f16, bf16, u8 or i8, got ") + to_string(format.dtype));
  if (format.layout != image::Layout::kChw && format.layout != image::Layout::kHwc)
    return Error(ErrorCode::kInvalidArgument, "unknown layout");
  return {};
}

TensorTables::TensorTables(const Normalize& normalize, const image::TensorFormat& format)
    : normalize_(normalize), format_(format), tables_(std::max(normalize.mean.size(), normalize.std.size())) {
  const RoundingScope rounding;
  std::vector<float> numbers;
  for (std::size_t t = 0; t < tables_; ++t) {
    const float mean = normalize.mean[normalize.mean.size() == 1 ? 0 : t];
    const float std = normalize.std[normalize.std.size() == 1 ? 0 : t];
    for (std::size_t byte = 0; byte < 256; ++byte) numbers.push_back(number_of(normalize, byte, mean, std));
  }
  for (const float number : numbers) {
    if (format.dtype == DType::kF32) f32_.push_back(number);
    if (format.dtype == DType::kF16) bits16_.push_back(to_f16(number));
    if (format.dtype == DType::kBF16) bits16_.push_back(to_bf16(number));
    if (format.dtype == DType::kU8) bits8_.push_back(to_u8(number));
    if (format.dtype == DType::kI8) bits8_.push_back(to_i8(number));
  }
}

Result<void> TensorTables::check_fits(Colour colour) const {
  return detail::check_fits(normalize_, colour);
}

Shape TensorTables::shape(ImageSize size, std::size_t channels) const {
  const auto depth = static_cast<std::int64_t>(channels);
  return format_.layout == image::Layout::kChw ? Shape{depth, size.height, size.width}
                                               : Shape{size.height, size.width, depth};
}

std::size_t TensorTables::target(std::size_t channel, std::size_t channels) const {
  return format_.reverse_channels && channels >= 3 && channel < 3 ? 2 - channel : channel;
}

template <class T>
void TensorTables::store_as(const std::vector<T>& tables, const std::uint8_t* row, std::int64_t pixels,
                            std::size_t channels, T* out, ImageSize size, std::int64_t left, std::int64_t y) const {
  std::array<const T*, 4> table{};
  std::array<std::size_t, 4> targets{};
  for (std::size_t c = 0; c < channels; ++c) {
    targets[c] = target(c, channels);
    table[c] = tables.data() + 256 * (tables_ == 1 ? 0 : targets[c]);
  }
  const std::int64_t first = y * size.width + left;
  const auto count = static_cast<std::size_t>(pixels);
  if (format_.layout == image::Layout::kHwc)
    return store_interleaved(row, count, channels, table.data(), targets.data(),
                             out + first * static_cast<std::int64_t>(channels));
  std::array<T*, 4> planes{};
  for (std::size_t c = 0; c < channels; ++c)
    planes[c] = out + static_cast<std::int64_t>(targets[c]) * size.width * size.height + first;
  store_planes(row, count, channels, table.data(), planes.data());
}

void TensorTables::store(const std::uint8_t* row, std::int64_t pixels, std::size_t channels, void* out, ImageSize size,
                         std::int64_t left, std::int64_t y) const {
  if (!f32_.empty()) return store_as(f32_, row, pixels, channels, static_cast<float*>(out), size, left, y);
  if (!bits16_.empty())
    return store_as(bits16_, row, pixels, channels, static_cast<std::uint16_t*>(out), size, left, y);
  store_as(bits8_, row, pixels, channels, static_cast<std::uint8_t*>(out), size, left, y);
}

}  // namespace gantry::inline GANTRY_ABI::detail
