// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_unpack.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kUnpackPieceBytes = std::size_t{16} << 10;

struct Inflater {
  Inflater() {
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
};

}  // namespace

std::optional<std::string> unpack_png_text(std::string_view packed, std::size_t max_bytes, CallWatch& watch) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::string text;
  int status = Z_OK;
  while (status == Z_OK && (!packed.empty() || stream.avail_out == 0)) {
    if (watch.is_over(kUnpackPieceBytes * kInflateWork)) return std::nullopt;
    const std::string_view piece = packed.substr(0, kUnpackPieceBytes);
    const std::size_t begin = text.size();
    text.resize(std::min(max_bytes, begin + kUnpackPieceBytes * 4));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // zlib does not write to it
    stream.avail_in = static_cast<uInt>(piece.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + begin);
    stream.avail_out = static_cast<uInt>(text.size() - begin);
    status = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
    packed.remove_prefix(piece.size() - stream.avail_in);
  }
  // Z_BUF_ERROR: the input is used up, or the output is full.
  if (status == Z_BUF_ERROR) status = Z_OK;
  if (status == Z_STREAM_END) return text;
  if (status != Z_OK || (text.size() == max_bytes && !packed.empty())) return std::nullopt;
  return text;
}

}  // namespace gantry::inline GANTRY_ABI::detail
