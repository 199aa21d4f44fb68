// SPDX-License-Identifier: Apache-2.0
// Bilinear upsampling and argmax in one pass over the rows (torch: aten/src/ATen/native/UpSample.h and
// cpu/UpSampleKernel.cpp). Keeps two rows of each class, resized horizontally, and makes each row of labels from them.
#include <algorithm>
#include <cmath>
#include <gantry/segmentation.hpp>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"
#include "ops/row_bands.hpp"
#include "ops/segment/bilinear.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::Blend;
using detail::blends_of;
using detail::PlaneAxis;

/// The logits, and where they lie in the result.
struct Upsampling {
  Upsampling(const float* values, const Shape& shape, PlaneAxis across, PlaneAxis down)
      : logits(values),
        classes(shape[0]),
        height(shape[1]),
        width(shape[2]),
        columns(std::move(across.blends)),
        rows(std::move(down.blends)) {}

  const float* logits;
  std::int64_t classes;
  std::int64_t height;
  std::int64_t width;
  std::vector<Blend> columns;
  std::vector<Blend> rows;
};

/// Labels rows of the result, one after the other. For one thread.
class Labeller {
 public:
  /// With a gate there is one class; a label is 1 if its value is above the gate.
  Labeller(const Upsampling& from, std::optional<float> gate) : from_(from), gate_(gate), best_(from.columns.size()) {
    for (Row& row : kept_) row.values.resize(static_cast<std::size_t>(from.classes) * from.columns.size());
  }

  /// `labels`: the whole result.
  void run(std::int64_t begin, std::int64_t end, std::int32_t* labels) {
    const std::size_t width = from_.columns.size();
    labels += static_cast<std::size_t>(begin) * width;
    for (auto y = static_cast<std::size_t>(begin); y < static_cast<std::size_t>(end); ++y) {
      const Blend& row = from_.rows[y];
      const float* upper = resized_row(row.first, row.second);
      const float* lower = resized_row(row.second, row.first);
      if (row.second_weight == 0)
        label_row([&](std::int64_t c, std::size_t x) { return upper[static_cast<std::size_t>(c) * width + x]; },
                  labels);
      else
        label_row(
            [&](std::int64_t c, std::size_t x) {
              const std::size_t at = static_cast<std::size_t>(c) * width + x;
              return upper[at] * row.first_weight + lower[at] * row.second_weight;
            },
            labels);
      labels += width;
    }
  }

 private:
  struct Row {
    std::int64_t y = -1;
    std::vector<float> values;  // [classes, width of the result]
  };

  /// Row `y` of every class at the width of the result; row `other` stays valid.
  const float* resized_row(std::int64_t y, std::int64_t other) {
    for (Row& row : kept_)
      if (row.y == y) return row.values.data();
    Row& row = kept_[0].y == other ? kept_[1] : kept_[0];
    row.y = y;
    float* out = row.values.data();
    for (std::int64_t c = 0; c < from_.classes; ++c) {
      const float* in = from_.logits + (c * from_.height + y) * from_.width;
      for (const Blend& column : from_.columns) *out++ = column.of(in);
    }
    return row.values.data();
  }

  /// `value_at(class, x)` is a value of the row.
  template <class ValueAt>
  void label_row(const ValueAt& value_at, std::int32_t* labels) {
    const std::size_t width = from_.columns.size();
    for (std::size_t x = 0; gate_ && x < width; ++x) labels[x] = value_at(0, x) > *gate_ ? 1 : 0;
    for (std::int64_t c = 0; !gate_ && c < from_.classes; ++c) {
      for (std::size_t x = 0; x < width; ++x) {
        const float value = value_at(c, x);
        // Larger, or the first NaN.
        const bool is_better = c == 0 || (!(value <= best_[x]) && best_[x] == best_[x]);
        best_[x] = is_better ? value : best_[x];
        labels[x] = is_better ? static_cast<std::int32_t>(c) : labels[x];
      }
    }
  }

  const Upsampling& from_;
  std::optional<float> gate_;
  std::vector<float> best_;
  Row kept_[2];
};

Result<void> check(const Segment& size) {
  if (size.size > SegmentSize::kPicture) return Error(ErrorCode::kInvalidArgument, "unknown size");
  GANTRY_RETURN_IF_ERROR(detail::check_side("stride", size.stride));
  if (size.outside < -1)
    return Error(ErrorCode::kInvalidArgument, "outside must be -1..2147483647, got " + std::to_string(size.outside));
  if (size.size == SegmentSize::kGiven && (size.stride != 1 || size.outside != -1))
    return Error(ErrorCode::kInvalidArgument, "stride and outside are for size=picture");
  if (size.height == 0 && size.width == 0) return {};
  if (size.size == SegmentSize::kPicture)
    return Error(ErrorCode::kInvalidArgument, "height and width are for size=given, not for size=picture");
  GANTRY_RETURN_IF_ERROR(detail::check_side("height", size.height));
  return detail::check_side("width", size.width);
}

Result<void> check(const SegmentBinary& options) {
  if (options.logits) GANTRY_RETURN_IF_ERROR(detail::check_range("threshold", options.threshold, 0, 1));
  if (!std::isfinite(options.threshold))
    return Error(ErrorCode::kInvalidArgument, "threshold must be finite, got " + detail::to_text(options.threshold));
  return check(options.size);
}

std::string text_of(const Segment& size) {
  std::string text = "height=" + std::to_string(size.height) + ", width=" + std::to_string(size.width);
  if (size.size == SegmentSize::kPicture) text += ", size=picture";
  if (size.stride != 1) text += ", stride=" + std::to_string(size.stride);
  if (size.outside != -1) text += ", outside=" + std::to_string(size.outside);
  return text;
}

/// Maps the result's pixels to the logits, in the order of the logits' axes.
struct Placement {
  PlaneAxis across;
  PlaneAxis down;
  bool is_turned = false;
};

PlaneAxis whole_axis(std::int64_t in, std::int64_t out) {
  return {blends_of(in, out), 0, out};
}

Result<Placement> placement_of(const Segment& wanted, const Shape& shape, const CallContext& call) {
  if (wanted.size == SegmentSize::kGiven) {
    const bool is_same = wanted.height == 0;
    return Placement{whole_axis(shape[2], is_same ? shape[2] : wanted.width),
                     whole_axis(shape[1], is_same ? shape[1] : wanted.height), false};
  }
  const Frame* const frame = call.frame();
  if (frame == nullptr) return detail::no_picture("labels");
  constexpr std::int64_t kMostMaskPixels = std::numeric_limits<std::uint32_t>::max();
  if (frame->width < 1 || frame->height < 1 || frame->width > kMostMaskPixels / frame->height)
    return Error(ErrorCode::kFailedPrecondition, "labels are of a picture of 1..4294967295 pixels, and it is " +
                                                     std::to_string(frame->width) + "x" +
                                                     std::to_string(frame->height));
  const std::int64_t across = frame->is_turned ? frame->height : frame->width;
  const std::int64_t down = frame->is_turned ? frame->width : frame->height;
  return Placement{detail::plane_axis(frame->x, across, shape[2], wanted.stride),
                   detail::plane_axis(frame->y, down, shape[1], wanted.stride), frame->is_turned};
}

/// Labels the part of the picture that the logits do not cover.
void mark_outside(const Placement& place, std::int32_t label, std::int32_t* labels) {
  const auto width = static_cast<std::int64_t>(place.across.blends.size());
  const auto height = static_cast<std::int64_t>(place.down.blends.size());
  for (std::int64_t y = 0; y < height; ++y, labels += width) {
    const bool is_shown = y >= place.down.begin && y < place.down.end;
    std::fill(labels, labels + (is_shown ? place.across.begin : width), label);
    if (is_shown) std::fill(labels + place.across.end, labels + width, label);
  }
}

Result<Tensor> run_labels(const Segment& wanted, std::optional<float> gate, const float* values, const Shape& shape,
                          const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto place, placement_of(wanted, shape, call));
  const auto width = static_cast<std::int64_t>(place.across.blends.size());
  const auto height = static_cast<std::int64_t>(place.down.blends.size());
  if (width > detail::kMaxImageSize / static_cast<std::int64_t>(sizeof(std::int32_t)) / height)
    return Error(ErrorCode::kResourceExhausted, "labels of " + std::to_string(width) + "x" + std::to_string(height) +
                                                    " pixels exceed the limit of " +
                                                    std::to_string(detail::kMaxImageSize) + " bytes")
        .with_reason(ErrorReason::kInputTooLarge);
  auto labels = Tensor::make(DType::kI32, {height, width});
  if (!labels) return labels;
  const Upsampling from(values, shape, place.across, place.down);
  auto* out = static_cast<std::int32_t*>(labels->mutable_data());
  const std::int64_t work = from.classes * height * width;  // about a nanosecond each
  GANTRY_RETURN_IF_ERROR(detail::for_row_bands(
      call, height, work, [&](std::int64_t begin, std::int64_t end) { Labeller(from, gate).run(begin, end, out); }));
  if (wanted.size == SegmentSize::kGiven) return labels;
  mark_outside(place, wanted.outside, out);
  const Frame frame = *call.frame();
  call.set_frame(Frame::of(frame.width, frame.height));
  if (!place.is_turned) return labels;
  constexpr std::size_t kSwapped[] = {1, 0};
  GANTRY_ASSIGN_OR_RETURN(auto turned, labels->permute(Span<const std::size_t>(kSwapped)));
  return turned.contiguous();
}

Result<Tensor> run_segment(const Segment& wanted, const Tensor& logits, const CallContext& call) {
  auto values = logits.values<float>();
  if (!values || logits.rank() != 3 || logits.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "takes logits as a contiguous f32[classes, height, width], got " + logits.to_string());
  return run_labels(wanted, std::nullopt, values->data(), logits.shape(), call);
}

Result<Tensor> run_binary(const SegmentBinary& options, const Tensor& plane, const CallContext& call) {
  auto values = plane.values<float>();
  const bool is_plane = plane.rank() == 2 || (plane.rank() == 3 && plane.shape()[0] == 1);
  if (!values || !is_plane || plane.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "takes values as a contiguous f32[height, width] or f32[1, height, width], got " + plane.to_string());
  const double gate = options.logits ? detail::logit(options.threshold) : options.threshold;
  const Shape shape = plane.rank() == 2 ? plane.shape().with_front(1) : plane.shape();
  return run_labels(options.size, static_cast<float>(gate), values->data(), shape, call);
}

Result<Tensor> run_segment_input(const Tensor& input, const Tensor& logits, const CallContext& call) {
  const std::size_t rank = input.rank();
  if (rank < 2 || input.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "takes the model's input, [.., height, width], beside its logits, got " + input.to_string());
  const Segment size{input.shape()[rank - 2], input.shape()[rank - 1]};
  GANTRY_RETURN_IF_ERROR(check(size));
  return run_segment(size, logits, call);
}

}  // namespace

Stage<std::tuple<Tensor, Tensor>, Tensor> segment_input() {
  return detail::make_op<std::tuple<Tensor, Tensor>, Tensor>(
      "segment.input", detail::NoParameters{}, "", {},
      [](const detail::NoParameters&, std::tuple<Tensor, Tensor>&& given, const CallContext& call) {
        return run_segment_input(std::get<0>(given), std::get<1>(given), call);
      });
}

Stage<Tensor, Tensor> segment(const Segment& size) {
  return detail::make_op<Tensor, Tensor>(
      "segment", size, text_of(size), check(size),
      [](const Segment& p, Tensor&& logits, const CallContext& call) { return run_segment(p, logits, call); });
}

Stage<Tensor, Tensor> segment_binary(const SegmentBinary& options) {
  std::string text = "threshold=" + detail::to_text(options.threshold) +
                     ", logits=" + (options.logits ? "true, " : "false, ") + text_of(options.size);
  return detail::make_op<Tensor, Tensor>(
      "segment.binary", options, std::move(text), check(options),
      [](const SegmentBinary& p, Tensor&& plane, const CallContext& call) { return run_binary(p, plane, call); });
}

}  // namespace gantry::inline GANTRY_ABI
