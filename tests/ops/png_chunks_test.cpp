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

std::string pixel_data(const std::string& text) {
  const Bytes file(text);
  detail::PngData data(file);
  std::string all;
  for (auto content = data.next(); content.data() != nullptr; content = data.next())
    all += std::string(content.begin(), content.end()) + "|";
  return all;
}

TEST(PngChunks, GiveThePixelDataAsFarAsItGoes) {
  const std::string head = PngFile{}.text().substr(0, 33);
  const std::string first = png_chunk("IDAT", "one"), empty = png_chunk("IDAT", ""), second = png_chunk("IDAT", "two");
  EXPECT_EQ(pixel_data(head + png_chunk("tEXt", "x") + first + empty + second + png_chunk("IEND", "")), "one|two|");
  EXPECT_EQ(pixel_data(head + first + png_chunk("tEXt", "x") + second), "one|") << "Pillow stops there as well";
  EXPECT_EQ(pixel_data(head + first + second.substr(0, 9)), "one|t|");
  EXPECT_EQ(pixel_data(head + first + second.substr(0, 7)), "one|");
  EXPECT_EQ(pixel_data(head), "");
}

TEST(PngChunks, CollectTheMetadataWhereSomeStandsBehindThePixels) {
  const std::string head = PngFile{}.text().substr(0, 33);
  const std::string early = png_chunk("tEXt", "early"), late = png_chunk("eXIf", "late");
  const auto metadata = [](const std::string& file) {
    const Bytes collected = detail::png_metadata(Bytes(file));
    return std::string(collected.begin(), collected.end());
  };
  const std::string pixels = png_chunk("IDAT", "one"), end = png_chunk("IEND", "");
  EXPECT_EQ(metadata(head + early + png_chunk("gAMA", "1234") + pixels + late + end),
            head + early + late + png_chunk("IDAT", ""));
  EXPECT_EQ(metadata(head + early + pixels + end), "") << "nothing behind the pixels";
  EXPECT_EQ(metadata(head + pixels + end + late), "") << "behind the end";
  EXPECT_EQ(metadata(head + pixels + late.substr(0, 14)), "") << "cut short";
}

}  // namespace
}  // namespace gantry
