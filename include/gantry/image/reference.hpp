// SPDX-License-Identifier: Apache-2.0
// Reference: the library whose arithmetic an image stage reproduces. "Bilinear" has four different results (Pillow,
// torch on bytes, torch on floats, OpenCV), so every ambiguous stage names its reference.
#pragma once

#include <cstdint>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

enum class Reference : std::uint8_t {
  kPillow,   ///< Pillow; bit for bit
  kTorchU8,  ///< torch's kernels for uint8 on the CPU, as torchvision.transforms.v2 on uint8 tensors; bit for bit
  kOpenCv,   ///< cv2; bit for bit
};

/// "pillow", "torch_u8", "opencv": the names in configs.
GANTRY_API const char* to_string(Reference reference) noexcept;

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
