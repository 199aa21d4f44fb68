// SPDX-License-Identifier: Apache-2.0
// torchvision, models/detection/roi_heads.py, paste_masks_in_image().
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/mask_columns.hpp"
#include "ops/detect/pasted_mask.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kPadding = 1;  // zeros around the mask
constexpr std::uint32_t kColumnsBetweenLooks = 32;

/// Whole pixels along one axis that the padded mask is stretched over.
struct Stretched {
  std::int64_t begin;
  std::int64_t end;

  std::int64_t length() const { return std::max<std::int64_t>(end - begin, 1); }
};

/// expand_boxes() and the steps after it, along one axis.
std::optional<Stretched> stretched(float begin, float end, float scale) {
  const float half = (end - begin) * 0.5f * scale, middle = (end + begin) * 0.5f;
  const float from = middle - half, to = middle + half;
  if (!is_near(from) || !is_near(to)) return std::nullopt;
  return Stretched{static_cast<std::int64_t>(from), static_cast<std::int64_t>(to) + 1};
}

/// The part of `all` that is in the picture.
struct Shown {
  Shown(const Stretched& all, std::int64_t pixels)
      : begin(std::max<std::int64_t>(all.begin, 0)), end(std::min(all.end, pixels)) {}

  std::int64_t begin;
  std::int64_t end;
  std::int64_t count() const { return std::max<std::int64_t>(end - begin, 0); }
};

/// The mask as lines along the picture's columns, padded with zeros.
class PaddedLines {
 public:
  PaddedLines(const Tensor& mask, const Frame& frame)
      : count_(mask.shape()[frame.is_turned ? 0 : 1] + 2 * kPadding),
        length_(mask.shape()[frame.is_turned ? 1 : 0] + 2 * kPadding),
        values_(static_cast<std::size_t>(count_ * length_)) {
    const std::int64_t height = mask.shape()[0], width = mask.shape()[1];
    const std::int64_t down = mask.strides()[0], across = mask.strides()[1];
    const auto* const own = static_cast<const float*>(mask.data());
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t shown_x = frame.x.gain < 0 ? width - 1 - x : x;
        const std::int64_t shown_y = frame.y.gain < 0 ? height - 1 - y : y;
        const std::int64_t line = frame.is_turned ? shown_y : shown_x, at = frame.is_turned ? shown_x : shown_y;
        values_[static_cast<std::size_t>((line + kPadding) * length_ + at + kPadding)] = own[y * down + x * across];
      }
    }
  }

  std::int64_t count() const { return count_; }
  std::int64_t length() const { return length_; }
  const float* line(std::int64_t index) const { return values_.data() + index * length_; }

 private:
  std::int64_t count_;
  std::int64_t length_;
  std::vector<float> values_;
};

}  // namespace

Result<void> PasteBudget::spend(std::int64_t columns, std::int64_t values) {
  if (columns > 0 && values > left_ / columns)
    return Error(
        ErrorCode::kResourceExhausted,
        "the boxes of the detections cover more than 4294967296 pixels of the picture together; put detect.nms "
        "or detect.filter with a smaller max_count before detect.paste_masks");
  left_ -= columns * values;
  return {};
}

Result<void> PasteBudget::begin_column() {
  if (columns_++ % kColumnsBetweenLooks != 0) return {};
  GANTRY_RETURN_IF_ERROR(call_.interruption());
  return {};
}

Result<RunLengths> paste_over_box(const Tensor& probabilities, const Box& box, const Frame& frame, float threshold,
                                  PasteBudget& budget) {
  const std::int64_t width = probabilities.shape()[1];
  const auto scale = static_cast<float>(static_cast<double>(width + 2 * kPadding) / static_cast<double>(width));
  const auto across = stretched(box.x0, box.x1, scale), down = stretched(box.y0, box.y1, scale);
  const Shown columns(across.value_or(Stretched{0, 0}), frame.width),
      rows(down.value_or(Stretched{0, 0}), frame.height);
  RunBuilder runs;
  if (!across || !down || columns.count() == 0 || rows.count() == 0) {
    runs.add(frame.width * frame.height, false);
    return runs.take(frame.height, frame.width);
  }
  const PaddedLines lines(probabilities, frame);
  GANTRY_RETURN_IF_ERROR(budget.spend(columns.count(), rows.count() + lines.length()));
  const MaskRows mask_rows(rows.begin,
                           blends_of(lines.length(), down->length(), rows.begin - down->begin, rows.end - down->begin));
  std::vector<float> column(static_cast<std::size_t>(lines.length()));
  runs.add(columns.begin * frame.height, false);
  for (const Blend& blend :
       blends_of(lines.count(), across->length(), columns.begin - across->begin, columns.end - across->begin)) {
    GANTRY_RETURN_IF_ERROR(budget.begin_column());
    const float* const first = lines.line(blend.first);
    const float* const second = lines.line(blend.second);
    for (std::size_t i = 0; i < column.size(); ++i)
      column[i] = first[i] * blend.first_weight + second[i] * blend.second_weight;
    runs.add(rows.begin, false);
    mask_rows.add_to(runs, column.data(), threshold);
    runs.add(frame.height - rows.end, false);
  }
  runs.add((frame.width - columns.end) * frame.height, false);
  return runs.take(frame.height, frame.width);
}

}  // namespace gantry::inline GANTRY_ABI::detail
