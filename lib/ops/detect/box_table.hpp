// SPDX-License-Identifier: Apache-2.0
// BoxTable: boxes stored by column, for loops over the overlaps of one box with many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/detect/box.hpp>
#include <gantry/detect/nms.hpp>
#include <gantry/result.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// When boxes suppress each other.
struct OverlapRule {
  double iou;
  detect::Overlap overlap = detect::Overlap::kUnion;
  bool inclusive = false;  ///< sides count the last pixel

  /// torchvision's rule, which compares in double.
  bool is_plain() const { return overlap == detect::Overlap::kUnion && !inclusive; }
};

/// Boxes in order of preference, the best first, and which of them are suppressed.
class BoxTable {
 public:
  /// `inclusive`: areas count the last pixel of each side.
  explicit BoxTable(std::size_t count, bool inclusive = false)
      : columns_(kColumns * count), suppressed_(count), count_(count), extra_(inclusive ? 1.0f : 0.0f) {}

  std::size_t size() const { return count_; }
  void set(std::size_t at, const Box& box);
  bool is_suppressed(std::size_t at) const { return suppressed_[at] != 0; }
  /// Each box of begin..end that is not suppressed suppresses the later ones whose overlap with it is above the rule's
  /// iou. Once `max_count` have stayed, suppresses all others. Errors: those of call.interruption().
  Result<void> suppress(std::size_t begin, std::size_t end, const OverlapRule& rule, std::size_t max_count,
                        const CallContext& call);
  /// Writes intersection / union of the box at `at` with each of begin..end to `overlaps`.
  void overlaps(std::size_t at, std::size_t begin, std::size_t end, float* overlaps) const;

 private:
  template <class Overlap>
  Result<void> suppress_by(std::size_t begin, std::size_t end, float bound, std::size_t max_count,
                           const CallContext& call);

  static constexpr std::size_t kColumns = 5;  // x0, y0, x1, y1, area
  const float* column(std::size_t index) const { return columns_.data() + index * count_; }

  std::vector<float> columns_;
  std::vector<std::uint32_t> suppressed_;  // all bits or none; as wide as a float, so that the loop vectorizes
  std::size_t count_;
  float extra_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
