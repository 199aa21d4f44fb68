// SPDX-License-Identifier: Apache-2.0
// Reads the chunks of a PNG (length, name, content, checksum; a signature precedes them) and their pixel data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/span.hpp>
#include <optional>
#include <string_view>

#include "ops/image/call_watch.hpp"

namespace gantry::inline GANTRY_ABI::detail {

inline constexpr std::size_t kPngSignatureBytes = 8;
inline constexpr const char* kPngChunkTooShort = "is too short";
/// The work of finding a chunk.
inline constexpr std::size_t kPngChunkWork = 64;

/// A chunk whose length and name exist; its content may be cut short.
struct PngChunk {
  std::string_view name;
  std::string_view content;  ///< as much of it as the file has
  std::size_t position;      ///< in the file
  std::size_t length;        ///< of the whole content

  bool is_whole() const { return content.size() == length; }
  /// Where the next chunk begins.
  std::size_t next() const { return position + 8 + length + 4; }
};

/// The chunk at `position`; nothing if the file ends before its content.
std::optional<PngChunk> png_chunk_at(const Bytes& file, std::size_t position);

/// True for four letters, digits or underscores.
bool is_png_chunk_name(std::string_view name);

/// Reads 4 bytes as big-endian; they must exist.
std::uint32_t png_number(std::string_view bytes, std::size_t position);

/// The consecutive chunks of pixel data, from position `begin` of the file up to `end`. All are IDAT, DDAT or, in an
/// animation, fdAT.
struct PngPixelChunks {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_cut = false;  ///< the file ends within the content of the last one
};

/// Reads their contents one after the other, as far as the file has them.
class PngData {
 public:
  /// Borrows the file and the watch.
  PngData(const Bytes& file, PngPixelChunks chunks, CallWatch& watch)
      : file_(file), watch_(watch), position_(chunks.begin), end_(chunks.end) {}
  /// The next bytes of a chunk, `max_bytes` at most; none after the last chunk, or if the call is over.
  Span<const std::uint8_t> next(std::size_t max_bytes);
  /// True once next() has reached the last chunk.
  bool is_in_last_chunk() const { return position_ >= end_; }

 private:
  const Bytes& file_;
  CallWatch& watch_;
  std::size_t position_;  ///< of the next chunk
  std::size_t end_;
  std::string_view rest_;  ///< of the current one
};

}  // namespace gantry::inline GANTRY_ABI::detail
