// SPDX-License-Identifier: Apache-2.0
// RunLengths: one binary mask of a picture, in COCO's run-length encoding.
//
//   RunLengths mask = RunLengths::parse("0125", 3, 3).value();
//   Tensor pixels = mask.to_tensor().value();  // u8[3, 3]
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The pixels of a mask column by column: alternating runs of pixels outside and inside, starting with outside
/// (pycocotools, common/maskApi.c). A mask has at most 2^32 - 1 pixels.
///
/// Ownership: owns its counts.
/// Threads:   thread-compatible.
/// Errors:    those of the functions; check() and to_tensor() find counts that do not add up.
/// Cost:      4 bytes per run; functions are linear in the number of runs.
class GANTRY_API RunLengths {
 public:
  /// No mask.
  RunLengths() = default;
  /// Stores the values unchecked; check() tests whether they are a mask.
  RunLengths(std::int64_t height, std::int64_t width, std::vector<std::uint32_t> counts)
      : height_(height), width_(width), counts_(std::move(counts)) {}
  /// The inverse of to_string(). invalid_argument if the text is not a COCO run-length string, or has another size.
  static Result<RunLengths> parse(std::string_view text, std::int64_t height, std::int64_t width);
  /// From u8 or bool [height, width]; all values but 0 are inside; else invalid_argument. Cost: reads every pixel.
  static Result<RunLengths> of(const Tensor& pixels);

  /// True if there is no mask. A mask without a pixel inside is not empty: its area() is 0.
  bool empty() const { return counts_.empty() && height_ == 0 && width_ == 0; }
  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  const std::vector<std::uint32_t>& counts() const { return counts_; }
  /// invalid_argument unless the counts add up to height * width, and both are valid sides of a mask.
  Result<void> check() const;

  /// The "counts" of COCO's JSON.
  std::string to_string() const;
  /// u8[height, width] of 0 and 1. invalid_argument as check(); resource_exhausted. Cost: writes every pixel.
  Result<Tensor> to_tensor() const;
  /// The number of pixels inside.
  std::int64_t area() const;
  /// {left, top, width, height} around the pixels inside; zeros if there are none.
  std::array<std::int64_t, 4> bounding_box() const;

  /// Compares pixels: one run may be written as several, with runs of 0 between them.
  friend bool operator==(const RunLengths& a, const RunLengths& b) {
    return a.height_ == b.height_ && a.width_ == b.width_ && (a.counts_ == b.counts_ || a.differing_pixels(b) == 0);
  }
  friend bool operator!=(const RunLengths& a, const RunLengths& b) { return !(a == b); }
  /// The number of pixels that are inside one and outside the other of two masks of the same size.
  std::int64_t differing_pixels(const RunLengths& other) const;

 private:
  std::int64_t height_ = 0;
  std::int64_t width_ = 0;
  std::vector<std::uint32_t> counts_;
};

/// The pixels of `labels` that equal `label`. `labels`: contiguous i32[height, width] on the CPU, else
/// invalid_argument. Cost: reads every label.
GANTRY_API Result<RunLengths> run_lengths(const Tensor& labels, std::int32_t label);

}  // namespace GANTRY_ABI
}  // namespace gantry
