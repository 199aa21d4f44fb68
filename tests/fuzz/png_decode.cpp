// SPDX-License-Identifier: Apache-2.0
// Any bytes behind the first ones of a PNG file: whole, in parts, and its header; also with the checksums put right,
// since what is in a chunk is looked at only where they are.
#include <string>

#include "fuzz/decode_target.hpp"
#include "ops/image/png/png_chunks.hpp"
#include "ops/image/png/png_stream.hpp"
#include "ops/png/png_writer.hpp"

namespace {

using namespace gantry;

std::string with_right_checksums(const Bytes& file) {
  std::string text(file.begin(), file.end());
  for (auto chunk = detail::png_chunk_at(file, detail::kPngSignatureBytes); chunk && chunk->next() <= file.size();
       chunk = detail::png_chunk_at(file, chunk->next()))
    text.replace(chunk->next() - 4, 4,
                 test::big_endian(test::crc32(std::string(chunk->name) + std::string(chunk->content))));
  return text;
}

void check(const Bytes& file, std::mt19937& random) {
  static const auto variants = test::decode_variants({0});
  for (const image::Decode& options : variants)
    test::check_parts([&] { return detail::PngStream::open(file, options); }, random);
  test::check_header(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes file = Bytes::wrap(data, size, nullptr);
  if (!detail::is_png(file)) return 0;
  std::mt19937 random = test::random_of(data, size);
  check(file, random);
  const std::string right = with_right_checksums(file);
  if (!std::equal(right.begin(), right.end(), file.begin(), file.end())) check(Bytes(right), random);
  return 0;
}
