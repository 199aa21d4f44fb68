// SPDX-License-Identifier: Apache-2.0
// Interpolates along the rows first, then down the columns, in float32 (torch: aten/src/ATen/native/UpSample.h and
// cpu/UpSampleKernel.cpp).
#include <algorithm>
#include <array>
#include <cmath>
#include <gantry/tensor_ops.hpp>
#include <string>
#include <utility>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"
#include "ops/row_bands.hpp"
#include "ops/tensor/planes.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::array<const char*, 4> kModes = {"nearest", "nearest_exact", "bilinear", "bicubic"};

bool is_nearest(Interpolation mode) {
  return mode == Interpolation::kNearest || mode == Interpolation::kNearestExact;
}

/// The pixels of an axis that make one output, and how much each counts.
struct Taps {
  std::vector<std::int64_t> pixels;
  std::vector<float> weights;

  void add(std::int64_t pixel, float weight) {
    pixels.push_back(pixel);
    weights.push_back(weight);
  }
};

float bilinear(float x) {
  return std::max(1 - std::abs(x), 0.0f);
}

float bicubic(float x, float a) {
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

/// One axis of an interpolation.
class Axis {
 public:
  Axis(std::int64_t in, std::int64_t out, const Interpolate& options) : in_(in), out_(out), options_(options) {
    if (!options.align_corners)
      scale_ = static_cast<float>(in) / static_cast<float>(out);
    else
      scale_ = out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1) : 0.0f;
  }

  Taps taps(std::int64_t output) const {
    const auto i = static_cast<float>(output);
    Taps taps;
    if (in_ == out_) {
      taps.add(output, 1);
    } else if (is_nearest(options_.mode)) {
      const float place = options_.mode == Interpolation::kNearest ? i * scale_ : (i + 0.5f) * scale_;
      taps.add(std::min(static_cast<std::int64_t>(std::floor(place)), in_ - 1), 1);
    } else if (options_.antialias) {
      add_covered(i, taps);
    } else {
      add_neighbours(options_.align_corners ? i * scale_ : (i + 0.5f) * scale_ - 0.5f, taps);
    }
    return taps;
  }

 private:
  bool is_cubic() const { return options_.mode == Interpolation::kBicubic; }

  void add_neighbours(float place, Taps& taps) const {
    if (!is_cubic()) place = std::max(place, 0.0f);
    const auto pixel = std::min(static_cast<std::int64_t>(std::floor(place)), in_ - 1);
    const float fraction = std::clamp(place - static_cast<float>(pixel), 0.0f, 1.0f);
    if (!is_cubic()) {
      taps.add(pixel, 1 - fraction);
      taps.add(std::min(pixel + 1, in_ - 1), fraction);
      return;
    }
    const float distances[] = {fraction + 1, fraction, 1 - fraction, 2 - fraction};
    for (std::int64_t tap = 0; tap < 4; ++tap)
      taps.add(std::clamp<std::int64_t>(pixel - 1 + tap, 0, in_ - 1), bicubic(distances[tap], -0.75f));
  }

  void add_covered(float output, Taps& taps) const {
    const float reach = (is_cubic() ? 2.0f : 1.0f) * std::max(scale_, 1.0f);
    const float narrow = scale_ >= 1 ? 1 / scale_ : 1.0f;
    const float centre = scale_ * (output + 0.5f);
    const auto begin = std::max<std::int64_t>(static_cast<std::int64_t>(centre - reach + 0.5f), 0);
    const auto end = std::min(static_cast<std::int64_t>(centre + reach + 0.5f), in_);
    float sum = 0;
    for (std::int64_t pixel = begin; pixel < end; ++pixel) {
      const float distance = (static_cast<float>(pixel) - centre + 0.5f) * narrow;
      taps.add(pixel, is_cubic() ? bicubic(distance, -0.5f) : bilinear(distance));
      sum += taps.weights.back();
    }
    for (float& weight : taps.weights) weight = sum != 0 ? weight / sum : weight;
  }

  std::int64_t in_;
  std::int64_t out_;
  Interpolate options_;
  float scale_;
};

std::vector<Taps> all_taps(std::int64_t in, std::int64_t out, const Interpolate& options) {
  const Axis axis(in, out, options);
  std::vector<Taps> all;
  for (std::int64_t output = 0; output < out; ++output) all.push_back(axis.taps(output));
  return all;
}

void along_row(const float* row, const std::vector<Taps>& columns, float* out) {
  for (const Taps& taps : columns) {
    float sum = row[taps.pixels[0]] * taps.weights[0];
    for (std::size_t tap = 1; tap < taps.pixels.size(); ++tap) sum += row[taps.pixels[tap]] * taps.weights[tap];
    *out++ = sum;
  }
}

void down_columns(const float* rows, std::size_t width, const Taps& taps, float* out) {
  for (std::size_t tap = 0; tap < taps.pixels.size(); ++tap) {
    const float* row = rows + static_cast<std::size_t>(taps.pixels[tap]) * width;
    const float weight = taps.weights[tap];
    for (std::size_t x = 0; x < width; ++x) out[x] = tap == 0 ? row[x] * weight : out[x] + row[x] * weight;
  }
}

bool keeps_ratio(const Interpolate& options) {
  return options.min_size != 0 || options.max_size != 0;
}

Result<void> check_sides(const Interpolate& options) {
  const bool has_size = options.width != 0 || options.height != 0;
  if (has_size && keeps_ratio(options))
    return Error(ErrorCode::kInvalidArgument, "takes width and height, or min_size and max_size");
  const char* const names[] = {keeps_ratio(options) ? "min_size" : "width",
                               keeps_ratio(options) ? "max_size" : "height"};
  GANTRY_RETURN_IF_ERROR(detail::check_side(names[0], keeps_ratio(options) ? options.min_size : options.width));
  return detail::check_side(names[1], keeps_ratio(options) ? options.max_size : options.height);
}

Result<void> check(const Interpolate& options) {
  if (static_cast<std::size_t>(options.mode) >= kModes.size())
    return Error(ErrorCode::kInvalidArgument, "unknown mode");
  GANTRY_RETURN_IF_ERROR(check_sides(options));
  if (is_nearest(options.mode) && (options.antialias || options.align_corners))
    return Error(ErrorCode::kInvalidArgument, "antialias and align_corners are not for the nearest modes");
  return {};
}

/// The number of multiplications along one axis for all outputs.
std::int64_t count_of(const std::vector<Taps>& all) {
  std::int64_t count = 0;
  for (const Taps& taps : all) count += static_cast<std::int64_t>(taps.pixels.size());
  return count;
}

/// Buffers that the bands of one loop reuse. Thread-safe.
class Spares {
 public:
  /// An empty vector if there is no buffer.
  std::vector<float> take() {
    const detail::MutexLock lock(mutex_);
    if (all_.empty()) return {};
    std::vector<float> spare = std::move(all_.back());
    all_.pop_back();
    return spare;
  }
  void give(std::vector<float> spare) {
    const detail::MutexLock lock(mutex_);
    all_.push_back(std::move(spare));
  }

 private:
  detail::Mutex mutex_;
  std::vector<std::vector<float>> all_ GANTRY_GUARDED_BY(mutex_);
};

/// Resizes planes: several in bands of planes, a single one in bands of rows.
class Interpolator {
 public:
  Interpolator(const detail::Planes& planes, const Interpolate& options)
      : planes_(planes),
        in_width_(static_cast<std::size_t>(planes.width)),
        in_size_(in_width_ * static_cast<std::size_t>(planes.height)),
        width_(static_cast<std::size_t>(options.width)),
        columns_(all_taps(planes.width, options.width, options)),
        rows_(all_taps(planes.height, options.height, options)) {}

  Result<void> run(const CallContext& call, float* out) const {
    if (planes_.count == 1) return run_plane(call, out);
    Spares spares;  // a buffer per thread, not per band: new memory costs as much as filling it
    return detail::for_row_bands(
        call, planes_.count, planes_.count * (across() + down()), [&](std::int64_t begin, std::int64_t end) {
          std::vector<float> narrowed = spares.take();
          if (narrowed.empty()) narrowed = make_narrowed();
          for (auto plane = static_cast<std::size_t>(begin); plane < static_cast<std::size_t>(end); ++plane) {
            narrow(planes_.values + plane * in_size_, 0, planes_.height, narrowed);
            shorten(narrowed, 0, height(), out + plane * width_ * rows_.size());
          }
          spares.give(std::move(narrowed));
        });
  }

 private:
  Result<void> run_plane(const CallContext& call, float* out) const {
    std::vector<float> narrowed = make_narrowed();
    GANTRY_RETURN_IF_ERROR(detail::for_row_bands(
        call, planes_.height, across(),
        [&](std::int64_t begin, std::int64_t end) { narrow(planes_.values, begin, end, narrowed); }));
    return detail::for_row_bands(call, height(), down(),
                                 [&](std::int64_t begin, std::int64_t end) { shorten(narrowed, begin, end, out); });
  }

  void narrow(const float* in, std::int64_t begin, std::int64_t end, std::vector<float>& narrowed) const {
    for (auto y = static_cast<std::size_t>(begin); y < static_cast<std::size_t>(end); ++y)
      along_row(in + y * in_width_, columns_, narrowed.data() + y * width_);
  }
  void shorten(const std::vector<float>& narrowed, std::int64_t begin, std::int64_t end, float* out) const {
    for (auto y = static_cast<std::size_t>(begin); y < static_cast<std::size_t>(end); ++y)
      down_columns(narrowed.data(), width_, rows_[y], out + y * width_);
  }

  std::vector<float> make_narrowed() const {
    return std::vector<float>(static_cast<std::size_t>(planes_.height) * width_);
  }
  std::int64_t height() const { return static_cast<std::int64_t>(rows_.size()); }
  // Nanoseconds per plane: about one per multiplication along a row, a quarter of one down the columns.
  std::int64_t across() const { return planes_.height * count_of(columns_); }
  std::int64_t down() const { return static_cast<std::int64_t>(width_) * count_of(rows_) / 4; }

  const detail::Planes& planes_;
  const std::size_t in_width_;
  const std::size_t in_size_;
  const std::size_t width_;
  const std::vector<Taps> columns_;
  const std::vector<Taps> rows_;
};

/// The options with width and height, also if min_size and max_size give them.
Result<Interpolate> with_size(Interpolate options, const detail::Planes& planes) {
  if (!keeps_ratio(options)) return options;
  const auto [shorter, longer] = std::minmax(planes.width, planes.height);
  const double scale = std::min(static_cast<double>(options.min_size) / static_cast<double>(shorter),
                                static_cast<double>(options.max_size) / static_cast<double>(longer));
  options.width = static_cast<std::int64_t>(std::floor(static_cast<double>(planes.width) * scale));
  options.height = static_cast<std::int64_t>(std::floor(static_cast<double>(planes.height) * scale));
  if (options.width > 0 && options.height > 0) return options;
  return Error(ErrorCode::kInvalidArgument, "planes of " + std::to_string(planes.width) + "x" +
                                                std::to_string(planes.height) + " would become " +
                                                std::to_string(options.width) + "x" + std::to_string(options.height));
}

/// Scales the sample's frame, if it has one, like the tensor.
void move_frame(const CallContext& call, const Interpolate& to, std::int64_t width, std::int64_t height) {
  if (call.frame() == nullptr) return;
  Frame frame = *call.frame();
  frame.x = frame.x.scaled(static_cast<double>(to.width) / static_cast<double>(width));
  frame.y = frame.y.scaled(static_cast<double>(to.height) / static_cast<double>(height));
  call.set_frame(frame);
}

Result<Tensor> run(const Interpolate& given, const Tensor& tensor, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto planes, detail::planes_of(tensor));
  GANTRY_ASSIGN_OR_RETURN(const Interpolate options, with_size(given, planes));
  if (planes.count > detail::kMaxImageSize / 4 / options.width / options.height)
    return Error(ErrorCode::kResourceExhausted, std::to_string(planes.count) + " planes of " +
                                                    std::to_string(options.width) + "x" +
                                                    std::to_string(options.height) + " floats exceed the limit of " +
                                                    std::to_string(detail::kMaxImageSize) + " bytes")
        .with_reason(ErrorReason::kInputTooLarge);
  Shape shape = {planes.channels, options.height, options.width};
  if (tensor.rank() == 4) shape = shape.with_front(tensor.shape()[0]);
  auto result = call.make_tensor(DType::kF32, shape);
  if (!result) return result;
  GANTRY_RETURN_IF_ERROR(Interpolator(planes, options).run(call, static_cast<float*>(result->mutable_data())));
  move_frame(call, options, planes.width, planes.height);
  return result;
}

std::string text_of(const Interpolate& options) {
  const auto mode = static_cast<std::size_t>(options.mode);
  std::string text =
      keeps_ratio(options)
          ? "min_size=" + std::to_string(options.min_size) + ", max_size=" + std::to_string(options.max_size)
          : "width=" + std::to_string(options.width) + ", height=" + std::to_string(options.height);
  text += std::string(", mode=") + (mode < kModes.size() ? kModes[mode] : "unknown");
  if (options.antialias) text += ", antialias=true";
  if (options.align_corners) text += ", align_corners=true";
  return text;
}

}  // namespace

Stage<Tensor, Tensor> interpolate(const Interpolate& options) {
  return detail::make_op<Tensor, Tensor>("interpolate", options, text_of(options), check(options), run);
}

}  // namespace gantry::inline GANTRY_ABI
