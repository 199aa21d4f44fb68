// SPDX-License-Identifier: Apache-2.0
// Area means as numbers, for face detectors such as MTCNN, and pyramids of such pictures.
//
//   auto levels = image::pyramid({{0.6, 0.709, 12}, {127.5f}, {128}});   // f32[3, h, w] for each level
//   auto face = image::area_to_tensor({24, 24, {127.5f}, {128}});
#pragma once

#include <cstdint>
#include <vector>

#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// A picture as f32[channels, height, width]: each number is the mean of the pixels of its area, then (mean - `mean`) /
/// `std`, each operation rounded to float32.
struct AreaToTensor {
  std::int64_t width = 0;  ///< of the tensor, each 1..65535
  std::int64_t height = 0;
  std::vector<float> mean = {0.0f};  ///< one, or one per channel; finite
  std::vector<float> std = {1.0f};   ///< one, or one per channel; finite, not 0
};
/// torch.nn.functional.interpolate(mode="area") of the image's bytes as float32, which is adaptive_avg_pool2d: row i of
/// the tensor covers the rows from floor(i * H / h) to, not including, ceil((i + 1) * H / h) of the image; columns
/// likewise. Pixels on a border count for both sides. It can also enlarge. Bit for bit while an area has at most 65,793
/// pixels, whose sum fits float32; here the sum of larger areas is exact. Errors: invalid_argument if `mean` or `std`
/// do not fit the image's channels, resource_exhausted for more than 2^31 bytes. Cost: reads each pixel about once, and
/// three operations per number.
GANTRY_API Stage<Image, Tensor> area_to_tensor(const AreaToTensor& options);

/// The sizes of a pyramid: for an image of W x H, level i is int(W * s + 1) x int(H * s + 1) with s = scale * factor^i,
/// while min(W, H) * s, in float64, is at least `min_side`. A small image has no level.
struct PyramidLevels {
  double scale = 0.6;          ///< of the first level, above 0, at most 4
  double factor = 0.709;       ///< from level to level; 0.05..0.95
  std::int64_t min_side = 12;  ///< 1..65535

  /// The scales for an image of this size; empty if a field above is outside its limits.
  GANTRY_API std::vector<double> scales(std::int64_t width, std::int64_t height) const;
};

struct Pyramid {
  PyramidLevels levels = {};
  std::vector<float> mean = {0.0f};  ///< as AreaToTensor's
  std::vector<float> std = {1.0f};
};
/// area_to_tensor() at each level's size, the largest first. For MTCNN (facenet_pytorch, detect_face.py) the scale is
/// 12 / the smallest face to find. Each level has its frame. Errors: as area_to_tensor(); resource_exhausted for levels
/// of more than 2^31 bytes together, before any is made; deadline_exceeded, cancelled.
GANTRY_API Stage<Image, std::vector<Tensor>> pyramid(const Pyramid& options);

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
