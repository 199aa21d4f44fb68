// SPDX-License-Identifier: Apache-2.0
// Tells image files apart by their first bytes.
#include "ops/image/file_format.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Enough for the list of brands of an HEIC file, and for what precedes the tag of an SVG.
constexpr std::size_t kBeginning = 1024;

std::string_view beginning_of(const Bytes& file) {
  return file_text(file).substr(0, kBeginning);
}

bool has_at(std::string_view file, std::size_t offset, std::string_view magic) {
  return file.size() >= offset + magic.size() && file.substr(offset, magic.size()) == magic;
}

template <std::size_t kSize>
constexpr std::string_view bytes(const char (&text)[kSize]) {
  return {text, kSize - 1};  // zeros inside included
}

/// True for a file of the ISO base media format whose major or compatible brands include this one.
bool has_brand(std::string_view file, std::string_view brand) {
  if (!has_at(file, 4, "ftyp")) return false;
  std::size_t end = 0;
  for (std::size_t i = 0; i < 4; ++i) end = end << 8 | static_cast<unsigned char>(file[i]);
  for (std::size_t at = 8; at + 4 <= std::min(end, file.size()); at += 4)
    if (at != 12 && has_at(file, at, brand)) return true;  // bytes 12..15 are a version
  return false;
}

bool is_heic(std::string_view file) {
  constexpr std::string_view kBrands[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"};
  return std::any_of(std::begin(kBrands), std::end(kBrands), [&](auto brand) { return has_brand(file, brand); });
}

bool is_avif(std::string_view file) {
  return has_brand(file, "avif") || has_brand(file, "avis");
}

bool is_gif(std::string_view file) {
  return has_at(file, 0, "GIF87a") || has_at(file, 0, "GIF89a");
}

/// Texts may begin with "BM" too, so the size of the header behind it must be a known one.
bool is_bmp(std::string_view file) {
  constexpr std::string_view kHeaderBytes = "\x0c\x10\x28\x34\x38\x40\x6c\x7c";
  return has_at(file, 0, "BM") && has_at(file, 15, bytes("\0\0\0")) &&
         kHeaderBytes.find(file[14]) != std::string_view::npos;
}

bool is_tiff(std::string_view file) {
  return has_at(file, 0, bytes("II*\0")) || has_at(file, 0, bytes("MM\0*")) || has_at(file, 0, bytes("II+\0")) ||
         has_at(file, 0, bytes("MM\0+"));
}

bool is_jpeg_2000(std::string_view file) {
  return has_at(file, 0, bytes("\0\0\0\x0cjP  \r\n\x87\n")) || has_at(file, 0, "\xff\x4f\xff\x51");
}

bool is_jpeg_xl(std::string_view file) {
  return has_at(file, 0, bytes("\0\0\0\x0cJXL \r\n\x87\n")) || has_at(file, 0, "\xff\x0a");
}

bool is_pdf(std::string_view file) {
  return has_at(file, 0, "%PDF-");
}

bool is_markup(std::string_view file) {
  const std::size_t first = file.find_first_not_of("\xef\xbb\xbf \t\r\n");
  return first != std::string_view::npos && file[first] == '<';
}

bool is_svg(std::string_view file) {
  return is_markup(file) && file.find("<svg") != std::string_view::npos;
}

/// `word` must be in lower case.
bool contains_in_any_case(std::string_view file, std::string_view word) {
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
  return std::search(file.begin(), file.end(), word.begin(), word.end(), is_same) != file.end();
}

/// A page that a server sent in place of an image. HTML may be in any case.
bool is_html(std::string_view file) {
  return is_markup(file) && (contains_in_any_case(file, "<html") || contains_in_any_case(file, "<!doctype html"));
}

struct OtherFormat {
  bool (*is)(std::string_view file);
  const char* name;
  const char* advice;
};

constexpr const char* kConvert = "convert it to PNG first, for example with Pillow: Image.open(a).save(b)";

/// The first match counts. AVIF precedes HEIC, because it carries HEIC's general brands too. HTML precedes SVG, because
/// a page may contain drawings.
constexpr OtherFormat kOtherFormats[] = {
    {is_avif, "an AVIF image", kConvert},
    {is_heic, "an HEIC image", "convert it to PNG or JPEG first, for example with: heif-convert a b"},
    {is_gif, "a GIF image", kConvert},
    {is_bmp, "a BMP image", kConvert},
    {is_tiff, "a TIFF image", kConvert},
    {is_jpeg_2000, "a JPEG 2000 image", kConvert},
    {is_jpeg_xl, "a JPEG XL image", "convert it to PNG first, for example with: djxl a b"},
    {is_pdf, "a PDF document", "draw its pages to PNG first, for example with: pdftoppm -png a b"},
    {is_html, "an HTML page", "whoever fetched it got an answer that is no image"},
    {is_svg, "an SVG drawing", "draw it to PNG first, for example with: rsvg-convert a -o b"},
};

std::string first_bytes(std::string_view file) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : file.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

bool is_jpeg(const Bytes& file) {
  return has_at(file_text(file), 0, "\xff\xd8\xff");
}

bool is_png(const Bytes& file) {
  return has_at(file_text(file), 0, "\x89PNG\r\n\x1a\n");
}

bool is_webp(const Bytes& file) {
  return has_at(file_text(file), 0, "RIFF") && has_at(file_text(file), 8, "WEBP");
}

Error not_read(const Bytes& file) {
  const std::string_view beginning = beginning_of(file);
  const auto* other = std::find_if(std::begin(kOtherFormats), std::end(kOtherFormats),
                                   [&](const OtherFormat& format) { return format.is(beginning); });
  const std::string what = other == std::end(kOtherFormats)
                               ? "it starts with " + first_bytes(beginning)
                               : std::string("it is ") + other->name + "; " + other->advice;
  return Error(ErrorCode::kInvalidArgument, "not a JPEG, PNG or WebP image; " + what)
      .with_reason(ErrorReason::kMediaType);
}

}  // namespace gantry::inline GANTRY_ABI::detail
