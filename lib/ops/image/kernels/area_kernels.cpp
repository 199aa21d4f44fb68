// SPDX-License-Identifier: Apache-2.0
// As resample_kernels.cpp: one source, compiled for each instruction set.
#include "ops/image/kernels/area_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/kernels/area_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Adds up one vector of sums over all rows before the next vector begins.
template <class Words>
HWY_INLINE void add_group(const std::uint8_t* first, std::ptrdiff_t stride, std::size_t rows, std::uint16_t* out,
                          Words words) {
  const hn::Rebind<std::uint8_t, Words> bytes;
  auto sum = hn::PromoteTo(words, hn::LoadU(bytes, first));
  for (std::size_t y = 1; y < rows; ++y)
    sum = hn::Add(sum, hn::PromoteTo(words, hn::LoadU(bytes, first + static_cast<std::ptrdiff_t>(y) * stride)));
  hn::StoreU(sum, words, out);
}

void add_rows(const std::uint8_t* first, std::ptrdiff_t stride, std::size_t rows, std::uint16_t* out,
              std::size_t count) {
  const hn::ScalableTag<std::uint16_t> words;
  std::size_t i = 0;
  for (; i + hn::Lanes(words) <= count; i += hn::Lanes(words)) add_group(first + i, stride, rows, out + i, words);
  for (; i < count; ++i) {
    std::uint32_t sum = 0;
    for (std::size_t y = 0; y < rows; ++y)
      sum += first[static_cast<std::ptrdiff_t>(y) * stride + static_cast<std::ptrdiff_t>(i)];
    out[i] = static_cast<std::uint16_t>(sum);
  }
}

void add_columns(const std::uint16_t* sums, const std::uint32_t* begins, const std::uint32_t* ends, std::size_t width,
                 float* out) {
  const hn::CappedTag<std::int32_t, 4> numbers;
  const hn::Rebind<std::uint16_t, decltype(numbers)> words;
  const hn::Rebind<float, decltype(numbers)> floats;
  for (std::size_t x = 0; x < width; ++x) {
    auto sum = hn::Zero(numbers);
    for (std::size_t pixel = begins[x]; pixel < ends[x]; ++pixel)
      sum = hn::Add(sum, hn::PromoteTo(numbers, hn::LoadU(words, sums + 3 * pixel)));
    hn::StoreU(hn::ConvertTo(floats, sum), floats, out + 4 * x);
  }
}

template <class Floats>
HWY_INLINE void normalize_group(Floats d, const float* sums, const AreaRow& row, std::size_t x,
                                float* const (&out)[3]) {
  hn::Vec<Floats> channels[4];
  hn::LoadInterleaved4(d, sums + 4 * x, channels[0], channels[1], channels[2], channels[3]);
  const auto rows = hn::Set(d, row.rows), columns = hn::LoadU(d, row.columns + x);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto mean = hn::Div(hn::Div(channels[c], rows), columns);
    hn::StoreU(hn::Div(hn::Sub(mean, hn::Set(d, row.mean[c])), hn::Set(d, row.std[c])), d, out[c] + x);
  }
}

void normalize(const float* sums, const AreaRow& row, std::size_t width, float* const (&out)[3]) {
  const hn::ScalableTag<float> d;
  std::size_t x = 0;
  for (; x + hn::Lanes(d) <= width; x += hn::Lanes(d)) normalize_group(d, sums, row, x, out);
  for (; x < width; ++x)
    for (std::size_t c = 0; c < 3; ++c)
      out[c][x] = (sums[4 * x + c] / row.rows / row.columns[x] - row.mean[c]) / row.std[c];
}

}  // namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gantry::inline GANTRY_ABI::detail {

HWY_EXPORT(add_rows);
HWY_EXPORT(add_columns);
HWY_EXPORT(normalize);

void area_add_rows(const std::uint8_t* first, std::ptrdiff_t stride, std::size_t rows, std::uint16_t* out,
                   std::size_t count) {
  HWY_DYNAMIC_DISPATCH(add_rows)(first, stride, rows, out, count);
}

void area_add_columns(const std::uint16_t* sums, const std::uint32_t* begins, const std::uint32_t* ends,
                      std::size_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(add_columns)(sums, begins, ends, width, out);
}

void area_normalize(const float* sums, const AreaRow& row, std::size_t width, float* const (&out)[3]) {
  HWY_DYNAMIC_DISPATCH(normalize)(sums, row, width, out);
}

}  // namespace gantry::inline GANTRY_ABI::detail
#endif
