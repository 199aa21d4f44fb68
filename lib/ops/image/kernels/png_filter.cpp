// SPDX-License-Identifier: Apache-2.0
// A pixel depends on the one to its left, so only its own bytes are computed at once, in 16 bits each. Without vectors
// they are computed one by one.
#include "ops/image/kernels/png_filter.hpp"

#include <algorithm>
#include <cstdlib>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/kernels/png_filter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

std::uint8_t paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner), to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_corner ? above : corner);
}

void undo(int filter, const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row, std::size_t bytes,
          std::size_t pixel_bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    const int left = i < pixel_bytes ? 0 : row[i - pixel_bytes];
    const int corner = i < pixel_bytes ? 0 : above[i - pixel_bytes];
    int guess = 0;
    if (filter == 1) guess = left;
    if (filter == 2) guess = above[i];
    if (filter == 3) guess = (left + above[i]) / 2;
    if (filter == 4) guess = paeth(left, above[i], corner);
    row[i] = static_cast<std::uint8_t>(stored[i] + guess);
  }
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<std::int16_t, 8>;
using Word = hn::Vec<Words>;

HWY_INLINE Word load_pixel(const std::uint8_t* bytes) {
  return hn::PromoteTo(Words(), hn::LoadU(hn::Rebind<std::uint8_t, Words>(), bytes));
}

/// stored + guess, modulo 256.
HWY_INLINE Word store_sum(Word stored, Word guess, std::uint8_t* out) {
  const hn::Rebind<std::uint8_t, Words> bytes;
  const Word sum = hn::And(hn::Add(stored, guess), hn::Set(Words(), std::int16_t{0xFF}));
  hn::StoreU(hn::DemoteTo(bytes, sum), bytes, out);
  return sum;
}

/// The nearest of left, above and corner to left + above - corner; the first of equals.
HWY_INLINE Word paeth(Word left, Word above, Word corner) {
  const Word rise = hn::Sub(above, corner);
  const Word run = hn::Sub(left, corner);
  const Word to_left = hn::Abs(rise);
  const Word to_above = hn::Abs(run);
  const Word to_corner = hn::Abs(hn::Add(rise, run));
  const Word nearest = hn::Min(hn::Min(to_left, to_above), to_corner);
  return hn::IfThenElse(hn::Eq(nearest, to_left), left, hn::IfThenElse(hn::Eq(nearest, to_above), above, corner));
}

void undo_sub(const std::uint8_t* stored, std::uint8_t* row, std::size_t bytes, std::size_t pixel_bytes) {
  Word left = hn::Zero(Words());
  for (std::size_t i = 0; i < bytes; i += pixel_bytes) left = store_sum(load_pixel(stored + i), left, row + i);
}

void undo_up(const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row, std::size_t bytes) {
  const hn::ScalableTag<std::uint8_t> vector;
  std::size_t i = 0;
  for (; i + hn::Lanes(vector) <= bytes; i += hn::Lanes(vector))
    hn::StoreU(hn::Add(hn::LoadU(vector, stored + i), hn::LoadU(vector, above + i)), vector, row + i);
  for (; i < bytes; ++i) row[i] = static_cast<std::uint8_t>(stored[i] + above[i]);
}

void undo_average(const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row, std::size_t bytes,
                  std::size_t pixel_bytes) {
  Word left = hn::Zero(Words());
  for (std::size_t i = 0; i < bytes; i += pixel_bytes) {
    const Word guess = hn::ShiftRight<1>(hn::Add(left, load_pixel(above + i)));
    left = store_sum(load_pixel(stored + i), guess, row + i);
  }
}

void undo_paeth(const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row, std::size_t bytes,
                std::size_t pixel_bytes) {
  Word left = hn::Zero(Words());
  Word corner = hn::Zero(Words());
  for (std::size_t i = 0; i < bytes; i += pixel_bytes) {
    const Word up = load_pixel(above + i);
    left = store_sum(load_pixel(stored + i), paeth(left, up, corner), row + i);
    corner = up;
  }
}

void undo(int filter, const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row, std::size_t bytes,
          std::size_t pixel_bytes) {
  switch (filter) {
    case 1:
      return undo_sub(stored, row, bytes, pixel_bytes);
    case 2:
      return undo_up(stored, above, row, bytes);
    case 3:
      return undo_average(stored, above, row, bytes, pixel_bytes);
    case 4:
      return undo_paeth(stored, above, row, bytes, pixel_bytes);
    default:
      std::copy_n(stored, bytes, row);
  }
}

#endif

}  // namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gantry::inline GANTRY_ABI::detail {

HWY_EXPORT(undo);

void undo_png_filter(int filter, const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row,
                     std::size_t bytes, std::size_t pixel_bytes) {
  HWY_DYNAMIC_DISPATCH(undo)(filter, stored, above, row, bytes, pixel_bytes);
}

}  // namespace gantry::inline GANTRY_ABI::detail
#endif
