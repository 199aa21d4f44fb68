// SPDX-License-Identifier: Apache-2.0
// RunBuilder: builds run lengths from pixels in column-major order.
#pragma once

#include <cstdint>
#include <gantry/segment/run_lengths.hpp>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

class RunBuilder {
 public:
  /// Adds `count` pixels, all inside or all outside.
  void add(std::int64_t count, bool is_inside) {
    if (count <= 0) return;
    if (is_inside != is_inside_) {
      counts_.push_back(static_cast<std::uint32_t>(std::exchange(run_, 0)));
      is_inside_ = is_inside;
    }
    run_ += count;
  }
  /// height * width must be the number of added pixels.
  RunLengths take(std::int64_t height, std::int64_t width) {
    counts_.push_back(static_cast<std::uint32_t>(run_));
    return RunLengths(height, width, std::move(counts_));
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::int64_t run_ = 0;
  bool is_inside_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
