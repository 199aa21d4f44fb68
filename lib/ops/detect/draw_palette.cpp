// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/draw_palette.hpp"

#include <iterator>

namespace gantry::detail {
namespace {

/// Bright enough to be seen on dark pictures and strong enough for light ones; each is as far from all before it, in
/// CIELAB, as one of these can be.
constexpr Rgb kColours[] = {
    {240, 60, 60},  {30, 205, 60}, {30, 75, 255},   {45, 240, 210},  {255, 210, 0},  {240, 15, 180},
    {0, 165, 255},  {60, 135, 0},  {150, 90, 0},    {240, 165, 255}, {180, 60, 105}, {210, 0, 255},
    {180, 240, 15}, {0, 240, 120}, {225, 225, 120}, {255, 120, 0},   {150, 60, 195}, {0, 120, 255},
    {255, 0, 120},  {0, 150, 90},  {120, 120, 0},   {255, 150, 105}, {105, 90, 180}, {150, 240, 150},
};
constexpr std::uint64_t kCount = std::size(kColours);
constexpr std::uint64_t kVariants = 3;  // as it is, lighter, darker

std::uint8_t mixed(std::uint8_t own, int with) {
  return static_cast<std::uint8_t>((own * 3 + with * 2) / 5);
}

}  // namespace

Rgb colour_of_class(std::int64_t index) {
  const std::uint64_t place = static_cast<std::uint64_t>(index) % (kCount * kVariants);
  const Rgb own = kColours[place % kCount];
  if (place < kCount) return own;
  const int with = place < 2 * kCount ? 255 : 0;
  return {mixed(own.red, with), mixed(own.green, with), mixed(own.blue, with)};
}

/// By the brightness that eyes see (Rec. 601), white being readable on more than half of the range.
Rgb text_colour_on(Rgb background) {
  const int brightness = 299 * background.red + 587 * background.green + 114 * background.blue;
  return brightness > 140 * 1000 ? Rgb{0, 0, 0} : Rgb{255, 255, 255};
}

}  // namespace gantry::detail
