// SPDX-License-Identifier: Apache-2.0
// What detect.draw is made of: the canvas, letters, colours, places of labels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <gantry/image.hpp>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "ops/detect/draw_canvas.hpp"
#include "ops/detect/draw_font.hpp"
#include "ops/detect/draw_labels.hpp"
#include "ops/detect/draw_palette.hpp"
#include "ops/detect/draw_sizes.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr Rgb kWhite = {255, 255, 255};

Image black(std::int64_t width, std::int64_t height) {
  Image image = Image::make(width, height, Colour::kRgb).value();
  for (std::uint8_t& byte : image.pixels().mutable_values<std::uint8_t>().value()) byte = 0;
  return image;
}

std::vector<std::string> rows_of(const Image& image) {
  std::vector<std::string> rows;
  for (std::int64_t y = 0; y < image.height(); ++y) {
    rows.emplace_back();
    for (std::int64_t x = 0; x < image.width(); ++x) rows.back() += image.row(y)[3 * x] != 0 ? '#' : '.';
  }
  return rows;
}

std::vector<std::string> letters(const std::string& text, std::int64_t width, std::int64_t height,
                                 std::int64_t scale = 1) {
  Image image = black(width, height);
  Canvas canvas(image);
  draw_text(canvas, text, 0, 0, scale, kWhite);
  return rows_of(image);
}

TEST(Canvas, DrawsDiscsFramesAndRectangles) {
  Image image = black(16, 7);
  Canvas canvas(image);
  canvas.disc(3.5, 3.5, 3, kWhite);
  canvas.outline({8, 0, 12, 6}, 1, kWhite);
  canvas.fill({13, 2, 15, 4}, kWhite);
  EXPECT_EQ(rows_of(image), (std::vector<std::string>{
                                "...#....####....",
                                ".#####..#..#....",
                                ".#####..#..#.##.",
                                "#######.#..#.##.",
                                ".#####..#..#....",
                                ".#####..####....",
                                "...#............",
                            }));
}

/// The canvas is a part of a larger image, whose other pixels are looked at afterwards.
/// As `(torch.tensor(own) * (1 - alpha) + torch.tensor(with) * alpha).to(torch.uint8)` gives it, of float32.
TEST(AlphaBlend, RoundsWhatIsLeftOnce) {
  EXPECT_EQ(AlphaBlend(0.09)(45, 45), 45);
  EXPECT_EQ(AlphaBlend(0.5)(10, 21), 15);
  EXPECT_EQ(AlphaBlend(0)(200, 3), 200);
  EXPECT_EQ(AlphaBlend(1)(200, 3), 3);
}

TEST(Canvas, WritesNothingOutsideTheImage) {
  std::mt19937 random(9);
  constexpr std::int64_t kNumbers[] = {
      0, 1, 5, 11, 12, 13, -1, -7, 40, -40, std::int64_t{1} << 32, -(std::int64_t{1} << 32)};
  const auto any = [&] { return kNumbers[random() % std::size(kNumbers)]; };
  Image whole = black(30, 30);
  Image part = whole.crop(9, 10, 12, 11).value();
  const Image stamp = black(5, 3);
  Canvas canvas(part);
  for (int round = 0; round < 20000; ++round) {
    canvas.fill({any(), any(), any(), any()}, kWhite);
    canvas.outline({any(), any(), any(), any()}, 1 + static_cast<std::int64_t>(random() % 300), kWhite);
    canvas.disc(static_cast<double>(any()) + 0.3, static_cast<double>(any()), static_cast<double>(random() % 9),
                kWhite);
    canvas.paste(stamp, any(), any());
    draw_text(canvas, "xyz\xFF", any(), any(), 1 + static_cast<std::int64_t>(random() % 64), kWhite);
  }
  for (std::int64_t y = 0; y < 30; ++y)
    for (std::int64_t x = 0; x < 30; ++x) {
      const bool is_inside = x >= 9 && x < 21 && y >= 10 && y < 21;
      if (!is_inside) {
        ASSERT_EQ(whole.row(y)[3 * x], 0) << x << "," << y;
      }
    }
}

TEST(Font, DrawsLettersOfDots) {
  EXPECT_EQ(letters("Tg", 12, 10), (std::vector<std::string>{
                                       "#####.......",
                                       "..#.........",
                                       "..#....####.",
                                       "..#...#...#.",
                                       "..#...#...#.",
                                       "..#...#...#.",
                                       "..#....####.",
                                       "..........#.",
                                       ".......###..",
                                       "............",
                                   }));
}

TEST(Font, GrowsByWholeNumbers) {
  const auto small = letters("R8", 12, 10), large = letters("R8", 36, 30, 3);
  for (std::size_t y = 0; y < large.size(); ++y)
    for (std::size_t x = 0; x < large[y].size(); ++x) EXPECT_EQ(large[y][x], small[y / 3][x / 3]);
}

TEST(Font, EveryLetterIsAnotherOne) {
  std::set<std::vector<std::string>> seen;
  for (char letter = ' '; letter <= '~'; ++letter) {
    const auto rows = letters(std::string(1, letter), 6, 10);
    EXPECT_TRUE(seen.insert(rows).second) << letter;
    for (const std::string& row : rows) EXPECT_EQ(row.back(), '.') << letter << " touches the next";
  }
}

TEST(Font, ShowsWhatItHasNoLetterForAsAFrame) {
  const auto frame = letters("\x7f", 6, 10);
  EXPECT_EQ(frame[0], "#####.");
  EXPECT_EQ(frame[3], "#...#.");
  for (const char* text : {"\xC3\xBC", "\xE7\x8C\xAB", "\xF0\x9F\x90\xB1", "\xFF", "\n"})
    EXPECT_EQ(letters(text, 12, 10), letters("\x7f", 12, 10)) << "one frame for one character";
}

TEST(Font, CountsAndCutsCharactersNotBytes) {
  EXPECT_EQ(count_characters("a\xC3\xBC\xFF"), 3u);
  EXPECT_EQ(shortened("tiger cat", 9), "tiger cat");
  EXPECT_EQ(shortened("tiger cat", 8), "tiger ..");
  EXPECT_EQ(shortened("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 3), "\xC3\xBC..");
  EXPECT_EQ(shortened("tiger", 2), "ti");
  EXPECT_EQ(shortened("tiger", 0), "");
  EXPECT_EQ(shortened_front("IMG_2041.jpg", 12), "IMG_2041.jpg");
  EXPECT_EQ(shortened_front("IMG_2041.jpg", 8), "..41.jpg");
  EXPECT_EQ(shortened_front("tiger", 2), "er");
}

TEST(Palette, HasAColourForEachClassOnWhichTextCanBeRead) {
  const auto light = [](Rgb colour) {  // relative luminance, WCAG 2.1
    const auto linear = [](double byte) {
      const double share = byte / 255;
      return share <= 0.03928 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
  };
  std::set<std::tuple<int, int, int>> seen;
  for (std::int64_t index = 0; index < 72; ++index) {
    const Rgb colour = colour_of_class(index);
    EXPECT_TRUE(seen.insert({colour.red, colour.green, colour.blue}).second) << index;
    EXPECT_EQ(colour, colour_of_class(index + 72));
    const double a = light(colour), b = light(text_colour_on(colour));
    EXPECT_GE((std::max(a, b) + 0.05) / (std::min(a, b) + 0.05), 3.0) << index;
  }
  colour_of_class(-1);
  colour_of_class(std::numeric_limits<std::int64_t>::min());
}

TEST(LabelPlaces, AreWithinThePictureAndApart) {
  LabelPlaces places({0, 0, 200, 100});
  const PixelBox size = label_size(5, 1);
  EXPECT_EQ(size.width(), 33);
  EXPECT_EQ(size.height(), 11);
  const PixelBox box = {150, 40, 260, 80};
  const std::int64_t tops[] = {29, 40, 80, 69, 29};  // above, within, below, within at the bottom; then as if alone
  for (const std::int64_t top : tops) {
    const PixelBox place = places.find(box, size);
    EXPECT_EQ(place.top, top);
    EXPECT_EQ(place.left, 150);
  }
  EXPECT_EQ(LabelPlaces({0, 0, 200, 100}).find({190, 4, 260, 80}, size).left, 200 - 33);
  EXPECT_EQ(LabelPlaces({0, 0, 200, 100}).find({-90, -4, 60, 80}, size).top, 0);
  EXPECT_EQ(LabelPlaces({0, 0, 20, 8}).find({2, 2, 9, 6}, size).left, 0) << "larger than the picture";
}

TEST(Sizes, AStripHasNoLargerLettersThanItsShortSideAllows) {
  EXPECT_EQ(text_scale_for(20000, 30), 1);
  EXPECT_EQ(text_scale_for(640, 480), 2);
  EXPECT_EQ(text_scale_for(4000, 3000), 11);
  EXPECT_EQ(line_width_for(100, 100), 1);
  EXPECT_EQ(line_width_for(640, 480), 2);
  EXPECT_EQ(line_width_for(1920, 1080), 5);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
