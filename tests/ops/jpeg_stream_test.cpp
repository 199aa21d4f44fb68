// SPDX-License-Identifier: Apache-2.0
// Parts of JPEG files, against the same pixels of the whole image.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image/jpeg_stream.hpp"
#include "ops/jpeg_writer.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry {
namespace {

using detail::JpegStream;
using test::JpegFile;
using File = std::vector<std::uint8_t>;

struct Part {
  std::int64_t left, top, width, height;
};

/// What the stream gives for a part of the file, row by row.
std::vector<std::uint8_t> read_part(const Bytes& file, const image::Decode& options, const Part& part) {
  auto stream = JpegStream::open(file, options).value();
  stream->select(part.top, part.left, part.width).value();
  const std::size_t channels = channels_of(stream->colour());
  std::vector<std::uint8_t> row(stream->row_bytes());
  std::vector<std::uint8_t> bytes;
  for (std::int64_t y = 0; y < part.height; ++y) {
    std::uint8_t* const rows[] = {row.data()};
    stream->read_rows(rows, 1).value();
    const auto first = row.begin() + static_cast<std::ptrdiff_t>(stream->offset_bytes());
    bytes.insert(bytes.end(), first,
                 first + static_cast<std::ptrdiff_t>(part.width) * static_cast<std::ptrdiff_t>(channels));
  }
  return bytes;
}

void expect_part(const Bytes& file, const image::Decode& options, const Image& whole, const Part& part) {
  const auto expected = test::bytes_of(whole.crop(part.left, part.top, part.width, part.height).value());
  const auto bytes = read_part(file, options, part);
  ASSERT_EQ(bytes.size(), expected.size());
  const auto differing = std::mismatch(bytes.begin(), bytes.end(), expected.begin()).first - bytes.begin();
  ASSERT_EQ(differing, static_cast<std::ptrdiff_t>(bytes.size()))
      << "first differing byte of " << part.width << "x" << part.height << " at " << part.left << "," << part.top;
}

unsigned below(std::mt19937& random, unsigned bound) {
  return static_cast<unsigned>(random()) % bound;
}

Part random_part(std::mt19937& random, const Image& image) {
  const auto position = [&](std::int64_t bound) { return std::int64_t{below(random, static_cast<unsigned>(bound))}; };
  Part part{position(image.width()), position(image.height()), 0, 0};
  part.width = 1 + position(image.width() - part.left);
  part.height = 1 + position(image.height() - part.top);
  return part;
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
  for (const auto& sampling : kSamplings) {
    for (int scans = 1; scans < 9; ++scans) {
      JpegFile spec;
      spec.sampling = sampling;
      spec.width = 40 + static_cast<int>(below(random, 100));
      spec.height = 40 + static_cast<int>(below(random, 80));
      spec.is_progressive = true;
      SCOPED_TRACE(spec.name() + ", " + std::to_string(scans) + " scans");
      const Bytes file(with_scans(spec.bytes(), scans));
      const Image whole = detail::decode_image(file, {}).value();
      for (int i = 0; i < 20; ++i) {
        expect_part(file, {}, whole, random_part(random, whole));
        if (HasFatalFailure()) return;
      }
    }
  }
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
    const auto whole = detail::decode_jpeg(Bytes(file), options);
    if (whole) {
      expect_part(Bytes(file), options, whole->image, random_part(random, whole->image));
      if (HasFatalFailure()) return;
      ++decoded;
      continue;
    }
    ++refused;
    auto stream = JpegStream::open(Bytes(file), options);
    auto begun = stream ? (*stream)->select(0, 0, 1) : Result<void>(stream.error());
    std::vector<std::uint8_t> row(begun ? (*stream)->row_bytes() : 0);
    std::uint8_t* const rows[] = {row.data()};
    for (std::int64_t y = 0; begun && y < (*stream)->height(); ++y) begun = (*stream)->read_rows(rows, 1);
    ASSERT_FALSE(begun) << whole.error().to_string();
    EXPECT_EQ(begun.error().to_string(), whole.error().to_string());
  }
  EXPECT_GT(decoded, 200);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace gantry
