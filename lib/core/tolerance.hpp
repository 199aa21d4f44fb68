// SPDX-License-Identifier: Apache-2.0
// Tolerance: how far an answer may be from the one that is expected.
#pragma once

#include <string>

namespace gantry::detail {

/// How far a number may be from the recorded one: |got - expected| <= atol + rtol * |expected|, or bit for bit.
/// NaN equals NaN, and an infinity equals itself only.
struct Tolerance {
  bool is_exact = true;
  double atol = 0;
  double rtol = 0;

  bool accepts(double got, double expected) const;
  /// "exact", "atol 0.0001, rtol 1e-05".
  std::string to_string() const;
};

}  // namespace gantry::detail
