// SPDX-License-Identifier: Apache-2.0
// Tolerance: the allowed difference between a result and the expected one.
//
//   Tolerance tolerance = Tolerance::within(1e-4, 1e-5);
//   bool is_same = tolerance.accepts(0.50001, 0.5);
#pragma once

#include <string>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The allowed difference between a number and the recorded one: |got - expected| <= atol + rtol * |expected|, or none
/// (is_exact: bit for bit). NaN equals NaN, and an infinity equals itself only.
struct GANTRY_API Tolerance {
  bool is_exact = true;
  double atol = 0;
  double rtol = 0;

  static Tolerance within(double atol, double rtol) { return {false, atol, rtol}; }

  bool accepts(double got, double expected) const;
  /// "exact", "atol 0.0001, rtol 1e-05".
  std::string to_string() const;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
