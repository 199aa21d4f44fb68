// SPDX-License-Identifier: Apache-2.0
// Outlines of what is set in a mask, as OpenCV's findContours(RETR_LIST) finds them: of each part whose pixels touch at
// sides or corners the one outside, and of each hole in such a part, whose pixels touch at sides, the one of the part's
// pixels around it.
//
// The hull of an outline is all that a rectangle around it needs, and that is the hull of the leftmost and rightmost
// pixels of each row: no border is followed. Rows are cut into runs of equal pixels, and runs that touch are joined.
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
/// Ownership: owns its runs; 8 bytes for each, of which there are at most width * height + height, and up to 20 while
///            their lists grow; in hulls() also up to 16 for each row of an outline and 200 for each outline.
/// Threads:   one thread.
/// Errors:    what interrupts the call.
/// Cost:      add_row: linear in the mask, all but (joined runs are found by halved paths); hulls: for each run behind
///            the first one of the last `most` outlines a search among these, log2(most) steps.
class GANTRY_API Outlines {
 public:
  Outlines(std::int64_t width, std::int64_t height);

  /// 0 and 1; `row` has `width` of them, a 0 before them, and eight behind that are 0.
  void add_row(const std::uint8_t* row);
  /// After the last row: of the first `most` outlines in OpenCV's order, which is from the last one to the first, by
  /// where their first pixel lies, row by row. Each is the hull from the vertex on at which min_area_rect() has to
  /// begin for OpenCV's answer to its contour.
  Result<std::vector<std::vector<LatticePoint>>> hulls(std::size_t most, const CallContext& call);

 private:
  /// Where it begins, and whether it is of the mask. It ends where the next one of the row begins.
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
  std::vector<Run> runs_;       // the first stands for all that is outside
  std::vector<Id> joined_to_;   // an earlier run, or itself; in the end the first of all that touch
  std::vector<Id> row_begins_;  // which run each row begins with
};

}  // namespace gantry::inline GANTRY_ABI::detail
