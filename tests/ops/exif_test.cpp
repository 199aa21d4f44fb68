// SPDX-License-Identifier: Apache-2.0
#include "ops/image/exif.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/image/orientation.hpp"
#include "ops/run_stage.hpp"

namespace gantry::inline GANTRY_ABI {
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

/// The same entry, with its value behind the directory.
std::string tiff_with(std::uint32_t type, std::uint32_t count, const std::string& value) {
  return tiff(true, {{0x0112, type, count, number(26, 4, true)}}) + value;
}

TEST(Orientation, MayBeANumberOfAnyType) {
  for (const std::uint32_t type : {3u, 8u})
    EXPECT_EQ(orientation_of(tiff(true, {{0x0112, type, 1, short_value(6, true)}}), ""), 6);
  for (const std::uint32_t type : {4u, 9u, 13u})
    EXPECT_EQ(orientation_of(tiff(true, {{0x0112, type, 1, number(6, 4, true)}}), ""), 6);
  EXPECT_EQ(orientation_of(tiff(false, {{0x0112, 6, 1, std::string("\x05\0\0\0", 4)}}), ""), 5) << "SBYTE";
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 11, 1, number(0x40C00000, 4, true)}}), ""), 6) << "FLOAT 6";
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 11, 1, number(0x40D00000, 4, true)}}), ""), 1) << "FLOAT 6.5";
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 11, 1, number(0x7FC00000, 4, true)}}), ""), 1) << "FLOAT NaN";
  EXPECT_EQ(orientation_of(tiff_with(12, 1, number(0x40180000, 4, true) + number(0, 4, true)), ""), 6) << "DOUBLE 6";
  EXPECT_EQ(orientation_of(tiff_with(16, 1, number(0, 4, true) + number(6, 4, true)), ""), 6) << "LONG8";
  EXPECT_EQ(orientation_of(tiff_with(3, 4, short_value(6, true) + short_value(3, true)), ""), 6)
      << "of several the first";
}

TEST(Orientation, MayBeAFractionWithoutARemainder) {
  const auto fraction = [](std::uint32_t type, std::int64_t numerator, std::int64_t denominator) {
    return orientation_of(tiff_with(type, 1,
                                    number(static_cast<std::uint32_t>(numerator), 4, true) +
                                        number(static_cast<std::uint32_t>(denominator), 4, true)),
                          "");
  };
  EXPECT_EQ(fraction(5, 6, 1), 6);
  EXPECT_EQ(fraction(5, 12, 2), 6);
  EXPECT_EQ(fraction(5, 13, 2), 1);
  EXPECT_EQ(fraction(5, 6, 0), 1);
  EXPECT_EQ(fraction(10, -12, -2), 6);
  EXPECT_EQ(fraction(10, -12, 2), 1);
  EXPECT_EQ(fraction(5, -12, -2), 1) << "4294967284/4294967294";
}

TEST(Orientation, IsNoTextAndNoBytes) {
  for (const std::uint32_t type : {1u, 2u, 7u})
    for (const char* text : {"6", "\x06"})
      EXPECT_EQ(orientation_of(tiff(false, {{0x0112, type, 1, text + std::string(3, '\0')}}), "tiff:Orientation>8"), 1);
}

TEST(Orientation, IsTheFirstOneWithAValue) {
  const Entry six = {0x0112, 3, 1, short_value(6, true)}, three = {0x0112, 3, 1, short_value(3, true)};
  EXPECT_EQ(orientation_of(tiff(true, {six, three}), ""), 6);
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 3, 0, number(0, 4, true)}, three}), ""), 3) << "no value";
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 99, 1, number(6, 4, true)}, three}), ""), 3) << "unknown type";
}

TEST(Orientation, IsNotFoundBehindAValueThatIsCutOff) {
  const Entry six = {0x0112, 3, 1, short_value(6, true)};
  const Entry outside = {0x010F, 2, 9, number(1000, 4, true)};
  const Entry inside = {0x010F, 2, 9, number(8, 4, true)};
  EXPECT_EQ(orientation_of(tiff(true, {outside, six}), "tiff:Orientation>8"), 8);
  EXPECT_EQ(orientation_of(tiff(true, {six, outside}), "tiff:Orientation>8"), 6);
  EXPECT_EQ(orientation_of(tiff(true, {inside, outside, six}), ""), 6) << "a tag that was read is not read again";
}

TEST(Orientation, IsReadWhereAllValuesTogetherFitIntoTheExif) {
  const Entry six = {0x0112, 3, 1, short_value(6, true)};
  const Entry huge = {0x010F, 2, 0xFFFFFFFF, number(8, 4, true)};
  const std::string behind = tiff_with(3, 4, short_value(6, true) + short_value(6, true));
  EXPECT_EQ(orientation_of(behind, ""), 6);
  EXPECT_EQ(orientation_of(tiff(true, {huge, six}), ""), 6) << "needs no room";
  EXPECT_EQ(orientation_of(tiff(true, {huge, {0x0112, 3, 4, number(8, 4, true)}}), "tiff:Orientation>8"), 8);
}

TEST(Orientation, IsReadBehindUnusualBeginnings) {
  const std::string big = tiff(true, {{0x0112, 3, 1, short_value(6, true)}}).substr(4);
  const std::string little = tiff(false, {{0x0112, 3, 1, short_value(6, false)}}).substr(4);
  for (const std::string& magic : {std::string("MM*\0", 4), std::string("MM\0+", 4)})
    EXPECT_EQ(orientation_of(magic + big, ""), 6);
  EXPECT_EQ(orientation_of(std::string("II\0*", 4) + little, ""), 6);
  for (const std::string& magic : {std::string("II+\0", 4), std::string("II\0+", 4), std::string("JJ*\0", 4)})
    EXPECT_EQ(orientation_of(magic + little, "tiff:Orientation>8"), 1);
  const std::string prefix("Exif\0\0", 6), exif = std::string("MM\0*", 4) + big;
  EXPECT_EQ(orientation_of(prefix + exif, ""), 6);
  EXPECT_EQ(orientation_of(prefix + prefix + exif, ""), 6);
  EXPECT_EQ(orientation_of(prefix + prefix + prefix + exif, ""), 1);
}

/// 65,535 entries, each of which claims the whole: as many steps as there are entries, or the test does not end.
TEST(Orientation, IsFoundInLinearTime) {
  std::vector<Entry> entries;
  for (std::uint32_t tag = 0; tag < 65534; ++tag)
    entries.push_back({0x8000 | tag % 0x8000, 2, 700000, number(8, 4, true)});
  entries.push_back({0x0112, 3, 1, short_value(6, true)});
  EXPECT_EQ(orientation_of(tiff(true, entries), ""), 6);
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
  EXPECT_EQ(orientation_of(tiff(true, {{0x0112, 3, 1, short_value(9, true)}}), "tiff:Orientation>8"), 1);
  EXPECT_EQ(orientation_of(tiff(true, {}), "tiff:Orientation>8"), 8);
  EXPECT_EQ(orientation_of(std::string("Exif\0\0", 6), "tiff:Orientation>8"), 8) << "empty";
  EXPECT_EQ(orientation_of("MM", "tiff:Orientation>8"), 1) << "PIL fails, and looks no further";
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
}  // namespace gantry::inline GANTRY_ABI
