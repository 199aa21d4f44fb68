// SPDX-License-Identifier: Apache-2.0
// Writes PNG files of any kind, uncompressed, so that a test can say what is in one.
#pragma once

#include <cstdint>
#include <gantry/bytes.hpp>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

inline std::uint32_t crc32(const std::string& data) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
  }
  return ~crc;
}

inline std::string big_endian(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFF);
  return text;
}

inline std::string png_chunk(const std::string& name, const std::string& content) {
  return big_endian(static_cast<std::uint32_t>(content.size())) + name + content + big_endian(crc32(name + content));
}

/// zlib with one stored block.
inline std::string stored(const std::string& data) {
  std::uint32_t a = 1, b = 0;
  for (const char c : data) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto size = static_cast<std::uint32_t>(data.size());
  std::string text("\x78\x01\x01", 3);
  for (const std::uint32_t number : {size, ~size}) {
    text += static_cast<char>(number & 0xFF);
    text += static_cast<char>(number >> 8 & 0xFF);
  }
  return text + data + big_endian(b << 16 | a);
}

struct PngFile {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  int bit_depth = 8;
  int colour_type = 0;
  std::string chunks;             ///< between IHDR and IDAT
  std::vector<std::string> rows;  ///< packed samples; those of the passes if interlaced
  bool is_interlaced = false;

  std::string text() const {
    std::string header = big_endian(width) + big_endian(height);
    header += static_cast<char>(bit_depth);
    header += static_cast<char>(colour_type);
    header += std::string(2, '\0');
    header += is_interlaced ? '\1' : '\0';
    std::string pixels;
    for (const std::string& row : rows) pixels += '\0' + row;
    return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + chunks + png_chunk("IDAT", stored(pixels)) +
           png_chunk("IEND", "");
  }
  Bytes bytes() const { return Bytes(text()); }
};

}  // namespace gantry::inline GANTRY_ABI::test
