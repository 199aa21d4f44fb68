// SPDX-License-Identifier: Apache-2.0
// image.area_to_tensor and image.pyramid.
#include <gantry/image/area.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/area_planes.hpp"
#include "ops/image/frames.hpp"
#include "ops/image/pyramid_levels.hpp"
#include "ops/image/tensor_tables.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

using detail::AreaNormalize;
using detail::ImageSize;

constexpr double kMostBytes = 2147483648.0;

/// The mean and std as image.to_tensor takes them.
template <class Options>
Normalize as_normalize(const Options& options) {
  return {Normalize::Mode::kAffine, options.mean, options.std};
}

double bytes_of(ImageSize size, std::size_t channels) {
  return 4.0 * static_cast<double>(size.width) * static_cast<double>(size.height) * static_cast<double>(channels);
}

Result<void> check_bytes(ImageSize size, std::size_t channels) {
  if (bytes_of(size, channels) <= kMostBytes) return {};
  return Error(ErrorCode::kResourceExhausted, "a tensor of " + std::to_string(size.width) + "x" +
                                                  std::to_string(size.height) + " has more than 2^31 bytes")
      .with_reason(ErrorReason::kInputTooLarge);
}

Frame scaled(const Frame& frame, ImageSize before, ImageSize after) {
  Frame moved = frame;
  moved.x = frame.x.scaled(static_cast<double>(after.width) / static_cast<double>(before.width));
  moved.y = frame.y.scaled(static_cast<double>(after.height) / static_cast<double>(before.height));
  return moved;
}

Shape shape_of(ImageSize size, std::size_t channels) {
  return {static_cast<std::int64_t>(channels), size.height, size.width};
}

Result<void> fill(Tensor& tensor, const Image& image, ImageSize size, const AreaNormalize& normalize,
                  const CallContext& call) {
  return detail::area_planes(image, size, normalize, static_cast<float*>(tensor.mutable_data()), call);
}

Result<Tensor> run_area(const AreaToTensor& options, const Image& image, const CallContext& call) {
  const AreaNormalize normalize{options.mean, options.std};
  const ImageSize size{options.width, options.height}, before = detail::size_of(image);
  GANTRY_RETURN_IF_ERROR(detail::check_fits(as_normalize(options), image.colour()));
  GANTRY_RETURN_IF_ERROR(check_bytes(size, image.channels()));
  call.set_frame(scaled(detail::frame_of(call, before), before, size));
  auto tensor = call.make_tensor(DType::kF32, shape_of(size, image.channels()));
  if (!tensor) return tensor;
  GANTRY_RETURN_IF_ERROR(fill(*tensor, image, size, normalize, call));
  return tensor;
}

/// The sizes of the levels, largest first.
Result<std::vector<ImageSize>> level_sizes(const image::PyramidLevels& levels, ImageSize picture,
                                           std::size_t channels) {
  std::vector<ImageSize> sizes;
  double bytes = 0;
  for (const double scale : levels.scales(picture.width, picture.height)) {
    sizes.push_back({static_cast<std::int64_t>(static_cast<double>(picture.width) * scale + 1),
                     static_cast<std::int64_t>(static_cast<double>(picture.height) * scale + 1)});
    bytes += bytes_of(sizes.back(), channels);
  }
  if (bytes <= kMostBytes) return sizes;
  return Error(ErrorCode::kResourceExhausted, "the levels of a pyramid of " + std::to_string(picture.width) + "x" +
                                                  std::to_string(picture.height) +
                                                  " have more than 2^31 bytes together")
      .with_reason(ErrorReason::kInputTooLarge);
}

Result<std::vector<Tensor>> run_pyramid(const Pyramid& options, const Image& image, const CallContext& call) {
  const AreaNormalize normalize{options.mean, options.std};
  GANTRY_RETURN_IF_ERROR(detail::check_fits(as_normalize(options), image.colour()));
  const ImageSize before = detail::size_of(image);
  GANTRY_ASSIGN_OR_RETURN(const auto sizes, level_sizes(options.levels, before, image.channels()));
  const Frame frame = detail::frame_of(call, before);
  std::vector<Tensor> levels;
  std::vector<std::optional<Frame>> frames;
  for (const ImageSize& size : sizes) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    GANTRY_ASSIGN_OR_RETURN(auto level, Tensor::make(DType::kF32, shape_of(size, image.channels())));
    GANTRY_RETURN_IF_ERROR(fill(level, image, size, normalize, call));
    levels.push_back(std::move(level));
    frames.emplace_back(scaled(frame, before, size));
  }
  call.set_frame(frame);
  call.set_element_frames(std::move(frames));
  return levels;
}

Result<void> check(const AreaToTensor& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", options.width));
  GANTRY_RETURN_IF_ERROR(detail::check_side("height", options.height));
  return detail::check_normalize(as_normalize(options));
}

Result<void> check(const Pyramid& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_levels(options.levels));
  return detail::check_normalize(as_normalize(options));
}

std::string normalize_text(const std::vector<float>& mean, const std::vector<float>& std) {
  return ", mean=" + detail::to_text(mean) + ", std=" + detail::to_text(std);
}

}  // namespace

Stage<Image, Tensor> area_to_tensor(const AreaToTensor& options) {
  return detail::make_op<Image, Tensor>(
      "image.area_to_tensor", options,
      "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height) +
          normalize_text(options.mean, options.std),
      check(options),
      [](const AreaToTensor& p, Image&& image, const CallContext& call) { return run_area(p, image, call); });
}

Stage<Image, std::vector<Tensor>> pyramid(const Pyramid& options) {
  return detail::make_op<Image, std::vector<Tensor>>(
      "image.pyramid", options, detail::levels_text(options.levels) + normalize_text(options.mean, options.std),
      check(options),
      [](const Pyramid& p, Image&& image, const CallContext& call) { return run_pyramid(p, image, call); });
}

}  // namespace gantry::inline GANTRY_ABI::image
