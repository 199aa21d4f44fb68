// SPDX-License-Identifier: Apache-2.0
// Each orientation swaps the axes or not, then mirrors each axis or not.
#include "ops/image/orientation.hpp"

namespace gantry::inline GANTRY_ABI::detail {

OrientationMapping mapping_of(Orientation orientation) {
  switch (orientation) {
    case Orientation::kUpright:
      return {false, false, false};
    case Orientation::kFlipLeftRight:
      return {false, true, false};
    case Orientation::kRotate180:
      return {false, true, true};
    case Orientation::kFlipTopBottom:
      return {false, false, true};
    case Orientation::kTranspose:
      return {true, false, false};
    case Orientation::kRotate270:  // a quarter turn clockwise: the first row becomes the last column
      return {true, false, true};
    case Orientation::kTransverse:
      return {true, true, true};
    case Orientation::kRotate90:
      return {true, true, false};
  }
  return {false, false, false};
}

namespace {

template <int kChannels>
void rearrange(const Image& source, Image& out, const OrientationMapping& mapping) {
  const std::int64_t last_x = source.width() - 1;
  const std::int64_t last_y = source.height() - 1;
  for (std::int64_t y = 0; y < out.height(); ++y) {
    std::uint8_t* to = out.mutable_row(y);
    for (std::int64_t x = 0; x < out.width(); ++x, to += kChannels) {
      std::int64_t source_x = mapping.swaps_axes ? y : x;
      std::int64_t source_y = mapping.swaps_axes ? x : y;
      if (mapping.mirrors_x) source_x = last_x - source_x;
      if (mapping.mirrors_y) source_y = last_y - source_y;
      const std::uint8_t* from = source.row(source_y) + source_x * kChannels;
      for (int c = 0; c < kChannels; ++c) to[c] = from[c];
    }
  }
}

}  // namespace

Result<Image> oriented(const Image& source, Orientation orientation) {
  if (orientation == Orientation::kUpright) return source;
  const OrientationMapping mapping = mapping_of(orientation);
  auto out = Image::make(mapping.swaps_axes ? source.height() : source.width(),
                         mapping.swaps_axes ? source.width() : source.height(), source.colour());
  if (!out) return out;
  switch (source.channels()) {
    case 1:
      rearrange<1>(source, *out, mapping);
      break;
    case 3:
      rearrange<3>(source, *out, mapping);
      break;
    default:
      rearrange<4>(source, *out, mapping);
  }
  return out;
}

}  // namespace gantry::inline GANTRY_ABI::detail
