// SPDX-License-Identifier: Apache-2.0
// Which files are read as streams, and parts of PNG files against the whole image.
#include "ops/image/row_stream.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image/png/png_stream.hpp"
#include "ops/image_fixtures.hpp"
#include "ops/png/png_writer.hpp"
#include "ops/stream_part.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::below;
using test::PngFile;

/// A PNG of random samples.
PngFile random_png(std::mt19937& random, int colour_type, int bit_depth) {
  PngFile png{1 + below(random, 40), 1 + below(random, 20), bit_depth, colour_type, "", {}};
  const std::size_t channels = colour_type == 2 ? 3 : colour_type == 4 ? 2 : colour_type == 6 ? 4 : 1;
  if (colour_type == 3) png.chunks = test::png_chunk("PLTE", "RGBrgb");
  if (below(random, 2) == 0 && colour_type == 3) png.chunks += test::png_chunk("tRNS", "\x11\x22");
  const std::size_t row_bytes = (png.width * channels * static_cast<std::size_t>(bit_depth) + 7) / 8;
  for (std::uint32_t y = 0; y < png.height; ++y) {
    std::string row(row_bytes, ' ');
    for (char& byte : row) byte = static_cast<char>(random());
    png.rows.push_back(row);
  }
  return png;
}

TEST(RowStream, PartsOfPngFilesEqualTheWholeImage) {
  std::mt19937 random(1);
  const std::vector<std::vector<int>> depths = {{1, 2, 4, 8, 16}, {}, {8, 16}, {1, 2, 4, 8}, {8, 16}, {}, {8, 16}};
  for (int type = 0; type <= 6; ++type) {
    for (const int depth : depths[static_cast<std::size_t>(type)]) {
      for (int round = 0; round < 60; ++round) {
        const Bytes file = random_png(random, type, depth).bytes();
        SCOPED_TRACE("type " + std::to_string(type) + ", depth " + std::to_string(depth));
        image::Decode options;
        if (below(random, 2) == 0) options.colour = image::ColourMode::kUnchanged;
        const Image whole = detail::decode_image(file, options).value();
        const auto stream = detail::PngStream::open(file, options).value();
        test::expect_part(*stream, whole, test::random_part(random, whole));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(RowStream, OfAPngFindsWhatIsWrongBelowThePartThatIsNeeded) {
  const std::string png = PngFile{1, 3, 8, 0, "", {"x", "y", "z"}}.text();
  for (const std::string& broken : {png.substr(0, 53), png + "x"}) {
    const auto stream = detail::PngStream::open(Bytes(broken), {}).value();
    std::uint8_t pixel[3] = {};
    std::uint8_t* const rows[] = {pixel};
    stream->select(1, 0, 1).value();
    stream->read_rows(rows, 1).value();
    EXPECT_EQ(pixel[2], 'y');
    if (broken.size() < png.size())
      EXPECT_THAT(stream->finish(), test::FailsWith(ErrorCode::kInvalidArgument, "truncated PNG at byte 53"));
    else
      EXPECT_THAT(stream->finish(), test::IsOk());
  }
  const std::string cut_text = png.substr(0, png.size() - 12) + std::string("\0\0\0\x09tEXtabc", 11);
  EXPECT_THAT(detail::decode_image(Bytes(cut_text), {}),
              test::FailsWith(ErrorCode::kInvalidArgument, "truncated PNG at byte " + std::to_string(cut_text.size())));
}

TEST(RowStream, IsNotForAllFiles) {
  const Bytes png = PngFile{1, 1, 8, 0, "", {"x"}}.bytes();
  const Bytes with_alpha = PngFile{1, 1, 8, 6, "", {"rgba"}}.bytes();
  const auto is_stream = [](const Bytes& file, const image::Decode& options) {
    return detail::open_rows(file, options, nullptr).value() != nullptr;
  };
  image::Decode upright, unchanged;
  upright.exif_orientation = true;
  unchanged.colour = image::ColourMode::kUnchanged;
  EXPECT_TRUE(is_stream(Bytes(test::kJpeg), upright));
  EXPECT_TRUE(is_stream(png, {}));
  EXPECT_TRUE(is_stream(png, upright));
  EXPECT_TRUE(is_stream(with_alpha, {}));
  EXPECT_FALSE(is_stream(with_alpha, unchanged));
  EXPECT_FALSE(is_stream(Bytes(test::kWebp), {}));
  EXPECT_FALSE(is_stream(Bytes(std::string("nonsense")), {}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
