// SPDX-License-Identifier: Apache-2.0
// Two steps per row: samples of any depth become one byte each, then the channels are converted.
#include "ops/image/png/png_conversion.hpp"

#include <type_traits>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::size_t stored_channels(int colour_type) {
  switch (colour_type) {
    case kPngRgb:
      return 3;
    case kPngGrayAlpha:
      return 2;
    case kPngRgba:
      return 4;
    default:
      return 1;
  }
}

/// 1, 2 and 4 bits are packed with the leftmost pixel in the highest bits. Gray is stretched to 0..255; indices of a
/// palette are not.
void unpack_bits(const std::uint8_t* raw, std::size_t first, int depth, unsigned factor,
                 std::vector<std::uint8_t>& samples) {
  const auto bits = static_cast<std::size_t>(depth);
  const unsigned mask = (1u << depth) - 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::size_t bit = (first + i) * bits;
    const unsigned shift = static_cast<unsigned>(8 - bits - bit % 8);
    samples[i] = static_cast<std::uint8_t>((static_cast<unsigned>(raw[bit / 8]) >> shift & mask) * factor);
  }
}

/// Pillow clips 16-bit gray at 255 (Convert.c, I16_RGB), but takes the high byte of everything else.
void narrow_16_bits(const std::uint8_t* raw, bool is_gray, std::vector<std::uint8_t>& samples) {
  for (std::size_t i = 0; i < samples.size(); ++i, raw += 2) {
    if (is_gray)
      samples[i] = raw[0] == 0 ? raw[1] : std::uint8_t{255};
    else
      samples[i] = raw[0];
  }
}

/// The transparent colour as Pillow compares it with pixels: the low byte of the stored value, even if the pixels were
/// stretched from fewer bits or narrowed from 16. Only in 1-bit images is it stretched too.
std::array<std::uint8_t, 3> transparent_pixel(const PngFormat& format) {
  if (format.colour_type == kPngGray && format.bit_depth == 1) {
    const std::uint8_t value = format.transparent[0] != 0 ? 255 : 0;
    return {value, value, value};
  }
  std::array<std::uint8_t, 3> pixel{};
  for (std::size_t c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(format.transparent[c] & 0xFF);
  return pixel;
}

using Pixel = std::array<std::uint8_t, 4>;

/// `to_pixel` makes RGBA from the samples of one pixel. Only as many channels are stored as the image has.
template <std::size_t kIn, class F>
void map_pixels(const std::uint8_t* samples, std::size_t count, std::uint8_t* out, Colour colour, F to_pixel) {
  const auto store = [&](auto channels) {
    constexpr std::size_t kOut = decltype(channels)::value;
    for (std::size_t i = 0; i < count; ++i) {
      const Pixel pixel = to_pixel(samples + i * kIn);
      for (std::size_t c = 0; c < kOut; ++c) out[i * kOut + c] = pixel[c];
    }
  };
  if (colour == Colour::kGray) return store(std::integral_constant<std::size_t, 1>());
  if (colour == Colour::kRgb) return store(std::integral_constant<std::size_t, 3>());
  store(std::integral_constant<std::size_t, 4>());
}

}  // namespace

PngFormat::PngFormat() {
  palette.fill({0, 0, 0, 255});
}

std::size_t pixel_bits(const PngFormat& format) {
  return stored_channels(format.colour_type) * static_cast<std::size_t>(format.bit_depth);
}

Colour unchanged_colour(const PngFormat& format) {
  if (format.colour_type == kPngGrayAlpha || format.colour_type == kPngRgba || format.has_transparency)
    return Colour::kRgba;
  return format.colour_type == kPngGray ? Colour::kGray : Colour::kRgb;
}

bool is_stored_as(const PngFormat& format, Colour colour) {
  if (format.bit_depth != 8 || format.colour_type == kPngPalette) return false;
  return stored_channels(format.colour_type) == channels_of(colour);
}

/// The samples of the pixels as one byte each.
const std::uint8_t* PngRows::bytes_of(const std::uint8_t* raw, std::size_t first, std::size_t count) {
  const std::size_t channels = stored_channels(format_.colour_type);
  if (format_.bit_depth == 8) return raw + first * channels;
  samples_.resize(count * channels);
  if (format_.bit_depth == 16) {
    narrow_16_bits(raw + first * channels * 2, format_.colour_type == kPngGray, samples_);
  } else {
    const unsigned largest = (1u << format_.bit_depth) - 1;
    unpack_bits(raw, first, format_.bit_depth, format_.colour_type == kPngGray ? 255 / largest : 1, samples_);
  }
  return samples_.data();
}

void PngRows::convert(const std::uint8_t* raw, std::size_t first, std::size_t count, std::uint8_t* out) {
  const std::uint8_t* samples = bytes_of(raw, first, count);
  const bool has_colour_key = format_.has_transparency && colour_ == Colour::kRgba;
  const std::array<std::uint8_t, 3> key = transparent_pixel(format_);
  const auto alpha_of = [&](std::uint8_t r, std::uint8_t g, std::uint8_t b) {
    return has_colour_key && r == key[0] && g == key[1] && b == key[2] ? std::uint8_t{0} : std::uint8_t{255};
  };
  switch (format_.colour_type) {
    case kPngPalette:
      return map_pixels<1>(samples, count, out, colour_,
                           [&](const std::uint8_t* s) -> Pixel { return format_.palette[s[0]]; });
    case kPngGrayAlpha:
      return map_pixels<2>(samples, count, out, colour_, [](const std::uint8_t* s) -> Pixel {
        return {s[0], s[0], s[0], s[1]};
      });
    case kPngRgba:
      return map_pixels<4>(samples, count, out, colour_, [](const std::uint8_t* s) -> Pixel {
        return {s[0], s[1], s[2], s[3]};
      });
    case kPngRgb:
      return map_pixels<3>(samples, count, out, colour_, [&](const std::uint8_t* s) -> Pixel {
        return {s[0], s[1], s[2], alpha_of(s[0], s[1], s[2])};
      });
    default:
      return map_pixels<1>(samples, count, out, colour_, [&](const std::uint8_t* s) -> Pixel {
        return {s[0], s[0], s[0], alpha_of(s[0], s[0], s[0])};
      });
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
