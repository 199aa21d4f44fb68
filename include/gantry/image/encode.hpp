// SPDX-License-Identifier: Apache-2.0
// Encodes pixels into the bytes of an image file.
//
//   Bytes png = image::encode(picture).value();
//   Bytes jpeg = image::encode(picture, {image::FileFormat::kJpeg, 90}).value();
#pragma once

#include <cstdint>

#include <gantry/bytes.hpp>
#include <gantry/image/header.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

struct Encode {
  FileFormat format = FileFormat::kPng;  ///< kPng, which is lossless, or kJpeg
  std::int64_t quality = 75;             ///< for JPEG, 1..95
};
/// PNG: 8 bits, gray, RGB or RGBA, without metadata: decode() returns the same pixels. JPEG: gray or RGB, baseline,
/// 4:2:0: the bytes of PIL's save(quality=...). Checks the call's deadline and cancellation while it runs. Errors:
/// invalid_argument (RGBA as JPEG, a side of more than 65500 pixels as JPEG), resource_exhausted, deadline_exceeded,
/// cancelled.
GANTRY_API Stage<Image, Bytes> encode(const Encode& options = {});
/// The same, called by hand. Errors also: invalid_argument for options outside their limits. Thread-safe.
GANTRY_API Result<Bytes> encode(const Image& image, const Encode& options = {});

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
