// SPDX-License-Identifier: Apache-2.0
// Every instruction set against the formulas of the specification.
#include "ops/image/kernels/png_filter.hpp"

#include <gtest/gtest.h>
#include <cstdlib>
#include <random>
#include <vector>

#include "ops/kernels/each_target.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Row = std::vector<std::uint8_t>;

int nearest(int left, int above, int corner) {
  const int guess = left + above - corner;
  const int to_left = std::abs(guess - left), to_above = std::abs(guess - above), to_corner = std::abs(guess - corner);
  if (to_left <= to_above && to_left <= to_corner) return left;
  return to_above <= to_corner ? above : corner;
}

Row undone(int filter, const Row& stored, const Row& above, std::size_t bytes, std::size_t pixel_bytes) {
  Row row(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    const int left = i < pixel_bytes ? 0 : row[i - pixel_bytes];
    const int corner = i < pixel_bytes ? 0 : above[i - pixel_bytes];
    const int guesses[] = {0, left, above[i], (left + above[i]) / 2, nearest(left, above[i], corner)};
    row[i] = static_cast<std::uint8_t>(stored[i] + guesses[filter]);
  }
  return row;
}

TEST(PngFilter, IsUndoneAsWrittenOut) {
  std::mt19937 random(3);
  const auto below = [&random](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  test::on_each_target([&] {
    for (int round = 0; round < 3000; ++round) {
      const std::size_t pixel_bytes = 1 + below(8), bytes = pixel_bytes * (1 + below(90));
      const bool is_extreme = below(3) == 0;
      Row stored(bytes + kPngRowPadding), above(stored.size()), row(stored.size());
      for (auto* each : {&stored, &above})
        for (auto& byte : *each) byte = static_cast<std::uint8_t>(is_extreme ? below(2) * 255 : below(256));
      const int filter = static_cast<int>(below(kPngFilters));
      undo_png_filter(filter, stored.data(), above.data(), row.data(), bytes, pixel_bytes);
      row.resize(bytes);
      ASSERT_EQ(row, undone(filter, stored, above, bytes, pixel_bytes)) << filter << ", pixels of " << pixel_bytes;
    }
  });
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
