// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/draw_font.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr int kColumns = 5;
constexpr int kRows = 9;

/// From ' ' to '~'. A letter lists its rows from the top. A row is a digit of base 32 (0-9, A-V); its highest bit is
/// the leftmost column.
// clang-format off
constexpr const char* kLetters[] = {
    "000000000", "444440400", "AAA000000", "AAVAVAA00", "4FKE5U400", "PP248JJ00", "CIK8LID00", "444000000", "248888420",
    "842222480", "04LEL4000", "044V44000", "00000CC48", "000V00000", "00000CC00", "11248GG00", "EHJLPHE00", "4CK444V00",
    "EH168GV00", "V2421HE00", "26AIV2200", "VGU11HE00", "68GUHHE00", "V12444400", "EHHEHHE00", "EHHF12C00", "0CC00CC00",
    "0CC00CC48", "248G84200", "00V0V0000", "842124800", "EH1240400", "EHNLMGF00", "4AHHVHH00", "UHHUHHU00", "EHGGGHE00",
    "UHHHHHU00", "VGGUGGV00", "VGGUGGG00", "EHGNHHF00", "HHHVHHH00", "E44444E00", "72222IC00", "HIKOKIH00", "GGGGGGV00",
    "HRLLHHH00", "HPPLJJH00", "EHHHHHE00", "UHHUGGG00", "EHHHLID00", "UHHUKIH00", "FGGE11U00", "V44444400", "HHHHHHE00",
    "HHHHAA400", "HHHLLLA00", "HHA4AHH00", "HHA444400", "V1248GV00", "644444460", "GG8421100", "C444444C0", "4AH000000",
    "0000000V0", "840000000", "00E1FHF00", "GGUHHHU00", "00EHGHE00", "11FHHHF00", "00EHVGE00", "68U888800", "00FHHHF1E",
    "GGUHHHH00", "40C444E00", "20622222C", "GGIKOKI00", "C44444E00", "00QLLLL00", "00UHHHH00", "00EHHHE00", "00UHHHUGG",
    "00FHHHF11", "00MPGGG00", "00FGE1U00", "88U889600", "00HHHHF00", "00HHHA400", "00HLLLA00", "00HA4AH00", "00HHHHF1E",
    "00V248V00", "244844420", "444444440", "844244480", "008L20000",
};
// clang-format on
constexpr const char* kFrame = "VHHHHHV00";

/// How many bytes the first character has.
std::size_t character_length(std::string_view text) {
  return std::max<std::size_t>(utf8_length(text), 1);
}

const char* letter_of(std::string_view character) {
  const char first = character.front();
  return first >= ' ' && first <= '~' ? kLetters[first - ' '] : kFrame;
}

/// The dots of a row: bit 4 is the leftmost.
int dots_of(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

/// Draws adjacent dots as one rectangle.
void draw_letter(Canvas& canvas, const char* letter, std::int64_t left, std::int64_t top, std::int64_t scale,
                 Rgb colour) {
  for (int row = 0; row < kRows; ++row) {
    const int dots = dots_of(letter[row]);
    for (int column = 0; column < kColumns; ++column) {
      const auto is_set = [&](int at) { return at < kColumns && (dots >> (kColumns - 1 - at) & 1) != 0; };
      if (!is_set(column)) continue;
      const int first = column;
      while (is_set(column + 1)) ++column;
      canvas.fill({left + first * scale, top + row * scale, left + (column + 1) * scale, top + (row + 1) * scale},
                  colour);
    }
  }
}

/// How many bytes the first `most` characters have.
std::size_t bytes_of(std::string_view text, std::size_t most) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < most && bytes < text.size(); ++i) bytes += character_length(text.substr(bytes));
  return bytes;
}

constexpr std::string_view kCut = "..";

}  // namespace

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(character_length(text));
  return count;
}

std::string shortened(std::string_view text, std::size_t most) {
  const std::size_t fits = bytes_of(text, most);
  if (fits == text.size()) return std::string(text);
  if (most <= kCut.size()) return std::string(text.substr(0, fits));
  return std::string(text.substr(0, bytes_of(text, most - kCut.size()))) + std::string(kCut);
}

std::string shortened_front(std::string_view text, std::size_t most) {
  const std::size_t count = count_characters(text);
  if (count <= most) return std::string(text);
  const bool has_room = most > kCut.size();
  const std::size_t kept = has_room ? most - kCut.size() : most;
  return (has_room ? std::string(kCut) : std::string()) + std::string(text.substr(bytes_of(text, count - kept)));
}

void draw_text(Canvas& canvas, std::string_view text, std::int64_t left, std::int64_t top, std::int64_t scale,
               Rgb colour) {
  while (!text.empty() && left < canvas.width()) {
    draw_letter(canvas, letter_of(text), left, top, scale, colour);
    text.remove_prefix(character_length(text));
    left += kCellWidth * scale;
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
