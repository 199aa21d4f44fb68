// SPDX-License-Identifier: Apache-2.0
// PngMetadata: the Exif and the texts of a PNG that give its orientation, as Pillow finds them (PngImagePlugin.py,
// Image.getexif). The last one of several with the same meaning counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ops/image/call_watch.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the file's bytes.
/// Threads:   one thread.
/// Errors:    throws std::bad_alloc; what cannot be read counts as absent.
/// Cost:      keeps positions, no text. Unpacks a compressed text only if it may be needed: to 1 MiB at most, all texts
///            of a file to 64 MiB.
class PngMetadata {
 public:
  /// Adds a whole chunk; those without Exif or text are ignored.
  void add(std::string_view chunk, std::string_view content, CallWatch& watch);
  /// The orientation as in Exif: 1..8.
  std::uint8_t orientation(CallWatch& watch);

 private:
  /// What a text is about. kXmpBytes is the XMP of an iTXt, which need not be UTF-8; it is used if kXmp is empty.
  enum Meaning : std::uint8_t { kExif, kProfile, kXmp, kXmpBytes, kMeanings };
  struct Text {
    std::string_view value;
    bool is_compressed = false;
    bool is_unreadable = false;  ///< Exif in a zTXt or iTXt: Pillow fails on it
    bool is_chunk = false;       ///< of an eXIf chunk
  };

  void add_international(Meaning meaning, std::string_view content, CallWatch& watch);
  std::optional<std::string> read(const Text& text, CallWatch& watch);
  std::string exif(CallWatch& watch);
  std::string text(Meaning meaning, CallWatch& watch);

  std::array<std::optional<Text>, kMeanings> texts_;
  std::size_t unpacked_bytes_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
