// SPDX-License-Identifier: Apache-2.0
// detect.quads_to_picture.
#include <gantry/detect/quads.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using Corner = Quad::Corner;

Result<void> check(const QuadsToPicture& options) {
  if (options.min_side >= 0 && std::isfinite(options.min_side)) return {};
  return Error(ErrorCode::kInvalidArgument,
               "min_side must be 0 or more and finite, got " + detail::to_text(options.min_side));
}

std::string text_of(const QuadsToPicture& options) {
  return std::string("round=") + (options.round ? "true" : "false") + ", clip=" + (options.clip ? "true" : "false") +
         ", min_side=" + detail::to_text(options.min_side);
}

float cut(float place, std::int64_t side) {
  return place < 0 ? 0 : std::min(place, static_cast<float>(side));
}

bool is_shorter(const Corner& a, const Corner& b, double least) {
  const double x = static_cast<double>(a.x) - static_cast<double>(b.x);
  const double y = static_cast<double>(a.y) - static_cast<double>(b.y);
  return std::sqrt(x * x + y * y) < least;
}

Result<Quads> move_quads(const QuadsToPicture& options, const Quads& quads, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto axes, detail::picture_axes(call, "quads"));
  const Frame frame = Frame::of(call.frame()->width, call.frame()->height);
  std::vector<FoundQuad> moved;
  for (FoundQuad one : quads) {
    for (Corner& corner : one.quad.corners) {
      std::tie(corner.x, corner.y) = axes.back(corner.x, corner.y, false);
      if (options.round) corner = {std::nearbyint(corner.x), std::nearbyint(corner.y)};
      if (options.clip) corner = {cut(corner.x, frame.width), cut(corner.y, frame.height)};
    }
    const auto& corners = one.quad.corners;
    if (!is_shorter(corners[0], corners[1], options.min_side) && !is_shorter(corners[0], corners[3], options.min_side))
      moved.push_back(one);
  }
  call.set_frame(frame);
  return Quads(std::move(moved));
}

}  // namespace

Stage<Quads, Quads> quads_to_picture(const QuadsToPicture& options) {
  return detail::make_op<Quads, Quads>("detect.quads_to_picture", options, text_of(options), check(options),
                                       [](const QuadsToPicture& how, const Quads& quads, const CallContext& call) {
                                         return move_quads(how, quads, call);
                                       });
}

}  // namespace gantry::inline GANTRY_ABI::detect
