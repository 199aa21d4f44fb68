// SPDX-License-Identifier: Apache-2.0
// detect.db.
#include <gantry/detect/db.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/detect/quads/min_area_rect.hpp"
#include "ops/detect/quads/outlines.hpp"
#include "ops/detect/quads/quad_mean.hpp"
#include "ops/detect/quads/quad_offset.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

constexpr std::int64_t kMostValues = std::int64_t{1} << 26;
constexpr std::int64_t kValuesBetweenLooks = std::int64_t{1} << 16;  // values between two checks of the deadline
constexpr double kGrownMinSide = 2;                                  // a grown box must be this much larger

Result<void> check(const Db& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("threshold", options.threshold, 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("box_threshold", options.box_threshold, 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("unclip_ratio", options.unclip_ratio, 0.5, 16));
  GANTRY_RETURN_IF_ERROR(detail::check_range("min_side", options.min_side, 1, 1024));
  return detail::check_range("max_candidates", options.max_candidates, 1, detail::kMaxK);
}

std::string text_of(const Db& options) {
  return "threshold=" + detail::to_text(options.threshold) + ", dilate=" + (options.dilate ? "true" : "false") +
         ", box_threshold=" + detail::to_text(options.box_threshold) +
         ", unclip_ratio=" + detail::to_text(options.unclip_ratio) + ", min_side=" + detail::to_text(options.min_side) +
         ", max_candidates=" + std::to_string(options.max_candidates);
}

struct Map {
  Tensor held;
  const float* values;
  std::int64_t width;
  std::int64_t height;
};

Result<Map> map_of(const Tensor& tensor) {
  const bool has_channel = tensor.rank() == 3;
  const std::vector<detail::HeadAxis> plane = {{"h", 1}, {"w", 1}};
  GANTRY_ASSIGN_OR_RETURN(auto dense, has_channel ? detail::head_tensor(tensor, "the map", {1, plane[0], plane[1]})
                                                  : detail::head_tensor(tensor, "the map", plane));
  const std::int64_t height = dense.shape()[has_channel ? 1 : 0], width = dense.shape()[has_channel ? 2 : 1];
  if (width > detail::kMaxSide || height > detail::kMaxSide || width * height > kMostValues)
    return Error(ErrorCode::kInvalidArgument, "the map: expected sides of at most " + std::to_string(detail::kMaxSide) +
                                                  " and at most " + std::to_string(kMostValues) + " values, got " +
                                                  tensor.to_string());
  const float* const values = detail::values_of(dense);
  return Map{std::move(dense), values, width, height};
}

/// Rows of the text mask. OpenCV's 2x2 dilate() also looks at the pixels to the left and above.
class TextMask {
 public:
  TextMask(const Map& map, const Db& options)
      : map_(map), options_(options), above_(kMargin + width() + kBehind), now_(above_.size()), grown_(above_.size()) {}

  /// The next row, with a 0 before it and eight after it.
  const std::uint8_t* next_row() {
    std::swap(above_, now_);
    const float* const values = map_.values + row_++ * map_.width;
    std::uint8_t* const now = now_.data() + kMargin;
    for (std::size_t x = 0; x < width(); ++x) now[x] = values[x] > options_.threshold ? 1 : 0;
    if (!options_.dilate) return now;
    const std::uint8_t* const above = above_.data() + kMargin;
    std::uint8_t* const grown = grown_.data() + kMargin;
    for (std::size_t x = 0; x < width(); ++x)
      grown[x] = static_cast<std::uint8_t>(now[x] | now[x - 1] | above[x] | above[x - 1]);
    return grown;
  }

 private:
  static constexpr std::size_t kMargin = 8;
  static constexpr std::size_t kBehind = 8;
  std::size_t width() const { return static_cast<std::size_t>(map_.width); }

  const Map& map_;
  const Db& options_;
  std::vector<std::uint8_t> above_;
  std::vector<std::uint8_t> now_;
  std::vector<std::uint8_t> grown_;
  std::int64_t row_ = 0;
};

using Hulls = std::vector<std::vector<detail::LatticePoint>>;

Result<Hulls> text_hulls(const Map& map, const Db& options, const CallContext& call) {
  detail::Outlines outlines(map.width, map.height);
  TextMask mask(map, options);
  std::int64_t work = 0;
  for (std::int64_t y = 0; y < map.height; ++y) {
    outlines.add_row(mask.next_row());
    if ((work += map.width) < kValuesBetweenLooks) continue;
    GANTRY_RETURN_IF_ERROR(call.interruption());
    work = 0;
  }
  return outlines.hulls(static_cast<std::size_t>(options.max_candidates), call);
}

bool is_shorter(float side, double least) {
  return static_cast<double>(side) < least;
}

Result<Quads> find_text(const Db& options, const Tensor& tensor, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto map, map_of(tensor));
  GANTRY_ASSIGN_OR_RETURN(const auto hulls, text_hulls(map, options, call));
  std::vector<FoundQuad> found;
  for (const auto& hull : hulls) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    const detail::MinAreaRect rect = detail::min_area_rect(hull);
    if (is_shorter(rect.short_side, options.min_side)) continue;
    const double score = detail::quad_mean(map.values, map.width, map.height, rect.quad);
    if (!(score >= options.box_threshold)) continue;
    const double distance = detail::unclip_distance(rect.quad, options.unclip_ratio);
    const detail::MinAreaRect grown = detail::min_area_rect(detail::offset_hull(rect.quad, distance));
    if (is_shorter(grown.short_side, options.min_side + kGrownMinSide)) continue;
    found.push_back({grown.quad, static_cast<float>(score)});
  }
  return Quads(std::move(found));
}

}  // namespace

Stage<Tensor, Quads> db(const Db& options) {
  return detail::make_op<Tensor, Quads>(
      "detect.db", options, text_of(options), check(options),
      [](const Db& how, const Tensor& map, const CallContext& call) { return find_text(how, map, call); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
