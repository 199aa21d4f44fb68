// SPDX-License-Identifier: Apache-2.0
// Other sizes: resampling, with the filters and rounding rules of a named reference.
//
//   image::resize_short(256)                                          // Pillow's bilinear
//   image::resize(640, 480, {image::Filter::kBicubic, image::Reference::kTorchU8})
#pragma once

#include <cstdint>

#include <gantry/image/image.hpp>
#include <gantry/image/reference.hpp>
#include <gantry/stage.hpp>

namespace gantry::image {

enum class Filter : std::uint8_t { kBox, kBilinear, kHamming, kBicubic, kLanczos };

/// How pixels of another size are computed. Which filters a reference has is in lib/model/manifest.schema.md; a
/// combination that it lacks is an invalid_argument.
struct Resampling {
  Filter filter = Filter::kBilinear;
  Reference reference = Reference::kPillow;

  Resampling() = default;
  Resampling(Filter f, Reference r = Reference::kPillow) : filter(f), reference(r) {}
};

/// To width x height, each 1..65535.
GANTRY_API Stage<Image, Image> resize(std::int64_t width, std::int64_t height, const Resampling& how = {});
/// Shorter side to `size` (1..65535), longer side int(size * long / short): torchvision's Resize(int). With a
/// `max_size`, which is larger than `size`, the longer side is at most that, and the shorter one int(max_size * short /
/// long): torchvision's Resize(int, max_size=int). 0: no limit but 65535.
GANTRY_API Stage<Image, Image> resize_short(std::int64_t size, const Resampling& how = {}, std::int64_t max_size = 0);
/// Longer side to `size` (1..65535), shorter side int(size * short / long), at least 1.
GANTRY_API Stage<Image, Image> resize_long(std::int64_t size, const Resampling& how = {});

}  // namespace gantry::image
