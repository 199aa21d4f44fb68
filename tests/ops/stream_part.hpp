// SPDX-License-Identifier: Apache-2.0
// Parts of a file that is read as a stream, against the same pixels of the whole image.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "ops/image/row_stream.hpp"
#include "ops/run_stage.hpp"

namespace gantry::inline GANTRY_ABI::test {

struct Part {
  std::int64_t left, top, width, height;
};

inline unsigned below(std::mt19937& random, unsigned bound) {
  return static_cast<unsigned>(random()) % bound;
}

inline Part random_part(std::mt19937& random, const Image& image) {
  const auto position = [&](std::int64_t bound) { return std::int64_t{below(random, static_cast<unsigned>(bound))}; };
  Part part{position(image.width()), position(image.height()), 0, 0};
  part.width = 1 + position(image.width() - part.left);
  part.height = 1 + position(image.height() - part.top);
  return part;
}

/// Reads the part from the stream, which has not been used yet, and compares it.
inline void expect_part(detail::RowStream& stream, const Image& whole, const Part& part) {
  const auto expected = bytes_of(whole.crop(part.left, part.top, part.width, part.height).value());
  stream.select(part.top, part.left, part.width).value();
  std::vector<std::uint8_t> row(stream.row_bytes());
  std::vector<std::uint8_t> bytes;
  std::uint8_t* const rows[] = {row.data()};
  for (std::int64_t y = 0; y < part.height; ++y) {
    stream.read_rows(rows, 1).value();
    const auto first = row.begin() + static_cast<std::ptrdiff_t>(stream.offset_bytes());
    const auto count = static_cast<std::size_t>(part.width) * channels_of(stream.colour());
    bytes.insert(bytes.end(), first, first + static_cast<std::ptrdiff_t>(count));
  }
  stream.finish().value();
  ASSERT_EQ(bytes.size(), expected.size());
  const auto same = std::mismatch(bytes.begin(), bytes.end(), expected.begin()).first - bytes.begin();
  ASSERT_EQ(same, static_cast<std::ptrdiff_t>(bytes.size()))
      << "first differing byte of " << part.width << "x" << part.height << " at " << part.left << "," << part.top;
}

}  // namespace gantry::inline GANTRY_ABI::test
