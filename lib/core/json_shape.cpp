// SPDX-License-Identifier: Apache-2.0
#include "core/json_shape.hpp"

#include <cstdint>
#include <vector>

#include "core/json_access.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<Shape> read_shape(const JsonView& json) {
  const Json& list = JsonAccess::value_of(json);
  if (!list.is_array()) return json.error("expected a list of sizes, got " + json.describe());
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::int64_t size = list[i].is_number_integer() ? list[i].get<std::int64_t>() : -1;
    if (size < 0)
      return json_error(json.path() + "[" + std::to_string(i) + "]", "expected a size, got " + describe(list[i]));
    dims.push_back(size);
  }
  const Shape shape{Span<const std::int64_t>(dims)};
  if (shape.overflowed() || shape.numel() < 0) return json.error("is not a valid tensor shape");
  return shape;
}

}  // namespace gantry::inline GANTRY_ABI::detail
