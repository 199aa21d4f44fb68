// SPDX-License-Identifier: Apache-2.0
// Where a PNG ends early.
#include "ops/image/png_chunks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ops/png_writer.hpp"

namespace gantry {
namespace {

using detail::PngEnd;
using test::png_chunk;
using test::PngFile;

PngEnd end_of(const std::string& file) {
  return detail::png_end(Bytes(file));
}

TEST(PngChunks, TellWhereAFileEnds) {
  const std::string file = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  const std::size_t pixels = file.find("IDAT") + 4;
  const std::size_t end = file.find("IEND") - 4;
  EXPECT_EQ(end_of(file), PngEnd::kComplete);
  for (std::size_t size = 8; size < pixels; ++size) EXPECT_EQ(end_of(file.substr(0, size)), PngEnd::kComplete) << size;
  for (std::size_t size = pixels; size < end - 4; ++size)
    EXPECT_EQ(end_of(file.substr(0, size)), PngEnd::kInPixels) << size;
  for (std::size_t size = end - 4; size < file.size(); ++size)
    EXPECT_EQ(end_of(file.substr(0, size)), PngEnd::kComplete) << size;
}

TEST(PngChunks, LookBehindThePixelsAsFarAsPillowDoes) {
  const std::string file = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  const std::string pixels = file.substr(0, file.size() - 12);
  const std::string cut = png_chunk("tEXt", "a text").substr(0, 12);
  EXPECT_EQ(end_of(pixels + cut), PngEnd::kBehindPixels);
  EXPECT_EQ(end_of(pixels + png_chunk("IEND", "") + cut), PngEnd::kComplete);
  EXPECT_EQ(end_of(pixels + png_chunk("fcTL", "") + cut), PngEnd::kComplete) << "the next frame";
  EXPECT_EQ(end_of(pixels + png_chunk("IDAT", "y") + cut), PngEnd::kBehindPixels);
  EXPECT_EQ(end_of(pixels + png_chunk("IDAT", "y").substr(0, 8)), PngEnd::kInPixels);
}

TEST(PngChunks, CloseAFileThatEndsInItsPixels) {
  const std::string file = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  const std::size_t pixels = file.find("IDAT") + 4;
  const Bytes closed = detail::closed_png(Bytes(file.substr(0, pixels + 5)));
  const std::string text(closed.begin(), closed.end());
  EXPECT_EQ(text.substr(0, pixels - 8), file.substr(0, pixels - 8));
  EXPECT_EQ(text.substr(pixels - 8, 8), std::string("\0\0\0\x05IDAT", 8));
  EXPECT_EQ(text.substr(pixels, 5), file.substr(pixels, 5));
  EXPECT_EQ(text.substr(pixels + 9), png_chunk("IEND", ""));
}

}  // namespace
}  // namespace gantry
