// SPDX-License-Identifier: Apache-2.0
// JpegSource: hands a file's bytes to libjpeg in the same blocks as Pillow. libjpeg asks for each block, so the call's
// deadline is checked between them. The blocks also decide how far Pillow looks for errors behind the image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
// jpeglib.h needs cstddef and cstdio.
#include <jpeglib.h>

#include <gantry/bytes.hpp>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the file's bytes.
/// Threads:   one thread.
/// Errors:    none of its own; if the bytes run out, libjpeg is told to wait for more, and returns.
/// Cost:      no copies.
class JpegSource final : public jpeg_source_mgr {
 public:
  explicit JpegSource(const Bytes& file);
  JpegSource(const JpegSource&) = delete;
  JpegSource& operator=(const JpegSource&) = delete;

  /// Adds one end marker when the bytes run out.
  void make_up_end() { makes_up_end_ = true; }
  /// Hands over nothing after the current block.
  void close() { is_closed_ = true; }
  /// True if libjpeg was told to wait for bytes that the file does not have.
  bool ran_out() const { return ran_out_; }
  /// The bytes that libjpeg has not read yet.
  std::string_view unread() const;

 private:
  static JpegSource& self(j_decompress_ptr info) { return static_cast<JpegSource&>(*info->src); }
  boolean fill();
  void skip(std::size_t count);
  /// Hands over the bytes from `position` to the end of its block.
  void hand_over(const std::uint8_t* position);

  const std::uint8_t* begin_;
  const std::uint8_t* end_;
  const std::uint8_t* block_end_;
  bool makes_up_end_ = false;
  bool is_closed_ = false;
  bool ran_out_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
