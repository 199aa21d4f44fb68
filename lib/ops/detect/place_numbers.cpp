// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/place_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/nearest_float.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<std::vector<float>> read_numbers(const JsonView& json, std::size_t count, const std::string& names) {
  GANTRY_ASSIGN_OR_RETURN(const auto items, json.items());
  if (items.size() != count)
    return json.error("expected " + std::to_string(count) + " numbers, " + (names.empty() ? "" : names + ", ") +
                      "got " + std::to_string(items.size()));
  std::vector<float> numbers;
  for (const JsonView& item : items) {
    GANTRY_ASSIGN_OR_RETURN(const auto number, item.kind() == JsonKind::kNull
                                                   ? Result<double>(std::numeric_limits<double>::quiet_NaN())
                                                   : item.number());
    numbers.push_back(nearest_float(number));
  }
  return numbers;
}

void LargestPlace::see(float place) {
  if (std::isfinite(place)) largest_ = std::max(largest_, std::abs(static_cast<double>(place)));
}

Allowed LargestPlace::allowed(const Tolerance& tolerance) const {
  Allowed both{tolerance, tolerance};
  both.scores.atol /= largest_;
  return both;
}

}  // namespace gantry::inline GANTRY_ABI::detail
