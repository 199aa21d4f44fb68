// SPDX-License-Identifier: Apache-2.0
// PngColours: the chunks that say what the samples of a PNG mean (IHDR, PLTE, tRNS), in any order and number, as Pillow
// reads them.
#pragma once

#include <optional>
#include <string_view>

#include "ops/image/png/png_conversion.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the contents of the chunks.
/// Threads:   one thread.
/// Errors:    what is wrong with a chunk, as a static text.
/// Cost:      negligible.
class PngColours {
 public:
  /// Reads a chunk; nullptr if nothing is wrong. Ignores other chunks. `accepts_short`: and those that are too short.
  const char* read(std::string_view chunk, std::string_view content, bool accepts_short);
  /// True once a header named a valid kind of samples.
  bool is_known() const { return kind_.colour_type >= 0; }
  /// Call it where the first pixel data begins. From there on only transparency counts.
  void begin_pixels() {
    image_kind_ = kind_;
    image_palette_ = palette_;
  }
  /// Once is_known(), after begin_pixels(). `needs_alpha`: errors in the transparency of a palette count.
  const char* set(PngFormat& format, bool needs_alpha) const;

 private:
  struct Kind {
    int colour_type = -1;
    int bit_depth = 0;
  };

  const char* set_palette_alpha(PngFormat& format, bool needs_alpha) const;

  Kind kind_;  ///< from the last header that names a valid one
  Kind image_kind_;
  std::optional<std::string_view> palette_;
  std::optional<std::string_view> image_palette_;
  std::optional<std::string_view> transparency_;
  Kind transparency_kind_;  ///< kind_ when the transparency was read
};

}  // namespace gantry::inline GANTRY_ABI::detail
