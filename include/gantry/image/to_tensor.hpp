// SPDX-License-Identifier: Apache-2.0
// From pixels to the tensor a model takes.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry::image {

/// How bytes become floats. `mean` and `std` have one number, or one per channel; finite, std not 0.
struct Normalize {
  enum class Mode : std::uint8_t {
    kTorchvision,  ///< ((u8 / 255) - mean) / std, each operation rounded to float32: ToTensor, then Normalize
    kAffine,       ///< (u8 - mean) / std, each operation rounded to float32
  };
  Mode mode = Mode::kTorchvision;
  std::vector<float> mean = {0.0f};
  std::vector<float> std = {1.0f};
};
inline Normalize affine(float mean, float std) {
  return {Normalize::Mode::kAffine, {mean}, {std}};
}
inline Normalize torchvision(std::vector<float> mean, std::vector<float> std) {
  return {Normalize::Mode::kTorchvision, std::move(mean), std::move(std)};
}
/// f32[channels, height, width]. With the defaults: torchvision's ToTensor.
GANTRY_API Stage<Image, Tensor> to_tensor(const Normalize& normalize = {});

}  // namespace gantry::image
