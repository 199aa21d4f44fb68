// SPDX-License-Identifier: Apache-2.0
// Ops on f32 tensors of planes, [channels, height, width] or [n, channels, height, width]: the operations of
// torchvision and torch after ToTensor.
//
//   auto chain = image::decode() | image::to_tensor() | interpolate({512, 512}) | normalize({0.5f}, {0.25f}) | ...
#pragma once

#include <cstdint>
#include <vector>

#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The modes of torch.nn.functional.interpolate().
enum class Interpolation : std::uint8_t { kNearest, kNearestExact, kBilinear, kBicubic };

struct Interpolate {
  std::int64_t width = 0, height = 0;  ///< of the result, each 1..65535; or set min_size and max_size below
  Interpolation mode = Interpolation::kBilinear;
  bool antialias = false;      ///< filters widen if a side shrinks; not for the nearest modes
  bool align_corners = false;  ///< corner pixels map to corner pixels; not for the nearest modes
  /// Replace width and height; each 1..65535. The shorter side becomes min_size, but the longer one at most max_size,
  /// at the same ratio: torchvision's GeneralizedRCNNTransform, floor(side * min(min_size / shorter, max_size /
  /// longer)) in doubles.
  std::int64_t min_size = 0, max_size = 0;
};
/// torch.nn.functional.interpolate(size=(height, width)) in float32 on the CPU. Some builds and modes of torch fuse
/// multiplications with additions, which moves the source position of an output by a unit in the last place: results
/// differ by at most 4e-5 of the largest absolute value for sides up to 256, and kNearestExact may pick the neighbour
/// if the position is exactly between two pixels. kNearest is exact. (With antialias, torch 2.15 repeats the first row
/// in results that are one pixel wide; this op does not.) Errors: invalid_argument for another tensor, and if a side
/// would become 0; resource_exhausted for a result of more than 2^31 bytes. Cost: 4 to 8 multiplications per value,
/// more with antialias; a plane of width x the input's height as scratch memory.
GANTRY_API Stage<Tensor, Tensor> interpolate(const Interpolate& options);

/// (x - mean) / std for each channel, each step rounded to float32: torchvision's Normalize on tensors, bit for bit.
/// One number, or one per channel; std is not 0. Errors: invalid_argument for another number of channels.
GANTRY_API Stage<Tensor, Tensor> normalize(const std::vector<float>& mean, const std::vector<float>& std);

/// Planes of height x width (each 1..65535), with the tensor at the top left and `value` (finite) to its right and
/// below: transformers' pad() after its normalize(). Errors: invalid_argument for another tensor and for larger planes;
/// resource_exhausted for a result of more than 2^31 bytes.
GANTRY_API Stage<Tensor, Tensor> pad_to(std::int64_t width, std::int64_t height, float value = 0);
/// The same, to the next multiple (1..65535) of each side: torchvision's batch_images() for one picture.
GANTRY_API Stage<Tensor, Tensor> pad_to_multiple(std::int64_t multiple, float value = 0);

}  // namespace GANTRY_ABI
}  // namespace gantry
