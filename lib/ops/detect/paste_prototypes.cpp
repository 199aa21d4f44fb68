// SPDX-License-Identifier: Apache-2.0
// ultralytics, utils/ops.py, process_mask() with upsample=True, then resampling to the picture.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/mask_columns.hpp"
#include "ops/detect/pasted_mask.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The axes of the prototypes. A line goes along a column of the picture.
struct Axes {
  explicit Axes(const Frame& frame) : lines(frame.is_turned ? 1U : 2U), elements(frame.is_turned ? 2U : 1U) {}
  std::size_t lines;     // the axis that numbers lines
  std::size_t elements;  // the axis along a line
};

RunLengths nothing(const Frame& frame) {
  RunBuilder runs;
  runs.add(frame.width * frame.height, false);
  return runs.take(frame.height, frame.width);
}

}  // namespace

PrototypePaste::PrototypePaste(const Frame& frame, const Tensor& prototypes, std::int64_t stride)
    : frame_(frame),
      prototypes_(prototypes),
      stride_(stride),
      across_(plane_axis(frame.is_turned ? frame.y : frame.x, frame.width,
                         prototypes.shape()[Axes(frame).lines] * stride, 1)),
      down_(plane_axis(frame.is_turned ? frame.x : frame.y, frame.height,
                       prototypes.shape()[Axes(frame).elements] * stride, 1)) {}

const float* PrototypePaste::Crop::line(std::int64_t index) const {
  const std::int64_t place = std::clamp<std::int64_t>(index - lines.begin + 1, 0, lines.count() + 1);
  return values.data() + place * (elements.count() + 2);
}

/// crop_mask(): keeps the values at begin <= position < end, in pixels of the prototypes.
PrototypePaste::Crop PrototypePaste::crop_of(const Box& box) const {
  const float ratio = 1.0f / static_cast<float>(stride_);
  const auto range = [ratio](float begin, float end, std::int64_t count) {
    const auto bound = [&](float side) {
      return static_cast<std::int64_t>(std::clamp(std::ceil(side * ratio), 0.0f, static_cast<float>(count)));
    };
    return Range{bound(begin), bound(end)};
  };
  const Range columns = range(box.x0, box.x1, prototypes_.shape()[2]),
              rows = range(box.y0, box.y1, prototypes_.shape()[1]);
  return {frame_.is_turned ? rows : columns, frame_.is_turned ? columns : rows, {}};
}

void PrototypePaste::fill(Crop& crop, const Tensor& coefficients) const {
  const Range columns = frame_.is_turned ? crop.elements : crop.lines,
              rows = frame_.is_turned ? crop.lines : crop.elements;
  const std::int64_t height = prototypes_.shape()[1], width = prototypes_.shape()[2];
  std::vector<float> logits(static_cast<std::size_t>(rows.count() * columns.count()));
  const auto* const own = static_cast<const float*>(prototypes_.data());
  const auto* const factors = static_cast<const float*>(coefficients.data());
  for (std::int64_t k = 0; k < prototypes_.shape()[0]; ++k) {
    const float factor = factors[k * coefficients.strides()[0]];
    for (std::int64_t y = 0; y < rows.count(); ++y) {
      const float* const row = own + (k * height + rows.begin + y) * width + columns.begin;
      float* const sums = logits.data() + y * columns.count();
      for (std::int64_t x = 0; x < columns.count(); ++x) sums[x] += factor * row[x];
    }
  }
  const std::int64_t length = crop.elements.count() + 2;
  crop.values.resize(static_cast<std::size_t>((crop.lines.count() + 2) * length));
  for (std::int64_t y = 0; y < rows.count(); ++y) {
    for (std::int64_t x = 0; x < columns.count(); ++x) {
      const std::int64_t line = frame_.is_turned ? y : x, at = frame_.is_turned ? x : y;
      crop.values[static_cast<std::size_t>((line + 1) * length + at + 1)] =
          logits[static_cast<std::size_t>(y * columns.count() + x)];
    }
  }
}

/// The picture's pixels that depend on a value of the crop, perhaps a few more.
PrototypePaste::Range PrototypePaste::shown(const PlaneAxis& axis, const Range& prototypes) const {
  const std::int64_t begin = (prototypes.begin - 1) * stride_, end = (prototypes.end + 1) * stride_;
  Range range{axis.end, axis.begin};
  for (std::int64_t i = axis.begin; i < axis.end; ++i) {
    const Blend& blend = axis.blends[static_cast<std::size_t>(i)];
    if (blend.second < begin || blend.first >= end) continue;
    range.begin = std::min(range.begin, i);
    range.end = i + 1;
  }
  return range;
}

/// Lines of the model's input, each a blend of two prototype lines. Keeps the last two.
class PrototypePaste::InputLines {
 public:
  /// `count` prototype lines of `all` elements; makes the elements `along`.
  InputLines(const Crop& crop, std::int64_t stride, std::int64_t count, std::int64_t all, const Range& along)
      : crop_(crop),
        stride_(stride),
        count_(count),
        elements_(blends_of(all, all * stride, along.begin, along.end)),
        blended_(static_cast<std::size_t>(crop.elements.count() + 2)) {
    for (Blend& blend : elements_) {
      blend.first = place_of(blend.first);
      blend.second = place_of(blend.second);
    }
    for (Line& line : kept_) line.values.resize(elements_.size());
  }

  /// Returns line `index`; line `other` stays valid.
  const float* line(std::int64_t index, std::int64_t other) {
    for (const Line& line : kept_)
      if (line.index == index) return line.values.data();
    Line& made = kept_[0].index == other ? kept_[1] : kept_[0];
    made.index = index;
    const Blend blend = blends_of(count_, count_ * stride_, index, index + 1)[0];
    const float* const first = crop_.line(blend.first);
    const float* const second = crop_.line(blend.second);
    for (std::size_t i = 0; i < blended_.size(); ++i)
      blended_[i] = first[i] * blend.first_weight + second[i] * blend.second_weight;
    for (std::size_t i = 0; i < elements_.size(); ++i) made.values[i] = elements_[i].of(blended_.data());
    return made.values.data();
  }

 private:
  struct Line {
    std::int64_t index = -1;
    std::vector<float> values;
  };
  /// The position in a line of the crop, which zeros surround.
  std::int64_t place_of(std::int64_t element) const {
    return std::clamp<std::int64_t>(element - crop_.elements.begin + 1, 0, crop_.elements.count() + 1);
  }

  const Crop& crop_;
  std::int64_t stride_;
  std::int64_t count_;
  std::vector<Blend> elements_;
  std::vector<float> blended_;
  Line kept_[2];
};

Result<RunLengths> PrototypePaste::paste(const Tensor& coefficients, const Box& box, float gate,
                                         PasteBudget& budget) const {
  Crop crop = crop_of(box);
  if (crop.lines.is_empty() || crop.elements.is_empty()) return nothing(frame_);
  GANTRY_RETURN_IF_ERROR(budget.spend(prototypes_.shape()[0], crop.lines.count() * crop.elements.count()));
  GANTRY_RETURN_IF_ERROR(budget.spend(1, frame_.width + frame_.height));
  fill(crop, coefficients);
  const std::int64_t height = prototypes_.shape()[1], width = prototypes_.shape()[2];
  const Range columns = shown(across_, crop.lines), rows = shown(down_, crop.elements);
  if (columns.is_empty() || rows.is_empty()) return nothing(frame_);

  std::vector<Blend> blends(down_.blends.begin() + rows.begin, down_.blends.begin() + rows.end);
  const bool is_mirrored = blends.front().first > blends.back().first;
  const Range along{(is_mirrored ? blends.back() : blends.front()).first,
                    (is_mirrored ? blends.front() : blends.back()).second + 1};
  for (Blend& blend : blends) blend.first -= along.begin, blend.second -= along.begin;
  GANTRY_RETURN_IF_ERROR(budget.spend(columns.count(), rows.count() + along.count()));
  const MaskRows mask_rows(rows.begin, std::move(blends));
  InputLines lines(crop, stride_, frame_.is_turned ? height : width, frame_.is_turned ? width : height, along);
  std::vector<float> column(static_cast<std::size_t>(along.count()));

  RunBuilder runs;
  runs.add(columns.begin * frame_.height, false);
  for (std::int64_t x = columns.begin; x < columns.end; ++x) {
    GANTRY_RETURN_IF_ERROR(budget.begin_column());
    const Blend& blend = across_.blends[static_cast<std::size_t>(x)];
    const float* const first = lines.line(blend.first, blend.second);
    const float* const second = lines.line(blend.second, blend.first);
    for (std::size_t i = 0; i < column.size(); ++i)
      column[i] = first[i] * blend.first_weight + second[i] * blend.second_weight;
    runs.add(rows.begin, false);
    mask_rows.add_to(runs, column.data(), gate);
    runs.add(frame_.height - rows.end, false);
  }
  runs.add((frame_.width - columns.end) * frame_.height, false);
  return runs.take(frame_.height, frame_.width);
}

}  // namespace gantry::inline GANTRY_ABI::detail
