// SPDX-License-Identifier: Apache-2.0
// RowScratch: memory that a thread keeps between images, so that an image of a known size costs no allocation: a block
// of bytes for rows in flight, and the weights of the last few geometries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>
#include <vector>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/kernels/axis_weights.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// One axis of a resampling: `in` pixels become `out`, of which `count` from `first` on are needed.
struct AxisKey {
  image::Resampling how;
  std::int64_t in;
  std::int64_t out;
  std::int64_t first;
  std::int64_t count;
  bool is_vertical;         // only OpenCV treats the two axes differently
  AxisBox box = {};         // a part of `in`; only Pillow's weights use it
  bool is_covered = false;  // OpenCV's area filter: no side of the image grows, and outputs cover pixels
};

/// The visible part of one axis of a pass that resizes its source rectangle, or a box of it.
AxisKey axis_key(const RowPass& pass, bool is_vertical);

/// Ownership: belongs to its thread.
/// Threads:   one thread.
/// Errors:    throws std::bad_alloc.
/// Cost:      a lookup compares up to 16 keys. Keeps the weights of 16 axes and the block; a block of more than
///            kKeptBytes is freed at the next use.
class RowScratch {
 public:
  static RowScratch& of_this_thread();

  /// The results of two successive lookups are valid together.
  const AxisWeights& weights(const AxisKey& key);

  /// Begins a new use of the block: `bytes` in all, each part counted as aligned(part). Throws std::bad_alloc for more
  /// bytes than an image may have, which a tall strip that becomes a wide one may need.
  void reset(std::size_t bytes);
  /// Takes the next part of the block.
  std::uint8_t* take(std::size_t bytes);
  /// Two lists of rows, kept for reuse.
  std::vector<const std::uint8_t*>& ring() { return ring_; }
  std::vector<const std::uint8_t*>& taps() { return taps_; }

  static constexpr std::size_t kAlignment = 64;
  static std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

 private:
  static constexpr std::size_t kKeptBytes = 16 << 20;
  static constexpr std::size_t kAxes = 16;
  struct Axis {
    AxisKey key{};
    std::uint64_t used_at = 0;  // 0: empty
    AxisWeights weights;
  };

  std::array<Axis, kAxes> axes_;
  std::uint64_t clock_ = 0;
  std::vector<std::uint8_t> block_;
  std::size_t begin_ = 0;
  std::size_t taken_ = 0;
  std::vector<const std::uint8_t*> ring_;
  std::vector<const std::uint8_t*> taps_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
