// SPDX-License-Identifier: Apache-2.0
// Boxes of a picture and their arithmetic, as facenet_pytorch does it in f32, each operation rounded:
// examples/models/mtcnn.py has the recipe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace mtcnn {

/// Corners in pixels of the picture, and how sure a network is of it.
struct Box {
  float left = 0, top = 0, right = 0, bottom = 0, score = 0;
};

/// How far a network moves each corner, in shares of the box's sides.
struct Move {
  float left = 0, top = 0, right = 0, bottom = 0;
};

/// Columns left.. and rows top.. of a picture; `right` and `bottom` are behind the last.
struct Window {
  int left = 0, top = 0, right = 0, bottom = 0;
  bool is_empty() const { return right <= left || bottom <= top; }
};

/// Towards zero; what no picture has is 0.
inline int whole(float value) {
  return value > -1e6F && value < 1e6F ? static_cast<int>(value) : 0;
}

inline Window window_of(const Box& box, int width, int height) {
  return {std::max(whole(box.left), 1) - 1, std::max(whole(box.top), 1) - 1, std::min(whole(box.right), width),
          std::min(whole(box.bottom), height)};
}

/// `extra`: 1 where a box's side counts its last pixel.
inline Box moved(const Box& box, const Move& by, float extra) {
  const float width = box.right - box.left + extra;
  const float height = box.bottom - box.top + extra;
  return {box.left + by.left * width, box.top + by.top * height, box.right + by.right * width,
          box.bottom + by.bottom * height, box.score};
}

/// The square around the box's middle.
inline Box squared(const Box& box) {
  const float width = box.right - box.left;
  const float height = box.bottom - box.top;
  const float side = std::max(width, height);
  const float left = box.left + width * 0.5F - side * 0.5F;
  const float top = box.top + height * 0.5F - side * 0.5F;
  return {left, top, left + side, top + side, box.score};
}

inline float area(const Box& box, float extra) {
  return (box.right - box.left + extra) * (box.bottom - box.top + extra);
}
inline float shared_area(const Box& a, const Box& b, float extra) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left) + extra;
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top) + extra;
  return std::max(width, 0.0F) * std::max(height, 0.0F);
}

/// Shared by the area of both together.
inline float overlap(const Box& a, const Box& b) {
  const float shared = shared_area(a, b, 0);
  return shared / (area(a, 0) + area(b, 0) - shared);
}
/// Shared by the area of the smaller one; sides count their last pixel.
inline float overlap_of_smaller(const Box& a, const Box& b) {
  return shared_area(a, b, 1) / std::min(area(a, 1), area(b, 1));
}

/// Non-maximum suppression: indices of the boxes that overlap no better one by more than `limit`, best first; equal
/// scores in their order.
template <class Overlap, class Limit>
std::vector<std::size_t> best_of(const std::vector<Box>& boxes, Overlap overlap_of, Limit limit) {
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return boxes[a].score > boxes[b].score; });
  std::vector<std::size_t> kept;
  for (const std::size_t i : order) {
    const auto hides = [&](std::size_t k) { return static_cast<Limit>(overlap_of(boxes[k], boxes[i])) > limit; };
    if (std::none_of(kept.begin(), kept.end(), hides)) kept.push_back(i);
  }
  return kept;
}

}  // namespace mtcnn
