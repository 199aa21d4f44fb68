// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/contact_sheet.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "cli/printable.hpp"
#include "ops/detect/draw_canvas.hpp"
#include "ops/detect/draw_font.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using detail::Canvas;
using detail::PixelBox;
using detail::Rgb;

constexpr Rgb kPaper = {24, 28, 32};
constexpr Rgb kPanel = {38, 44, 49};
constexpr Rgb kInk = {232, 236, 238};
constexpr Rgb kSoft = {156, 167, 174};
constexpr Rgb kBad = {255, 123, 114};

constexpr std::int64_t kGap = 16;
constexpr std::int64_t kNameScale = 2;
constexpr std::int64_t kErrorScale = 1;
constexpr std::int64_t kTitleHeight = 40;
constexpr std::int64_t kCaptionHeight = 56;
constexpr std::int64_t kCellWidth = ContactSheet::kWidth + kGap;
constexpr std::int64_t kCellHeight = ContactSheet::kHeight + kCaptionHeight;

std::size_t characters_in(std::int64_t width, std::int64_t scale) {
  return static_cast<std::size_t>(width / (detail::kCellWidth * scale));
}

/// Lines of at most `most` characters, broken at spaces if there are any.
std::vector<std::string> wrapped(std::string_view text, std::size_t most) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (lines.back().size() + 1 + word.size() > most) {
      if (lines.back().empty()) {  // longer than a line
        lines.back() = word.substr(0, most);
        word.remove_prefix(std::min(most, word.size()));
        if (word.empty()) break;
      }
      lines.emplace_back();
    }
    lines.back() += (lines.back().empty() ? "" : " ") + std::string(word);
  }
  return lines;
}

void draw_error(Canvas& canvas, const PixelBox& panel, const std::string& error) {
  constexpr std::int64_t kEdge = 4, kMargin = 12, kLine = 13;
  canvas.fill({panel.left, panel.top, panel.left + kEdge, panel.bottom}, kBad);
  const std::int64_t left = panel.left + kMargin;
  std::int64_t top = panel.top + kMargin;
  detail::draw_text(canvas, "failed", left, top, kNameScale, kBad);
  top += 2 * kLine;
  for (const std::string& line : wrapped(error, characters_in(panel.width() - 2 * kMargin, kErrorScale))) {
    if (top + kLine > panel.bottom) return;
    detail::draw_text(canvas, line, left, top, kErrorScale, kInk);
    top += kLine;
  }
}

void draw_tile(Canvas& canvas, const Tile& tile, std::int64_t left, std::int64_t top, std::int64_t words_scale) {
  const PixelBox panel = {left, top, left + ContactSheet::kWidth, top + ContactSheet::kHeight};
  canvas.fill(panel, kPanel);
  if (tile.picture)
    canvas.paste(*tile.picture, left + (panel.width() - tile.picture->width()) / 2,
                 top + (panel.height() - tile.picture->height()) / 2);
  else
    draw_error(canvas, panel, printable(tile.words));
  const std::string name =
      detail::shortened_front(printable(tile.name()), characters_in(ContactSheet::kWidth, kNameScale));
  detail::draw_text(canvas, name, left, panel.bottom + 5, kNameScale, tile.picture ? kInk : kBad);
  if (!tile.picture) return;
  const std::string words = detail::shortened(tile.words, characters_in(ContactSheet::kWidth, words_scale));
  detail::draw_text(canvas, words, left, panel.bottom + 28, words_scale, kSoft);
}

/// The scale of names, if all words are short enough.
std::int64_t scale_of_words(const std::vector<Tile>& tiles) {
  const std::size_t most = characters_in(ContactSheet::kWidth, kNameScale);
  const bool is_short = std::all_of(tiles.begin(), tiles.end(), [&](const Tile& tile) {
    return !tile.picture || detail::count_characters(tile.words) <= most;
  });
  return is_short ? kNameScale : 1;
}

/// Makes the sheet about as wide as a screen.
std::int64_t columns_for(std::size_t tiles) {
  constexpr double kScreen = 1.5;
  constexpr double kCell = static_cast<double>(kCellHeight) / static_cast<double>(kCellWidth);
  return std::max<std::int64_t>(std::llround(std::sqrt(static_cast<double>(tiles) * kCell * kScreen)), 1);
}

}  // namespace

Result<Image> ContactSheet::image() const {
  const auto count = static_cast<std::int64_t>(tiles_.size());
  const std::int64_t columns = std::min(columns_for(tiles_.size()), std::max<std::int64_t>(count, 1));
  const std::int64_t rows = (count + columns - 1) / columns;
  auto sheet = Image::make(kGap + columns * kCellWidth, kTitleHeight + rows * kCellHeight + kGap, Colour::kRgb);
  if (!sheet) return sheet;
  Canvas canvas(*sheet);
  canvas.fill(canvas.bounds(), kPaper);
  const std::string title = detail::shortened(printable(title_), characters_in(canvas.width() - 2 * kGap, kNameScale));
  detail::draw_text(canvas, title, kGap, 12, kNameScale, kSoft);
  const std::int64_t words_scale = scale_of_words(tiles_);
  for (std::int64_t i = 0; i < count; ++i)
    draw_tile(canvas, tiles_[static_cast<std::size_t>(i)], kGap + i % columns * kCellWidth,
              kTitleHeight + i / columns * kCellHeight, words_scale);
  return sheet;
}

}  // namespace gantry::inline GANTRY_ABI::cli
