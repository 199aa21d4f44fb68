// SPDX-License-Identifier: Apache-2.0
// What the geometric ops do, as data: given the size of an image, an op says which steps lead to its result. An op that
// runs alone carries the steps out one after the other; a fused step (fused_chain.hpp) puts those of neighbouring ops
// together instead. Both come from one description, and cannot differ.
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

/// Blocks of `columns` x `rows` pixels of `part` become one pixel each, their mean: Pillow's Image.reduce(). What is
/// left at the right and at the bottom makes smaller blocks.
struct Reduction {
  std::int64_t columns;
  std::int64_t rows;
  Rectangle part;

  ImageSize size() const { return {(part.size.width - 1) / columns + 1, (part.size.height - 1) / rows + 1}; }
};

/// A part of an image, not of whole pixels.
struct Region {
  double left;
  double top;
  double width;
  double height;
};

/// The image at another size; or, as Pillow does it, a box of the image, whose blocks may have been reduced before.
struct ResizeTo {
  ImageSize size;
  image::Resampling how;
  std::optional<Reduction> reduction = {};
  std::optional<image::Box> box = {};  // of the reduced image
  // For the frame. What of the image becomes the result, if not all of it; by what coordinates grow in both directions,
  // where that is not the sizes' ratio.
  std::optional<Region> region = {};
  std::optional<double> gain = {};
};

/// A rectangle of the image. It may reach beyond it: what is outside is `fill`.
struct Window {
  std::int64_t left;
  std::int64_t top;
  ImageSize size;
  image::Fill fill = 0;
};

/// A border made of the image: the result has `size`, and the image is at (left, top).
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

/// What an op does to an image of a given size; invalid_argument or resource_exhausted if it cannot be done.
using Resolve = std::function<Result<Geometry>(ImageSize)>;

/// resource_exhausted for more than 2^31 bytes: what Image::make() refuses.
Result<void> check_image_bytes(ImageSize size, std::size_t channels);
/// invalid_argument for a border whose colour has another number of channels than the image.
Result<void> check_fill(const GeometryStep& step, std::size_t channels);
/// "114", or "[124, 116, 104]".
std::string to_text(const image::Fill& fill);
/// resource_exhausted for a side of more than 65535: of what a resize makes, which is the part of it that is seen.
Result<void> check_resized_sides(ImageSize size);

/// Carries out one step after the other; shared pixels where nothing changes.
/// Thread-safe. Errors: resource_exhausted.
Result<Image> carry_out(const Geometry& geometry, Image image);
Result<Image> carry_out(const GeometryStep& step, const Image& image);

}  // namespace gantry::inline GANTRY_ABI::detail
