// SPDX-License-Identifier: Apache-2.0
// image.to_tensor, and the predicate image.is_gray.
#include <gantry/image.hpp>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/image_op.hpp"
#include "ops/image/tensor_tables.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

using detail::ToTensor;

Result<Tensor> run_to_tensor(const detail::TensorTables& tables, const Image& image, const CallContext& call) {
  GANTRY_RETURN_IF_ERROR(tables.check_fits(image.colour()));
  const detail::ImageSize size = detail::size_of(image);
  call.set_frame(detail::frame_of(call, size));
  auto tensor = call.make_tensor(tables.dtype(), tables.shape(size, image.channels()));
  if (!tensor) return tensor;
  for (std::int64_t y = 0; y < size.height; ++y)
    tables.store(image.row(y), size.width, image.channels(), tensor->mutable_data(), size, 0, y);
  return tensor;
}

std::string text_of(const ToTensor& params) {
  const char* const modes[] = {"torchvision", "affine", "hf_numpy", "scaled"};
  const auto mode = static_cast<std::size_t>(params.normalize.mode);
  std::string text = std::string("mode=") + (mode < std::size(modes) ? modes[mode] : "unknown") +
                     ", mean=" + detail::to_text(params.normalize.mean) +
                     ", std=" + detail::to_text(params.normalize.std);
  if (params.normalize.scale != Normalize().scale) text += ", scale=" + detail::to_text(params.normalize.scale);
  if (params.format.dtype != DType::kF32) text += std::string(", dtype=") + to_string(params.format.dtype);
  if (params.format.layout == Layout::kHwc) text += ", layout=hwc";
  if (params.format.reverse_channels) text += ", reverse_channels=true";
  return text;
}

Result<void> check(const ToTensor& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_normalize(params.normalize));
  return detail::check_format(params.format);
}

}  // namespace

Stage<Image, Tensor> to_tensor(const Normalize& normalize, const TensorFormat& format) {
  const ToTensor params{normalize, format};
  auto ok = check(params);
  auto tables = ok ? std::make_shared<const detail::TensorTables>(normalize, format) : nullptr;
  return detail::fusible(
      detail::make_op<Image, Tensor>("image.to_tensor", params, text_of(params), std::move(ok),
                                     [tables](const ToTensor&, Image&& image, const CallContext& call) {
                                       return run_to_tensor(*tables, image, call);
                                     }));
}

Predicate<Image> is_gray() {
  return Predicate<Image>("image.is_gray", [](const Image& image) { return image.colour() == Colour::kGray; });
}

}  // namespace gantry::inline GANTRY_ABI::image
