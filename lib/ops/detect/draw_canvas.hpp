// SPDX-License-Identifier: Apache-2.0
// Canvas: draws shapes on an RGB image. Whatever their coordinates, it never writes outside the image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image/image.hpp>
#include <gantry/segment/run_lengths.hpp>

namespace gantry::inline GANTRY_ABI::detail {

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  friend bool operator==(const Rgb& a, const Rgb& b) {
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
  }
};

/// Blends two colours: own * (1 - alpha) + with * alpha, truncated, in float32 as torchvision's
/// draw_segmentation_masks() computes it, which rounds 1 - alpha once. alpha: 0..1.
class AlphaBlend {
 public:
  explicit AlphaBlend(double alpha) : alpha_(static_cast<float>(alpha)), rest_(static_cast<float>(1 - alpha)) {}

  std::uint8_t operator()(std::uint8_t own, std::uint8_t with) const {
    return static_cast<std::uint8_t>(static_cast<float>(own) * rest_ + static_cast<float>(with) * alpha_);
  }
  void operator()(std::uint8_t* pixel, Rgb with) const {
    pixel[0] = (*this)(pixel[0], with.red);
    pixel[1] = (*this)(pixel[1], with.green);
    pixel[2] = (*this)(pixel[2], with.blue);
  }

 private:
  float alpha_;
  float rest_;
};

/// Columns left..right - 1 and rows top..bottom - 1; empty if right <= left or bottom <= top.
/// Coordinates are at most 2^32 from 0, so that their sums cannot overflow.
struct PixelBox {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t right = 0;
  std::int64_t bottom = 0;

  std::int64_t width() const { return right - left; }
  std::int64_t height() const { return bottom - top; }
  bool is_empty() const { return right <= left || bottom <= top; }
  bool overlaps(const PixelBox& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

/// Ownership: borrows the image, which must be RGB.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      linear in the pixels within the image.
class GANTRY_API Canvas {
 public:
  explicit Canvas(Image& image) : image_(image) {}

  std::int64_t width() const { return image_.width(); }
  std::int64_t height() const { return image_.height(); }
  PixelBox bounds() const { return {0, 0, width(), height()}; }

  void fill(const PixelBox& box, Rgb colour);
  /// Fills the outermost `thickness` pixels of the box.
  void outline(const PixelBox& box, std::int64_t thickness, Rgb colour);
  /// Fills each pixel whose centre is within `radius` of (x, y); (0, 0) is the image's corner. All are finite.
  void disc(double x, double y, double radius, Rgb colour);
  /// Blends the colour over the pixels inside a mask of the image's size.
  void blend(const RunLengths& mask, Rgb colour, const AlphaBlend& blend);
  /// Copies an RGB image; its first pixel goes to (left, top).
  void paste(const Image& image, std::int64_t left, std::int64_t top);

 private:
  PixelBox clipped(const PixelBox& box) const;
  Image& image_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
