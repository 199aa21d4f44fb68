// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_colours.hpp"

#include <algorithm>
#include <cstddef>

#include "ops/image/png/png_chunks.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kMaxPaletteColours = 256;
constexpr std::size_t kImageHeaderBytes = 13;

std::uint8_t byte_at(std::string_view bytes, std::size_t position) {
  return static_cast<std::uint8_t>(bytes[position]);
}

bool exists(int colour_type, int bit_depth) {
  switch (colour_type) {
    case kPngGray:
      return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8 || bit_depth == 16;
    case kPngPalette:
      return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8;
    case kPngRgb:
    case kPngGrayAlpha:
    case kPngRgba:
      return bit_depth == 8 || bit_depth == 16;
    default:
      return false;
  }
}

/// If one colour of a palette is transparent and all others are opaque, Pillow keeps only its index. It tests that by a
/// regular expression, which ignores a line feed at the end.
std::string_view alpha_of_palette(std::string_view alpha) {
  std::string_view line = alpha;
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  const std::size_t transparent = line.find('\0');
  const auto opaque = static_cast<std::size_t>(std::count(line.begin(), line.end(), '\xFF'));
  return transparent != std::string_view::npos && opaque + 1 == line.size() ? line.substr(0, transparent + 1) : alpha;
}

}  // namespace

const char* PngColours::read(std::string_view chunk, std::string_view content, bool accepts_short) {
  if (chunk == "IHDR" && content.size() >= kImageHeaderBytes) {
    const Kind kind{byte_at(content, 9), byte_at(content, 8)};
    if (exists(kind.colour_type, kind.bit_depth)) kind_ = kind;
  }
  if (chunk == "PLTE" && kind_.colour_type == kPngPalette) palette_ = content;
  if (chunk != "tRNS") return nullptr;
  if (kind_.colour_type != kPngGray && kind_.colour_type != kPngRgb && kind_.colour_type != kPngPalette) return nullptr;
  const std::size_t needed = kind_.colour_type == kPngGray ? 2 : kind_.colour_type == kPngRgb ? 6 : 0;
  if (content.size() < needed) return accepts_short ? nullptr : kPngChunkTooShort;
  transparency_ = content;
  transparency_kind_ = kind_;
  return nullptr;
}

const char* PngColours::set(PngFormat& format, bool needs_alpha) const {
  format.colour_type = image_kind_.colour_type;
  format.bit_depth = image_kind_.bit_depth;
  const bool has_palette = format.colour_type == kPngPalette;
  if (image_palette_ && !has_palette) return "a header without palette follows its palette";
  if (image_palette_ && image_palette_->size() / 3 > kMaxPaletteColours) return "its palette has more than 256 colours";
  if (image_palette_)
    for (std::size_t i = 0; i < image_palette_->size() / 3; ++i)
      for (std::size_t c = 0; c < 3; ++c) format.palette[i][c] = byte_at(*image_palette_, i * 3 + c);
  const bool has_key = format.colour_type == kPngGray || format.colour_type == kPngRgb;
  if (!transparency_ || !(has_key || has_palette)) return nullptr;
  if (transparency_kind_.colour_type != format.colour_type ||
      (has_key && (transparency_kind_.bit_depth == 1) != (format.bit_depth == 1)))
    return "its transparent colour is one of another header";
  format.has_transparency = true;
  if (has_palette) return set_palette_alpha(format, needs_alpha);
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t at = format.colour_type == kPngRgb ? 2 * c : 0;
    format.transparent[c] =
        static_cast<std::uint16_t>(byte_at(*transparency_, at) << 8 | byte_at(*transparency_, at + 1));
  }
  return nullptr;
}

const char* PngColours::set_palette_alpha(PngFormat& format, bool needs_alpha) const {
  const std::string_view alpha = alpha_of_palette(*transparency_);
  if (alpha.size() > kMaxPaletteColours && needs_alpha)
    return "the transparency of its palette has more than 256 values";
  for (std::size_t i = 0; i < std::min(alpha.size(), kMaxPaletteColours); ++i) format.palette[i][3] = byte_at(alpha, i);
  return nullptr;
}

}  // namespace gantry::inline GANTRY_ABI::detail
