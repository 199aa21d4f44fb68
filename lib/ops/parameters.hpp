// SPDX-License-Identifier: Apache-2.0
// Limits of op parameters, and their canonical text. Every front end gives the same text for the same parameters, so
// that the output of explain() can be compared.
#pragma once

#include <concepts>
#include <cstdint>
#include <gantry/result.hpp>
#include <string>
#include <vector>

#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {

inline constexpr std::int64_t kMaxSide = 65535;
/// The largest side of a resize that is cropped later: resize_short to 1024 or less never exceeds it.
inline constexpr std::int64_t kMaxUnseenSide = std::int64_t{1} << 26;
/// The largest k or max_count.
inline constexpr std::int64_t kMaxK = 65536;
inline constexpr std::int64_t kMaxImageSize = std::int64_t{1} << 31;

/// The parameters of an op that takes none.
struct NoParameters {};

/// The error reads "size must be 1..65535, got 0".
inline Result<void> check_range(const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return {};
  return Error(ErrorCode::kInvalidArgument, std::string(name) + " must be " + std::to_string(low) + ".." +
                                                std::to_string(high) + ", got " + std::to_string(value));
}

/// The error reads "iou must be 0..1, got 2". NaN is outside.
template <std::floating_point Number>
Result<void> check_range(const char* name, Number value, double low, double high) {
  if (static_cast<double>(value) >= low && static_cast<double>(value) <= high) return {};
  return Error(ErrorCode::kInvalidArgument,
               std::string(name) + " must be " + to_text(low) + ".." + to_text(high) + ", got " + to_text(value));
}

inline Result<void> check_side(const char* name, std::int64_t value) {
  return check_range(name, value, 1, kMaxSide);
}

/// For example "[0, 2]".
inline std::string to_text(const std::vector<std::int64_t>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(values[i]);
  return text + "]";
}

/// For example "0.5" or "[0.485, 0.456, 0.406]".
inline std::string to_text(const std::vector<float>& values) {
  if (values.size() == 1) return to_text(values[0]);
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ", ") + to_text(values[i]);
  return text + "]";
}

}  // namespace gantry::inline GANTRY_ABI::detail
