// SPDX-License-Identifier: Apache-2.0
// Means of areas, as numbers: what face detectors of the MTCNN kind take, and pyramids of such pictures.
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

/// A picture as f32[channels, height, width], each number the mean of the pixels that lie under it, then
/// (mean - `mean`) / `std`, each operation rounded to float32.
struct AreaToTensor {
  std::int64_t width = 0;  ///< of the tensor, each 1..65535
  std::int64_t height = 0;
  std::vector<float> mean = {0.0f};  ///< one, or one a channel; finite
  std::vector<float> std = {1.0f};   ///< one, or one a channel; finite, not 0
};
/// torch.nn.functional.interpolate(mode="area") of the image's bytes as float32, which is adaptive_avg_pool2d: row i of
/// the tensor covers the rows floor(i * H / h) up to, not including, ceil((i + 1) * H / h) of the image, and columns
/// likewise; pixels on a border count for both sides. It may also enlarge. Bit for bit while an area has at most 65,793
/// pixels, the sum of which float32 holds; of larger ones the sum is exact here. Errors: invalid_argument for numbers
/// of `mean` and `std` that do not fit the image's channels, resource_exhausted for more than 2^31 bytes. Cost: reads
/// each pixel about once, and three operations for each number.
GANTRY_API Stage<Image, Tensor> area_to_tensor(const AreaToTensor& options);

/// The sizes of a pyramid: of an image of W x H, level i is int(W * s + 1) x int(H * s + 1) with s = scale * factor^i,
/// as long as min(W, H) * s, in float64, is `min_side` or more. A small image has no level.
struct PyramidLevels {
  double scale = 0.6;          ///< of the first level, above 0, at most 4
  double factor = 0.709;       ///< from level to level; 0.05..0.95
  std::int64_t min_side = 12;  ///< 1..65535

  /// The scales of an image of this size; none where a number above is outside its limits.
  GANTRY_API std::vector<double> scales(std::int64_t width, std::int64_t height) const;
};

struct Pyramid {
  PyramidLevels levels = {};
  std::vector<float> mean = {0.0f};  ///< as AreaToTensor's
  std::vector<float> std = {1.0f};
};
/// area_to_tensor() at each level's size, the largest first. MTCNN's (facenet_pytorch, detect_face.py): the scale is 12
/// / the smallest face that is looked for. Each level has its frame. Errors: as area_to_tensor(), resource_exhausted
/// for levels of more than 2^31 bytes together, before one is made, and what interrupts the call.
GANTRY_API Stage<Image, std::vector<Tensor>> pyramid(const Pyramid& options);

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
