// SPDX-License-Identifier: Apache-2.0
// A PNG is a signature and chunks: length, name, content, checksum.
#include "ops/image/png_chunks.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::detail {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kChecksumBytes = 4;

std::uint32_t length_at(const Bytes& file, std::size_t position) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | file.data()[position + i];
  return length;
}

/// A chunk whose header is there; its content may be cut short.
struct Chunk {
  std::string_view name;
  std::size_t content;  ///< its position
  std::size_t length;
  std::size_t present;  ///< as much of the content as the file has

  bool is_whole() const { return length == present; }
  std::size_t next() const { return content + length + kChecksumBytes; }
};

std::optional<Chunk> chunk_at(const Bytes& file, std::size_t position) {
  if (position >= file.size() || file.size() - position < kHeaderBytes) return std::nullopt;
  const std::size_t content = position + kHeaderBytes;
  const std::size_t length = length_at(file, position);
  return Chunk{{reinterpret_cast<const char*>(file.data()) + position + 4, 4},
               content,
               length,
               std::min(length, file.size() - content)};
}

}  // namespace

PngEnd png_end(const Bytes& file) {
  bool has_pixels = false;
  for (auto chunk = chunk_at(file, kSignatureBytes); chunk; chunk = chunk_at(file, chunk->next())) {
    const bool is_pixels = chunk->name == "IDAT";
    // Behind an end marker, or at the next frame of an animation, Pillow stops as well.
    if (chunk->name == "IEND" || (has_pixels && chunk->name == "fcTL")) break;
    if (!chunk->is_whole()) {
      if (is_pixels) return PngEnd::kInPixels;
      return has_pixels ? PngEnd::kBehindPixels : PngEnd::kComplete;
    }
    has_pixels |= is_pixels;
  }
  return PngEnd::kComplete;
}

Bytes png_metadata(const Bytes& file) {
  constexpr std::string_view kNames[] = {"eXIf", "tEXt", "zTXt", "iTXt"};
  constexpr std::uint8_t kNoPixels[] = {0, 0, 0, 0, 'I', 'D', 'A', 'T', 0x35, 0xAF, 0x06, 0x1E};
  std::vector<std::uint8_t> metadata;
  const auto add = [&](std::size_t begin, std::size_t end) {
    metadata.insert(metadata.end(), file.data() + begin, file.data() + end);
  };
  bool has_pixels = false, is_needed = false;
  for (auto chunk = chunk_at(file, kSignatureBytes); chunk; chunk = chunk_at(file, chunk->next())) {
    if (chunk->name == "IEND" || chunk->next() > file.size()) break;
    if (metadata.empty()) add(0, chunk->next());  // with the header, which comes first
    has_pixels |= chunk->name == "IDAT";
    if (std::find(std::begin(kNames), std::end(kNames), chunk->name) == std::end(kNames)) continue;
    is_needed |= has_pixels;
    add(chunk->content - kHeaderBytes, chunk->next());
  }
  if (!is_needed) return {};
  metadata.insert(metadata.end(), std::begin(kNoPixels), std::end(kNoPixels));
  return Bytes(std::move(metadata));
}

Span<const std::uint8_t> PngData::next() {
  while (const auto chunk = chunk_at(file_, position_)) {
    const bool is_pixels = chunk->name == "IDAT";
    if (has_begun_ && !is_pixels) break;
    has_begun_ = is_pixels;
    position_ = chunk->next();
    if (is_pixels && chunk->present > 0) return {file_.data() + chunk->content, chunk->present};
  }
  return {};
}

}  // namespace gantry::detail
