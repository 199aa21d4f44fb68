// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_animation.hpp"

#include "ops/image/png/png_chunks.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::uint32_t kMaxFrames = 0x80000000u;
constexpr const char* kOutOfOrder = "is out of order";

}  // namespace

const char* PngAnimation::read(std::string_view chunk, std::string_view content, std::uint32_t width,
                               std::uint32_t height, bool accepts_short) {
  const std::size_t needed = chunk == "acTL" ? 8 : chunk == "fcTL" ? 26 : chunk == "fdAT" ? 4 : 0;
  if (needed == 0) return nullptr;
  if (content.size() < needed) return accepts_short ? nullptr : kPngChunkTooShort;
  if (chunk == "fcTL") return read_frame(content, width, height);
  if (chunk == "fdAT") {
    if (!sequence_number_) return kOutOfOrder;
    return has_sequence_fault(png_number(content, 0)) ? kOutOfOrder : nullptr;
  }
  const std::uint32_t frames = png_number(content, 0);
  if (frames_)
    frames_.reset();  // a second acTL: Pillow takes the file for one image
  else if (frames > 0 && frames <= kMaxFrames)
    frames_ = frames;
  return nullptr;
}

bool PngAnimation::has_sequence_fault(std::uint32_t number) {
  const std::uint64_t expected = sequence_number_ ? std::uint64_t{*sequence_number_} + 1 : 0;
  if (number != expected) return true;
  sequence_number_ = number;
  return false;
}

const char* PngAnimation::read_frame(std::string_view content, std::uint32_t width, std::uint32_t height) {
  if (has_sequence_fault(png_number(content, 0))) return kOutOfOrder;
  const PngRegion region{png_number(content, 12), png_number(content, 16), png_number(content, 4),
                         png_number(content, 8)};
  if (region.left + region.width > width || region.top + region.height > height)
    return "names a frame outside the image";
  region_ = region;
  return nullptr;
}

void PngAnimation::begin_pixels() {
  const std::uint64_t frames = frames_.value_or(1);
  is_animated_ = frames > 1 || (frames_ && !region_);  // without a region, the image is not one of the frames
}

}  // namespace gantry::inline GANTRY_ABI::detail
