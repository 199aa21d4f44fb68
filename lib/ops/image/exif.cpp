// SPDX-License-Identifier: Apache-2.0
// Exif is a TIFF file: a byte order, the offset of a directory, and in it entries of 12 bytes each.
#include "ops/image/exif.hpp"

#include <cstddef>
#include <optional>

namespace gantry::detail {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::size_t kEntryBytes = 12;

/// Big- or little-endian numbers at byte offsets; nothing for those outside.
class TiffReader {
 public:
  TiffReader(std::string_view data, bool is_big_endian) : data_(data), is_big_endian_(is_big_endian) {}

  std::optional<std::uint32_t> number(std::size_t offset, std::size_t bytes) const {
    if (offset > data_.size() || data_.size() - offset < bytes) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t at = offset + (is_big_endian_ ? i : bytes - 1 - i);
      value = value << 8 | static_cast<unsigned char>(data_[at]);
    }
    return value;
  }

 private:
  std::string_view data_;
  bool is_big_endian_;
};

/// Bytes of an integer of a TIFF type; 0 for other types.
std::size_t integer_bytes(std::uint32_t type) {
  switch (type) {
    case 1:  // BYTE
    case 6:  // SBYTE
      return 1;
    case 3:  // SHORT
    case 8:  // SSHORT
      return 2;
    case 4:  // LONG
    case 9:  // SLONG
      return 4;
    default:
      return 0;
  }
}

/// The first number of an entry: in its last four bytes if all fit there, else where these point to.
std::optional<std::uint32_t> first_number(const TiffReader& tiff, std::size_t entry) {
  const auto type = tiff.number(entry + 2, 2);
  const auto count = tiff.number(entry + 4, 4);
  if (!type || !count || *count == 0) return std::nullopt;
  const std::size_t bytes = integer_bytes(*type);
  if (bytes == 0) return std::nullopt;
  std::size_t position = entry + 8;
  if (*count > 4 / bytes) {
    const auto offset = tiff.number(position, 4);
    if (!offset) return std::nullopt;
    position = *offset;
  }
  return tiff.number(position, bytes);
}

/// The tag's value, which may be no orientation at all; nothing if there is no such tag.
std::optional<std::uint32_t> exif_value(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  while (exif.substr(0, kPrefix.size()) == kPrefix) exif.remove_prefix(kPrefix.size());
  const std::string_view magic = exif.substr(0, 4);
  const bool is_big_endian = magic == std::string_view("MM\0*", 4);
  if (!is_big_endian && magic != std::string_view("II*\0", 4)) return std::nullopt;
  const TiffReader tiff(exif, is_big_endian);
  const auto directory = tiff.number(4, 4);
  if (!directory) return std::nullopt;
  const auto count = tiff.number(*directory, 2);
  if (!count) return std::nullopt;
  std::optional<std::uint32_t> value;
  for (std::size_t i = 0; i < *count; ++i) {
    const std::size_t entry = *directory + 2 + i * kEntryBytes;
    const auto tag = tiff.number(entry, 2);
    if (!tag) break;
    if (*tag != kOrientationTag) continue;
    if (const auto number = first_number(tiff, entry)) value = number;
  }
  return value;
}

/// tiff:Orientation="6" or tiff:Orientation>6.
std::optional<std::uint32_t> xmp_value(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (std::size_t at = xmp.find(kName); at != std::string_view::npos; at = xmp.find(kName, at + 1)) {
    std::string_view rest = xmp.substr(at + kName.size());
    if (rest.substr(0, 2) == "=\"")
      rest.remove_prefix(2);
    else if (rest.substr(0, 1) == ">")
      rest.remove_prefix(1);
    else
      continue;
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return static_cast<std::uint32_t>(rest[0] - '0');
  }
  return std::nullopt;
}

}  // namespace

std::uint8_t orientation_of(std::string_view exif, std::string_view xmp) {
  auto value = exif_value(exif);
  if (!value) value = xmp_value(xmp);
  return value && *value >= 1 && *value <= 8 ? static_cast<std::uint8_t>(*value) : std::uint8_t{1};
}

}  // namespace gantry::detail
