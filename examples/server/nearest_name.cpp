// SPDX-License-Identifier: Apache-2.0
#include "nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace gantry_server {
namespace {

/// Levenshtein's: single characters put in, left out, or changed.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(3, name.size() / 3) + 1;
  for (const std::string& one : names)
    if (const std::size_t d = distance(name, one); d < least) least = d, nearest = one;
  return nearest;
}

}  // namespace gantry_server
