// SPDX-License-Identifier: Apache-2.0
// One source, compiled for each instruction set by Highway; the best one is chosen when the first image comes.
//
// On x86 both passes are multiply-adds of 16-bit pairs: _mm_madd_epi16 gives pixel[0] * k[0] + pixel[1] * k[1] for each
// 32-bit lane, once with the high parts of the weights and once with the low ones, and (high << 11) + low is the exact
// sum. Other machines run the plain loops.
#include "ops/image/kernels/resample_kernels.hpp"

#include <cstring>

#include "ops/image/kernels/resample_scalar.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/kernels/resample_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gantry::detail::HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4

namespace hn = hwy::HWY_NAMESPACE;

// 256 bits where there are any: two rows of 128 bits side by side. Wider vectors gain little for windows this short.
using Bytes = hn::CappedTag<std::uint8_t, 32>;
using Pairs = hn::Repartition<std::int16_t, Bytes>;
using Sums = hn::Repartition<std::int32_t, Bytes>;
using ByteVector = hn::Vec<Bytes>;
using PairVector = hn::Vec<Pairs>;
using SumVector = hn::Vec<Sums>;

constexpr std::size_t kVectorBytes = HWY_TARGET <= HWY_AVX2 ? 32 : 16;
constexpr std::size_t kRowsInVector = kVectorBytes / 16;
constexpr std::size_t kVectors = 4 / kRowsInVector;  // for the four rows of a block

HWY_INLINE SumVector multiply_pairs(PairVector a, PairVector b) {
#if HWY_TARGET <= HWY_AVX2
  return SumVector{_mm256_madd_epi16(a.raw, b.raw)};
#else
  return SumVector{_mm_madd_epi16(a.raw, b.raw)};
#endif
}

HWY_INLINE ByteVector interleave_low(ByteVector a, ByteVector b) {
#if HWY_TARGET <= HWY_AVX2
  return ByteVector{_mm256_unpacklo_epi8(a.raw, b.raw)};
#else
  return ByteVector{_mm_unpacklo_epi8(a.raw, b.raw)};
#endif
}

HWY_INLINE ByteVector interleave_high(ByteVector a, ByteVector b) {
#if HWY_TARGET <= HWY_AVX2
  return ByteVector{_mm256_unpackhi_epi8(a.raw, b.raw)};
#else
  return ByteVector{_mm_unpackhi_epi8(a.raw, b.raw)};
#endif
}

/// Saturates, within blocks of 128 bits: the inverse of interleaving.
HWY_INLINE PairVector narrow(SumVector a, SumVector b) {
#if HWY_TARGET <= HWY_AVX2
  return PairVector{_mm256_packs_epi32(a.raw, b.raw)};
#else
  return PairVector{_mm_packs_epi32(a.raw, b.raw)};
#endif
}

HWY_INLINE ByteVector narrow(PairVector a, PairVector b) {
#if HWY_TARGET <= HWY_AVX2
  return ByteVector{_mm256_packus_epi16(a.raw, b.raw)};
#else
  return ByteVector{_mm_packus_epi16(a.raw, b.raw)};
#endif
}

HWY_INLINE SumVector shift_right(SumVector v, __m128i count) {
#if HWY_TARGET <= HWY_AVX2
  return SumVector{_mm256_sra_epi32(v.raw, count)};
#else
  return SumVector{_mm_sra_epi32(v.raw, count)};
#endif
}

/// Two 16-bit weights in each 32-bit lane.
HWY_INLINE PairVector both(const std::int16_t* weights) {
  std::int32_t pair;
  std::memcpy(&pair, weights, sizeof(pair));
  return hn::BitCast(Pairs(), hn::Set(Sums(), pair));
}

/// 16 bytes of each of four rows, in blocks of 128 bits.
HWY_INLINE void load_block(const std::uint8_t* const (&rows)[4], std::int64_t offset, ByteVector (&pixels)[kVectors]) {
  const hn::Full128<std::uint8_t> block;
  for (std::size_t v = 0; v < kVectors; ++v) {
#if HWY_TARGET <= HWY_AVX2
    pixels[v] =
        hn::Combine(Bytes(), hn::LoadU(block, rows[2 * v + 1] + offset), hn::LoadU(block, rows[2 * v] + offset));
#else
    pixels[v] = hn::LoadU(block, rows[v] + offset);
#endif
  }
}

/// sum = (high << 11) + low + half, shifted.
template <bool kHasHigh>
HWY_INLINE SumVector rounded(SumVector high, SumVector low, SumVector half, __m128i shift) {
  const SumVector sum = hn::Add(low, half);
  return shift_right(kHasHigh ? hn::Add(sum, hn::ShiftLeft<AxisWeights::kLowBits>(high)) : sum, shift);
}

/// Where the bytes of two neighbouring pixels go, as 16-bit pairs by channel; 128 gives 0.
template <std::size_t kChannels, std::size_t kFirst>
HWY_INLINE ByteVector pair_order() {
  constexpr auto kNone = std::uint8_t{128};
  alignas(32) static constexpr std::uint8_t kOrder3[] = {
      3 * kFirst,     kNone, 3 * kFirst + 3, kNone, 3 * kFirst + 1, kNone, 3 * kFirst + 4, kNone,
      3 * kFirst + 2, kNone, 3 * kFirst + 5, kNone, kNone,          kNone, kNone,          kNone,
      3 * kFirst,     kNone, 3 * kFirst + 3, kNone, 3 * kFirst + 1, kNone, 3 * kFirst + 4, kNone,
      3 * kFirst + 2, kNone, 3 * kFirst + 5, kNone, kNone,          kNone, kNone,          kNone};
  alignas(32) static constexpr std::uint8_t kOrder4[] = {
      4 * kFirst,     kNone, 4 * kFirst + 4, kNone, 4 * kFirst + 1, kNone, 4 * kFirst + 5, kNone,
      4 * kFirst + 2, kNone, 4 * kFirst + 6, kNone, 4 * kFirst + 3, kNone, 4 * kFirst + 7, kNone,
      4 * kFirst,     kNone, 4 * kFirst + 4, kNone, 4 * kFirst + 1, kNone, 4 * kFirst + 5, kNone,
      4 * kFirst + 2, kNone, 4 * kFirst + 6, kNone, 4 * kFirst + 3, kNone, 4 * kFirst + 7, kNone};
  return hn::Load(Bytes(), kChannels == 3 ? kOrder3 : kOrder4);
}

/// How many outputs from the first on load only bytes that exist: 16 at each group of four taps.
HWY_INLINE std::size_t outputs_within(const AxisView& axis, std::size_t channels, std::int64_t first_column,
                                      std::int64_t columns) {
  std::size_t outputs = axis.outputs;
  const std::int64_t available = columns * static_cast<std::int64_t>(channels);
  while (outputs > 0) {
    const AxisWeights::Window window = axis.windows[outputs - 1];
    const std::int64_t last_group = window.begin - first_column + (window.count - 1) / 4 * 4;
    if (last_group * static_cast<std::int64_t>(channels) + 16 <= available) break;
    --outputs;
  }
  return outputs;
}

/// The sums of one pixel of each row of a block.
struct BlockSums {
  SumVector low[kVectors];
  SumVector high[kVectors];
};

/// Adds two taps: `pixels` are their rows' bytes, `weights` the packed pair.
template <bool kHasHigh>
HWY_INLINE void add_pair(const ByteVector (&pixels)[kVectors], ByteVector order, const std::int16_t* weights,
                         BlockSums& sums) {
  const PairVector low = both(weights);
  const PairVector high = both(weights + 2);
  for (std::size_t v = 0; v < kVectors; ++v) {
    const PairVector pairs = hn::BitCast(Pairs(), hn::TableLookupBytesOr0(pixels[v], order));
    sums.low[v] = hn::Add(sums.low[v], multiply_pairs(pairs, low));
    if (kHasHigh) sums.high[v] = hn::Add(sums.high[v], multiply_pairs(pairs, high));
  }
}

/// Each block of 128 bits holds one pixel of one row as four 32-bit lanes; narrowed twice, one 32-bit lane: row 0 and,
/// of four rows in two vectors, row 2 in the lower block, rows 1 and 3 in the upper one.
HWY_INLINE void store_pixels(const SumVector (&sums)[kVectors], std::uint8_t* const (&out)[4], std::size_t offset) {
#if HWY_TARGET <= HWY_AVX2
  const PairVector pairs = narrow(sums[0], sums[1]);
  const ByteVector bytes = narrow(pairs, pairs);
  const __m128i even = _mm256_castsi256_si128(bytes.raw);
  const __m128i odd = _mm256_extracti128_si256(bytes.raw, 1);
  const std::int32_t pixels[] = {_mm_cvtsi128_si32(even), _mm_cvtsi128_si32(odd), _mm_extract_epi32(even, 1),
                                 _mm_extract_epi32(odd, 1)};
#else
  const __m128i bytes = narrow(narrow(sums[0], sums[1]), narrow(sums[2], sums[3])).raw;
  const std::int32_t pixels[] = {_mm_cvtsi128_si32(bytes), _mm_extract_epi32(bytes, 1), _mm_extract_epi32(bytes, 2),
                                 _mm_extract_epi32(bytes, 3)};
#endif
  for (std::size_t row = 0; row < 4; ++row) std::memcpy(out[row] + offset, &pixels[row], 4);
}

/// Four rows, outputs 0..outputs. Four bytes are written for each pixel, whatever it has.
template <std::size_t kChannels, bool kHasHigh>
HWY_INLINE void resample_block(const std::uint8_t* const (&rows)[4], std::uint8_t* const (&out)[4],
                               std::int64_t first_column, const AxisView& axis, std::size_t outputs) {
  const ByteVector first_pair = pair_order<kChannels, 0>();
  const ByteVector second_pair = pair_order<kChannels, 2>();
  const SumVector half = hn::Set(Sums(), 1 << axis.shift >> 1);
  const __m128i shift = _mm_cvtsi32_si128(axis.shift);
  const std::int16_t* weights_of_output = axis.packed;
  for (std::size_t x = 0; x < outputs; ++x, weights_of_output += 2 * axis.stride) {
    const AxisWeights::Window window = axis.windows[x];
    const std::int16_t* weights = weights_of_output;
    std::int64_t offset = (window.begin - first_column) * static_cast<std::int64_t>(kChannels);
    BlockSums sums;
    for (std::size_t v = 0; v < kVectors; ++v) sums.low[v] = sums.high[v] = hn::Zero(Sums());
    std::int32_t left = window.count;
    ByteVector pixels[kVectors];
    for (; left >= 4; left -= 4, weights += 8, offset += 4 * static_cast<std::int64_t>(kChannels)) {
      load_block(rows, offset, pixels);
      add_pair<kHasHigh>(pixels, first_pair, weights, sums);
      add_pair<kHasHigh>(pixels, second_pair, weights + 4, sums);
    }
    if (left > 0) {
      load_block(rows, offset, pixels);
      add_pair<kHasHigh>(pixels, first_pair, weights, sums);
      if (left > 2) add_pair<kHasHigh>(pixels, second_pair, weights + 4, sums);
    }
    SumVector results[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) results[v] = rounded<kHasHigh>(sums.high[v], sums.low[v], half, shift);
    store_pixels(results, out, x * kChannels);
  }
}

template <std::size_t kChannels>
HWY_INLINE void resample_channels(const std::uint8_t* const* rows, std::uint8_t* const* out, std::size_t row_count,
                                  std::int64_t first_column, std::int64_t columns, const AxisView& axis) {
  std::size_t outputs = outputs_within(axis, kChannels, first_column, columns);
  if (kChannels == 3 && outputs == axis.outputs) --outputs;  // nothing may be written behind the last pixel
  // A block has four rows; where there are fewer, the last is made again.
  const std::uint8_t* block_rows[4];
  std::uint8_t* block_out[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t row = i < row_count ? i : row_count - 1;
    block_rows[i] = rows[row];
    block_out[i] = out[row];
  }
  if (axis.fits_16_bits)
    resample_block<kChannels, false>(block_rows, block_out, first_column, axis, outputs);
  else
    resample_block<kChannels, true>(block_rows, block_out, first_column, axis, outputs);
  for (std::size_t i = 0; i < row_count; ++i)
    scalar_resample_row(rows[i], out[i], kChannels, first_column, axis, outputs);
}

template <bool kHasHigh>
HWY_INLINE void combine_vector(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out,
                               std::size_t offset, const AxisView& axis) {
  const std::int16_t* packed = axis.packed + output * 2 * axis.stride;
  const std::int32_t count = axis.windows[output].count;
  const SumVector half = hn::Set(Sums(), 1 << axis.shift >> 1);
  const __m128i shift = _mm_cvtsi32_si128(axis.shift);
  SumVector sum_high[4], sum_low[4];
  for (std::size_t v = 0; v < 4; ++v) sum_high[v] = sum_low[v] = hn::Zero(Sums());
  for (std::int32_t tap = 0; tap < count; tap += 2) {
    const ByteVector zero = hn::Zero(Bytes());
    const ByteVector first = hn::LoadU(Bytes(), rows[tap] + offset);
    const ByteVector second = tap + 1 < count ? hn::LoadU(Bytes(), rows[tap + 1] + offset) : zero;
    const ByteVector left = interleave_low(first, second);
    const ByteVector right = interleave_high(first, second);
    const PairVector pairs[] = {
        hn::BitCast(Pairs(), interleave_low(left, zero)), hn::BitCast(Pairs(), interleave_high(left, zero)),
        hn::BitCast(Pairs(), interleave_low(right, zero)), hn::BitCast(Pairs(), interleave_high(right, zero))};
    const PairVector weights_low = both(packed + 2 * tap);
    const PairVector weights_high = both(packed + 2 * tap + 2);
    // interleave(left, zero) holds first[i], 0... the two taps of a column are neighbouring bytes, hence 16-bit pairs.
    for (std::size_t v = 0; v < 4; ++v) {
      sum_low[v] = hn::Add(sum_low[v], multiply_pairs(pairs[v], weights_low));
      if (kHasHigh) sum_high[v] = hn::Add(sum_high[v], multiply_pairs(pairs[v], weights_high));
    }
  }
  SumVector sums[4];
  for (std::size_t v = 0; v < 4; ++v) sums[v] = rounded<kHasHigh>(sum_high[v], sum_low[v], half, shift);
  hn::StoreU(narrow(narrow(sums[0], sums[1]), narrow(sums[2], sums[3])), Bytes(), out + offset);
}

void resample(const std::uint8_t* const* rows, std::uint8_t* const* out, std::size_t row_count, std::size_t channels,
              std::int64_t first_column, std::int64_t columns, const AxisView& axis) {
  if (channels == 3) return resample_channels<3>(rows, out, row_count, first_column, columns, axis);
  if (channels == 4) return resample_channels<4>(rows, out, row_count, first_column, columns, axis);
  for (std::size_t i = 0; i < row_count; ++i) scalar_resample_row(rows[i], out[i], channels, first_column, axis, 0);
}

void combine(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out, std::size_t bytes,
             const AxisView& axis) {
  if (bytes < kVectorBytes) return scalar_combine_rows(rows, output, out, 0, bytes, axis);
  for (std::size_t offset = 0; offset < bytes; offset += kVectorBytes) {
    const std::size_t place = offset + kVectorBytes <= bytes ? offset : bytes - kVectorBytes;  // the last one overlaps
    if (axis.fits_16_bits)
      combine_vector<false>(rows, output, out, place, axis);
    else
      combine_vector<true>(rows, output, out, place, axis);
  }
}

#else

void resample(const std::uint8_t* const* rows, std::uint8_t* const* out, std::size_t row_count, std::size_t channels,
              std::int64_t first_column, std::int64_t, const AxisView& axis) {
  for (std::size_t i = 0; i < row_count; ++i) scalar_resample_row(rows[i], out[i], channels, first_column, axis, 0);
}

void combine(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out, std::size_t bytes,
             const AxisView& axis) {
  scalar_combine_rows(rows, output, out, 0, bytes, axis);
}

#endif

}  // namespace gantry::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gantry::detail {

HWY_EXPORT(resample);
HWY_EXPORT(combine);

void resample_rows(const std::uint8_t* const* rows, std::uint8_t* const* out, std::size_t row_count,
                   std::size_t channels, std::int64_t first_column, std::int64_t columns, const AxisWeights& weights) {
  HWY_DYNAMIC_DISPATCH(resample)(rows, out, row_count, channels, first_column, columns, view_of(weights));
}

void combine_rows(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out, std::size_t bytes,
                  const AxisWeights& weights) {
  HWY_DYNAMIC_DISPATCH(combine)(rows, output, out, bytes, view_of(weights));
}

}  // namespace gantry::detail
#endif
