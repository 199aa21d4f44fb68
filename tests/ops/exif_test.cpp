// SPDX-License-Identifier: Apache-2.0
#include "ops/image/exif.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/image/orientation.hpp"
#include "ops/run_stage.hpp"

namespace gantry {
namespace {

using detail::orientation_of;

std::string number(std::uint32_t value, int bytes, bool is_big_endian) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * (is_big_endian ? bytes - 1 - i : i) & 0xFF);
  return text;
}

struct Entry {
  std::uint32_t tag = 0x0112;
  std::uint32_t type = 3;
  std::uint32_t count = 1;
  std::string value;  // four bytes
};

std::string tiff(bool is_big_endian, const std::vector<Entry>& entries) {
  const auto n = [&](std::uint32_t value, int bytes) { return number(value, bytes, is_big_endian); };
  std::string text =
      (is_big_endian ? "MM" : "II") + n(42, 2) + n(8, 4) + n(static_cast<std::uint32_t>(entries.size()), 2);
  for (const Entry& entry : entries) text += n(entry.tag, 2) + n(entry.type, 2) + n(entry.count, 4) + entry.value;
  return text + n(0, 4);
}

std::string short_value(std::uint32_t value, bool is_big_endian) {
  return number(value, 2, is_big_endian) + std::string(2, '\0');
}

TEST(Orientation, IsReadInBothByteOrders) {
  for (const bool is_big_endian : {false, true})
    for (std::uint32_t value = 1; value <= 8; ++value) {
      const std::string exif = tiff(is_big_endian, {{0x010F, 2, 1, std::string("x\0\0\0", 4)},
                                                    {0x0112, 3, 1, short_value(value, is_big_endian)}});
      EXPECT_EQ(orientation_of(exif, ""), value);
      EXPECT_EQ(orientation_of(std::string("Exif\0\0", 6) + exif, ""), value);
    }
}

TEST(Orientation, MayBeAnyInteger) {
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 4, 1, number(6, 4, true)}}), ""), 6);
  EXPECT_EQ(orientation_of(tiff(false, {{0x0112, 1, 1, std::string("\x05\0\0\0", 4)}}), ""), 5);
  EXPECT_EQ(orientation_of(tiff(false, {{0x0112, 2, 1, std::string("6\0\0\0", 4)}}), ""), 1) << "text";
}

TEST(Orientation, IsUprightIfMalformed) {
  const std::string exif = tiff(true, {{0x0112, 3, 1, short_value(6, true)}});
  for (std::size_t size = 0; size < exif.size() - 8; ++size) EXPECT_EQ(orientation_of(exif.substr(0, size), ""), 1);
  for (const std::uint32_t value : {0u, 9u, 300u})
    EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 3, 1, short_value(value, true)}}), ""), 1);
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 3, 0xFFFFFFFF, number(0xFFFFFFFE, 4, true)}}), ""), 1);
  EXPECT_EQ(orientation_of(std::string("MM\0*\xFF\xFF\xFF\xFF", 8), ""), 1);
}

TEST(Orientation, ComesFromXmpIfExifHasNone) {
  EXPECT_EQ(orientation_of("", "<a tiff:Orientation=\"6\"/>"), 6);
  EXPECT_EQ(orientation_of("", "<tiff:Orientation>3</tiff:Orientation>"), 3);
  EXPECT_EQ(orientation_of("", "tiff:Orientation: 3, tiff:Orientation=\"x\" tiff:Orientation>8"), 8);
  EXPECT_EQ(orientation_of("", "tiff:Orientation=\""), 1);
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 3, 1, short_value(2, true)}}), "tiff:Orientation>8"), 2);
}

TEST(Orientation, UndoesWhatTheCameraDid) {
  using Row = std::vector<std::uint8_t>;
  const Image image = test::counting_image(3, 2);  // 012 / 345
  const std::vector<Row> expected = {{},
                                     {0, 1, 2, 3, 4, 5},
                                     {2, 1, 0, 5, 4, 3},
                                     {5, 4, 3, 2, 1, 0},
                                     {3, 4, 5, 0, 1, 2},
                                     {0, 3, 1, 4, 2, 5},
                                     {3, 0, 4, 1, 5, 2},
                                     {5, 2, 4, 1, 3, 0},
                                     {2, 5, 1, 4, 0, 3}};
  for (std::size_t i = 1; i <= 8; ++i) {
    const Image turned = detail::oriented(image, static_cast<detail::Orientation>(i)).value();
    EXPECT_EQ(turned.width(), i < 5 ? 3 : 2);
    EXPECT_EQ(test::bytes_of(turned), expected[i]) << i;
  }
}

}  // namespace
}  // namespace gantry
