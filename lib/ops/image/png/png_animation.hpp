// SPDX-License-Identifier: Apache-2.0
// PngAnimation: what the chunks of an animated PNG (acTL, fcTL, fdAT) mean for the one image that is decoded, as Pillow
// reads them.
#pragma once

#include <cstdint>
#include <gantry/version.hpp>
#include <optional>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// The part of an image that its pixel data fills.
struct PngRegion {
  std::int64_t left;
  std::int64_t top;
  std::int64_t width;
  std::int64_t height;
};

/// Ownership: borrows nothing.
/// Threads:   one thread.
/// Errors:    what is wrong with a chunk, as a static text.
/// Cost:      negligible.
class PngAnimation {
 public:
  /// Reads a chunk whose first bytes exist, in an image of that size. nullptr if nothing is wrong; chunks that are not
  /// part of an animation are ignored. `accepts_short`: so are chunks that are too short.
  const char* read(std::string_view chunk, std::string_view content, std::uint32_t width, std::uint32_t height,
                   bool accepts_short);
  /// Call it where the first pixel data begins.
  void begin_pixels();
  /// True if frames follow the decoded image. Only after begin_pixels().
  bool is_animated() const { return is_animated_; }
  /// The part that the last fcTL names; nothing if there was none.
  const std::optional<PngRegion>& region() const { return region_; }

 private:
  bool has_sequence_fault(std::uint32_t number);
  const char* read_frame(std::string_view content, std::uint32_t width, std::uint32_t height);

  std::optional<std::uint32_t> frames_;
  std::optional<std::uint32_t> sequence_number_;
  std::optional<PngRegion> region_;
  bool is_animated_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
