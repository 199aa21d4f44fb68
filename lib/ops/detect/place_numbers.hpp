// SPDX-License-Identifier: Apache-2.0
// What the codecs of boxes, keypoints, quads and detections share: rows of numbers in JSON, and what a tolerance means
// for places and for scores.
#pragma once

#include <cstddef>
#include <gantry/json.hpp>
#include <gantry/result.hpp>
#include <gantry/tolerance.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// A list of `count` numbers; null is NaN. `names`: what they are, for the error, "x and y".
Result<std::vector<float>> read_numbers(const JsonView& json, std::size_t count, const std::string& names = "");

/// What is allowed of places, and of scores. A tolerance is said of pixels; scores are shares, so that of its absolute
/// part they have as large a share as pixels have of the picture: of the largest number among what is expected.
struct Allowed {
  Tolerance places;
  Tolerance scores;

  bool accepts(float got, float expected, bool is_score) const {
    return (is_score ? scores : places).accepts(static_cast<double>(got), static_cast<double>(expected));
  }
};

/// Sees each place that is expected, and then knows what is allowed.
class LargestPlace {
 public:
  /// Of no weight where it is not finite.
  void see(float place);
  Allowed allowed(const Tolerance& tolerance) const;

 private:
  double largest_ = 1;
};

}  // namespace gantry::inline GANTRY_ABI::detail
