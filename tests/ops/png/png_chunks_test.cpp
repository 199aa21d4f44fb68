// SPDX-License-Identifier: Apache-2.0
// Chunks, and the pixel data in them.
#include "ops/image/png/png_chunks.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ops/png/png_writer.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::png_chunk;

TEST(PngChunks, HaveAsMuchContentAsTheFile) {
  const std::string file = "12345678" + png_chunk("tEXt", "content");
  const Bytes whole(file);
  const auto chunk = detail::png_chunk_at(whole, 8);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->name, "tEXt");
  EXPECT_EQ(chunk->content, "content");
  EXPECT_TRUE(chunk->is_whole());
  EXPECT_EQ(chunk->next(), file.size());
  EXPECT_FALSE(detail::png_chunk_at(whole, file.size()));
  const Bytes cut(file.substr(0, 19));
  EXPECT_EQ(detail::png_chunk_at(cut, 8)->content, "con");
  EXPECT_EQ(detail::png_chunk_at(cut, 8)->length, 7u);
  EXPECT_FALSE(detail::png_chunk_at(Bytes(file.substr(0, 15)), 8)) << "no name";
}

TEST(PngChunks, AreNamedByLettersDigitsAndUnderscores) {
  for (const char* name : {"IDAT", "tEXt", "a_09", "0000"}) EXPECT_TRUE(detail::is_png_chunk_name(name)) << name;
  for (const char* name : {"tE t", "tEX-", "\xC4 IDAT"}) EXPECT_FALSE(detail::is_png_chunk_name(name)) << name;
}

/// The pieces of at most `max_bytes`.
std::string pixel_data(const std::string& chunks, std::size_t max_bytes = 100) {
  const Bytes file(chunks);
  detail::CallWatch watch(nullptr);
  detail::PngData data(file, {0, file.size(), false}, watch);
  std::string all;
  for (auto piece = data.next(max_bytes); piece.data() != nullptr; piece = data.next(max_bytes))
    all += std::string(piece.begin(), piece.end()) + (data.is_in_last_chunk() ? "!" : "|");
  return all;
}

TEST(PngChunks, GiveThePixelDataAsFarAsItGoes) {
  const std::string first = png_chunk("IDAT", "one"), empty = png_chunk("IDAT", ""), second = png_chunk("DDAT", "two");
  EXPECT_EQ(pixel_data(first + empty + second), "one|two!");
  EXPECT_EQ(pixel_data(first + second, 2), "on|e|tw!o!");
  EXPECT_EQ(pixel_data(first + second.substr(0, 9)), "one|t!");
  EXPECT_EQ(pixel_data(first + second.substr(0, 7)), "one|");
  EXPECT_EQ(pixel_data(png_chunk("fdAT", "1234three") + png_chunk("fdAT", "12") + first), "three|one!")
      << "behind the number of the frame";
  EXPECT_EQ(pixel_data(""), "");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
