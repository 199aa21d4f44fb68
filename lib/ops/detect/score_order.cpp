// SPDX-License-Identifier: Apache-2.0
// A radix sort, since comparing thousands of scores takes longer than suppressing the boxes.
#include "ops/detect/score_order.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr unsigned kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
/// Below this many, a comparison sort is faster.
constexpr std::size_t kFewScores = 256;

/// Rises as the score falls; smallest for NaN.
std::uint32_t key_of(float score) {
  if (std::isnan(score)) return 0;
  const float value = score + 0.0f;  // -0 becomes 0
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  const std::uint32_t rising = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return ~rising;
}

struct Entry {
  std::uint32_t key;
  std::uint32_t index;
};

void sort_by_digit(const std::vector<Entry>& from, std::vector<Entry>& to, unsigned shift) {
  std::array<std::uint32_t, kDigits> begin{};
  for (const Entry& entry : from) ++begin[(entry.key >> shift) & (kDigits - 1)];
  std::uint32_t before = 0;
  for (std::uint32_t& count : begin) before += std::exchange(count, before);
  for (const Entry& entry : from) to[begin[(entry.key >> shift) & (kDigits - 1)]++] = entry;
}

}  // namespace

std::vector<std::uint32_t> order_by_score(Span<const float> scores) {
  std::vector<Entry> entries(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) entries[i] = {key_of(scores[i]), static_cast<std::uint32_t>(i)};
  if (entries.size() < kFewScores) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.key != b.key ? a.key < b.key : a.index < b.index; });
  } else {
    std::vector<Entry> other(entries.size());
    for (unsigned shift = 0; shift < 32; shift += kDigitBits) {
      sort_by_digit(entries, other, shift);
      entries.swap(other);
    }
  }
  std::vector<std::uint32_t> order(entries.size());
  std::transform(entries.begin(), entries.end(), order.begin(), [](const Entry& entry) { return entry.index; });
  return order;
}

}  // namespace gantry::inline GANTRY_ABI::detail
