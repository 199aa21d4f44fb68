// SPDX-License-Identifier: Apache-2.0
// Bilinear upsampling and argmax in one walk over the rows (torch: aten/src/ATen/native/UpSample.h and
// cpu/UpSampleKernel.cpp). Of each class two rows are kept, resized horizontally; a row of labels is made from them.
#include <algorithm>
#include <cmath>
#include <gantry/segmentation.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ops/parameters.hpp"

namespace gantry {
namespace {

/// The two pixels of an axis that make one output, and how much each counts.
struct Blend {
  std::int64_t first;
  std::int64_t second;
  float first_weight;
  float second_weight;
};

std::vector<Blend> blends_of(std::int64_t in, std::int64_t out) {
  std::vector<Blend> blends;
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  for (std::int64_t i = 0; i < out; ++i) {
    const float position = std::max(scale * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
    const std::int64_t first = std::min(static_cast<std::int64_t>(position), in - 1);
    const float weight = std::clamp(position - static_cast<float>(first), 0.0f, 1.0f);
    blends.push_back({first, std::min(first + 1, in - 1), 1.0f - weight, weight});
  }
  return blends;
}

class Labeller {
 public:
  Labeller(const float* logits, std::int64_t classes, std::int64_t height, std::int64_t width, const Segment& size)
      : logits_(logits),
        classes_(classes),
        height_(height),
        width_(width),
        columns_(blends_of(width, size.width)),
        rows_(blends_of(height, size.height)),
        best_(columns_.size()) {
    for (Row& row : kept_) row.values.resize(static_cast<std::size_t>(classes) * columns_.size());
  }

  void run(std::int32_t* labels) {
    for (const Blend& row : rows_) {
      const float* upper = resized_row(row.first, row.second);
      const float* lower = resized_row(row.second, row.first);
      label_row(row, upper, lower, labels);
      labels += columns_.size();
    }
  }

 private:
  struct Row {
    std::int64_t y = -1;
    std::vector<float> values;  // [classes, width of the result]
  };

  /// Row `y` of every class at the width of the result; row `other` stays kept.
  const float* resized_row(std::int64_t y, std::int64_t other) {
    for (Row& row : kept_)
      if (row.y == y) return row.values.data();
    Row& row = kept_[0].y == other ? kept_[1] : kept_[0];
    row.y = y;
    float* out = row.values.data();
    for (std::int64_t c = 0; c < classes_; ++c) {
      const float* in = logits_ + (c * height_ + y) * width_;
      for (const Blend& column : columns_)
        *out++ = in[column.first] * column.first_weight + in[column.second] * column.second_weight;
    }
    return row.values.data();
  }

  void label_row(const Blend& row, const float* upper, const float* lower, std::int32_t* labels) {
    const std::size_t width = columns_.size();
    for (std::int64_t c = 0; c < classes_; ++c, upper += width, lower += width) {
      for (std::size_t x = 0; x < width; ++x) {
        const float value = upper[x] * row.first_weight + lower[x] * row.second_weight;
        // Larger, or the first NaN.
        const bool is_better = c == 0 || (!(value <= best_[x]) && best_[x] == best_[x]);
        best_[x] = is_better ? value : best_[x];
        labels[x] = is_better ? static_cast<std::int32_t>(c) : labels[x];
      }
    }
  }

  const float* logits_;
  const std::int64_t classes_;
  const std::int64_t height_;
  const std::int64_t width_;
  const std::vector<Blend> columns_;
  const std::vector<Blend> rows_;
  std::vector<float> best_;
  Row kept_[2];
};

Result<void> check(const Segment& size) {
  if (size.height == 0 && size.width == 0) return {};
  if (auto ok = detail::check_side("height", size.height); !ok) return ok;
  return detail::check_side("width", size.width);
}

Result<Tensor> run_segment(const Segment& wanted, const Tensor& logits) {
  auto values = logits.values<float>();
  if (!values || logits.rank() != 3 || logits.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "takes logits as a contiguous f32[classes, height, width], got " + logits.to_string());
  const Shape& shape = logits.shape();
  const Segment size = wanted.height == 0 ? Segment{shape[1], shape[2]} : wanted;
  auto labels = Tensor::make(DType::kI32, {size.height, size.width});
  if (!labels) return labels;
  Labeller(values->data(), shape[0], shape[1], shape[2], size).run(static_cast<std::int32_t*>(labels->mutable_data()));
  return labels;
}

}  // namespace

Stage<Tensor, Tensor> segment(const Segment& size) {
  return detail::make_op<Tensor, Tensor>(
      "segment", size, "height=" + std::to_string(size.height) + ", width=" + std::to_string(size.width), check(size),
      [](const Segment& p, Tensor&& logits) { return run_segment(p, logits); });
}

}  // namespace gantry
