// SPDX-License-Identifier: Apache-2.0
// One source, compiled for each instruction set by Highway; the best one is chosen at the first image.
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
namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4

namespace hn = hwy::HWY_NAMESPACE;

// 256 bits if there are any: two rows of 128 bits side by side. Wider vectors gain little for windows this short.
using Bytes = hn::CappedTag<std::uint8_t, 32>;
using Pairs = hn::Repartition<std::int16_t, Bytes>;
using Sums = hn::Repartition<std::int32_t, Bytes>;
using ByteVector = hn::Vec<Bytes>;
using PairVector = hn::Vec<Pairs>;
using SumVector = hn::Vec<Sums>;

constexpr std::size_t kVectorBytes = HWY_TARGET <= HWY_AVX2 ? 32 : 16;
constexpr std::size_t kRowsInVector = kVectorBytes / 16;
constexpr std::size_t kVectors = 4 / kRowsInVector;  // for the four rows of a block

/// Adds pixel[0] * weight[0] + pixel[1] * weight[1] in each lane.
HWY_INLINE SumVector add_products(PairVector pixels, PairVector weights, SumVector sum) {
  SumVector unused = hn::Zero(Sums());  // on x86 all goes into the first sum, lane by lane
  return hn::ReorderWidenMulAccumulate(Sums(), pixels, weights, sum, unused);
}

/// Narrows with saturation, within blocks of 128 bits: the inverse of interleaving.
HWY_INLINE PairVector narrow(SumVector a, SumVector b) {
  return hn::ReorderDemote2To(Pairs(), a, b);
}

HWY_INLINE ByteVector narrow(PairVector a, PairVector b) {
#if HWY_TARGET <= HWY_AVX2
  return ByteVector{_mm256_packus_epi16(a.raw, b.raw)};
#else
  return ByteVector{_mm_packus_epi16(a.raw, b.raw)};
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

/// ((high << 11) + low + half) >> shift.
template <bool kHasHigh>
HWY_INLINE SumVector rounded(SumVector high, SumVector low, SumVector half, int shift) {
  const SumVector sum = hn::Add(low, half);
  return hn::ShiftRightSame(kHasHigh ? hn::Add(sum, hn::ShiftLeft<AxisWeights::kLowBits>(high)) : sum, shift);
}

/// Shuffles two neighbouring pixels into 16-bit pairs by channel; 128 gives 0.
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

/// The number of leading outputs that load only existing bytes: 16 per group of four taps, weights of 0 included.
HWY_INLINE std::size_t outputs_within(const AxisView& axis, std::size_t channels, std::int64_t first_column,
                                      std::int64_t columns) {
  const auto pixel_bytes = static_cast<std::int64_t>(channels);
  const std::int64_t read = (static_cast<std::int64_t>(axis.stride) - 1) / 4 * 4 * pixel_bytes + 16;
  std::size_t outputs = axis.outputs;
  while (outputs > 0 && (axis.windows[outputs - 1].begin - first_column) * pixel_bytes + read > columns * pixel_bytes)
    --outputs;
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
    sums.low[v] = add_products(pairs, low, sums.low[v]);
    if (kHasHigh) sums.high[v] = add_products(pairs, high, sums.high[v]);
  }
}

/// One pixel of each of four rows, 4 bytes per row. A block of 128 bits holds one as four 32-bit lanes and, narrowed
/// twice, as one lane. With two blocks, rows 0 and 2 are in the lower one, rows 1 and 3 in the upper one.
HWY_INLINE __m128i pixels_of(const SumVector (&sums)[kVectors]) {
#if HWY_TARGET <= HWY_AVX2
  const PairVector pairs = narrow(sums[0], sums[1]);
  const ByteVector bytes = narrow(pairs, pairs);
  return _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes.raw), _mm256_extracti128_si256(bytes.raw, 1));
#else
  return narrow(narrow(sums[0], sums[1]), narrow(sums[2], sums[3])).raw;
#endif
}

/// The number of outputs made before they are sorted into their rows.
constexpr std::size_t kChunk = 128;

/// Makes up to kChunk outputs of four rows, from `first` on, into `pixels`. kPairs is the number of tap pairs; 0: any.
template <std::size_t kChannels, bool kHasHigh, std::size_t kPairs>
HWY_INLINE void resample_chunk(const std::uint8_t* const (&rows)[4], std::int64_t first_column, const AxisView& axis,
                               std::size_t first, std::size_t outputs, __m128i* pixels) {
  constexpr auto kPixelBytes = static_cast<std::int64_t>(kChannels);
  const ByteVector first_pair = pair_order<kChannels, 0>();
  const ByteVector second_pair = pair_order<kChannels, 2>();
  const SumVector half = hn::Set(Sums(), 1 << axis.shift >> 1);
  const std::size_t pairs = kPairs == 0 ? axis.stride / 2 : kPairs;
  const std::int16_t* weights = axis.packed + first * 4 * pairs;
  for (std::size_t x = 0; x < outputs; ++x, weights += 4 * pairs) {
    const std::int64_t offset = (axis.windows[first + x].begin - first_column) * kPixelBytes;
    BlockSums sums;
    for (std::size_t v = 0; v < kVectors; ++v) sums.low[v] = sums.high[v] = hn::Zero(Sums());
    ByteVector bytes[kVectors];
#pragma GCC unroll 4
    for (std::size_t pair = 0; pair + 1 < pairs; pair += 2) {
      load_block(rows, offset + static_cast<std::int64_t>(pair) * 2 * kPixelBytes, bytes);
      add_pair<kHasHigh>(bytes, first_pair, weights + 4 * pair, sums);
      add_pair<kHasHigh>(bytes, second_pair, weights + 4 * pair + 4, sums);
    }
    if (pairs % 2 == 1) {
      load_block(rows, offset + static_cast<std::int64_t>(pairs - 1) * 2 * kPixelBytes, bytes);
      add_pair<kHasHigh>(bytes, first_pair, weights + 4 * (pairs - 1), sums);
    }
    SumVector results[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v)
      results[v] = rounded<kHasHigh>(sums.high[v], sums.low[v], half, axis.shift);
    _mm_store_si128(pixels + x, pixels_of(results));
  }
}

/// Sorts pixels of four rows into the rows.
template <std::size_t kChannels>
HWY_INLINE void sort_into_rows(const __m128i* pixels, std::size_t count, std::uint8_t* const (&out)[4],
                               std::size_t first) {
  const __m128i without_fourth = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -128, -128, -128, -128);
  std::size_t x = 0;
  // Stores 16 bytes. With three channels 12 of them count; the next pixels overwrite the rest.
  for (; x + (kChannels == 3 ? 6 : 4) <= count; x += 4) {
    const __m128i low01 = _mm_unpacklo_epi32(pixels[x], pixels[x + 1]);
    const __m128i low23 = _mm_unpacklo_epi32(pixels[x + 2], pixels[x + 3]);
    const __m128i high01 = _mm_unpackhi_epi32(pixels[x], pixels[x + 1]);
    const __m128i high23 = _mm_unpackhi_epi32(pixels[x + 2], pixels[x + 3]);
    const __m128i rows[] = {_mm_unpacklo_epi64(low01, low23), _mm_unpackhi_epi64(low01, low23),
                            _mm_unpacklo_epi64(high01, high23), _mm_unpackhi_epi64(high01, high23)};
    for (std::size_t row = 0; row < 4; ++row)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out[row] + (first + x) * kChannels),
                       kChannels == 3 ? _mm_shuffle_epi8(rows[row], without_fourth) : rows[row]);
  }
  for (; x < count; ++x)
    for (std::size_t row = 0; row < 4; ++row)
      std::memcpy(out[row] + (first + x) * kChannels, reinterpret_cast<const std::uint8_t*>(pixels + x) + 4 * row,
                  kChannels);
}

template <std::size_t kChannels, bool kHasHigh, std::size_t kPairs>
HWY_INLINE void resample_block(const std::uint8_t* const (&rows)[4], std::uint8_t* const (&out)[4],
                               std::int64_t first_column, const AxisView& axis, std::size_t outputs) {
  __m128i pixels[kChunk];
  for (std::size_t first = 0; first < outputs; first += kChunk) {
    const std::size_t count = outputs - first < kChunk ? outputs - first : kChunk;
    resample_chunk<kChannels, kHasHigh, kPairs>(rows, first_column, axis, first, count, pixels);
    sort_into_rows<kChannels>(pixels, count, out, first);
  }
}

template <std::size_t kChannels, bool kHasHigh>
HWY_INLINE void resample_pairs(const std::uint8_t* const (&rows)[4], std::uint8_t* const (&out)[4],
                               std::int64_t first_column, const AxisView& axis, std::size_t outputs) {
  switch (axis.stride / 2) {
    case 1:
      return resample_block<kChannels, kHasHigh, 1>(rows, out, first_column, axis, outputs);
    case 2:
      return resample_block<kChannels, kHasHigh, 2>(rows, out, first_column, axis, outputs);
    case 3:
      return resample_block<kChannels, kHasHigh, 3>(rows, out, first_column, axis, outputs);
    case 4:
      return resample_block<kChannels, kHasHigh, 4>(rows, out, first_column, axis, outputs);
    case 5:
      return resample_block<kChannels, kHasHigh, 5>(rows, out, first_column, axis, outputs);
    case 6:
      return resample_block<kChannels, kHasHigh, 6>(rows, out, first_column, axis, outputs);
    default:
      return resample_block<kChannels, kHasHigh, 0>(rows, out, first_column, axis, outputs);
  }
}

template <std::size_t kChannels>
HWY_INLINE void resample_channels(const std::uint8_t* const* rows, std::uint8_t* const* out, std::size_t row_count,
                                  std::int64_t first_column, std::int64_t columns, const AxisView& axis) {
  const std::size_t outputs = outputs_within(axis, kChannels, first_column, columns);
  // A block has four rows. If there are fewer, the last one is repeated.
  const std::uint8_t* block_rows[4];
  std::uint8_t* block_out[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t row = i < row_count ? i : row_count - 1;
    block_rows[i] = rows[row];
    block_out[i] = out[row];
  }
  if (axis.fits_16_bits)
    resample_pairs<kChannels, false>(block_rows, block_out, first_column, axis, outputs);
  else
    resample_pairs<kChannels, true>(block_rows, block_out, first_column, axis, outputs);
  for (std::size_t i = 0; i < row_count; ++i)
    scalar_resample_row(rows[i], out[i], kChannels, first_column, axis, outputs);
}

template <bool kHasHigh>
HWY_INLINE void combine_vector(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out,
                               std::size_t offset, const AxisView& axis) {
  const std::int16_t* packed = axis.packed + output * 2 * axis.stride;
  const std::int32_t count = axis.windows[output].count;
  const SumVector half = hn::Set(Sums(), 1 << axis.shift >> 1);
  SumVector sum_high[4], sum_low[4];
  for (std::size_t v = 0; v < 4; ++v) sum_high[v] = sum_low[v] = hn::Zero(Sums());
  for (std::int32_t tap = 0; tap < count; tap += 2) {
    const ByteVector zero = hn::Zero(Bytes());
    const ByteVector first = hn::LoadU(Bytes(), rows[tap] + offset);
    const ByteVector second = tap + 1 < count ? hn::LoadU(Bytes(), rows[tap + 1] + offset) : zero;
    const ByteVector left = hn::InterleaveLower(Bytes(), first, second);
    const ByteVector right = hn::InterleaveUpper(Bytes(), first, second);
    const PairVector pairs[] = {hn::BitCast(Pairs(), hn::InterleaveLower(Bytes(), left, zero)),
                                hn::BitCast(Pairs(), hn::InterleaveUpper(Bytes(), left, zero)),
                                hn::BitCast(Pairs(), hn::InterleaveLower(Bytes(), right, zero)),
                                hn::BitCast(Pairs(), hn::InterleaveUpper(Bytes(), right, zero))};
    const PairVector weights_low = both(packed + 2 * tap);
    const PairVector weights_high = both(packed + 2 * tap + 2);
    // interleave(left, zero) holds first[i], 0, second[i], 0: the two taps of a column as 16-bit numbers.
    for (std::size_t v = 0; v < 4; ++v) {
      sum_low[v] = add_products(pairs[v], weights_low, sum_low[v]);
      if (kHasHigh) sum_high[v] = add_products(pairs[v], weights_high, sum_high[v]);
    }
  }
  SumVector sums[4];
  for (std::size_t v = 0; v < 4; ++v) sums[v] = rounded<kHasHigh>(sum_high[v], sum_low[v], half, axis.shift);
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

}  // namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gantry::inline GANTRY_ABI::detail {

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

}  // namespace gantry::inline GANTRY_ABI::detail
#endif
