// SPDX-License-Identifier: Apache-2.0
// The scales are computed as facenet_pytorch does it (models/utils/detect_face.py), in float64.
#include "ops/image/pyramid_levels.hpp"

#include <algorithm>

#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr double kMostScale = 4;
constexpr double kLeastFactor = 0.05;
constexpr double kMostFactor = 0.95;  // a larger factor would make hundreds of levels

}  // namespace

Result<void> check_levels(const image::PyramidLevels& levels) {
  if (!(levels.scale > 0 && levels.scale <= kMostScale))
    return Error(ErrorCode::kInvalidArgument, "scale must be above 0 and at most 4, got " + to_text(levels.scale));
  GANTRY_RETURN_IF_ERROR(check_range("factor", levels.factor, kLeastFactor, kMostFactor));
  return check_side("min_side", levels.min_side);
}

std::string levels_text(const image::PyramidLevels& levels) {
  return "scale=" + to_text(levels.scale) + ", factor=" + to_text(levels.factor) +
         ", min_side=" + std::to_string(levels.min_side);
}

std::vector<OpParameter> level_parameters() {
  const image::PyramidLevels defaults;
  return {OpParameter::number("scale", "of the first level; MTCNN: 12 / the smallest face")
              .above(0)
              .at_most(kMostScale)
              .by_default(defaults.scale),
          OpParameter::number("factor", "from level to level")
              .at_least(kLeastFactor)
              .at_most(kMostFactor)
              .by_default(defaults.factor),
          OpParameter::integer("min_side", 1, kMaxSide, "what the shorter side times the scale is at least")
              .by_default(defaults.min_side)};
}

image::PyramidLevels read_levels(ParamReader& params) {
  image::PyramidLevels levels;
  levels.scale = params.number("scale");
  levels.factor = params.number("factor");
  levels.min_side = params.integer("min_side");
  return levels;
}

}  // namespace gantry::inline GANTRY_ABI::detail

namespace gantry::inline GANTRY_ABI {

std::vector<double> image::PyramidLevels::scales(std::int64_t width, std::int64_t height) const {
  std::vector<double> found;
  if (!detail::check_levels(*this)) return found;  // with a factor of 1 the loop would not end
  double now = scale;
  for (double side = static_cast<double>(std::min(width, height)) * scale; side >= static_cast<double>(min_side);
       side *= factor) {
    found.push_back(now);
    now *= factor;
  }
  return found;
}

}  // namespace gantry::inline GANTRY_ABI
