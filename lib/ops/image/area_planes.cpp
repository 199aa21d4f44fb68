// SPDX-License-Identifier: Apache-2.0
// Rows are added up as integers first, then columns. The sum is divided by the number of rows, then by that of columns,
// as in torch's aten/src/ATen/native/cpu/AdaptiveAvgPoolKernel.cpp.
#include "ops/image/area_planes.hpp"

#include <algorithm>

#include "ops/image/kernels/area_kernels.hpp"
#include "ops/row_bands.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Sums of so many bytes fit 16 bits, 32 bits, and the signed 32 bits of the kernels.
constexpr std::int64_t kMostRowsOf16Bits = 257;
constexpr std::int64_t kMostPixelsOf32Bits = 16843009;
constexpr std::int64_t kMostPixelsOfKernels = 8000000;
/// Nanoseconds per byte of the image that is added up, and per number of the result: if it has at most as many pixels
/// as the image, and if it has more (measured: 2000x2000 to 1500x1500 takes 10 to 13 ms, to 4000x4000 202 ms, 64x64 to
/// 2048x2048 51 to 58 ms).
constexpr double kTimePerByte = 0.3;
constexpr double kTimePerNumber = 1;
constexpr double kTimePerEnlargedNumber = 4;

float of_channel(const std::vector<float>& numbers, std::size_t channel) {
  return numbers.size() == 1 ? numbers[0] : numbers[channel];
}

template <class Sum>
void add_rows(const Image& image, std::int64_t begin, std::int64_t end, std::vector<Sum>& sums) {
  Sum* const __restrict out = sums.data();
  const std::size_t count = sums.size();
  const std::uint8_t* first = image.row(begin);
  for (std::size_t i = 0; i < count; ++i) out[i] = first[i];
  for (std::int64_t y = begin + 1; y < end; ++y) {
    const std::uint8_t* const row = image.row(y);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<Sum>(out[i] + row[i]);
  }
}

/// For each column of a result: where its pixels begin and end, and how many they are.
struct Columns {
  Columns(std::int64_t in, std::int64_t out) {
    const AreaAxis axis(in, out);
    for (std::int64_t x = 0; x < out; ++x) {
      begins.push_back(static_cast<std::uint32_t>(axis.begin(x)));
      ends.push_back(static_cast<std::uint32_t>(axis.end(x)));
      counts.push_back(static_cast<float>(axis.end(x) - axis.begin(x)));
    }
  }
  std::vector<std::uint32_t> begins;
  std::vector<std::uint32_t> ends;
  std::vector<float> counts;
};

/// Adds up the columns of one row of the result, by channel: `out` is f32[channels][width].
template <class Total, std::size_t kChannels, class Sum>
void add_columns(const Sum* sums, const Columns& columns, float* out) {
  const std::size_t width = columns.begins.size();
  for (std::size_t x = 0; x < width; ++x) {
    Total totals[kChannels] = {};
    for (std::size_t pixel = columns.begins[x]; pixel < columns.ends[x]; ++pixel)
      for (std::size_t c = 0; c < kChannels; ++c) totals[c] += sums[pixel * kChannels + c];
    for (std::size_t c = 0; c < kChannels; ++c) out[c * width + x] = static_cast<float>(totals[c]);
  }
}

template <class Total, class Sum>
void add_columns(const Sum* sums, std::size_t channels, const Columns& columns, float* out) {
  if (channels == 3) return add_columns<Total, 3>(sums, columns, out);
  if (channels == 1) return add_columns<Total, 1>(sums, columns, out);
  return add_columns<Total, 4>(sums, columns, out);
}

/// Makes rows begin..end of a result.
template <class Sum, class Total>
class AreaRows {
 public:
  AreaRows(const Image& image, ImageSize size, const AreaNormalize& normalize, const Columns& columns, float* out)
      : image_(image), size_(size), normalize_(normalize), columns_(columns), out_(out) {}

  void operator()(std::int64_t begin, std::int64_t end) const {
    const AreaAxis rows(image_.height(), size_.height);
    const std::size_t channels = image_.channels();
    const auto width = static_cast<std::size_t>(size_.width);
    std::vector<Sum> sums(static_cast<std::size_t>(image_.width()) * channels);
    std::vector<float> totals(width * channels);
    for (std::int64_t y = begin; y < end; ++y) {
      add_rows(image_, rows.begin(y), rows.end(y), sums);
      add_columns<Total>(sums.data(), channels, columns_, totals.data());
      const auto count = static_cast<float>(rows.end(y) - rows.begin(y));
      for (std::size_t c = 0; c < channels; ++c)
        normalise(totals.data() + c * width, count, c,
                  out_ + (static_cast<std::int64_t>(c) * size_.height + y) * size_.width);
    }
  }

 private:
  void normalise(const float* totals, float rows, std::size_t channel, float* __restrict out) const {
    const float mean = of_channel(normalize_.mean, channel), std = of_channel(normalize_.std, channel);
    const float* const counts = columns_.counts.data();
    const auto width = static_cast<std::size_t>(size_.width);
    for (std::size_t x = 0; x < width; ++x) out[x] = (totals[x] / rows / counts[x] - mean) / std;
  }

  const Image& image_;
  const ImageSize size_;
  const AreaNormalize& normalize_;
  const Columns& columns_;
  float* const out_;
};

/// Makes rows begin..end of a result from an RGB image whose sums of rows fit 16 bits.
class RgbAreaRows {
 public:
  RgbAreaRows(const Image& image, ImageSize size, const AreaNormalize& normalize, const Columns& columns, float* out)
      : image_(image), size_(size), columns_(columns), out_(out) {
    row_.columns = columns.counts.data();
    for (std::size_t c = 0; c < 3; ++c) {
      row_.mean[c] = of_channel(normalize.mean, c);
      row_.std[c] = of_channel(normalize.std, c);
    }
  }

  void operator()(std::int64_t begin, std::int64_t end) const {
    const AreaAxis rows(image_.height(), size_.height);
    const auto values = static_cast<std::size_t>(image_.width()) * 3, width = static_cast<std::size_t>(size_.width);
    std::vector<std::uint16_t> sums(values + kAreaPadding);
    std::vector<float> totals(width * 4);
    AreaRow row = row_;
    for (std::int64_t y = begin; y < end; ++y) {
      const auto count = static_cast<std::size_t>(rows.end(y) - rows.begin(y));
      area_add_rows(image_.row(rows.begin(y)), image_.row_stride_bytes(), count, sums.data(), values);
      area_add_columns(sums.data(), columns_.begins.data(), columns_.ends.data(), width, totals.data());
      row.rows = static_cast<float>(count);
      float* const first = out_ + y * size_.width;
      const std::int64_t plane = size_.height * size_.width;
      area_normalize(totals.data(), row, width, {first, first + plane, first + 2 * plane});
    }
  }

 private:
  const Image& image_;
  const ImageSize size_;
  const Columns& columns_;
  float* const out_;
  AreaRow row_{};
};

}  // namespace

std::int64_t area_work(const Image& image, ImageSize size) {
  const auto channels = static_cast<double>(image.channels());
  const auto height = static_cast<double>(size.height);
  const double bytes = channels * static_cast<double>(image.width()) * (static_cast<double>(image.height()) + height);
  const double numbers = channels * static_cast<double>(size.width) * height;
  const bool is_enlarged = size.width * size.height > image.width() * image.height();
  return static_cast<std::int64_t>(kTimePerByte * bytes +
                                   (is_enlarged ? kTimePerEnlargedNumber : kTimePerNumber) * numbers);
}

Result<void> area_planes(const Image& image, ImageSize size, const AreaNormalize& normalize, float* out,
                         const CallContext& call) {
  const Columns columns(image.width(), size.width);
  const std::int64_t rows = AreaAxis(image.height(), size.height).most();
  const std::int64_t pixels = rows * AreaAxis(image.width(), size.width).most();
  const std::int64_t work = area_work(image, size);
  const auto run = [&](const auto& body) { return for_row_bands(call, size.height, work, body); };
  if (image.channels() == 3 && rows <= kMostRowsOf16Bits && pixels <= kMostPixelsOfKernels)
    return run(RgbAreaRows(image, size, normalize, columns, out));
  if (rows <= kMostRowsOf16Bits && pixels <= kMostPixelsOf32Bits)
    return run(AreaRows<std::uint16_t, std::uint32_t>(image, size, normalize, columns, out));
  if (pixels <= kMostPixelsOf32Bits)
    return run(AreaRows<std::uint32_t, std::uint32_t>(image, size, normalize, columns, out));
  return run(AreaRows<std::uint32_t, std::uint64_t>(image, size, normalize, columns, out));
}

}  // namespace gantry::inline GANTRY_ABI::detail
