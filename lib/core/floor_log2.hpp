// SPDX-License-Identifier: Apache-2.0
// Integer logarithm to base 2, the bucket index of histograms of sizes and times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The largest n with 2^n <= `number`; 0 for 0 and 1.
constexpr std::size_t floor_log2(std::uint64_t number) {
  return 63 - static_cast<std::size_t>(__builtin_clzll(number | 1));
}

}  // namespace gantry::inline GANTRY_ABI::detail
