// SPDX-License-Identifier: Apache-2.0
// Blocks begin at multiples of PIL's ImageFile.MAXBLOCK, because Pillow reads from the beginning of the file.
#include "ops/image/jpeg/jpeg_source.hpp"

#include <algorithm>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kReadBytes = 65536;
/// Handed over when the bytes run out and that is accepted.
constexpr JOCTET kEndOfImage[] = {0xFF, JPEG_EOI};

}  // namespace

JpegSource::JpegSource(const Bytes& file)
    : jpeg_source_mgr{}, begin_(file.begin()), end_(file.end()), block_end_(file.begin()) {
  init_source = [](j_decompress_ptr) {};
  term_source = [](j_decompress_ptr) {};
  resync_to_restart = jpeg_resync_to_restart;
  fill_input_buffer = [](j_decompress_ptr info) {
    if (info->progress != nullptr) info->progress->progress_monitor(reinterpret_cast<j_common_ptr>(info));
    return self(info).fill();
  };
  skip_input_data = [](j_decompress_ptr info, long count) {
    if (count > 0) self(info).skip(static_cast<std::size_t>(count));
  };
  hand_over(begin_);
}

std::string_view JpegSource::unread() const {
  if (is_closed_) return {};
  return {reinterpret_cast<const char*>(next_input_byte), static_cast<std::size_t>(end_ - next_input_byte)};
}

boolean JpegSource::fill() {
  if (is_closed_) return FALSE;
  if (block_end_ < end_) {
    hand_over(block_end_);
    return TRUE;
  }
  if (!makes_up_end_) {
    ran_out_ = true;
    return FALSE;
  }
  is_closed_ = true;
  next_input_byte = kEndOfImage;
  bytes_in_buffer = sizeof kEndOfImage;
  return TRUE;
}

/// If the skip ends at the end of a block, libjpeg asks for the next one later.
void JpegSource::skip(std::size_t count) {
  if (count <= bytes_in_buffer || is_closed_) {
    count = std::min(count, bytes_in_buffer);
    next_input_byte += count;
    bytes_in_buffer -= count;
    return;
  }
  const std::uint8_t* const position =
      next_input_byte + std::min(count, static_cast<std::size_t>(end_ - next_input_byte));
  hand_over(position);
}

void JpegSource::hand_over(const std::uint8_t* position) {
  const std::size_t offset = static_cast<std::size_t>(position - begin_) / kReadBytes * kReadBytes + kReadBytes;
  const auto size = static_cast<std::size_t>(end_ - begin_);
  block_end_ = begin_ + std::min(size, offset);
  next_input_byte = position;
  bytes_in_buffer = static_cast<std::size_t>(block_end_ - position);
}

}  // namespace gantry::inline GANTRY_ABI::detail
