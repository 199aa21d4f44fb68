// SPDX-License-Identifier: Apache-2.0
// Walks the segments as JpegImagePlugin._open does, with its errors: a file that Pillow does not open is not read here.
#include "ops/image/jpeg/jpeg_segments.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/call_watch.hpp"
#include "ops/image/decoder.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::uint8_t kFirstMarker = 0xC0;
constexpr std::uint8_t kLossless = 0xC3;
constexpr std::uint8_t kHuffmanTables = 0xC4;
constexpr std::uint8_t kExtension = 0xC8;
constexpr std::uint8_t kLosslessArithmetic = 0xCB;
constexpr std::uint8_t kArithmeticConditioning = 0xCC;
constexpr std::uint8_t kFirstRestart = 0xD0;
constexpr std::uint8_t kLastRestart = 0xD7;
constexpr std::uint8_t kEndMarker = 0xD9;
constexpr std::uint8_t kScan = 0xDA;
constexpr std::uint8_t kApp = 0xE0;
constexpr std::uint8_t kFirstReserved = 0xF0;
constexpr std::uint8_t kLastReserved = 0xFD;

/// Bytes searched at once; the call's deadline may be checked in between.
constexpr std::size_t kBytesAtOnce = 1 << 16;

constexpr std::string_view kJfif = "JFIF";
constexpr std::string_view kExif("Exif\0\0", 6);
constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
constexpr std::string_view kProfile("ICC_PROFILE\0", 12);
constexpr std::string_view kPhotoshop("Photoshop 3.0\0", 14);
constexpr std::string_view kAdobe = "Adobe";
constexpr std::string_view kResource = "8BIM";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// The next marker; moves `bytes` behind it. 0 for a stuffed byte, or if the bytes searched at once hold no marker;
/// nothing at the end.
std::optional<std::uint8_t> next_marker(std::string_view& bytes) {
  const std::string_view part = bytes.substr(0, kBytesAtOnce);
  const bool is_last = part.size() == bytes.size();
  const std::size_t first = part.find('\xff');
  const std::size_t code = part.find_first_not_of('\xff', first);  // npos if there is no first
  if (code == std::string_view::npos) {
    if (is_last) return std::nullopt;
    bytes.remove_prefix(part.size() - (first == std::string_view::npos ? 0 : 1));
    return std::uint8_t{0};
  }
  const auto marker = static_cast<std::uint8_t>(part[code]);
  bytes.remove_prefix(code + 1);
  return marker;
}

bool has_content(std::uint8_t marker) {
  return marker != kExtension && (marker < kFirstRestart || marker > kEndMarker) &&
         (marker < kFirstReserved || marker > kLastReserved);
}

std::size_t number(std::string_view bytes, std::size_t at, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// False if the length of a resource's name is missing, which is an error in Pillow. No other missing part is.
bool are_resources_whole(std::string_view content) {
  std::size_t at = kPhotoshop.size();
  while (at <= content.size() && starts_with(content.substr(at), kResource)) {
    at += kResource.size();
    if (content.size() - at < 2) return true;
    const std::size_t code = number(content, at, 2);
    at += 2;
    if (at == content.size()) return false;
    at += 1 + number(content, at, 1);
    at += at % 2;
    if (at > content.size() || content.size() - at < 4) return true;
    const std::size_t size = number(content, at, 4);
    at += 4;
    constexpr std::size_t kResolution = 0x03ED, kResolutionBytes = 14;
    if (code == kResolution && std::min(size, content.size() - at) < kResolutionBytes) return true;
    at += size;
    at += at % 2;
  }
  return true;
}

class MetadataReader {
 public:
  Result<void> read(std::uint8_t marker, std::string_view content) {
    if (marker == kApp && starts_with(content, kJfif) && content.size() < 7) return short_segment("JFIF", content);
    if (marker == kApp + 1) read_exif_or_xmp(content);
    if (marker == kApp + 2) read_profile(content);
    if (marker == kApp + 13 && starts_with(content, kPhotoshop) && !are_resources_whole(content))
      return corrupt("JPEG", "a Photoshop resource ends before its name");
    if (marker == kApp + 14 && starts_with(content, kAdobe) && content.size() < 7)
      return short_segment("Adobe", content);
    return is_jpeg_frame(marker) ? read_frame(marker) : Result<void>();
  }
  JpegMetadata take() { return std::move(metadata_); }

 private:
  static Error short_segment(const char* kind, std::string_view content) {
    return corrupt("JPEG", std::string(kind) + " segment of only " + std::to_string(content.size()) + " bytes");
  }

  void read_exif_or_xmp(std::string_view content) {
    if (starts_with(content, kExif)) metadata_.exif += metadata_.exif.empty() ? content : content.substr(kExif.size());
    if (starts_with(content, kXmp)) metadata_.xmp = content.substr(kXmp.size());
  }

  void read_profile(std::string_view content) {
    if (starts_with(content, kProfile) && (first_profile_.empty() || content < first_profile_))
      first_profile_ = content;
  }

  /// Pillow joins the parts of a colour profile when it reads the frame, beginning with the one that sorts first.
  Result<void> read_frame(std::uint8_t marker) {
    if (marker == kLossless || marker == kLosslessArithmetic)
      return Error(ErrorCode::kUnsupported, "JPEG: lossless").with_reason(ErrorReason::kMediaType);
    if (!first_profile_.empty() && first_profile_.size() < 14) return short_segment("ICC profile", first_profile_);
    first_profile_ = {};
    return {};
  }

  JpegMetadata metadata_;
  std::string_view first_profile_;
};

}  // namespace

Result<JpegMetadata> read_jpeg_metadata(const Bytes& file, const CallContext* call) {
  MetadataReader reader;
  std::string_view rest(reinterpret_cast<const char*>(file.data()), file.size());
  rest.remove_prefix(2);  // the start marker
  CallWatch watch(call);
  for (std::size_t left = rest.size();;) {
    if (watch.is_over((left - rest.size()) * kSearchWork)) return watch.interruption();
    left = rest.size();
    const auto marker = next_marker(rest);
    if (!marker) return truncated("JPEG", file.size());
    if (*marker == 0) continue;
    if (*marker < kFirstMarker) return corrupt("JPEG", "unknown marker " + std::to_string(*marker));
    if (!has_content(*marker)) continue;
    const std::size_t length = rest.size() < 2 ? 2 : std::max<std::size_t>(number(rest, 0, 2), 2);
    if (rest.size() < length) return truncated("JPEG", file.size());
    GANTRY_RETURN_IF_ERROR(reader.read(*marker, rest.substr(2, length - 2)));
    rest.remove_prefix(length);
    if (*marker == kScan) return reader.take();
  }
}

bool is_jpeg_frame(int marker) {
  return marker >= kFirstMarker && marker < kFirstRestart && marker != kHuffmanTables && marker != kExtension &&
         marker != kArithmeticConditioning;
}

Result<bool> ends_next(std::string_view bytes, const CallContext* call) {
  CallWatch watch(call);
  std::size_t left = bytes.size();
  while (const auto marker = next_marker(bytes)) {
    if (*marker != 0 && (*marker < kFirstRestart || *marker > kLastRestart)) return *marker == kEndMarker;
    if (watch.is_over((left - bytes.size()) * kSearchWork)) return watch.interruption();
    left = bytes.size();
  }
  return false;
}

}  // namespace gantry::inline GANTRY_ABI::detail
