// SPDX-License-Identifier: Apache-2.0
// Parts of JPEG files, against the same pixels of the whole image.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"
#include "ops/jpeg/jpeg_writer.hpp"
#include "ops/stream_part.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::JpegStream;
using test::below;
using test::JpegFile;
using test::random_part;
using File = std::vector<std::uint8_t>;

void expect_part(const Bytes& file, const image::Decode& options, const Image& whole, const test::Part& part) {
  const auto stream = JpegStream::open(file, options).value();
  test::expect_part(*stream, whole, part);
}

const std::vector<std::vector<test::JpegSampling>> kSamplings = {
    {{1, 1}},                          // gray
    {{2, 2}},                          // gray, with factors that mean nothing
    {{1, 1}, {1, 1}, {1, 1}},          // 4:4:4
    {{2, 1}, {1, 1}, {1, 1}},          // 4:2:2
    {{2, 2}, {1, 1}, {1, 1}},          // 4:2:0
    {{1, 2}, {1, 1}, {1, 1}},          // 4:4:0
    {{4, 1}, {1, 1}, {1, 1}},          // 4:1:1
    {{4, 2}, {1, 1}, {1, 1}},          // 4:1:0
    {{1, 4}, {1, 1}, {1, 1}},          // 4:4:0, a quarter
    {{2, 2}, {2, 1}, {1, 2}},          // each its own
    {{2, 2}, {1, 2}, {2, 1}},          // each its own, the other way
    {{1, 1}, {2, 2}, {1, 1}},          // more colour than light
    {{1, 1}, {1, 1}, {1, 1}, {1, 1}},  // CMYK
    {{2, 2}, {1, 1}, {1, 1}, {2, 2}},  // CMYK
};

TEST(JpegStream, EveryPartOfEveryKindOfFileEqualsTheWholeImage) {
  std::mt19937 random(1);
  int parts = 0;
  for (const auto& sampling : kSamplings) {
    for (const int kind : {0, 1, 2}) {
      for (int size = 0; size < 6; ++size) {
        JpegFile spec;
        spec.sampling = sampling;
        spec.width = 1 + static_cast<int>(below(random, size == 0 ? 20 : 180));
        spec.height = 1 + static_cast<int>(below(random, size == 1 ? 20 : 120));
        spec.is_progressive = kind == 1;
        spec.is_interleaved = kind != 2;
        spec.restart_interval = below(random, 3) == 0 ? 1 + below(random, 20) : 0;
        spec.restart_rows = below(random, 3) == 0 ? 1 + below(random, 2) : 0;
        SCOPED_TRACE(spec.name());
        const Bytes file(spec.bytes(below(random, 1 << 30)));
        image::Decode options;
        options.colour = size % 2 ? image::ColourMode::kUnchanged : image::ColourMode::kRgb;
        const Image whole = detail::decode_image(file, options).value();
        for (int i = 0; i < 40; ++i, ++parts) {
          expect_part(file, options, whole, random_part(random, whole));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
  EXPECT_GT(parts, 10000);
}

/// The rows at which skipping begins are where decoders go wrong: all of them, and windows of one pixel.
TEST(JpegStream, EveryFirstRowAndColumnEqualsTheWholeImage) {
  for (const auto& sampling : kSamplings) {
    for (const bool is_progressive : {false, true}) {
      JpegFile spec;
      spec.sampling = sampling;
      spec.width = 131;
      spec.height = 71;
      spec.is_progressive = is_progressive;
      SCOPED_TRACE(spec.name());
      const Bytes file(spec.bytes());
      const Image whole = detail::decode_image(file, {}).value();
      for (std::int64_t y = 0; y < whole.height(); ++y) {
        expect_part(file, {}, whole, {0, y, whole.width(), whole.height() - y});
        if (HasFatalFailure()) return;
      }
      for (std::int64_t x = 0; x < whole.width(); ++x) {
        expect_part(file, {}, whole, {x, x % whole.height(), 1, 1});
        expect_part(file, {}, whole, {x, 0, whole.width() - x, 20});
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// The file as it would be had only its first `scans` scans been written: libjpeg smooths what is missing.
File with_scans(const File& jpeg, int scans) {
  for (std::size_t at = 2; at + 1 < jpeg.size(); ++at) {
    if (jpeg[at] != 0xFF || jpeg[at + 1] != 0xDA || scans-- > 0) continue;
    File cut(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(at));
    cut.insert(cut.end(), {0xFF, 0xD9});
    return cut;
  }
  return jpeg;
}

TEST(JpegStream, PartsOfUnfinishedProgressiveFilesEqualTheWholeImage) {
  std::mt19937 random(2);
  int decoded = 0, refused = 0;
  for (const auto& sampling : kSamplings) {
    for (int scans = 1; scans < 9; ++scans) {
      JpegFile spec;
      spec.sampling = sampling;
      spec.width = 40 + static_cast<int>(below(random, 100));
      spec.height = 40 + static_cast<int>(below(random, 80));
      spec.is_progressive = true;
      SCOPED_TRACE(spec.name() + ", " + std::to_string(scans) + " scans");
      const Bytes file(with_scans(spec.bytes(), scans));
      const auto whole = detail::decode_image(file, {});
      if (!whole) {
        EXPECT_THAT(whole, test::FailsWith(ErrorCode::kUnsupported, "without its last scans"));
        const auto stream = JpegStream::open(file, {}).value();
        EXPECT_THAT(stream->finish(), test::FailsWith(ErrorCode::kUnsupported, "without its last scans"));
        ++refused;
        continue;
      }
      ++decoded;
      for (int i = 0; i < 20; ++i) {
        expect_part(file, {}, *whole, random_part(random, *whole));
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(decoded, 20);
  if (LIBJPEG_TURBO_VERSION_NUMBER < 3000001)
    EXPECT_GT(refused, 20);
  else
    EXPECT_EQ(refused, 0);
}

/// Whatever a damaged file decodes to, its parts do as well, and both are refused with the same words.
TEST(JpegStream, PartsOfDamagedFilesEqualTheWholeImage) {
  std::mt19937 random(3);
  int decoded = 0, refused = 0;
  for (int round = 0; round < 1500; ++round) {
    JpegFile spec;
    spec.sampling = kSamplings[below(random, static_cast<unsigned>(kSamplings.size()))];
    spec.width = 40 + static_cast<int>(below(random, 100));
    spec.height = 40 + static_cast<int>(below(random, 80));
    spec.is_progressive = below(random, 2) == 0;
    spec.is_interleaved = below(random, 2) == 0;
    spec.restart_rows = below(random, 2);
    File file = spec.bytes();
    for (unsigned edits = 1 + below(random, 4); edits > 0; --edits)
      file[below(random, static_cast<unsigned>(file.size()))] = static_cast<std::uint8_t>(random());
    SCOPED_TRACE(spec.name() + ", round " + std::to_string(round));
    image::Decode options;
    options.max_pixels = 1 << 18;
    auto stream = JpegStream::open(Bytes(file), options);
    const auto whole = stream ? detail::read_image(**stream) : Result<Image>(stream.error());
    if (whole) {
      expect_part(Bytes(file), options, *whole, random_part(random, *whole));
      if (HasFatalFailure()) return;
      ++decoded;
      continue;
    }
    ++refused;
    auto again = JpegStream::open(Bytes(file), options);
    auto begun = again ? (*again)->select((*again)->size().height / 2, 0, 1) : Result<void>(again.error());
    if (begun) begun = (*again)->finish();
    ASSERT_FALSE(begun) << whole.error().to_string();
    EXPECT_EQ(begun.error().to_string(), whole.error().to_string());
  }
  EXPECT_GT(decoded, 200);
  EXPECT_GT(refused, 50);
}

/// What libjpeg itself makes of the file at 1/denominator of its size.
File scaled_by_libjpeg(const File& file, unsigned denominator) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&info, TRUE);
  info.scale_num = 1;
  info.scale_denom = denominator;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  const std::size_t row_bytes = info.output_width * 3;
  File pixels(info.output_height * row_bytes);
  while (info.output_scanline < info.output_height) {
    JSAMPROW rows[] = {pixels.data() + info.output_scanline * row_bytes};
    jpeg_read_scanlines(&info, rows, 1);
  }
  jpeg_destroy_decompress(&info);
  return pixels;
}

TEST(JpegStream, ScalesOnlyAsFarAsItMay) {
  JpegFile spec;
  spec.width = 203;
  spec.height = 101;
  const File file = spec.bytes();
  const std::vector<std::array<std::int64_t, 3>> cases = {{0, 203, 101}, {51, 203, 101}, {50, 102, 51}, {26, 102, 51},
                                                          {25, 51, 26},  {13, 51, 26},   {12, 26, 13},  {1, 26, 13}};
  for (const auto& [least, width, height] : cases) {
    image::Decode options;
    options.approx_size = least;
    const Image image = detail::decode_image(Bytes(file), options).value();
    EXPECT_EQ(image.width(), width) << least;
    EXPECT_EQ(image.height(), height) << least;
    const auto denominator = static_cast<unsigned>((203 + width - 1) / width);
    EXPECT_EQ(test::bytes_of(image), scaled_by_libjpeg(file, denominator)) << least;
  }
}

TEST(JpegStream, PartsOfScaledImagesEqualTheWholeImage) {
  std::mt19937 random(4);
  for (const auto& sampling : kSamplings) {
    for (const std::int64_t least : {16, 32, 64}) {
      for (const bool is_progressive : {false, true}) {
        JpegFile spec;
        spec.sampling = sampling;
        spec.width = 128 + static_cast<int>(below(random, 200));
        spec.height = 128 + static_cast<int>(below(random, 100));
        spec.is_progressive = is_progressive;
        SCOPED_TRACE(spec.name() + ", at least " + std::to_string(least));
        const Bytes file(spec.bytes());
        image::Decode options;
        options.approx_size = least;
        const Image whole = detail::decode_image(file, options).value();
        EXPECT_LT(whole.width(), spec.width);
        for (int i = 0; i < 20; ++i) {
          expect_part(file, options, whole, random_part(random, whole));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(JpegStream, FindsTheEndOfAFileBelowThePartThatIsNeeded) {
  JpegFile spec;
  spec.width = 100;
  spec.height = 400;
  const File all = spec.bytes();
  const File file(all.begin(), all.end() - static_cast<std::ptrdiff_t>(all.size() / 4));
  const auto stream = JpegStream::open(Bytes(file), {}).value();
  const Image whole = detail::decode_image(Bytes(spec.bytes()), {}).value();
  std::vector<std::uint8_t> row(300);
  std::uint8_t* const rows[] = {row.data()};
  stream->select(0, 0, 100).value();
  stream->read_rows(rows, 1).value();
  EXPECT_EQ(row, test::bytes_of(whole.crop(0, 0, 100, 1).value()));
  EXPECT_THAT(stream->finish(), test::FailsWith(ErrorCode::kInvalidArgument, "truncated JPEG at byte"));
}

/// Rows are skipped a million pixels at a time.
TEST(JpegStream, PartsFarBelowTheTopEqualTheWholeImage) {
  std::mt19937 random(6);
  for (const auto& sampling : kSamplings) {
    JpegFile spec;
    spec.sampling = sampling;
    spec.width = 1500 + static_cast<int>(below(random, 100));
    spec.height = 1500;
    SCOPED_TRACE(spec.name());
    const Bytes file(spec.bytes());
    const Image whole = detail::decode_image(file, {}).value();
    for (const std::int64_t y :
         {(1 << 20) / whole.width(), std::int64_t{699}, std::int64_t{1401}, std::int64_t{1499}}) {
      for (std::int64_t top = y - 2; top <= y + 2; ++top) {
        if (top >= whole.height()) continue;
        expect_part(file, {}, whole, {5, top, 40, std::min<std::int64_t>(20, whole.height() - top)});
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// What stands between the data and the end marker is read even if the rows in front of it are not.
TEST(JpegStream, FindsWhatIsWrongBehindTheImageFromAnyPart) {
  const std::vector<std::pair<File, const char*>> cases = {
      {{0xFF, 0x02}, "Unsupported marker type 0x02"},
      {{0xFF, 0xD8}, "Invalid JPEG file structure: two SOI markers"},
      {{0xFF, 0xC4, 0, 3, 0}, "Bogus marker length"},
      {{0, 0, 0xFF, 0xDA, 0, 0}, "Bogus marker length"},
  };
  JpegFile spec;
  spec.width = 100;
  spec.height = 400;
  for (const auto& [wrong, message] : cases) {
    for (const bool is_cut : {false, true}) {
      File file = spec.bytes();
      file.resize(is_cut ? file.size() / 2 : file.size() - 2);
      file.insert(file.end(), wrong.begin(), wrong.end());
      file.insert(file.end(), {0xFF, 0xD9});
      EXPECT_THAT(detail::decode_image(Bytes(file), {}), test::FailsWith(ErrorCode::kInvalidArgument, message));
      for (const std::int64_t first_row : {0, 100, 399}) {
        const auto stream = JpegStream::open(Bytes(file), {}).value();
        stream->select(first_row, 0, 10).value();
        EXPECT_THAT(stream->finish(), test::FailsWith(ErrorCode::kInvalidArgument, message));
      }
    }
  }
}

/// What Pillow has in memory where nothing was decoded: no ink, or no light.
TEST(JpegStream, RowsThatCannotBeReadAreWhiteInCmykAndBlackElse) {
  for (const std::size_t components : {1, 3, 4}) {
    JpegFile spec;
    spec.sampling.assign(components, {1, 1});
    spec.width = 9;
    spec.height = 5;
    File file = spec.bytes();
    const std::uint8_t tables[] = {0xFF, 0xC4};
    const auto first = std::search(file.begin(), file.end(), std::begin(tables), std::end(tables));
    std::swap(first[5], first[7]);  // five codes of one bit, of which there are two
    image::Decode options;
    options.truncated = image::Truncated::kAccept;
    const Image image = detail::decode_image(Bytes(file), options).value();
    EXPECT_EQ(test::bytes_of(image), File(9 * 5 * 3, components == 4 ? 255 : 0)) << components;
  }
}

/// A file whose header, skipped rows and last rows each are more than is read between two looks at the call. Without
/// smooth upsampling libjpeg itself looks at none of the rows that it skips.
class InterruptedJpegStream : public testing::Test {
 protected:
  void SetUp() override {
    options_.cancel = CancelToken::create();
    call_.emplace(options_);
  }
  void cancel() { options_.cancel.cancel(); }

  static File file(std::size_t comments, const File& end) {
    JpegFile spec;
    spec.sampling = {{1, 1}, {1, 1}, {1, 1}};
    spec.width = 1200;
    spec.height = 1200;
    File jpeg = spec.bytes();
    const File comment = {0xFF, 0xFE, 0xFF, 0xFF};
    for (std::size_t i = 0; i < comments; ++i) {
      jpeg.insert(jpeg.begin() + 2, 0xFFFF - 2, 0);
      jpeg.insert(jpeg.begin() + 2, comment.begin(), comment.end());
    }
    jpeg.insert(jpeg.end() - 2, end.begin(), end.end());
    return jpeg;
  }

  RunOptions options_;
  std::optional<test::TestCall> call_;
};

TEST_F(InterruptedJpegStream, EndsInTheHeader) {
  cancel();
  EXPECT_THAT(JpegStream::open(Bytes(file(3, {})), {}, call_->get()), test::FailsWith(ErrorCode::kCancelled, ""));
}

TEST_F(InterruptedJpegStream, EndsWhileItSkipsRows) {
  const auto stream = JpegStream::open(Bytes(file(0, {})), {}, call_->get()).value();
  cancel();
  EXPECT_THAT(stream->select(1096, 0, 1), test::FailsWith(ErrorCode::kCancelled, ""));
}

TEST_F(InterruptedJpegStream, EndsInTheRowsBelow) {
  for (const File& end : {File{}, File{0xFF, 0x01}}) {
    SetUp();
    const auto stream = JpegStream::open(Bytes(file(0, end)), {}, call_->get()).value();
    stream->select(0, 0, 1).value();
    cancel();
    EXPECT_THAT(stream->finish(), test::FailsWith(ErrorCode::kCancelled, ""));
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
