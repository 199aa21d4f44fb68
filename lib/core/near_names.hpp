// SPDX-License-Identifier: Apache-2.0
// Suggestions for a misspelt name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <gantry/version.hpp>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// The Levenshtein distance: the number of letters to insert, delete or replace.
inline std::size_t letters_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The `names` that contain `word` or differ from it by a few letters, compared with and without their domain ("image."
/// of "image.resize"); the nearest first, at most five. No suggestions for words of more than 64 letters, since the
/// cost is the product of the lengths.
inline std::vector<std::string> near_names(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 5, kMostLetters = 64, kOfNamesThatHoldIt = 1;
  if (word.size() > kMostLetters) return {};
  const auto without_domain = [](std::string_view name) { return name.substr(name.find('.') + 1); };
  const std::size_t most = std::max<std::size_t>(2, word.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : names) {
    const std::size_t away =
        std::min(letters_between(word, name), letters_between(without_domain(word), without_domain(name)));
    const bool holds = word.size() > 2 && name.find(word) != std::string::npos;
    if (holds || away <= most) near.emplace_back(holds ? std::min(away, kOfNamesThatHoldIt) : away, name);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> found;
  for (const auto& entry : near)
    if (found.size() < kMostNames) found.push_back(entry.second);
  return found;
}

}  // namespace gantry::inline GANTRY_ABI::detail
