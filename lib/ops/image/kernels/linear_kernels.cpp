// SPDX-License-Identifier: Apache-2.0
// As resample_kernels.cpp: one source, compiled for each instruction set; plain loops without x86 vectors.
#include "ops/image/kernels/linear_kernels.hpp"

#include <cstring>

#include "ops/image/kernels/resample_scalar.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/kernels/linear_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE void scalar_linear_row(const std::uint8_t* row, std::uint16_t* out, std::size_t channels,
                                  std::int64_t first_column, const AxisView& axis, std::size_t first) {
  for (std::size_t x = first; x < axis.outputs; ++x) {
    const std::uint8_t* pixel = row + (axis.windows[x].begin - first_column) * static_cast<std::int64_t>(channels);
    for (std::size_t c = 0; c < channels; ++c)
      out[x * channels + c] = static_cast<std::uint16_t>(scalar_sum(pixel + c, channels, x, axis) >> 4);
  }
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4

/// Shuffles two neighbouring pixels into pairs by channel; kNone gives 0.
template <std::size_t kChannels>
HWY_INLINE __m128i pair_order() {
  constexpr char kNone = -128;
  if (kChannels == 3)
    return _mm_setr_epi8(0, kNone, 3, kNone, 1, kNone, 4, kNone, 2, kNone, 5, kNone, kNone, kNone, kNone, kNone);
  return _mm_setr_epi8(0, kNone, 4, kNone, 1, kNone, 5, kNone, 2, kNone, 6, kNone, 3, kNone, 7, kNone);
}

/// Makes outputs 0..outputs of four rows. Reads 8 bytes and writes 4 results per pixel, with 3 channels too.
template <std::size_t kChannels>
HWY_INLINE void linear_block(const std::uint8_t* const (&rows)[4], std::uint16_t* const (&out)[4],
                             std::int64_t first_column, const AxisView& axis, std::size_t outputs) {
  const __m128i order = pair_order<kChannels>();
  for (std::size_t x = 0; x < outputs; ++x) {
    const std::int64_t offset = (axis.windows[x].begin - first_column) * static_cast<std::int64_t>(kChannels);
    std::int32_t pair;
    std::memcpy(&pair, axis.packed + x * 2 * axis.stride, sizeof(pair));
    const __m128i weights = _mm_set1_epi32(pair);
    __m128i sums[4];
    for (std::size_t row = 0; row < 4; ++row) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[row] + offset));
      sums[row] = _mm_srai_epi32(_mm_madd_epi16(_mm_shuffle_epi8(bytes, order), weights), 4);
    }
    const __m128i first = _mm_packs_epi32(sums[0], sums[1]);
    const __m128i second = _mm_packs_epi32(sums[2], sums[3]);
    const std::size_t place = x * kChannels;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out[0] + place), first);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out[1] + place), _mm_unpackhi_epi64(first, first));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out[2] + place), second);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out[3] + place), _mm_unpackhi_epi64(second, second));
  }
}

template <std::size_t kChannels>
HWY_INLINE void linear_channels(const std::uint8_t* const* rows, std::uint16_t* const* out, std::size_t row_count,
                                std::int64_t first_column, std::int64_t columns, const AxisView& axis) {
  // Leaves out the last pixel, so that nothing is written behind it, and pixels that would be read behind the row.
  std::size_t outputs = axis.outputs - 1;
  while (outputs > 0 && (axis.windows[outputs - 1].begin - first_column) * static_cast<std::int64_t>(kChannels) + 8 >
                            columns * static_cast<std::int64_t>(kChannels))
    --outputs;
  const std::uint8_t* block_rows[4];
  std::uint16_t* block_out[4];
  for (std::size_t i = 0; i < 4; ++i) {
    block_rows[i] = rows[i < row_count ? i : row_count - 1];
    block_out[i] = out[i < row_count ? i : row_count - 1];
  }
  linear_block<kChannels>(block_rows, block_out, first_column, axis, outputs);
  for (std::size_t i = 0; i < row_count; ++i)
    scalar_linear_row(rows[i], out[i], kChannels, first_column, axis, outputs);
}

#endif

void linear_pass(const std::uint8_t* const* in, std::uint16_t* const* out, std::size_t row_count, std::size_t channels,
                 std::int64_t first_column, std::int64_t columns, const AxisView& axis) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4
  if (channels == 3) return linear_channels<3>(in, out, row_count, first_column, columns, axis);
  if (channels == 4) return linear_channels<4>(in, out, row_count, first_column, columns, axis);
#endif
  static_cast<void>(columns);
  for (std::size_t i = 0; i < row_count; ++i) scalar_linear_row(in[i], out[i], channels, first_column, axis, 0);
}

void blend_rows(const std::uint16_t* upper, const std::uint16_t* lower, std::int32_t upper_weight,
                std::int32_t lower_weight, std::uint8_t* out, std::size_t count) {
  const hn::CappedTag<std::uint16_t, 16> words;
  const hn::Rebind<std::int16_t, decltype(words)> signed_words;
  const hn::Rebind<std::uint8_t, decltype(words)> bytes;
  const auto first = hn::Set(words, static_cast<std::uint16_t>(upper_weight));
  const auto second = hn::Set(words, static_cast<std::uint16_t>(lower_weight));
  const auto two = hn::Set(words, std::uint16_t{2});
  std::size_t i = 0;
  for (; i + hn::Lanes(words) <= count; i += hn::Lanes(words)) {
    const auto sum =
        hn::Add(hn::MulHigh(hn::LoadU(words, upper + i), first), hn::MulHigh(hn::LoadU(words, lower + i), second));
    const auto rounded = hn::ShiftRight<2>(hn::Add(sum, two));
    hn::StoreU(hn::DemoteTo(bytes, hn::BitCast(signed_words, rounded)), bytes, out + i);
  }
  for (; i < count; ++i) {
    const std::uint32_t sum = (upper[i] * static_cast<std::uint32_t>(upper_weight) >> 16) +
                              (lower[i] * static_cast<std::uint32_t>(lower_weight) >> 16);
    out[i] = static_cast<std::uint8_t>((sum + 2) >> 2);
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gantry::inline GANTRY_ABI::detail {

HWY_EXPORT(linear_pass);
HWY_EXPORT(blend_rows);

void linear_rows(const std::uint8_t* const* in, std::uint16_t* const* out, std::size_t row_count, std::size_t channels,
                 std::int64_t first_column, std::int64_t columns, const AxisWeights& weights) {
  HWY_DYNAMIC_DISPATCH(linear_pass)(in, out, row_count, channels, first_column, columns, view_of(weights));
}

void linear_combine(const std::uint16_t* upper, const std::uint16_t* lower, std::int32_t upper_weight,
                    std::int32_t lower_weight, std::uint8_t* out, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(blend_rows)(upper, lower, upper_weight, lower_weight, out, count);
}

void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* out, std::size_t pixels,
                std::size_t channels) {
  for (std::size_t i = 0; i < pixels; ++i, upper += 2 * channels, lower += 2 * channels)
    for (std::size_t c = 0; c < channels; ++c)
      *out++ = static_cast<std::uint8_t>((upper[c] + upper[c + channels] + lower[c] + lower[c + channels] + 2) >> 2);
}

}  // namespace gantry::inline GANTRY_ABI::detail
#endif
