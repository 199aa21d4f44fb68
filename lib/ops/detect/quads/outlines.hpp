// SPDX-License-Identifier: Apache-2.0
// Outlines of a mask, as OpenCV's findContours(RETR_LIST) finds them: the outer one of each 8-connected part, and for
// each 4-connected hole in a part the outline of the part's pixels around it.
//
// A rectangle around an outline needs only its hull, which is the hull of the leftmost and rightmost pixels of each
// row. So no border is followed: rows are cut into runs of equal pixels, and runs that touch are joined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/export.hpp>
#include <gantry/result.hpp>
#include <vector>

#include "ops/detect/quads/lattice.hpp"
#include "ops/image/call_watch.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Takes the rows of a mask one after the other.
///
/// Ownership: owns its runs: at most width * height + height, 8 bytes each, up to 20 while their lists grow. hulls()
///            adds up to 16 bytes for each row of an outline and 200 for each outline.
/// Threads:   one thread.
/// Errors:    those of call.interruption().
/// Cost:      add_row: almost linear in the row (union-find with path halving); hulls: log2(most) steps for each
///            run from the first one of the last `most` outlines on.
class GANTRY_API Outlines {
 public:
  Outlines(std::int64_t width, std::int64_t height);

  /// `row` has `width` values of 0 or 1, a 0 before them, and eight 0 after them.
  void add_row(const std::uint8_t* row);
  /// Call after the last row. Returns hulls of the first `most` outlines in OpenCV's order: by first pixel in row-major
  /// order, from the last to the first. Each starts at the vertex where min_area_rect() must begin to match OpenCV's
  /// result for its contour.
  Result<std::vector<std::vector<LatticePoint>>> hulls(std::size_t most, const CallContext& call);

 private:
  /// Its first column, and whether it is set. It ends where the next one of the row begins.
  struct Run {
    std::uint32_t begin : 31;
    std::uint32_t is_set : 1;
  };
  struct Outline;
  using Id = std::uint32_t;

  Id root_of(Id id);
  void join(Id a, Id b);
  void join_rows(Id above_begin, Id above_end, Id end);
  std::uint32_t end_of(Id id, Id row_end) const { return id + 1 < row_end ? runs_[id + 1].begin : width_; }
  Result<std::vector<Id>> firsts(std::size_t most, CallWatch& watch);
  Result<std::vector<Outline>> collected(std::size_t most, CallWatch& watch);

  std::uint32_t width_;
  std::uint32_t height_;
  std::vector<Run> runs_;       // the first stands for all outside
  std::vector<Id> joined_to_;   // an earlier run, or itself; at the end the first of all that touch
  std::vector<Id> row_begins_;  // the first run of each row
};

}  // namespace gantry::inline GANTRY_ABI::detail
