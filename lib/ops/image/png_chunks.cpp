// SPDX-License-Identifier: Apache-2.0
// A PNG is a signature and chunks: length, name, content, checksum.
#include "ops/image/png_chunks.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::detail {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint8_t kEndChunk[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};

std::uint32_t length_at(const Bytes& file, std::size_t position) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | file.data()[position + i];
  return length;
}

struct LastChunk {
  std::size_t position = 0;  ///< of its header
  PngEnd end = PngEnd::kComplete;
};

LastChunk last_chunk(const Bytes& file) {
  bool has_pixels = false;
  for (std::size_t at = kSignatureBytes; at < file.size() && file.size() - at >= kHeaderBytes;) {
    const std::string_view name(reinterpret_cast<const char*>(file.data()) + at + 4, 4);
    const bool is_pixels = name == "IDAT";
    // Behind an end marker, or at the next frame of an animation, Pillow stops as well.
    if (name == "IEND" || (has_pixels && name == "fcTL")) break;
    const std::size_t length = length_at(file, at);
    const std::size_t left = file.size() - at - kHeaderBytes;
    if (length > left) {
      if (is_pixels) return {at, PngEnd::kInPixels};
      return {at, has_pixels ? PngEnd::kBehindPixels : PngEnd::kComplete};
    }
    has_pixels |= is_pixels;
    at += kHeaderBytes + length + kChecksumBytes;
  }
  return {};
}

}  // namespace

PngEnd png_end(const Bytes& file) {
  return last_chunk(file).end;
}

Bytes closed_png(const Bytes& file) {
  const std::size_t at = last_chunk(file).position;
  const std::size_t length = file.size() - at - kHeaderBytes;
  std::vector<std::uint8_t> closed(file.data(), file.data() + file.size());
  for (std::size_t i = 0; i < 4; ++i) closed[at + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
  closed.insert(closed.end(), kChecksumBytes, 0);  // nobody looks at it
  closed.insert(closed.end(), std::begin(kEndChunk), std::end(kEndChunk));
  return Bytes(std::move(closed));
}

}  // namespace gantry::detail
