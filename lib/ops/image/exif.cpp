// SPDX-License-Identifier: Apache-2.0
// Exif is a TIFF file: a byte order, the offset of a directory, and the directory's entries of 12 bytes each. Broken
// data is read as PIL reads it: TiffImagePlugin.ImageFileDirectory_v2.load, Image.Exif.load, and the look-up in
// ImageOps.exif_transpose, which takes a number of any type that is equal to an orientation.
#include "ops/image/exif.hpp"

#include <bitset>
#include <cstddef>
#include <cstring>
#include <optional>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::uint64_t kOrientationTag = 0x0112;
constexpr std::size_t kExifHeaderBytes = 8;
constexpr std::size_t kEntryBytes = 12;
constexpr std::size_t kInlineBytes = 4;

/// The types of entries that PIL reads; it skips entries of other types.
enum class TiffType : std::uint8_t {
  kByte = 1,
  kAscii = 2,
  kShort = 3,
  kLong = 4,
  kRational = 5,
  kSignedByte = 6,
  kUndefined = 7,
  kSignedShort = 8,
  kSignedLong = 9,
  kSignedRational = 10,
  kFloat = 11,
  kDouble = 12,
  kIfd = 13,
  kLong8 = 16,
};

/// The size of one value; 0 for a type that PIL does not know.
std::size_t bytes_of(TiffType type) {
  switch (type) {
    case TiffType::kByte:
    case TiffType::kAscii:
    case TiffType::kSignedByte:
    case TiffType::kUndefined:
      return 1;
    case TiffType::kShort:
    case TiffType::kSignedShort:
      return 2;
    case TiffType::kLong:
    case TiffType::kSignedLong:
    case TiffType::kFloat:
    case TiffType::kIfd:
      return 4;
    case TiffType::kRational:
    case TiffType::kSignedRational:
    case TiffType::kDouble:
    case TiffType::kLong8:
      return 8;
  }
  return 0;
}

/// Reads big- or little-endian numbers at byte offsets. The caller has checked that they are inside.
class TiffReader {
 public:
  TiffReader(std::string_view data, bool is_big_endian) : data_(data), is_big_endian_(is_big_endian) {}

  bool has(std::uint64_t offset, std::uint64_t bytes) const {
    return offset <= data_.size() && bytes <= data_.size() - offset;
  }
  std::size_t size() const { return data_.size(); }

  std::uint64_t number(std::uint64_t offset, std::size_t bytes) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t at = static_cast<std::size_t>(offset) + (is_big_endian_ ? i : bytes - 1 - i);
      value = value << 8 | static_cast<unsigned char>(data_[at]);
    }
    return value;
  }

 private:
  std::string_view data_;
  bool is_big_endian_;
};

std::uint8_t if_orientation(double value) {
  return value >= 1 && value <= 8 && value == static_cast<std::uint8_t>(value) ? static_cast<std::uint8_t>(value) : 1;
}

/// A fraction without a remainder counts as a whole number: 12/2 is 6, and so is -6/-1.
std::uint8_t rational_orientation(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0 || numerator % denominator != 0) return 1;
  return if_orientation(static_cast<double>(numerator / denominator));
}

template <class Float, class Bits>
double float_of(std::uint64_t number) {
  const auto bits = static_cast<Bits>(number);
  Float value;
  static_assert(sizeof value == sizeof bits);
  std::memcpy(&value, &bits, sizeof value);
  return static_cast<double>(value);
}

/// The orientation that the first value at `offset` gives. Bytes and texts are not numbers in PIL and give 1.
std::uint8_t orientation_at(const TiffReader& tiff, std::uint64_t offset, TiffType type) {
  switch (type) {
    case TiffType::kByte:
    case TiffType::kAscii:
    case TiffType::kUndefined:
      return 1;
    case TiffType::kRational:
      return rational_orientation(static_cast<std::int64_t>(tiff.number(offset, 4)),
                                  static_cast<std::int64_t>(tiff.number(offset + 4, 4)));
    case TiffType::kSignedRational:
      return rational_orientation(static_cast<std::int32_t>(tiff.number(offset, 4)),
                                  static_cast<std::int32_t>(tiff.number(offset + 4, 4)));
    case TiffType::kFloat:
      return if_orientation(float_of<float, std::uint32_t>(tiff.number(offset, 4)));
    case TiffType::kDouble:
      return if_orientation(float_of<double, std::uint64_t>(tiff.number(offset, 8)));
    default:  // whole numbers; a negative one, read without its sign, is large and no orientation
      return if_orientation(static_cast<double>(tiff.number(offset, bytes_of(type))));
  }
}

/// The orientation in a directory: 1 if it is not one of the eight, nothing if there is no such entry. Entries are read
/// in order, and the first readable one of a tag counts. An entry whose value is cut off ends the directory. Values
/// count towards the size of the Exif, and those beyond it are skipped: PIL reads no more than that.
std::optional<std::uint8_t> directory_orientation(const TiffReader& tiff, std::uint64_t directory) {
  if (!tiff.has(directory, 2)) return std::nullopt;
  std::bitset<65536> seen;
  std::uint64_t total_bytes = 0;
  std::uint64_t entry = directory + 2;
  for (std::uint64_t left = tiff.number(directory, 2); left > 0 && tiff.has(entry, kEntryBytes);
       --left, entry += kEntryBytes) {
    const std::uint64_t tag = tiff.number(entry, 2);
    const auto number_of_type = tiff.number(entry + 2, 2);
    const auto type = static_cast<TiffType>(number_of_type <= 0xFF ? number_of_type : 0);
    const std::uint64_t bytes = tiff.number(entry + 4, 4) * bytes_of(type);
    if (bytes == 0 || seen[tag]) continue;
    std::uint64_t value = entry + 8;
    if (bytes > kInlineBytes) {
      total_bytes += bytes;
      if (total_bytes > tiff.size()) continue;
      value = tiff.number(value, 4);
      if (!tiff.has(value, bytes)) return std::nullopt;
    }
    if (tag == kOrientationTag) return orientation_at(tiff, value, type);
    seen.set(tag);
  }
  return std::nullopt;
}

/// Of six beginnings, two have the magic number in the other byte order. PIL reads "MM\0+", which means BigTIFF, as a
/// classic TIFF; it cannot read "II+\0".
std::optional<bool> is_big_endian(std::string_view magic) {
  if (magic == std::string_view("MM\0*", 4) || magic == std::string_view("MM*\0", 4) ||
      magic == std::string_view("MM\0+", 4))
    return true;
  if (magic == std::string_view("II*\0", 4) || magic == std::string_view("II\0*", 4)) return false;
  return std::nullopt;
}

/// 1 if the Exif is no TIFF: PIL fails there and does not look for XMP. Nothing if it has no orientation.
std::optional<std::uint8_t> exif_orientation(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  for (int i = 0; i < 2 && exif.substr(0, kPrefix.size()) == kPrefix; ++i) exif.remove_prefix(kPrefix.size());
  if (exif.empty()) return std::nullopt;
  const auto order = is_big_endian(exif.substr(0, 4));
  if (!order || exif.size() < kExifHeaderBytes) return 1;
  const TiffReader tiff(exif, *order);
  return directory_orientation(tiff, tiff.number(4, 4));
}

/// Reads the first tiff:Orientation="6" or tiff:Orientation>6. One without a digit there is skipped.
std::uint8_t xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (std::size_t at = xmp.find(kName); at != std::string_view::npos; at = xmp.find(kName, at + 1)) {
    std::string_view rest = xmp.substr(at + kName.size());
    if (rest.substr(0, 2) == "=\"")
      rest.remove_prefix(2);
    else if (rest.substr(0, 1) == ">")
      rest.remove_prefix(1);
    else
      continue;
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return if_orientation(rest[0] - '0');
  }
  return 1;
}

}  // namespace

std::uint8_t orientation_of(std::string_view exif, std::string_view xmp) {
  const auto orientation = exif_orientation(exif);
  return orientation ? *orientation : xmp_orientation(xmp);
}

}  // namespace gantry::inline GANTRY_ABI::detail
