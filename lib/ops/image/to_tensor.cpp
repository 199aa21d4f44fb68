// SPDX-License-Identifier: Apache-2.0
// image.to_tensor: 256 possible bytes, hence one table a channel, made with the reference's operations in its order.
// Compiled without contraction: a fused multiply-add would round once where the reference rounds twice.
#include <array>
#include <cmath>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/parameters.hpp"

namespace gantry::image {
namespace {

using Table = std::array<float, 256>;

Result<void> check_list(const char* name, const std::vector<float>& values) {
  if (values.size() != 1 && values.size() != 3 && values.size() != 4)
    return Error(ErrorCode::kInvalidArgument,
                 std::string(name) + " needs one number, or one per channel, got " + std::to_string(values.size()));
  for (const float value : values)
    if (!std::isfinite(value))
      return Error(ErrorCode::kInvalidArgument,
                   std::string(name) + " must be finite in float32, got " + detail::to_text(value));
  return {};
}

Result<void> check(const Normalize& params) {
  if (params.mode != Normalize::Mode::kTorchvision && params.mode != Normalize::Mode::kAffine)
    return Error(ErrorCode::kInvalidArgument, "unknown mode");
  if (auto ok = check_list("mean", params.mean); !ok) return ok;
  if (auto ok = check_list("std", params.std); !ok) return ok;
  for (const float value : params.std)
    if (value == 0.0f) return Error(ErrorCode::kInvalidArgument, "std must not be 0 in float32");
  if (params.mean.size() != 1 && params.std.size() != 1 && params.mean.size() != params.std.size())
    return Error(ErrorCode::kInvalidArgument, "mean has " + std::to_string(params.mean.size()) +
                                                  " numbers, but std has " + std::to_string(params.std.size()));
  return {};
}

Result<void> check_fits(const char* name, const std::vector<float>& values, const Image& image) {
  if (values.size() == 1 || values.size() == image.channels()) return {};
  return Error(ErrorCode::kInvalidArgument, std::string(name) + " has " + std::to_string(values.size()) +
                                                " numbers, but the image is " + to_string(image.colour()) + " with " +
                                                std::to_string(image.channels()) +
                                                (image.channels() == 1 ? " channel" : " channels"));
}

Table table_of(Normalize::Mode mode, float mean, float std) {
  Table table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    float value = static_cast<float>(byte);
    if (mode == Normalize::Mode::kTorchvision) value /= 255.0f;
    value -= mean;
    table[byte] = value / std;
  }
  return table;
}

void fill_plane(const Image& image, std::size_t channel, const Table& table, float* out) {
  const std::size_t channels = image.channels();
  const auto width = static_cast<std::size_t>(image.width());
  for (std::int64_t y = 0; y < image.height(); ++y, out += width) {
    const std::uint8_t* row = image.row(y) + channel;
    for (std::size_t x = 0; x < width; ++x) out[x] = table[row[x * channels]];
  }
}

Result<Tensor> normalized(const Normalize& params, const Image& image) {
  if (auto ok = check_fits("mean", params.mean, image); !ok) return std::move(ok).error();
  if (auto ok = check_fits("std", params.std, image); !ok) return std::move(ok).error();
  const std::size_t channels = image.channels();
  auto tensor = Tensor::make(DType::kF32, {static_cast<std::int64_t>(channels), image.height(), image.width()});
  if (!tensor) return tensor;
  auto* out = static_cast<float*>(tensor->mutable_data());
  const std::size_t plane = static_cast<std::size_t>(image.height()) * static_cast<std::size_t>(image.width());
  for (std::size_t c = 0; c < channels; ++c) {
    const float mean = params.mean[params.mean.size() == 1 ? 0 : c];
    const float std = params.std[params.std.size() == 1 ? 0 : c];
    fill_plane(image, c, table_of(params.mode, mean, std), out + c * plane);
  }
  return tensor;
}

}  // namespace

Stage<Image, Tensor> to_tensor(const Normalize& normalize) {
  const bool is_affine = normalize.mode == Normalize::Mode::kAffine;
  return detail::make_op<Image, Tensor>(
      "image.to_tensor", normalize,
      std::string("mode=") + (is_affine ? "affine" : "torchvision") + ", mean=" + detail::to_text(normalize.mean) +
          ", std=" + detail::to_text(normalize.std),
      check(normalize), [](const Normalize& p, Image&& image) { return normalized(p, image); });
}

Predicate<Image> is_gray() {
  return Predicate<Image>("image.is_gray", [](const Image& image) { return image.colour() == Colour::kGray; });
}

}  // namespace gantry::image
