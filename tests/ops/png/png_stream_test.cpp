// SPDX-License-Identifier: Apache-2.0
// The kinds of PNG, one pixel at a time.
#include <gtest/gtest.h>
#include <gantry/image.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ops/png/png_writer.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::bytes_of;
using test::FailsWith;
using test::png_chunk;
using test::PngFile;
using test::run;
using Values = std::vector<std::uint8_t>;

Values rgb(const PngFile& png) {
  return bytes_of(run(image::decode(), png.bytes()).value());
}

Image unchanged(const PngFile& png) {
  return run(image::decode({image::ColourMode::kUnchanged}), png.bytes()).value();
}

/// Text with zero bytes in it.
template <std::size_t N>
std::string text(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

TEST(DecodePng, StretchesGrayOfFewBits) {
  EXPECT_EQ(bytes_of(unchanged({3, 1, 1, 0, "", {"\xA0"}})), (Values{255, 0, 255}));
  EXPECT_EQ(bytes_of(unchanged({4, 1, 2, 0, "", {"\x1B"}})), (Values{0, 85, 170, 255}));
  EXPECT_EQ(bytes_of(unchanged({3, 1, 4, 0, "", {"\x1F\x80"}})), (Values{17, 255, 136}));
  EXPECT_EQ(rgb({1, 1, 4, 0, "", {"\x20"}}), (Values{34, 34, 34}));
}

TEST(DecodePng, ClipsGrayOf16BitsAndHalvesTheRest) {
  EXPECT_EQ(rgb({2, 1, 16, 0, "", {text("\x00\x07\x01\x07")}}), (Values{7, 7, 7, 255, 255, 255}));
  EXPECT_EQ(rgb({1, 1, 16, 2, "", {text("\x01\xFF\x02\xFF\x03\xFF")}}), (Values{1, 2, 3}));
  EXPECT_EQ(bytes_of(unchanged({1, 1, 16, 4, "", {text("\x01\xFF\x02\xFF")}})), (Values{1, 1, 1, 2}));
  EXPECT_EQ(bytes_of(unchanged({1, 1, 16, 6, "", {text("\x01\xFF\x02\xFF\x03\xFF\x04\xFF")}})), (Values{1, 2, 3, 4}));
}

TEST(DecodePng, LooksUpPalettes) {
  const std::string palette = png_chunk("PLTE", "\x01\x02\x03\x04\x05\x06");
  EXPECT_EQ(rgb({2, 1, 1, 3, palette, {"\x40"}}), (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(rgb({2, 1, 8, 3, palette, {text("\x01\x09")}}), (Values{4, 5, 6, 0, 0, 0})) << "black outside";
  const Image image = unchanged({2, 1, 1, 3, palette + png_chunk("tRNS", "\x07"), {"\x40"}});
  EXPECT_EQ(bytes_of(image), (Values{1, 2, 3, 7, 4, 5, 6, 255}));
  EXPECT_EQ(unchanged({2, 1, 1, 3, palette, {"\x40"}}).colour(), Colour::kRgb);
}

TEST(DecodePng, TakesPalettesOfAnyLength) {
  const std::string five = png_chunk("PLTE", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F");
  EXPECT_EQ(rgb({2, 1, 1, 3, five, {"\x40"}}), (Values{1, 2, 3, 4, 5, 6})) << "more than the depth needs";
  EXPECT_EQ(rgb({2, 1, 1, 3, png_chunk("PLTE", "\x01\x02\x03\x04"), {"\x40"}}), (Values{1, 2, 3, 0, 0, 0}));
  EXPECT_EQ(rgb({1, 1, 8, 3, "", {"x"}}), (Values{0, 0, 0})) << "none";
  EXPECT_THAT(run(image::decode(), PngFile{1, 1, 8, 3, png_chunk("PLTE", std::string(771, 'p')), {"x"}}.bytes()),
              FailsWith(ErrorCode::kInvalidArgument, "its palette has more than 256 colours"));
}

TEST(DecodePng, MakesOneColourTransparent) {
  const std::string gray = png_chunk("tRNS", text("\x00\x09"));
  EXPECT_EQ(bytes_of(unchanged({2, 1, 8, 0, gray, {"\x09\x08"}})), (Values{9, 9, 9, 0, 8, 8, 8, 255}));
  EXPECT_EQ(rgb({1, 1, 8, 0, gray, {"\x09"}}), (Values{9, 9, 9}));
  const std::string colour = png_chunk("tRNS", text("\x00\x01\x00\x02\x00\x03"));
  EXPECT_EQ(bytes_of(unchanged({2, 1, 8, 2, colour, {"\x01\x02\x03\x01\x02\x04"}})),
            (Values{1, 2, 3, 0, 1, 2, 4, 255}));
}

TEST(DecodePng, KeepsOrDropsAlpha) {
  const PngFile png{1, 1, 8, 4, "", {"\x05\x06"}};
  EXPECT_EQ(rgb(png), (Values{5, 5, 5}));
  EXPECT_EQ(bytes_of(unchanged(png)), (Values{5, 5, 5, 6}));
  EXPECT_EQ(rgb({1, 1, 8, 6, "", {"\x05\x06\x07\x08"}}), (Values{5, 6, 7}));
}

/// The bits of pixels, packed into bytes.
std::string packed(const std::vector<std::string>& pixels) {
  std::string bits, bytes;
  for (const std::string& pixel : pixels) bits += pixel;
  bits.resize((bits.size() + 7) / 8 * 8, '0');
  for (std::size_t i = 0; i < bits.size(); i += 8) bytes += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
  return bytes;
}

TEST(DecodePng, PutsInterlacedPixelsInTheirPlaces) {
  // Which pass has a pixel, as the specification draws it.
  constexpr const char* kPasses[] = {"16462646", "77777777", "56565656", "77777777",
                                     "36463646", "77777777", "56565656", "77777777"};
  struct Kind {
    int bit_depth, colour_type, bits;
  };
  std::mt19937 random(9);
  for (const Kind kind : {Kind{1, 0, 1}, {2, 0, 2}, {4, 0, 4}, {8, 0, 8}, {16, 4, 32}, {8, 2, 24}, {16, 6, 64}}) {
    for (const auto& [width, height] : {std::pair{1, 1}, {1, 9}, {9, 1}, {3, 2}, {5, 4}, {8, 8}, {17, 11}}) {
      PngFile plain, interlaced;
      plain.width = interlaced.width = static_cast<std::uint32_t>(width);
      plain.height = interlaced.height = static_cast<std::uint32_t>(height);
      plain.bit_depth = interlaced.bit_depth = kind.bit_depth;
      plain.colour_type = interlaced.colour_type = kind.colour_type;
      interlaced.is_interlaced = true;
      std::vector<std::vector<std::string>> pixels(static_cast<std::size_t>(height));
      for (auto& row : pixels) {
        for (int x = 0; x < width; ++x) {
          row.emplace_back();
          for (int bit = 0; bit < kind.bits; ++bit) row.back() += random() % 2 == 0 ? '0' : '1';
        }
        plain.rows.push_back(packed(row));
      }
      for (char pass = '1'; pass <= '7'; ++pass) {
        for (std::size_t y = 0; y < pixels.size(); ++y) {
          std::vector<std::string> row;
          for (std::size_t x = 0; x < pixels[y].size(); ++x)
            if (kPasses[y % 8][x % 8] == pass) row.push_back(pixels[y][x]);
          if (!row.empty()) interlaced.rows.push_back(packed(row));
        }
      }
      EXPECT_EQ(bytes_of(unchanged(interlaced)), bytes_of(unchanged(plain)))
          << width << "x" << height << " of " << kind.bits << " bits";
    }
  }
}

TEST(DecodePng, LooksAtTheChecksumOfThePixels) {
  std::string file = PngFile{2, 2, 8, 0, "", {"ab", "cd"}}.text();
  const std::size_t checksum = file.find("IEND") - 12;
  file[checksum] = static_cast<char>(file[checksum] ^ 1);
  EXPECT_THAT(run(image::decode(), Bytes(file)), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "));
}

/// A file with other pixel data, in chunks of these sizes and a last one.
Bytes with_data(const PngFile& png, const std::string& data, const std::vector<std::size_t>& sizes = {}) {
  std::string chunks;
  std::size_t begin = 0;
  for (const std::size_t size : sizes) {
    chunks += png_chunk("IDAT", data.substr(begin, size));
    begin += size;
  }
  const std::string file = png.text();
  return Bytes(file.substr(0, file.find("IDAT") - 4) + chunks + png_chunk("IDAT", data.substr(begin)) +
               png_chunk("IEND", ""));
}

TEST(DecodePng, TakesMissingRowsFor0WhereTheDataEndsWithARow) {
  const PngFile png{1, 3, 8, 0, "", {}};
  const std::string data = test::stored(text("\0x\0y"));
  EXPECT_EQ(bytes_of(run(image::decode({image::ColourMode::kUnchanged}), with_data(png, data)).value()),
            (Values{'x', 'y', 0}));
  EXPECT_THAT(run(image::decode(), with_data(png, data, {data.size() - 4})),
              FailsWith(ErrorCode::kInvalidArgument, "truncated PNG"))
      << "where that cannot be seen at the end of the row";
  EXPECT_THAT(run(image::decode(), with_data(png, test::stored(text("\0x\0")))),
              FailsWith(ErrorCode::kInvalidArgument, "truncated PNG"));
}

TEST(DecodePng, LooksAtTheChecksumInTheBlockOfTheLastPixel) {
  const PngFile png{1, 2, 8, 0, "", {}};
  std::string data = test::stored(text("\0x\0y"));
  data.back() = static_cast<char>(data.back() ^ 1);
  EXPECT_THAT(run(image::decode(), with_data(png, data)), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG"));
  EXPECT_THAT(run(image::decode(), with_data(png, data, {data.size() - 4})), test::IsOk());
  EXPECT_THAT(run(image::decode(), with_data(png, data.substr(0, data.size() - 2))), test::IsOk());
}

TEST(DecodePng, ReadsDataWhoseWindowIsSmallerThanItSays) {
  const PngFile png{1, 1, 8, 0, "", {}};
  std::string data = test::stored(text("\0x"));
  for (const auto& header : {text("\x08\x1D"), text("\x18\x19"), text("\x78\x9C")})
    EXPECT_THAT(run(image::decode(), with_data(png, header + data.substr(2))), test::IsOk());
  for (const auto& header : {text("\x88\x1C"), text("\x78\x02"), text("\x78\xBB"), text("\x79\x9B")})
    EXPECT_THAT(run(image::decode(), with_data(png, header + data.substr(2))),
                FailsWith(ErrorCode::kInvalidArgument, "PNG"));
}

TEST(DecodePng, PutsAPartOfAnAnimationIntoItsPlace) {
  using test::big_endian;
  const std::string frame = png_chunk(
      "fcTL", big_endian(0) + big_endian(1) + big_endian(1) + big_endian(2) + big_endian(1) + std::string(6, '\0'));
  EXPECT_EQ(bytes_of(unchanged({3, 2, 8, 0, frame, {"x"}})), (Values{0, 0, 0, 0, 0, 'x'}));
  EXPECT_EQ(bytes_of(unchanged({3, 2, 4, 0, frame, {"\xF0"}})), (Values{0, 0, 0, 0, 0, 255}));
}

TEST(DecodePng, RefusesWhatIsNoPng) {
  const auto decode = [](const std::string& file) { return run(image::decode(), Bytes(file)); };
  const std::string good = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  EXPECT_THAT(decode(good), test::IsOk());
  EXPECT_THAT(decode(PngFile{1, 1, 3, 0, "", {"x"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "));
  EXPECT_THAT(decode(PngFile{0, 1, 8, 0, "", {"x"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG"));
  EXPECT_THAT(decode(PngFile{2, 2, 8, 0, "", {"xx", "x"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "PNG"))
      << "a pixel is missing";
  std::string bad_checksum = good;
  bad_checksum[30] = static_cast<char>(bad_checksum[30] ^ 1);
  EXPECT_THAT(decode(bad_checksum), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
