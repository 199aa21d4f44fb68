// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets of the decoders check beside not crashing: a part of a file is the same as that part of the
// whole image, errors included, and the header says what decoding makes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>
#include <random>
#include <vector>

#include "fuzz/require.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/row_stream.hpp"

namespace gantry::inline GANTRY_ABI::test {

constexpr std::int64_t kFuzzPixels = 1 << 16;

/// Every combination of the options that change what is decoded.
inline std::vector<image::Decode> decode_variants(std::vector<std::int64_t> approx_sizes) {
  std::vector<image::Decode> variants;
  for (const auto truncated : {image::Truncated::kRefuse, image::Truncated::kAccept})
    for (const std::int64_t approx_size : approx_sizes) {
      image::Decode options;
      options.colour = variants.size() % 2 == 0 ? image::ColourMode::kRgb : image::ColourMode::kUnchanged;
      options.max_pixels = kFuzzPixels;
      options.truncated = truncated;
      options.approx_size = approx_size;
      variants.push_back(options);
    }
  return variants;
}

/// Rows from `top` on of some columns, as far as they come, and then the end.
inline Result<void> read_part(detail::RowStream& stream, const Image* whole, std::int64_t left, std::int64_t top,
                              std::int64_t width, std::int64_t height) {
  if (auto ok = stream.select(top, left, width); !ok) return ok;
  std::vector<std::uint8_t> row(stream.row_bytes());
  std::uint8_t* const rows[] = {row.data()};
  const auto channels = static_cast<std::ptrdiff_t>(channels_of(stream.colour()));
  for (std::int64_t y = top; y < top + height; ++y) {
    if (auto ok = stream.read_rows(rows, 1); !ok) return ok;
    const std::uint8_t* first = row.data() + stream.offset_bytes();
    if (whole != nullptr) require(std::equal(first, first + width * channels, whole->row(y) + left * channels));
  }
  return stream.finish();
}

/// `open` makes a stream of the file: Result<std::unique_ptr<...>>().
template <class F>
void check_parts(F open, std::mt19937& random) {
  auto first = open();
  if (!first) return;
  const auto whole = detail::read_image(**first);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(bound));
  };
  for (int i = 0; i < 2; ++i) {
    const auto stream = open().value();
    const detail::ImageSize size = stream->size();
    require(size.width * size.height <= kFuzzPixels);
    const std::int64_t left = below(size.width), top = below(size.height);
    const std::int64_t width = 1 + below(size.width - left), height = 1 + below(size.height - top);
    const auto read = read_part(*stream, whole ? &*whole : nullptr, left, top, width, height);
    require(read.ok() == whole.ok());
    if (!read) require(read.error().to_string() == whole.error().to_string());
  }
}

/// A file that can be decoded has a header, and it says the same.
inline void check_header(const Bytes& file) {
  image::Decode options;
  options.colour = image::ColourMode::kUnchanged;
  options.max_pixels = kFuzzPixels;
  const auto decoded = detail::decode_image(file, options);
  const auto header = image::probe_header(file);
  if (!decoded) return;
  require(header.ok());
  require(header->width == decoded->width() && header->height == decoded->height());
  require(header->colour == decoded->colour());
}

/// The same choices for the same bytes.
inline std::mt19937 random_of(const std::uint8_t* data, std::size_t size) {
  std::uint32_t seed = static_cast<std::uint32_t>(size);
  for (std::size_t i = 0; i < size; i += 1 + size / 64) seed = seed * 31 + data[i];
  return std::mt19937(seed);
}

}  // namespace gantry::inline GANTRY_ABI::test
