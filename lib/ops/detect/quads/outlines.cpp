// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/quads/outlines.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kWorkOfSearch = 16;  // in units of CallWatch: to look up a run, and for an outline's row

}  // namespace

/// The leftmost and rightmost pixels of each row of a part or a hole.
struct Outlines::Outline {
  struct Extent {
    std::int32_t left;
    std::int32_t right;
  };
  bool is_hole;
  std::int32_t top;
  std::int32_t first_left;  // where its first run begins
  std::vector<Extent> rows;

  void add(std::int32_t y, Extent run) {
    if (y - top == static_cast<std::int32_t>(rows.size())) return rows.push_back(run);
    rows.back().left = std::min(rows.back().left, run.left);
    rows.back().right = std::max(rows.back().right, run.right);
  }

  std::vector<LatticePoint> hull() const { return is_hole ? hull_around() : hull_of_part(); }

 private:
  std::vector<LatticePoint> hull_of_part() const {
    std::vector<LatticePoint> points;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto y = top + static_cast<std::int32_t>(i);
      points.push_back({rows[i].left, y});
      points.push_back({rows[i].right, y});
    }
    std::vector<LatticePoint> hull = convex_hull(points);
    // The contour begins at the first vertex and runs the other way around, so its last vertex is the second one.
    std::rotate(hull.begin(), hull.begin() + (hull.size() > 1 ? 1 : 0), hull.end());
    return hull;
  }

  /// Hull of the pixels beside, above and below a hole.
  std::vector<LatticePoint> hull_around() const {
    const auto count = static_cast<std::int32_t>(rows.size());
    std::vector<LatticePoint> points;
    for (std::int32_t i = -1; i <= count; ++i) {
      Extent both{INT32_MAX, INT32_MIN};
      for (std::int32_t of = std::max(i - 1, 0); of <= std::min(i + 1, count - 1); ++of) {
        const Extent& row = rows[static_cast<std::size_t>(of)];
        const std::int32_t beside = of == i ? 1 : 0;
        both = {std::min(both.left, row.left - beside), std::max(both.right, row.right + beside)};
      }
      points.push_back({both.left, top + i});
      points.push_back({both.right, top + i});
    }
    std::vector<LatticePoint> hull = convex_hull(points);
    // The contour begins to the left of the hole's first pixel and runs clockwise.
    if (hull.back() == LatticePoint{first_left - 1, top}) std::rotate(hull.begin(), hull.end() - 1, hull.end());
    return hull;
  }
};

Outlines::Outlines(std::int64_t width, std::int64_t height)
    : width_(static_cast<std::uint32_t>(width)), height_(static_cast<std::uint32_t>(height)) {
  runs_.push_back({0, 0});
  joined_to_.push_back(0);
}

Outlines::Id Outlines::root_of(Id id) {
  while (joined_to_[id] != id) id = joined_to_[id] = joined_to_[joined_to_[id]];
  return id;
}

/// The earliest run becomes the root: it begins at the first pixel of all.
void Outlines::join(Id a, Id b) {
  a = root_of(a);
  b = root_of(b);
  joined_to_[std::max(a, b)] = std::min(a, b);
}

void Outlines::add_row(const std::uint8_t* row) {
  const auto begin = static_cast<Id>(runs_.size());
  const auto add = [this](std::uint32_t x, bool is_set) {
    joined_to_.push_back(static_cast<Id>(runs_.size()));
    runs_.push_back({x & 0x7fffffffu, is_set});
  };
  if (row[0] == 0) add(0, false);
  for (std::uint32_t x = 0; x < width_; x += 8) {  // compares eight pixels with those before
    std::uint64_t now, before;
    std::memcpy(&now, row + x, sizeof(now));
    std::memcpy(&before, row + x - 1, sizeof(before));
    for (std::uint64_t changes = now ^ before; changes != 0; changes &= changes - 1) {
      const std::uint32_t at = x + static_cast<std::uint32_t>(std::countr_zero(changes)) / 8;
      if (at < width_) add(at, row[at] != 0);
    }
  }
  const auto end = static_cast<Id>(runs_.size());
  const bool is_edge = row_begins_.empty() || row_begins_.size() + 1 == height_;
  for (Id id = begin; id < end; ++id)
    if (runs_[id].is_set == 0 && (is_edge || id == begin || id + 1 == end)) join(0, id);
  if (!row_begins_.empty()) join_rows(row_begins_.back(), begin, end);
  row_begins_.push_back(begin);
}

/// Joins equal runs of two rows that lie above one another; runs of the mask also if they touch at a corner.
void Outlines::join_rows(Id above, Id below, Id end) {
  const Id above_end = below;
  while (above < above_end && below < end) {
    const bool is_above_set = runs_[above].is_set != 0, is_below_set = runs_[below].is_set != 0;
    if (is_above_set == is_below_set) join(above, below);
    const std::uint32_t above_ends = end_of(above, above_end), below_ends = end_of(below, end);
    if (above_ends == below_ends && above_ends < width_ && is_above_set != is_below_set)
      is_above_set ? join(above, below + 1) : join(above + 1, below);
    if (above_ends <= below_ends) ++above;
    if (below_ends <= above_ends) ++below;
  }
}

/// The first run of each of the last `most` outlines, from the last one to the first.
Result<std::vector<Outlines::Id>> Outlines::firsts(std::size_t most, CallWatch& watch) {
  for (std::size_t id = 1; id < runs_.size(); ++id) {
    if (watch.is_over(sizeof(Id))) return watch.interruption();
    joined_to_[id] = joined_to_[joined_to_[id]];
  }
  std::vector<Id> firsts;
  for (auto id = static_cast<Id>(runs_.size() - 1); id > 0 && firsts.size() < most; --id) {
    if (watch.is_over(sizeof(Id))) return watch.interruption();
    if (joined_to_[id] == id) firsts.push_back(id);
  }
  return firsts;
}

Result<std::vector<Outlines::Outline>> Outlines::collected(std::size_t most, CallWatch& watch) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Id> firsts, this->firsts(most, watch));
  std::vector<Outline> outlines(firsts.size());
  if (firsts.empty()) return outlines;
  // An outline's runs come after its first one, so runs before firsts.back() are skipped.
  const auto later = std::greater<Id>();
  auto row = static_cast<std::size_t>(std::upper_bound(row_begins_.begin(), row_begins_.end(), firsts.back()) -
                                      row_begins_.begin()) -
             1;
  for (; row < row_begins_.size(); ++row) {
    const Id end = row + 1 < row_begins_.size() ? row_begins_[row + 1] : static_cast<Id>(runs_.size());
    const auto y = static_cast<std::int32_t>(row);
    for (Id id = std::max(row_begins_[row], firsts.back()); id < end; ++id) {
      if (watch.is_over(kWorkOfSearch)) return watch.interruption();
      const auto found = std::lower_bound(firsts.begin(), firsts.end(), joined_to_[id], later);
      if (found == firsts.end() || *found != joined_to_[id]) continue;
      Outline& outline = outlines[static_cast<std::size_t>(found - firsts.begin())];
      const auto left = static_cast<std::int32_t>(runs_[id].begin);
      if (*found == id) outline.is_hole = runs_[id].is_set == 0, outline.top = y, outline.first_left = left;
      outline.add(y, {left, static_cast<std::int32_t>(end_of(id, end)) - 1});
    }
  }
  return outlines;
}

Result<std::vector<std::vector<LatticePoint>>> Outlines::hulls(std::size_t most, const CallContext& call) {
  GANTRY_RETURN_IF_ERROR(call.interruption());
  CallWatch watch(&call);
  GANTRY_ASSIGN_OR_RETURN(const auto outlines, collected(most, watch));
  std::vector<std::vector<LatticePoint>> hulls;
  hulls.reserve(outlines.size());
  for (const Outline& outline : outlines) {
    hulls.push_back(outline.hull());
    if (watch.is_over(kWorkOfSearch * (1 + outline.rows.size()))) return watch.interruption();
  }
  return hulls;
}

}  // namespace gantry::inline GANTRY_ABI::detail
