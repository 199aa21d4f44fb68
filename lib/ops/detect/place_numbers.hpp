// SPDX-License-Identifier: Apache-2.0
// Shared by the codecs of boxes, keypoints, quads and detections: rows of numbers in JSON, and tolerances for places
// and scores.
#pragma once

#include <cstddef>
#include <gantry/json.hpp>
#include <gantry/result.hpp>
#include <gantry/tolerance.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Reads a list of `count` numbers; null is NaN. `names` is for the error: "x and y".
Result<std::vector<float>> read_numbers(const JsonView& json, std::size_t count, const std::string& names = "");

/// Tolerances for places and for scores. A tolerance is given in pixels. Scores are 0..1, so their absolute tolerance
/// is divided by the largest expected place.
struct Allowed {
  Tolerance places;
  Tolerance scores;

  bool accepts(float got, float expected, bool is_score) const {
    return (is_score ? scores : places).accepts(static_cast<double>(got), static_cast<double>(expected));
  }
};

/// Takes every expected place, then gives the tolerances.
class LargestPlace {
 public:
  /// Ignores a place that is not finite.
  void see(float place);
  Allowed allowed(const Tolerance& tolerance) const;

 private:
  double largest_ = 1;
};

}  // namespace gantry::inline GANTRY_ABI::detail
