// SPDX-License-Identifier: Apache-2.0
// image.crop, image.center_crop and image.five_crop, as torchvision's functional.py. Crops are views.
#include <algorithm>
#include <gantry/image.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/image_op.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

struct CropSize {
  std::int64_t width;
  std::int64_t height;
};

struct Crop {
  std::int64_t left;
  std::int64_t top;
  CropSize size;
};

struct CentreCrop {
  CropSize size;
  Centre centre;
  Fill value;
};

struct CropShort {
  double fraction;
  Centre centre;
};

Result<void> check(const CropSize& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", params.width));
  return detail::check_side("height", params.height);
}

Result<void> check(const Crop& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("left", params.left, -detail::kMaxSide, detail::kMaxSide));
  GANTRY_RETURN_IF_ERROR(detail::check_range("top", params.top, -detail::kMaxSide, detail::kMaxSide));
  return check(params.size);
}

Result<void> check(Centre centre) {
  if (centre == Centre::kHalfEven || centre == Centre::kFloor || centre == Centre::kTruncate) return {};
  return Error(ErrorCode::kInvalidArgument, "unknown centre");
}

Result<void> check(const CentreCrop& params) {
  GANTRY_RETURN_IF_ERROR(check(params.centre));
  return check(params.size);
}

Result<void> check(const CropShort& params) {
  GANTRY_RETURN_IF_ERROR(check(params.centre));
  if (params.fraction > 0 && params.fraction <= 1) return {};
  return Error(ErrorCode::kInvalidArgument,
               "fraction must be above 0 and at most 1, got " + detail::to_text(params.fraction));
}

std::string text_of(const CropSize& params) {
  return "width=" + std::to_string(params.width) + ", height=" + std::to_string(params.height);
}

const char* text_of(Centre centre) {
  return centre == Centre::kFloor ? ", centre=floor" : centre == Centre::kTruncate ? ", centre=truncate" : "";
}

/// Python's round(excess / 2): halves round to even.
std::int64_t centred_offset(std::int64_t excess) {
  const std::int64_t half = excess / 2;
  return excess % 2 == 1 && half % 2 == 1 ? half + 1 : half;
}

/// torchvision pads a smaller image first: half of the missing pixels on the left, the odd pixel on the right.
std::int64_t centred_start(std::int64_t size, std::int64_t available, Centre centre) {
  const std::int64_t excess = available - size;
  if (centre == Centre::kFloor) return excess >= 0 ? excess / 2 : -((1 - excess) / 2);
  return excess < 0 || centre == Centre::kTruncate ? excess / 2 : centred_offset(excess);
}

detail::Window centre_window(const CentreCrop& params, detail::ImageSize image) {
  const CropSize& size = params.size;
  return detail::Window{centred_start(size.width, image.width, params.centre),
                        centred_start(size.height, image.height, params.centre),
                        {size.width, size.height},
                        params.value};
}

Result<detail::Geometry> centre_square(const CropShort& params, detail::ImageSize image) {
  const std::int64_t shorter = std::min(image.width, image.height);
  const auto side = static_cast<std::int64_t>(params.fraction * static_cast<double>(shorter));
  if (side == 0)
    return Error(ErrorCode::kInvalidArgument, "nothing is left of an image of " + std::to_string(image.width) + "x" +
                                                  std::to_string(image.height) + " pixels");
  return detail::Geometry(centre_window({{side, side}, params.centre, 0}, image));
}

Result<std::vector<Image>> crop_five(const CropSize& size, const Image& image, const CallContext& call) {
  const std::int64_t right = image.width() - size.width;
  const std::int64_t bottom = image.height() - size.height;
  if (right < 0 || bottom < 0)
    return Error(ErrorCode::kInvalidArgument, "crops of " + std::to_string(size.width) + "x" +
                                                  std::to_string(size.height) + " do not fit into the " +
                                                  std::to_string(image.width()) + "x" + std::to_string(image.height()) +
                                                  " image");
  using Corner = std::pair<std::int64_t, std::int64_t>;
  std::vector<Image> crops;
  crops.reserve(5);
  const Frame frame = detail::frame_of(call, detail::size_of(image));
  std::vector<std::optional<Frame>> frames;
  for (const auto& [left, top] : {Corner{0, 0}, Corner{right, 0}, Corner{0, bottom}, Corner{right, bottom},
                                  Corner{centred_offset(right), centred_offset(bottom)}}) {
    GANTRY_ASSIGN_OR_RETURN(auto crop, image.crop(left, top, size.width, size.height));
    crops.push_back(std::move(crop));
    frames.push_back(frame.cropped(static_cast<double>(left), static_cast<double>(top)));
  }
  call.set_frame(frame);
  call.set_element_frames(std::move(frames));
  return crops;
}

}  // namespace

Stage<Image, Image> crop(std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height) {
  const Crop params{left, top, {width, height}};
  return detail::make_geometry_op(
      "image.crop", params,
      "left=" + std::to_string(left) + ", top=" + std::to_string(top) + ", " + text_of(params.size), check(params),
      [](const Crop& p, detail::ImageSize) {
        return detail::Geometry(detail::Window{p.left, p.top, {p.size.width, p.size.height}});
      });
}

Stage<Image, Image> center_crop(std::int64_t width, std::int64_t height, Centre centre, Fill value) {
  const CentreCrop params{{width, height}, centre, value};
  std::string text = text_of(params.size) + text_of(centre);
  if (value != Fill()) text += ", value=" + detail::to_text(value);
  return detail::make_geometry_op(
      "image.center_crop", params, std::move(text), check(params),
      [](const CentreCrop& p, detail::ImageSize image) { return detail::Geometry(centre_window(p, image)); });
}

Stage<Image, Image> center_crop(std::int64_t size, Centre centre, Fill value) {
  return center_crop(size, size, centre, value);
}

Stage<Image, Image> crop_short(double fraction, Centre centre) {
  const CropShort params{fraction, centre};
  return detail::make_geometry_op("image.crop_short", params, "fraction=" + detail::to_text(fraction) + text_of(centre),
                                  check(params), centre_square);
}

Stage<Image, std::vector<Image>> five_crop(std::int64_t width, std::int64_t height) {
  const CropSize params{width, height};
  return detail::make_op<Image, std::vector<Image>>(
      "image.five_crop", params, text_of(params), check(params),
      [](const CropSize& p, Image&& image, const CallContext& call) { return crop_five(p, image, call); });
}

Stage<Image, std::vector<Image>> five_crop(std::int64_t size) {
  return five_crop(size, size);
}

}  // namespace gantry::inline GANTRY_ABI::image
