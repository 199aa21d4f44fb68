// SPDX-License-Identifier: Apache-2.0
// COCO's run-length encoding (pycocotools, common/maskApi.c).
#include <algorithm>
#include <gantry/segmentation.hpp>
#include <utility>

namespace gantry {

std::string RunLengths::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    // From the third run on, the difference to the run before the last; 5 bits a character, the sixth: more follow.
    auto rest = static_cast<std::int64_t>(counts_[i]) - (i > 2 ? static_cast<std::int64_t>(counts_[i - 2]) : 0);
    for (bool more = true; more;) {
      auto bits = static_cast<int>(rest & 0x1f);
      rest >>= 5;
      more = (bits & 0x10) != 0 ? rest != -1 : rest != 0;
      text += static_cast<char>((more ? bits | 0x20 : bits) + 48);
    }
  }
  return text;
}

std::int64_t RunLengths::area() const {
  std::int64_t pixels = 0;
  for (std::size_t i = 1; i < counts_.size(); i += 2) pixels += counts_[i];
  return pixels;
}

std::array<std::int64_t, 4> RunLengths::bounding_box() const {
  std::int64_t left = width_, top = height_, right = -1, bottom = -1;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < counts_.size(); begin += counts_[i], ++i) {
    if (i % 2 == 0 || counts_[i] == 0) continue;
    const std::int64_t last = begin + counts_[i] - 1;
    const bool is_in_one_column = begin / height_ == last / height_;
    left = std::min(left, begin / height_);
    right = std::max(right, last / height_);
    top = is_in_one_column ? std::min(top, begin % height_) : 0;
    bottom = is_in_one_column ? std::max(bottom, last % height_) : height_ - 1;
  }
  if (right < 0) return {0, 0, 0, 0};
  return {left, top, right - left + 1, bottom - top + 1};
}

Result<RunLengths> run_lengths(const Tensor& labels, std::int32_t label) {
  auto values = labels.values<std::int32_t>();
  if (!values || labels.rank() != 2)
    return Error(ErrorCode::kInvalidArgument, "labels are a contiguous i32[height, width], got " + labels.to_string());
  const std::int64_t height = labels.shape()[0], width = labels.shape()[1];
  std::vector<std::uint32_t> counts;
  bool is_inside = false;
  std::uint32_t run = 0;
  for (std::int64_t x = 0; x < width; ++x) {
    for (std::int64_t y = 0; y < height; ++y, ++run) {
      if (((*values)[static_cast<std::size_t>(y * width + x)] == label) == is_inside) continue;
      counts.push_back(std::exchange(run, 0));
      is_inside = !is_inside;
    }
  }
  counts.push_back(run);
  return RunLengths(height, width, std::move(counts));
}

}  // namespace gantry
