// SPDX-License-Identifier: Apache-2.0
// Takes four rows at a time: each part of the query is loaded once for them, and their sums are independent.
#include "ops/embeddings/kernels/dot_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/embeddings/kernels/dot_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kRowFloats>;

struct Dot {
  template <class V>
  static HWY_INLINE V add(V a, V b, V sum) {
    return hn::MulAdd(a, b, sum);
  }
};

struct SquaredDistance {
  template <class V>
  static HWY_INLINE V add(V a, V b, V sum) {
    const V step = hn::Sub(a, b);
    return hn::MulAdd(step, step, sum);
  }
};

template <class Op>
HWY_INLINE void four_rows(const float* row, std::size_t stride, const float* query, float* out) {
  const Floats d;
  auto first = hn::Zero(d), second = first, third = first, fourth = first;
  for (std::size_t i = 0; i < stride; i += hn::Lanes(d)) {
    const auto part = hn::Load(d, query + i);
    first = Op::add(hn::Load(d, row + i), part, first);
    second = Op::add(hn::Load(d, row + stride + i), part, second);
    third = Op::add(hn::Load(d, row + 2 * stride + i), part, third);
    fourth = Op::add(hn::Load(d, row + 3 * stride + i), part, fourth);
  }
  out[0] = hn::GetLane(hn::SumOfLanes(d, first));
  out[1] = hn::GetLane(hn::SumOfLanes(d, second));
  out[2] = hn::GetLane(hn::SumOfLanes(d, third));
  out[3] = hn::GetLane(hn::SumOfLanes(d, fourth));
}

/// Adds in the order of four_rows(), so that a row's score does not depend on its index.
template <class Op>
HWY_INLINE float one_row(const float* row, std::size_t stride, const float* query) {
  const Floats d;
  auto sum = hn::Zero(d);
  for (std::size_t i = 0; i < stride; i += hn::Lanes(d))
    sum = Op::add(hn::Load(d, row + i), hn::Load(d, query + i), sum);
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class Op>
HWY_INLINE void all_rows(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out) {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) four_rows<Op>(rows + i * stride, stride, query, out + i);
  for (; i < count; ++i) out[i] = one_row<Op>(rows + i * stride, stride, query);
}

void dots(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out) {
  all_rows<Dot>(rows, count, stride, query, out);
}

void distances(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out) {
  all_rows<SquaredDistance>(rows, count, stride, query, out);
}

}  // namespace gantry::inline GANTRY_ABI::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gantry::inline GANTRY_ABI::detail {

HWY_EXPORT(dots);
HWY_EXPORT(distances);

void dot_rows(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out) {
  HWY_DYNAMIC_DISPATCH(dots)(rows, count, stride, query, out);
}

void distance_rows(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out) {
  HWY_DYNAMIC_DISPATCH(distances)(rows, count, stride, query, out);
}

}  // namespace gantry::inline GANTRY_ABI::detail
#endif
