// SPDX-License-Identifier: Apache-2.0
// Pixels from cameras, video decoders and sensors: bytes without a header.
//
//   image::from_raw({image::RawFormat::kNv12, 1920, 1080}) | image::letterbox() | image::to_tensor()
#pragma once

#include <cstdint>

#include <gantry/bytes.hpp>
#include <gantry/image/image.hpp>
#include <gantry/image/to_tensor.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

enum class RawFormat : std::uint8_t {
  kRgb,   ///< 8 bits per channel, interleaved; becomes RGB
  kBgr,   ///< the same in OpenCV's order; becomes RGB
  kRgba,  ///< becomes RGBA
  kBgra,  ///< becomes RGBA
  kGray,  ///< becomes gray
  kNv12,  ///< 4:2:0: a plane of Y, then one of alternating U and V; sides are even; becomes RGB
  kNv21,  ///< the same with V first
  kI420,  ///< 4:2:0: planes of Y, U and V, the latter two with half the row stride
};

/// One frame. Rows lie `row_stride` bytes apart (0: without gaps; otherwise at least one row; even for 4:2:0, whose
/// other planes begin directly after `height` such rows). The gap after the last row may be missing.
struct Raw {
  RawFormat format = RawFormat::kRgb;
  std::int64_t width = 0, height = 0;  ///< each 1..65535
  std::int64_t row_stride = 0;         ///< 0..2^31
};
/// Converts the frame to an image. 4:2:0 is converted as by cv2.cvtColor(COLOR_YUV2RGB_NV12 and its like): BT.601,
/// video range, in 20-bit fixed point, without chroma interpolation; bit for bit. Copies pixels. Errors:
/// invalid_argument with the expected number of bytes, if the input has another one.
GANTRY_API Stage<Bytes, Image> from_raw(const Raw& frame);

enum class RawSample : std::uint8_t { kU8, kU16, kF32 };  ///< little-endian

/// Samples of any kind: depth, thermal images, 16-bit microscope images.
struct RawSamples {
  RawSample sample = RawSample::kU16;
  std::int64_t width = 0, height = 0;  ///< each 1..65535
  std::int64_t channels = 1;           ///< 1..65535
  Layout layout = Layout::kHwc;        ///< of the bytes
  float scale = 1;                     ///< finite; 1 / 65535 maps 16 bits to 0..1
};
/// f32[channels, height, width], each sample * scale, rounded once: numpy's astype(float32) * float32(scale). Errors:
/// invalid_argument for another number of bytes; resource_exhausted for a tensor of more than 2^31 bytes.
GANTRY_API Stage<Bytes, Tensor> raw_to_tensor(const RawSamples& samples);

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
