// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/draw_palette.hpp"

#include <iterator>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Visible on dark and on light pictures. Each is as far from all earlier ones, in CIELAB, as such a colour can be.
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

/// White while its contrast is above 3 : 1 (WCAG 2.1), which holds up to a luminance of 0.3. Above that, black has more
/// than 7 : 1. Squaring a byte makes it about linear.
Rgb text_colour_on(Rgb background) {
  const auto square = [](std::uint8_t byte) { return static_cast<std::uint32_t>(byte) * byte; };
  const std::uint32_t luminance =
      (2126 * square(background.red) + 7152 * square(background.green) + 722 * square(background.blue)) / 10000;
  return luminance > 255 * 255 * 3 / 10 ? Rgb{0, 0, 0} : Rgb{255, 255, 255};
}

}  // namespace gantry::inline GANTRY_ABI::detail
