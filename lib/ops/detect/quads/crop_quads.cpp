// SPDX-License-Identifier: Apache-2.0
// detect.crop_quads.
#include <gantry/detect/crop_quads.hpp>

#include <algorithm>
#include <cmath>
#include <gantry/translate_exception.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/quads/cubic_warp.hpp"
#include "ops/image/orientation.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using Corner = Quad::Corner;

constexpr double kFurthest = 0x1p20;

Result<void> check(const CropQuads& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("width", options.width, 0, detail::kMaxSide));
  GANTRY_RETURN_IF_ERROR(detail::check_range("height", options.height, 0, detail::kMaxSide));
  if (!(options.turn_from >= 0 && std::isfinite(options.turn_from)))
    return Error(ErrorCode::kInvalidArgument,
                 "turn_from must be 0 or more and finite, got " + detail::to_text(options.turn_from));
  return detail::check_range("max_pixels", options.max_pixels, 1, detail::kMaxImageSize);
}

std::string text_of(const CropQuads& options) {
  return "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height) +
         ", turn_from=" + detail::to_text(options.turn_from) + ", max_pixels=" + std::to_string(options.max_pixels) +
         ", bad=" + (options.bad == BadQuad::kSkip ? "skip" : "refuse");
}

/// As numpy.linalg.norm() of two float32 numbers.
float length(const Corner& a, const Corner& b) {
  const float x = a.x - b.x, y = a.y - b.y;
  return std::sqrt(x * x + y * y);
}

/// True if all turns go the same way: then no three corners lie on a line, and the projection is regular. A turn must
/// be above 1e-9 times the product of the lengths of its sides.
bool is_convex(const Quad& quad) {
  int ways = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Corner &a = quad.corners[i], &b = quad.corners[(i + 1) % 4], &c = quad.corners[(i + 2) % 4];
    const double to_b[] = {static_cast<double>(b.x) - static_cast<double>(a.x),
                           static_cast<double>(b.y) - static_cast<double>(a.y)};
    const double to_c[] = {static_cast<double>(c.x) - static_cast<double>(b.x),
                           static_cast<double>(c.y) - static_cast<double>(b.y)};
    const double turn = to_b[0] * to_c[1] - to_b[1] * to_c[0];
    const double least = 1e-9 * std::hypot(to_b[0], to_b[1]) * std::hypot(to_c[0], to_c[1]);
    ways += turn > least ? 1 : turn < -least ? -1 : 0;
  }
  return ways == 4 || ways == -4;
}

bool is_near(const Quad& quad) {
  return std::all_of(quad.corners.begin(), quad.corners.end(), [](const Corner& corner) {
    return std::fabs(static_cast<double>(corner.x)) <= kFurthest &&
           std::fabs(static_cast<double>(corner.y)) <= kFurthest;
  });
}

struct Size {
  std::int64_t width;
  std::int64_t height;
};

Size own_size(const Quad& quad) {
  const auto& [top_left, top_right, bottom_right, bottom_left] = quad.corners;
  return {static_cast<std::int64_t>(std::max(length(top_left, top_right), length(bottom_right, bottom_left))),
          static_cast<std::int64_t>(std::max(length(top_left, bottom_left), length(top_right, bottom_right)))};
}

/// Why it cannot be cropped; nullopt if it can.
std::optional<std::string> fault_of(const Quad& quad) {
  if (!is_near(quad)) return "has a corner that is not finite, or further than 2^20 pixels away";
  if (!is_convex(quad)) return "is not convex, or three of its corners lie on a line";
  const Size size = own_size(quad);
  if (size.width < 1 || size.height < 1) return "is less than a pixel wide or high";
  return std::nullopt;
}

Error too_large(std::string text) {
  return Error(ErrorCode::kResourceExhausted, std::move(text)).with_reason(ErrorReason::kInputTooLarge);
}

/// A quad without fault, the size of its crop, and whether to turn the crop.
struct Cut {
  Quad quad;
  Size size;
  bool is_turned;
};

/// The quad must be without fault.
Result<Cut> cut_of(const Quad& quad, const CropQuads& options) {
  const Size own = own_size(quad);
  const Size size = {options.width > 0 ? options.width : own.width, options.height > 0 ? options.height : own.height};
  if (size.width > detail::kMaxSide || size.height > detail::kMaxSide || size.width * size.height > options.max_pixels)
    return too_large("its crop of " + std::to_string(size.width) + " x " + std::to_string(size.height) +
                     " pixels has a side above " + std::to_string(detail::kMaxSide) +
                     ", or more pixels than max_pixels, " + std::to_string(options.max_pixels));
  const double shape = static_cast<double>(own.height) / static_cast<double>(own.width);
  return Cut{quad, size, options.turn_from > 0 && shape >= options.turn_from};
}

Result<Image> rectify(const Image& image, const Cut& cut, const CallContext& call) {
  const auto& [quad, size, is_turned] = cut;
  const auto projection =
      detail::projection_onto(quad, static_cast<double>(size.width), static_cast<double>(size.height));
  auto crop = detail::cubic_warp(image, projection, size.width, size.height, call);
  if (!crop || !is_turned) return crop;
  return detail::oriented(*crop, detail::Orientation::kRotate90);
}

Corner forth(const Frame& frame, const Corner& corner) {
  const double x = static_cast<double>(corner.x), y = static_cast<double>(corner.y);
  return {static_cast<float>(frame.x.forth(frame.is_turned ? y : x)),
          static_cast<float>(frame.y.forth(frame.is_turned ? x : y))};
}

/// Checks all quads before the first crop.
Result<std::vector<Cut>> cuts_of(const CropQuads& options, const Quads& quads, const Frame* known,
                                 std::size_t channels) {
  std::vector<Cut> cuts;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < quads.size(); ++i) {
    Quad quad = quads[i].quad;
    if (known != nullptr)
      for (Corner& corner : quad.corners) corner = forth(*known, corner);
    const auto fault = fault_of(quad);
    if (fault && options.bad == BadQuad::kSkip) continue;
    const auto named = [&](const std::string& text) { return "quad " + std::to_string(i) + ": " + text; };
    if (fault) return Error(ErrorCode::kInvalidArgument, named("it " + *fault));
    const auto cut = cut_of(quad, options);
    if (!cut) return too_large(named(cut.error().message()));
    bytes += cut->size.width * cut->size.height * static_cast<std::int64_t>(channels);
    if (bytes > detail::kMaxImageSize)
      return too_large("the crops up to that of quad " + std::to_string(i) + " have more than " +
                       std::to_string(detail::kMaxImageSize) + " bytes together");
    cuts.push_back(*cut);
  }
  return cuts;
}

Result<std::vector<Image>> crops_of(const CropQuads& options, const std::tuple<Image, Quads>& input,
                                    const CallContext& call) {
  const auto& [image, quads] = input;
  const Frame* const known = call.element_frame(0);
  GANTRY_ASSIGN_OR_RETURN(const auto cuts, cuts_of(options, quads, known, image.channels()));
  std::vector<Image> crops;
  for (const Cut& cut : cuts) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    GANTRY_ASSIGN_OR_RETURN(auto crop, rectify(image, cut, call));
    crops.push_back(std::move(crop));
  }
  if (known != nullptr) call.set_frame(*known);
  call.set_element_frames(std::vector<std::optional<Frame>>(crops.size()));
  return crops;
}

}  // namespace

Stage<std::tuple<Image, Quads>, std::vector<Image>> crop_quads(const CropQuads& options) {
  return detail::make_op<std::tuple<Image, Quads>, std::vector<Image>>(
      "detect.crop_quads", options, text_of(options), check(options),
      [](const CropQuads& how, std::tuple<Image, Quads>&& input, const CallContext& call) {
        return crops_of(how, input, call);
      });
}

Result<Image> crop_quad(const Image& image, const Quad& quad, const CropQuads& options) {
  try {
    GANTRY_RETURN_IF_ERROR(check(options));
    if (auto fault = fault_of(quad)) return Error(ErrorCode::kInvalidArgument, "the quad " + *fault);
    GANTRY_ASSIGN_OR_RETURN(const auto cut, cut_of(quad, options));
    return rectify(image, cut, CallContext::none());
  } catch (...) {
    return detail::translate_exception();
  }
}

}  // namespace gantry::inline GANTRY_ABI::detect
