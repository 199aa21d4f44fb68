// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_zlib_inflater.hpp"

#include <new>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kInflatedBytes = std::size_t{64} << 10;  // ImageFile.MAXBLOCK

}  // namespace

PngZlibInflater::PngZlibInflater(const Bytes& file, PngPixelChunks chunks, CallWatch& watch)
    : data_(file, chunks, watch), watch_(watch) {
  if (inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
}

PngZlibInflater::~PngZlibInflater() {
  inflateEnd(&stream_);
}

PngStatus PngZlibInflater::read(std::uint8_t* out, std::size_t bytes) {
  if (has_ended_) return PngStatus::kEnded;
  stream_.next_out = out;
  stream_.avail_out = static_cast<uInt>(bytes);
  for (;;) {
    if (stream_.avail_in == 0) {
      const Span<const std::uint8_t> block = data_.next(kInflatedBytes);
      if (watch_.is_over(block.size() * kInflateWork)) return PngStatus::kInterrupted;
      if (block.data() == nullptr) return PngStatus::kTruncated;
      stream_.next_in = const_cast<Bytef*>(block.data());  // zlib does not write to it
      stream_.avail_in = static_cast<uInt>(block.size());
    }
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status < 0) return PngStatus::kCorrupt;
    if (stream_.avail_out == 0) {
      has_ended_ = status == Z_STREAM_END;
      return PngStatus::kOk;
    }
    stream_.avail_in = 0;  // if a row is not complete, Pillow takes the block as used up
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
