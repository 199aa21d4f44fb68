// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/place_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gantry::detail {

Result<std::vector<float>> read_numbers(const JsonView& json, std::size_t count, const std::string& names) {
  const auto items = json.items();
  if (!items) return items.error();
  if (items->size() != count)
    return json.error("expected " + std::to_string(count) + " numbers, " + (names.empty() ? "" : names + ", ") +
                      "got " + std::to_string(items->size()));
  std::vector<float> numbers;
  for (const JsonView& item : *items) {
    const auto number =
        item.kind() == JsonKind::kNull ? Result<double>(std::numeric_limits<double>::quiet_NaN()) : item.number();
    if (!number) return number.error();
    numbers.push_back(static_cast<float>(*number));
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

}  // namespace gantry::detail
