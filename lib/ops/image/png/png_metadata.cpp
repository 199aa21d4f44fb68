// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_metadata.hpp"

#include <algorithm>
#include <utility>

#include "core/utf8.hpp"
#include "ops/image/exif.hpp"
#include "ops/image/png/png_unpack.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// As Pillow's MAX_TEXT_CHUNK and MAX_TEXT_MEMORY.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxUnpackedBytes = 64 * kMaxTextBytes;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Takes the text before the next zero byte, and that byte, from `rest`; nothing if there is none.
std::optional<std::string_view> take_field(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return field;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Stands for Exif that Pillow fails on: it counts as upright, whatever XMP says.
constexpr const char* kUnreadable = "no TIFF structure";

/// Python's bytes.fromhex(): white space may stand between bytes.
std::string from_hex(std::string_view digits) {
  constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (kWhiteSpace.find(digits[i]) != std::string_view::npos) continue;
    const int high = hex_digit(digits[i]);
    const int low = ++i < digits.size() ? hex_digit(digits[i]) : -1;
    if (high < 0 || low < 0) return kUnreadable;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

/// Reads what ImageMagick writes: an empty line, one with a name, one with a length, and the Exif in hexadecimal
/// digits, whose lines may break anywhere.
std::string exif_of_profile(std::string profile) {
  std::size_t begin = 0;
  for (int lines = 0; lines < 3; ++lines) {
    const std::size_t end = profile.find('\n', begin);
    if (end == std::string::npos) return {};
    begin = end + 1;
  }
  profile.erase(0, begin);
  profile.erase(std::remove(profile.begin(), profile.end(), '\n'), profile.end());
  return from_hex(profile);
}

}  // namespace

void PngMetadata::add(std::string_view chunk, std::string_view content, CallWatch& watch) {
  if (chunk == "eXIf") texts_[kExif] = Text{content, false, false, true};
  if (chunk != "tEXt" && chunk != "zTXt" && chunk != "iTXt") return;
  constexpr std::pair<std::string_view, Meaning> kKeywords[] = {
      {"exif", kExif}, {"Raw profile type exif", kProfile}, {"XML:com.adobe.xmp", kXmp}};
  for (const auto& [keyword, meaning] : kKeywords) {
    if (content.substr(0, keyword.size()) != keyword) continue;
    std::string_view rest = content.substr(keyword.size());
    if (!rest.empty() && rest[0] != '\0') continue;  // a longer keyword
    if (chunk == "iTXt") return add_international(meaning, rest, watch);
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
    const bool is_compressed = chunk == "zTXt";
    if (is_compressed) rest.remove_prefix(std::min<std::size_t>(1, rest.size()));  // the method, which is always 0
    texts_[meaning] = Text{rest, is_compressed, is_compressed && meaning == kExif};
  }
}

/// An iTXt that cannot be read is ignored, so that an earlier one counts.
void PngMetadata::add_international(Meaning meaning, std::string_view content, CallWatch& watch) {
  if (content.size() < 3) return;
  const bool is_compressed = content[1] != 0;
  if (is_compressed && content[2] != 0) return;  // an unknown method
  content.remove_prefix(3);
  const auto language = take_field(content);
  if (!language) return;
  const auto translation = take_field(content);
  if (!translation) return;
  const Text text{content, is_compressed, meaning == kExif};
  const auto value = read(text, watch);
  if (!value) return;
  if (meaning == kXmp) texts_[kXmpBytes] = text;
  if (is_utf8(*language) && is_utf8(*translation) && is_utf8(*value)) texts_[meaning] = text;
}

std::optional<std::string> PngMetadata::read(const Text& text, CallWatch& watch) {
  if (!text.is_compressed) return std::string(text.value);
  if (unpacked_bytes_ >= kMaxUnpackedBytes) return std::nullopt;
  auto value = unpack_png_text(text.value, kMaxTextBytes, watch);
  unpacked_bytes_ += value ? value->size() : kMaxTextBytes;
  return value;
}

std::string PngMetadata::text(Meaning meaning, CallWatch& watch) {
  if (!texts_[meaning]) return {};
  return read(*texts_[meaning], watch).value_or(std::string());
}

std::string PngMetadata::exif(CallWatch& watch) {
  if (!texts_[kExif]) return exif_of_profile(text(kProfile, watch));
  const Text& exif = *texts_[kExif];
  if (exif.is_unreadable) return kUnreadable;
  return exif.is_chunk ? std::string("Exif\0\0", 6).append(exif.value) : std::string(exif.value);
}

std::uint8_t PngMetadata::orientation(CallWatch& watch) {
  std::string xmp = text(kXmp, watch);
  if (xmp.empty()) xmp = text(kXmpBytes, watch);
  return orientation_of(exif(watch), xmp);
}

}  // namespace gantry::inline GANTRY_ABI::detail
