// SPDX-License-Identifier: Apache-2.0
// Floats that were written as text and read as doubles.
#pragma once

#include <charconv>
#include <cmath>
#include <gantry/version.hpp>
#include <limits>
#include <string>

#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The float nearest to the text that `value` was read from, if that text has at most 15 digits, as those that
/// JsonWriter gives a float. A cast rounds a second time: 7.038531e-26 as a double lies halfway between two floats.
inline float nearest_float(double value) {
  const auto cast = static_cast<float>(value);
  const double error = value - static_cast<double>(cast);
  if (error == 0 || !std::isfinite(cast)) return cast;
  const float toward = std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(error));
  const double rest = static_cast<double>(std::nextafter(cast, toward)) - value;
  if (error != rest) return cast;  // not halfway
  const std::string text = to_text(value);
  float nearest = cast;
  std::from_chars(text.data(), text.data() + text.size(), nearest);
  return nearest;
}

}  // namespace gantry::inline GANTRY_ABI::detail
