// SPDX-License-Identifier: Apache-2.0
// The geometric ops as data: given the size of an image, an op gives the steps that make its result. An op that runs
// alone carries out its steps one after the other; a fused step (fused_chain.hpp) combines those of neighbouring ops.
// Both follow one description, so they cannot differ.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <gantry/image.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>

namespace gantry::inline GANTRY_ABI::detail {

struct ImageSize {
  std::int64_t width;
  std::int64_t height;

  friend bool operator==(const ImageSize& a, const ImageSize& b) { return a.width == b.width && a.height == b.height; }
  friend bool operator!=(const ImageSize& a, const ImageSize& b) { return !(a == b); }
};

inline ImageSize size_of(const Image& image) {
  return {image.width(), image.height()};
}

struct Rectangle {
  std::int64_t left;
  std::int64_t top;
  ImageSize size;
};

/// Pillow's Image.reduce(): each block of `columns` x `rows` pixels of `part` becomes one pixel, its mean. Blocks at
/// the right and at the bottom may be smaller.
struct Reduction {
  std::int64_t columns;
  std::int64_t rows;
  Rectangle part;

  ImageSize size() const { return {(part.size.width - 1) / columns + 1, (part.size.height - 1) / rows + 1}; }
};

/// A part of an image, in pixels; its edges may lie inside pixels.
struct Region {
  double left;
  double top;
  double width;
  double height;
};

/// Resizes the image or, as Pillow can, a box of it, which may be reduced in blocks before.
struct ResizeTo {
  ImageSize size;
  image::Resampling how;
  std::optional<Reduction> reduction = {};
  std::optional<image::Box> box = {};  // of the reduced image
  // For the frame: the part of the image that becomes the result, if not all of it; the scale of the coordinates in
  // both directions, if it is not the ratio of the sizes.
  std::optional<Region> region = {};
  std::optional<double> gain = {};
};

/// A rectangle of the image. It may reach beyond the image; pixels outside are `fill`.
struct Window {
  std::int64_t left;
  std::int64_t top;
  ImageSize size;
  image::Fill fill = 0;
};

/// A border made of the image's pixels. The result has `size`, with the image at (left, top).
struct Extend {
  std::int64_t left;
  std::int64_t top;
  ImageSize size;
  image::PadMode mode;
};

struct Mirror {
  image::FlipAxis axis;
};

using GeometryStep = std::variant<ResizeTo, Window, Mirror, Extend>;

/// Up to two steps, without allocation.
class Geometry {
 public:
  Geometry() = default;
  template <class S, class = std::enable_if_t<std::is_constructible_v<GeometryStep, const S&>>>
  Geometry(const S& step) : steps_{step}, count_(1) {}
  Geometry(const GeometryStep& first, const GeometryStep& second) : steps_{first, second}, count_(2) {}
  const GeometryStep* begin() const { return steps_.data(); }
  const GeometryStep* end() const { return steps_.data() + count_; }

 private:
  std::array<GeometryStep, 2> steps_;
  std::size_t count_ = 0;
};

/// The steps of an op for an image of a given size; invalid_argument or resource_exhausted if it cannot be done.
using Resolve = std::function<Result<Geometry>(ImageSize)>;

/// resource_exhausted for more than 2^31 bytes, which Image::make() refuses too.
Result<void> check_image_bytes(ImageSize size, std::size_t channels);
/// invalid_argument for a border whose colour has another number of channels than the image.
Result<void> check_fill(const GeometryStep& step, std::size_t channels);
/// For example "114" or "[124, 116, 104]".
std::string to_text(const image::Fill& fill);
/// resource_exhausted for a side of more than 65535. `size` is what a resize makes: its visible part.
Result<void> check_resized_sides(ImageSize size);

/// Carries out one step after the other. Shares the pixels if nothing changes.
/// Thread-safe. Errors: resource_exhausted.
Result<Image> carry_out(const Geometry& geometry, Image image);
Result<Image> carry_out(const GeometryStep& step, const Image& image);

}  // namespace gantry::inline GANTRY_ABI::detail
