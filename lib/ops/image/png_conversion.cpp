// SPDX-License-Identifier: Apache-2.0
// Two steps a row: samples of any depth to one byte each, then channels to channels.
#include "ops/image/png_conversion.hpp"

#include <algorithm>

namespace gantry::detail {
namespace {

constexpr int kGray = 0;
constexpr int kRgb = 2;
constexpr int kPalette = 3;
constexpr int kGrayAlpha = 4;
constexpr int kRgba = 6;

std::size_t stored_channels(int colour_type) {
  switch (colour_type) {
    case kRgb:
      return 3;
    case kGrayAlpha:
      return 2;
    case kRgba:
      return 4;
    default:
      return 1;
  }
}

/// 1, 2 and 4 bits are packed with the leftmost pixel in the highest bits. Gray is stretched to 0..255; indices of a
/// palette are not.
void unpack_bits(const std::uint8_t* raw, int depth, unsigned factor, std::vector<std::uint8_t>& samples) {
  const auto bits = static_cast<std::size_t>(depth);
  const unsigned mask = (1u << depth) - 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::size_t bit = i * bits;
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

void to_bytes(const PngFormat& format, const std::uint8_t* raw, std::vector<std::uint8_t>& samples) {
  if (format.bit_depth == 16) return narrow_16_bits(raw, format.colour_type == kGray, samples);
  if (format.bit_depth == 8) {
    std::copy_n(raw, samples.size(), samples.begin());
    return;
  }
  const unsigned largest = (1u << format.bit_depth) - 1;
  unpack_bits(raw, format.bit_depth, format.colour_type == kGray ? 255 / largest : 1, samples);
}

/// The transparent colour as Pillow compares it with pixels: the low byte of what the file says, even where the pixels
/// were stretched from fewer bits or narrowed from 16; only 1-bit images are treated as what they are.
std::array<std::uint8_t, 3> transparent_pixel(const PngFormat& format) {
  if (format.colour_type == kGray && format.bit_depth == 1) {
    const std::uint8_t value = format.transparent[0] != 0 ? 255 : 0;
    return {value, value, value};
  }
  std::array<std::uint8_t, 3> pixel{};
  for (std::size_t c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(format.transparent[c] & 0xFF);
  return pixel;
}

/// One stored pixel as RGBA.
class PixelReader {
 public:
  explicit PixelReader(const PngFormat& format)
      : format_(format),
        has_transparent_colour_(format.has_transparency && format.colour_type != kPalette),
        transparent_(transparent_pixel(format)) {}

  std::array<std::uint8_t, 4> read(const std::uint8_t* sample) const {
    switch (format_.colour_type) {
      case kPalette:
        return format_.palette[sample[0]];
      case kGrayAlpha:
        return {sample[0], sample[0], sample[0], sample[1]};
      case kRgba:
        return {sample[0], sample[1], sample[2], sample[3]};
      case kRgb:
        return with_alpha(sample[0], sample[1], sample[2]);
      default:
        return with_alpha(sample[0], sample[0], sample[0]);
    }
  }

 private:
  std::array<std::uint8_t, 4> with_alpha(std::uint8_t r, std::uint8_t g, std::uint8_t b) const {
    const bool is_transparent =
        has_transparent_colour_ && r == transparent_[0] && g == transparent_[1] && b == transparent_[2];
    return {r, g, b, is_transparent ? std::uint8_t{0} : std::uint8_t{255}};
  }

  const PngFormat& format_;
  bool has_transparent_colour_;
  std::array<std::uint8_t, 3> transparent_;
};

}  // namespace

PngFormat::PngFormat() {
  palette.fill({0, 0, 0, 255});
}

Colour unchanged_colour(const PngFormat& format) {
  if (format.colour_type == kGrayAlpha || format.colour_type == kRgba || format.has_transparency) return Colour::kRgba;
  return format.colour_type == kGray ? Colour::kGray : Colour::kRgb;
}

bool is_stored_as(const PngFormat& format, Colour colour) {
  if (format.bit_depth != 8 || format.colour_type == kPalette) return false;
  return stored_channels(format.colour_type) == channels_of(colour);
}

void convert_png(const PngFormat& format, const std::uint8_t* raw, std::size_t row_bytes, Image& image) {
  const PixelReader reader(format);
  const auto width = static_cast<std::size_t>(image.width());
  const std::size_t in_channels = stored_channels(format.colour_type);
  const std::size_t out_channels = image.channels();
  std::vector<std::uint8_t> samples(width * in_channels);
  for (std::int64_t y = 0; y < image.height(); ++y, raw += row_bytes) {
    to_bytes(format, raw, samples);
    std::uint8_t* out = image.mutable_row(y);
    for (std::size_t x = 0; x < width; ++x, out += out_channels) {
      const auto pixel = reader.read(samples.data() + x * in_channels);
      std::copy_n(pixel.begin(), out_channels, out);
    }
  }
}

}  // namespace gantry::detail
