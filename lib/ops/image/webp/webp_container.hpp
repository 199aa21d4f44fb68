// SPDX-License-Identifier: Apache-2.0
// WebpContainer: the chunks of a WebP file, read by libwebp's demuxer, as PIL does.
#pragma once

#include <webp/demux.h>

#include <cstddef>
#include <cstdint>
#include <gantry/result.hpp>
#include <memory>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

inline constexpr std::size_t kWebpChunkHeaderBytes = 8;
/// The size of the RIFF structure, or of a chunk in it. Its header is a name of four letters and this number.
std::size_t webp_chunk_size(std::string_view chunk);

/// Ownership: borrows the file.
/// Threads:   immutable.
/// Errors:    invalid_argument if libwebp refuses the file as a whole, whichever part of it is wrong: a frame outside
///            the canvas, an unknown first chunk, a chunk that is larger than the file.
/// Cost:      linear; some 40 bytes of memory for each of at most kMaxChunks chunks.
class WebpContainer {
 public:
  static constexpr std::size_t kMaxChunks = 1 << 16;

  /// A still image, or the first frame of an animation: its data as libwebp takes it, and where it is on the canvas.
  struct Frame {
    std::string_view data;
    std::int64_t left = 0;
    std::int64_t top = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
  };

  /// Opens a file; its beginning is enough.
  static Result<WebpContainer> open(std::string_view file);

  /// False if only the beginning of the file is there.
  bool is_complete() const { return is_complete_; }
  /// Only for a complete file.
  Result<Frame> first_frame() const;
  /// The first chunk of this name, of four letters, among those that the header announces; empty if there is none.
  std::string_view chunk(const char* name) const;

 private:
  struct Deleter {
    void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
  };

  std::unique_ptr<WebPDemuxer, Deleter> demuxer_;
  bool is_complete_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
