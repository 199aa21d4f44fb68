// SPDX-License-Identifier: Apache-2.0
// DetectInput: reads bytes as the numbers, tensors, frames and options of detection ops. Every byte means something;
// behind the last one come zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gantry/detect.hpp>
#include <gantry/frame.hpp>
#include <gantry/tensor.hpp>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

class DetectInput {
 public:
  DetectInput(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

  bool has_more() const { return next_ != end_; }
  std::uint8_t byte() { return has_more() ? *next_++ : std::uint8_t{0}; }
  bool flag() { return byte() % 2 == 1; }
  /// One time of 32.
  bool is_rare() { return byte() % 32 == 31; }
  /// 0 .. bound - 1.
  std::int64_t below(std::int64_t bound) { return byte() % bound; }
  /// One of count values of an enum, sometimes one that there is not.
  template <class E>
  E one_of(int count) {
    const int value = byte();
    return static_cast<E>(value == 255 ? 255 : value % count);
  }
  float raw_float() {
    std::uint8_t bytes[sizeof(float)];
    for (std::uint8_t& one : bytes) one = byte();
    float value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }

  /// Mostly a share; else one beyond the limits of shares.
  double share() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kLimits[] = {0, 1, -0.0, 1e-45, -1, 1.5, kInfinity, std::numeric_limits<double>::quiet_NaN()};
    const std::size_t value = byte();
    return value < 248 ? static_cast<double>(value) / 247 : kLimits[value % std::size(kLimits)];
  }
  /// Mostly small and above 0; else around a limit.
  std::int64_t count() {
    constexpr std::int64_t kLimits[] = {0, -1, 65535, 65536, 65537, std::int64_t{1} << 31, kMost, -kMost - 1};
    const std::size_t value = byte();
    return value < 240 ? 1 + static_cast<std::int64_t>(value % 32) : kLimits[value % std::size(kLimits)];
  }
  std::vector<std::int64_t> some_classes() {
    std::vector<std::int64_t> classes;
    for (std::int64_t left = byte() % 8 < 6 ? 0 : 1 + below(4); left > 0; --left)
      classes.push_back(is_rare() ? count() : below(12));
    return classes;
  }
  detect::Candidates candidates() {
    detect::Candidates rules;
    rules.score = static_cast<float>(share());
    rules.top = count();
    rules.classes = some_classes();
    return rules;
  }

  /// Small extents of f32, in most cases those asked for; noise of one kind, in which some numbers are none or huge.
  Tensor tensor(Shape shape, DType dtype = DType::kF32) {
    const std::uint8_t fit = byte();
    if (fit % 32 == 31) misshape(shape, dtype);
    const bool is_permuted = fit % 32 == 30 && shape.rank() == 2;
    if (is_permuted) std::swap(shape[0], shape[1]);
    Tensor made = Tensor::zeros(dtype, shape).value();
    const std::uint8_t kind = byte();
    std::minstd_rand random(byte() + 1u);
    if (dtype == DType::kF32)
      for (float& value : made.mutable_values<float>().value()) value = number(kind, random);
    if (dtype == DType::kI64)
      for (std::int64_t& value : made.mutable_values<std::int64_t>().value()) value = integer(kind, random);
    if (dtype == DType::kI32)
      for (std::int32_t& value : made.mutable_values<std::int32_t>().value())
        value = static_cast<std::int32_t>(integer(kind, random));
    constexpr std::size_t kSwapped[] = {1, 0};
    return is_permuted ? made.permute(Span<const std::size_t>(kSwapped)).value() : made;
  }

  FrameAxis axis() {
    FrameAxis made{static_cast<double>(1 + below(32)) / 8, static_cast<double>(below(64)) - 16};
    return flag() ? made.mirrored(40) : made;
  }
  Frame frame() {
    Frame made;
    made.width = 1 + below(64);
    made.height = 1 + below(64);
    made.is_turned = flag();
    made.x = axis();
    made.y = axis();
    return made;
  }

 private:
  static constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

  /// Other extents, another rank or another dtype than was asked for.
  void misshape(Shape& shape, DType& dtype) {
    const std::uint8_t how = byte();
    const std::size_t axis = shape.rank() == 0 ? 0 : how / 8 % shape.rank();
    if (how % 8 == 0) dtype = static_cast<DType>(how / 8 % 4);
    if (how % 8 == 1) shape = shape.with_front(1);
    if (how % 8 == 2 && shape.rank() > 0) shape = shape.tail();
    if (how % 8 > 2 && shape.rank() > 0) shape[axis] = how % 8 == 3 ? 0 : how % 8 == 4 ? shape[axis] + 1 : below(8);
    // Nothing at all, of extents that no memory would hold.
    if (how % 8 == 7 && shape.rank() > 1) shape[axis] = 0, shape[(axis + 1) % shape.rank()] = std::int64_t{1} << 40;
  }

  static float number(std::uint8_t kind, std::minstd_rand& random) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    constexpr float kLimits[] = {
        std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity, 3e38f, -3e38f, 1e-40f, -0.0f, 1e30f};
    const auto value = static_cast<unsigned>(random() >> 4);
    const float share = static_cast<float>(value % 4096) / 4096;
    switch (kind % 8) {
      case 0:
        return share;
      case 1:
        return share * 12 - 6;
      case 2:
        return share * 64;
      case 3:
        return 0.5f;
      case 4:
        return value % 16 == 0 ? kLimits[value / 16 % std::size(kLimits)] : share;
      case 5:
        return value % 4 == 0 ? kLimits[value / 4 % std::size(kLimits)] : share * 64 - 8;
      case 6:
        return static_cast<float>(value % 4);
      default:
        return kLimits[value % std::size(kLimits)];
    }
  }

  static std::int64_t integer(std::uint8_t kind, std::minstd_rand& random) {
    const auto value = static_cast<std::int64_t>(random() >> 4);
    if (kind % 8 == 7) return value % 2 == 0 ? kMost - value % 3 : -kMost - 1 + value % 3;
    return value % 12 - (kind % 8 == 6 ? 4 : 0);
  }

  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

}  // namespace gantry::inline GANTRY_ABI::test
