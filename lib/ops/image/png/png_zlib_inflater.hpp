// SPDX-License-Identifier: Apache-2.0
// PngZlibInflater: decompresses faulty pixel data of a PNG as Pillow does (ZipDecode.c and ImageFile.load): by zlib,
// row by row, from blocks of at most 64 KiB that end where a chunk does. Rows and blocks decide how far such data is
// read, and what is wrong with it.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>

#include "ops/image/call_watch.hpp"
#include "ops/image/png/png_chunks.hpp"
#include "ops/image/png/png_inflater.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the file and the watch.
/// Threads:   one thread.
/// Errors:    throws std::bad_alloc.
/// Cost:      linear in the bytes read and made.
class PngZlibInflater {
 public:
  PngZlibInflater(const Bytes& file, PngPixelChunks chunks, CallWatch& watch);
  ~PngZlibInflater();
  PngZlibInflater(const PngZlibInflater&) = delete;
  PngZlibInflater& operator=(const PngZlibInflater&) = delete;

  /// Reads the next row. Do not call it again after anything but kOk.
  PngStatus read(std::uint8_t* out, std::size_t bytes);
  /// True if the last row came from the last chunk.
  bool is_in_last_chunk() const { return data_.is_in_last_chunk(); }

 private:
  PngData data_;
  CallWatch& watch_;
  z_stream stream_{};
  bool has_ended_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
