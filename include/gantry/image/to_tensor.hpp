// SPDX-License-Identifier: Apache-2.0
// Converts pixels to a model's input tensor.
//
//   image::to_tensor(image::torchvision({0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}))
//   image::to_tensor(image::affine(0, 255), {DType::kF16, image::Layout::kHwc, /*reverse_channels=*/true})
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <gantry/dtype.hpp>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// How bytes become numbers. `mean` and `std` have one number, or one per channel in the order of the tensor's
/// channels; finite, std not 0.
struct Normalize {
  enum class Mode : std::uint8_t {
    kTorchvision,  ///< ((u8 / 255) - mean) / std, each operation rounded to float32: ToTensor, then Normalize
    kAffine,       ///< (u8 - mean) / std, each operation rounded to float32
    kHfNumpy,      ///< u8 * scale in float64, then float32: - mean, / std; transformers' processors on numpy arrays
    kScaled,       ///< (u8 * float32(scale) - mean) / std, each operation rounded to float32: v2's ToDtype(scale=True),
                   ///< then Normalize; transformers' processors on torch tensors
  };
  Mode mode = Mode::kTorchvision;
  std::vector<float> mean = {0.0f};
  std::vector<float> std = {1.0f};
  /// The factor in kHfNumpy and kScaled; finite, not 0 in float32. The other modes do not use it.
  double scale = 1.0 / 255.0;
};
inline Normalize affine(float mean, float std) {
  return {Normalize::Mode::kAffine, {mean}, {std}};
}
inline Normalize torchvision(std::vector<float> mean, std::vector<float> std) {
  return {Normalize::Mode::kTorchvision, std::move(mean), std::move(std)};
}
inline Normalize scaled(std::vector<float> mean, std::vector<float> std, double scale = 1.0 / 255.0) {
  return {Normalize::Mode::kScaled, std::move(mean), std::move(std), scale};
}

enum class Layout : std::uint8_t { kChw, kHwc };

/// The dtype and layout of the tensor.
struct TensorFormat {
  /// kF32, or the float32 number rounded half to even to kF16, kBF16, kU8 or kI8 (these two saturate).
  DType dtype = DType::kF32;
  Layout layout = Layout::kChw;
  /// Blue first, as in OpenCV's images; alpha stays last.
  bool reverse_channels = false;
};

/// dtype[channels, height, width], or [height, width, channels]. With the defaults: torchvision's ToTensor, f32. As the
/// last stage before a model, and in run_batch() or each(), it writes the samples of a batch into one block.
GANTRY_API Stage<Image, Tensor> to_tensor(const Normalize& normalize = {}, const TensorFormat& format = {});

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
