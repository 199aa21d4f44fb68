// SPDX-License-Identifier: Apache-2.0
#include "core/strided_copy.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The definition: element by element, last axis fastest.
template <class T>
std::vector<T> copied_by_hand(const T* source, const Shape& shape, const Shape& strides) {
  std::vector<T> result;
  std::vector<std::int64_t> index(shape.rank(), 0);
  for (std::int64_t n = 0; n < shape.numel(); ++n) {
    std::int64_t rest = n;
    std::int64_t offset = 0;
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      offset += rest % shape[axis] * strides[axis];
      rest /= shape[axis];
    }
    result.push_back(source[offset]);
  }
  return result;
}

template <class T>
void compare_random_views(unsigned seed) {
  std::mt19937 random(seed);
  const auto up_to = [&](int high) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(high)) + 1; };
  for (int round = 0; round < 300; ++round) {
    const auto rank = static_cast<std::size_t>(random() % 5);
    std::vector<std::int64_t> dims(rank), strides(rank);
    std::int64_t spread = 1;
    for (std::size_t axis = rank; axis-- > 0;) {
      dims[axis] = up_to(4);
      strides[axis] = round % 3 == 0 ? spread : up_to(7);  // row-major, or any: overlapping views may be read
      spread *= dims[axis];
    }
    if (rank > 0 && round % 4 == 1) std::swap(strides[0], strides[rank - 1]);
    std::vector<T> source(4000);
    for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<T>(i * 7 + 1);
    const Shape shape(dims), step(strides);
    std::vector<T> target(static_cast<std::size_t>(shape.numel()));
    copy_strided(target.data(), source.data(), shape, step, sizeof(T));
    ASSERT_EQ(target, copied_by_hand(source.data(), shape, step))
        << shape.to_string() << " strides " << step.to_string();
  }
}

TEST(StridedCopy, EqualsTheDefinitionForRandomViews) {
  compare_random_views<std::uint8_t>(1);
  compare_random_views<std::int16_t>(2);
  compare_random_views<float>(3);
  compare_random_views<double>(4);
}

TEST(StridedCopy, ReadsBackwards) {
  const int source[] = {1, 2, 3};
  int target[3] = {};
  copy_strided(target, source + 2, {3}, {-1}, sizeof(int));
  EXPECT_EQ(target[0], 3);
  EXPECT_EQ(target[2], 1);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
