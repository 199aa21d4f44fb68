// SPDX-License-Identifier: Apache-2.0
// Bilinear upsampling and argmax in one walk over the rows (torch: aten/src/ATen/native/UpSample.h and
// cpu/UpSampleKernel.cpp). Of each class two rows are kept, resized horizontally; a row of labels is made from them.
#include <algorithm>
#include <cmath>
#include <gantry/segmentation.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ops/parameters.hpp"
#include "ops/row_bands.hpp"
#include "ops/segment/bilinear.hpp"

namespace gantry {
namespace {

using detail::Blend;
using detail::blends_of;

/// The logits, and where they lie in the result.
struct Upsampling {
  Upsampling(const float* values, const Shape& shape, const Segment& size)
      : logits(values),
        classes(shape[0]),
        height(shape[1]),
        width(shape[2]),
        columns(blends_of(width, size.width)),
        rows(blends_of(height, size.height)) {}

  const float* logits;
  std::int64_t classes;
  std::int64_t height;
  std::int64_t width;
  std::vector<Blend> columns;
  std::vector<Blend> rows;
};

/// Labels rows of the result, one after the other. One thread's.
class Labeller {
 public:
  explicit Labeller(const Upsampling& from) : from_(from), best_(from.columns.size()) {
    for (Row& row : kept_) row.values.resize(static_cast<std::size_t>(from.classes) * from.columns.size());
  }

  /// `labels`: of the whole result.
  void run(std::int64_t begin, std::int64_t end, std::int32_t* labels) {
    labels += static_cast<std::size_t>(begin) * from_.columns.size();
    for (auto y = static_cast<std::size_t>(begin); y < static_cast<std::size_t>(end); ++y) {
      const Blend& row = from_.rows[y];
      const float* upper = resized_row(row.first, row.second);
      const float* lower = resized_row(row.second, row.first);
      label_row(row, upper, lower, labels);
      labels += from_.columns.size();
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
    for (std::int64_t c = 0; c < from_.classes; ++c) {
      const float* in = from_.logits + (c * from_.height + y) * from_.width;
      for (const Blend& column : from_.columns)
        *out++ = in[column.first] * column.first_weight + in[column.second] * column.second_weight;
    }
    return row.values.data();
  }

  void label_row(const Blend& row, const float* upper, const float* lower, std::int32_t* labels) {
    const std::size_t width = from_.columns.size();
    for (std::int64_t c = 0; c < from_.classes; ++c, upper += width, lower += width) {
      for (std::size_t x = 0; x < width; ++x) {
        const float value = upper[x] * row.first_weight + lower[x] * row.second_weight;
        // Larger, or the first NaN.
        const bool is_better = c == 0 || (!(value <= best_[x]) && best_[x] == best_[x]);
        best_[x] = is_better ? value : best_[x];
        labels[x] = is_better ? static_cast<std::int32_t>(c) : labels[x];
      }
    }
  }

  const Upsampling& from_;
  std::vector<float> best_;
  Row kept_[2];
};

Result<void> check(const Segment& size) {
  if (size.height == 0 && size.width == 0) return {};
  if (auto ok = detail::check_side("height", size.height); !ok) return ok;
  return detail::check_side("width", size.width);
}

Result<Tensor> run_segment(const Segment& wanted, const Tensor& logits, const CallContext& call) {
  auto values = logits.values<float>();
  if (!values || logits.rank() != 3 || logits.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "takes logits as a contiguous f32[classes, height, width], got " + logits.to_string());
  const Shape& shape = logits.shape();
  const Segment size = wanted.height == 0 ? Segment{shape[1], shape[2]} : wanted;
  auto labels = Tensor::make(DType::kI32, {size.height, size.width});
  if (!labels) return labels;
  const Upsampling from(values->data(), shape, size);
  auto* out = static_cast<std::int32_t*>(labels->mutable_data());
  const std::int64_t work = from.classes * size.height * size.width;  // about a nanosecond each
  auto done = detail::for_row_bands(call, size.height, work,
                                    [&](std::int64_t begin, std::int64_t end) { Labeller(from).run(begin, end, out); });
  if (!done) return std::move(done).error();
  return labels;
}

Result<Tensor> run_segment_input(const Tensor& input, const Tensor& logits, const CallContext& call) {
  const std::size_t rank = input.rank();
  if (rank < 2 || input.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "takes the model's input, [.., height, width], beside its logits, got " + input.to_string());
  const Segment size{input.shape()[rank - 2], input.shape()[rank - 1]};
  if (auto ok = check(size); !ok) return std::move(ok).error();
  return run_segment(size, logits, call);
}

struct NoParameters {};

}  // namespace

Stage<std::tuple<Tensor, Tensor>, Tensor> segment_input() {
  return detail::make_op<std::tuple<Tensor, Tensor>, Tensor>(
      "segment_input", NoParameters{}, "", {},
      [](const NoParameters&, std::tuple<Tensor, Tensor>&& given, const CallContext& call) {
        return run_segment_input(std::get<0>(given), std::get<1>(given), call);
      });
}

Stage<Tensor, Tensor> segment(const Segment& size) {
  return detail::make_op<Tensor, Tensor>(
      "segment", size, "height=" + std::to_string(size.height) + ", width=" + std::to_string(size.width), check(size),
      [](const Segment& p, Tensor&& logits, const CallContext& call) { return run_segment(p, logits, call); });
}

}  // namespace gantry
