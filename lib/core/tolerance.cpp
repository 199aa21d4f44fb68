// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <gantry/tolerance.hpp>

#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI {

bool Tolerance::accepts(double got, double expected) const {
  if (std::isnan(expected) || std::isnan(got)) return std::isnan(expected) && std::isnan(got);
  if (is_exact) return std::bit_cast<std::uint64_t>(got) == std::bit_cast<std::uint64_t>(expected);
  if (std::isinf(got) || std::isinf(expected)) return got == expected;  // rtol * infinity would accept any value
  return std::fabs(got - expected) <= atol + rtol * std::fabs(expected);
}

std::string Tolerance::to_string() const {
  if (is_exact) return "exact";
  return "atol " + detail::to_text(atol, 6) + ", rtol " + detail::to_text(rtol, 6);
}

}  // namespace gantry::inline GANTRY_ABI
